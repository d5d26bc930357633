/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One record of the chain, and its bytes.
 */
#ifndef _AUDIT_COCONUT_RECORD_H
#define _AUDIT_COCONUT_RECORD_H

#include <linux/align.h>
#include <linux/audit_chain.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define AUDIT_BOOT_ID_SIZE	16

/*
 * The widest record: array head 1, boot id 17, seq, mono, real, aid, capability and
 * rights 9 each, cpu and tid 5 each, event 3, class and decision 2 each, result 5,
 * object 3 + AUDIT_CHAIN_OBJECT_MAX.
 */
#define AUDIT_RECORD_CBOR_MAX	(97 + AUDIT_CHAIN_OBJECT_MAX)

/**
 * struct audit_record - a record as ring and log hold it
 * @seq: dense, from 1
 * @mono: monotonic ns
 * @real: wall clock ns; nothing is ever ordered by it
 * @aid: the agent that acted
 * @capability: the capability that decided, 0 where none did
 * @rights: of @class, all that were asked for
 * @cpu: the CPU that acted, which names the key of @mac
 * @tid: the task that acted in the initial PID namespace; 0 in an interrupt
 * @result: 0 or a negative errno
 * @event: enum agent_event
 * @object_len: bytes of @object that are used
 * @text_len: bytes of its line in chain.log; the log's, unset in the ring
 * @class: enum agent_class
 * @decision: enum agent_decision
 * @urgent: its epoch is to be closed at once; not part of what is hashed
 * @mac: over the record's CBOR, by the acting CPU
 * @object: what it was done to
 *
 * Both texts of a record (CBOR that is hashed, JSON that is read) are functions
 * of this and the boot id, so only this is kept: a third of the line's size.
 */
struct audit_record {
	u64 seq;
	u64 mono;
	s64 real;
	u64 aid;
	u64 capability;
	u64 rights;
	u32 cpu;
	u32 tid;
	s32 result;
	u16 event;
	u16 object_len;
	u16 text_len;
	u8 class;
	u8 decision;
	bool urgent;
	u8 mac[BLAKE3_OUT_SIZE];
	u8 object[AUDIT_CHAIN_OBJECT_MAX];
};

/* What the log keeps of it: without the unused end of the object. */
static inline size_t audit_record_size(const struct audit_record *rec)
{
	return ALIGN(offsetof(struct audit_record, object) + rec->object_len, 8);
}

void audit_record_fill(struct audit_record *rec, const struct audit_entry *entry);
size_t audit_record_encode(const struct audit_record *rec,
			   const u8 boot_id[AUDIT_BOOT_ID_SIZE],
			   u8 buf[AUDIT_RECORD_CBOR_MAX]);

#endif /* _AUDIT_COCONUT_RECORD_H */
