// SPDX-License-Identifier: GPL-2.0
/*
 * One record of the chain, and its bytes: deterministic CBOR (RFC 8949, 4.2).
 *
 * This layer stands below kernel/agent and its decoder, and needs no more of
 * CBOR than heads of arrays, integers and byte strings.
 */

#include <linux/bits.h>
#include <linux/minmax.h>
#include <linux/preempt.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/unaligned.h>

#include "record.h"

#define AUDIT_RECORD_FIELDS	14

enum cbor_major {
	CBOR_UINT	= 0x00,
	CBOR_NEGATIVE	= 0x20,
	CBOR_BYTES	= 0x40,
	CBOR_ARRAY	= 0x80,
};

/* Shortest form only: two encodings of one record would be two records. */
static u8 *put_head(u8 *p, enum cbor_major major, u64 value)
{
	if (value < 24) {
		*p++ = major | value;
	} else if (value <= U8_MAX) {
		*p++ = major | 24;
		*p++ = value;
	} else if (value <= U16_MAX) {
		*p++ = major | 25;
		put_unaligned_be16(value, p);
		p += 2;
	} else if (value <= U32_MAX) {
		*p++ = major | 26;
		put_unaligned_be32(value, p);
		p += 4;
	} else {
		*p++ = major | 27;
		put_unaligned_be64(value, p);
		p += 8;
	}
	return p;
}

static u8 *put_int(u8 *p, s64 value)
{
	/* CBOR's negative n stands for -1 - n, which is ~n in two's complement. */
	if (value < 0)
		return put_head(p, CBOR_NEGATIVE, ~value);
	return put_head(p, CBOR_UINT, value);
}

static u8 *put_bytes(u8 *p, const void *data, size_t len)
{
	p = put_head(p, CBOR_BYTES, len);
	memcpy(p, data, len);
	return p + len;
}

/**
 * audit_record_encode - write the event bytes of a record
 * @rec: the record; its object_len is at most AUDIT_CHAIN_OBJECT_MAX
 * @boot_id: the boot that it belongs to
 * @buf: room for the longest record
 *
 * Context: any.
 * Return: how many bytes were written.
 */
size_t audit_record_encode(const struct audit_record *rec,
			   const u8 boot_id[AUDIT_BOOT_ID_SIZE],
			   u8 buf[AUDIT_RECORD_CBOR_MAX])
{
	u8 *p = put_head(buf, CBOR_ARRAY, AUDIT_RECORD_FIELDS);

	p = put_bytes(p, boot_id, AUDIT_BOOT_ID_SIZE);
	p = put_head(p, CBOR_UINT, rec->seq);
	p = put_head(p, CBOR_UINT, rec->mono);
	p = put_int(p, rec->real);
	p = put_head(p, CBOR_UINT, rec->cpu);
	p = put_head(p, CBOR_UINT, rec->aid);
	p = put_head(p, CBOR_UINT, rec->tid);
	p = put_head(p, CBOR_UINT, rec->event);
	p = put_head(p, CBOR_UINT, rec->class);
	p = put_head(p, CBOR_UINT, rec->decision);
	p = put_head(p, CBOR_UINT, rec->capability);
	p = put_head(p, CBOR_UINT, rec->rights);
	p = put_bytes(p, rec->object, rec->object_len);
	p = put_int(p, rec->result);
	return p - buf;
}

/* The end of a long path says more than its beginning. */
static void fill_object(struct audit_record *rec, const struct audit_entry *entry)
{
	const u8 *object = entry->object;
	size_t len = object ? entry->object_len : 0;

	if (len > AUDIT_CHAIN_OBJECT_MAX) {
		object += len - AUDIT_CHAIN_OBJECT_MAX;
		len = AUDIT_CHAIN_OBJECT_MAX;
	}
	rec->object_len = len;
	if (len)
		memcpy(rec->object, object, len);
}

/* What somebody may want to undo as soon as it has happened, by cutting the power. */
static bool fill_urgent(const struct audit_entry *entry)
{
	static const u32 events = BIT(AGENT_EVENT_GRANT) | BIT(AGENT_EVENT_REVOKE) |
				  BIT(AGENT_EVENT_AUTHORIZER) | BIT(AGENT_EVENT_LOST) |
				  BIT(AGENT_EVENT_ANSWER) | BIT(AGENT_EVENT_POLICY);

	return entry->urgent || entry->decision == AGENT_DECISION_DENIED ||
	       (events & BIT(entry->event));
}

/**
 * audit_record_fill - all of a record but its number and its MAC
 * @rec: where to
 * @entry: what the caller knows
 *
 * Context: any; on the acting CPU, which must not change until the MAC is made.
 */
void audit_record_fill(struct audit_record *rec, const struct audit_entry *entry)
{
	struct ktime_timestamps now;

	/* The fast accessor: its plain siblings may not be used in every context. */
	ktime_get_fast_timestamps(&now);
	rec->mono = now.mono;
	rec->real = now.real;
	rec->aid = entry->aid;
	rec->capability = entry->capability;
	rec->rights = entry->rights;
	rec->cpu = smp_processor_id();
	rec->tid = in_task() ? task_pid_nr(current) : 0;
	rec->result = entry->result;
	rec->event = entry->event;
	rec->class = entry->class;
	rec->decision = entry->decision;
	rec->urgent = fill_urgent(entry);
	rec->text_len = 0;
	fill_object(rec, entry);
}
