// SPDX-License-Identifier: GPL-2.0
/*
 * The lines of chain.log: canonical JSON, one record or one seal each.
 *
 * Keys in one order, no spaces, integers only, and one way to write each byte of
 * an object: the bytes that were hashed can be rebuilt from the line, and two
 * different lines never stand for one record. Written by hand, as a reader may
 * ask for millions of them and printf takes ten times as long.
 */

#include <linux/array_size.h>
#include <linux/hex.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "line.h"

#define AID_DIGITS	5	/* a:00017 */

/* What is in every line; put together, they give the length of what never varies. */
#define K_SEQ		"{\"seq\":"
#define K_BOOT		",\"boot\":\""
#define K_MONO		"\",\"mono\":"
#define K_REAL		",\"real\":"
#define K_CPU		",\"cpu\":"
#define K_AID		",\"aid\":\"a:"
#define K_TID		"\",\"tid\":"
#define K_EVENT		",\"event\":\""
#define K_CLASS		"\",\"class\":\""
#define K_DECISION	"\",\"decision\":\""
#define K_CAP		"\",\"cap\":"
#define K_RIGHTS	",\"rights\":"
#define K_OBJECT	",\"object\":\""
#define K_RESULT	"\",\"result\":"
#define K_MAC		",\"mac\":\""
#define K_END		"\"}\n"

#define K_SEAL		"{\"seal\":"
#define K_FIRST		",\"first\":"
#define K_LAST		",\"last\":"
#define K_COUNT		",\"count\":"
#define K_ROOT		",\"root\":\""
#define K_HEAD		"\",\"head\":\""
#define K_NEXT		"\",\"next\":\""
#define K_SIGNED	"\""			/* all up to here is signed */
#define K_SIG		",\"sig\":\""

static const char * const event_names[] = {
	[AGENT_EVENT_BOOT]		= "boot",
	[AGENT_EVENT_SHUTDOWN]		= "shutdown",
	[AGENT_EVENT_SPAWN]		= "spawn",
	[AGENT_EVENT_STATE]		= "state",
	[AGENT_EVENT_ENTER]		= "enter",
	[AGENT_EVENT_EXEC]		= "exec",
	[AGENT_EVENT_GRANT]		= "grant",
	[AGENT_EVENT_REVOKE]		= "revoke",
	[AGENT_EVENT_PRESENT]		= "present",
	[AGENT_EVENT_ACCESS]		= "access",
	[AGENT_EVENT_QUOTA]		= "quota",
	[AGENT_EVENT_ATTEST]		= "attest",
	[AGENT_EVENT_TIER]		= "tier",
	[AGENT_EVENT_EXIT]		= "exit",
	[AGENT_EVENT_AUTHORIZER]	= "authorizer",
	[AGENT_EVENT_LINK]		= "link",
	[AGENT_EVENT_QUERY]		= "query",
	[AGENT_EVENT_LOST]		= "lost",
	[AGENT_EVENT_ASK]		= "ask",
	[AGENT_EVENT_ANSWER]		= "answer",
	[AGENT_EVENT_POLICY]		= "policy",
	[AGENT_EVENT_GAP]		= "gap",
	[AGENT_EVENT_EXTEND]		= "extend",
	[AGENT_EVENT_SYSCALL]		= "syscall",
	[AGENT_EVENT_RETURN]		= "return",
};

static const char * const class_names[] = {
	[AGENT_CLASS_LIFE]	= "life",
	[AGENT_CLASS_FS]	= "fs",
	[AGENT_CLASS_EXEC]	= "exec",
	[AGENT_CLASS_NET]	= "net",
	[AGENT_CLASS_AGENT]	= "agent",
	[AGENT_CLASS_DEV]	= "dev",
	[AGENT_CLASS_MEM]	= "mem",
	[AGENT_CLASS_SVC]	= "svc",
	[AGENT_CLASS_MOUNT]	= "mount",
	[AGENT_CLASS_IPC]	= "ipc",
	[AGENT_CLASS_TASK]	= "task",
	[AGENT_CLASS_KERNEL]	= "kernel",
	[AGENT_CLASS_URING]	= "uring",
};

static const char * const decision_names[] = {
	[AGENT_DECISION_NONE]		= "none",
	[AGENT_DECISION_ALLOWED]	= "allowed",
	[AGENT_DECISION_DENIED]		= "denied",
	[AGENT_DECISION_PERMITTED]	= "permitted",
};

/* ---- pieces ---- */

static __always_inline char *put_text(char *p, const char *text, size_t len)
{
	memcpy(p, text, len);
	return p + len;
}

/* A literal: its length is known when it is compiled. */
#define PUT(p, s)	put_text(p, s, sizeof(s) - 1)

static unsigned int dec_len(u64 value)
{
	unsigned int len = 1;

	for (; value >= 10000; value /= 10000)
		len += 4;
	for (; value >= 10; value /= 10)
		len++;
	return len;
}

static char *put_dec_width(char *p, u64 value, unsigned int width)
{
	char *digit = p + width;

	while (digit > p) {
		*--digit = '0' + value % 10;
		value /= 10;
	}
	return p + width;
}

static char *put_dec(char *p, u64 value)
{
	return put_dec_width(p, value, dec_len(value));
}

/* The magnitude in unsigned arithmetic: the least s64 has no positive twin. */
static u64 magnitude(s64 value)
{
	return value < 0 ? 0 - (u64)value : value;
}

static unsigned int int_len(s64 value)
{
	return (value < 0) + dec_len(magnitude(value));
}

static char *put_int(char *p, s64 value)
{
	if (value < 0)
		*p++ = '-';
	return put_dec(p, magnitude(value));
}

#define EACH_OF_8(byte)	(0x0101010101010101ULL * (byte))

/* Two digits of each of four bytes. Above nine a digit is a letter: 'a' - 10 - '0' further. */
static u64 hex_digits(u32 bytes)
{
	u64 wide = bytes, digits;

	wide = (wide | wide << 16) & 0x0000ffff0000ffffULL;
	wide = (wide | wide << 8) & 0x00ff00ff00ff00ffULL;
	digits = (wide >> 4 | wide << 8) & EACH_OF_8(0x0f);
	return digits + EACH_OF_8('0') +
	       ((digits + EACH_OF_8(6)) >> 4 & EACH_OF_8(1)) * ('a' - 10 - '0');
}

/* All that is written so is of whole words. */
static char *put_hex(char *p, const u8 *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i += sizeof(u32), p += sizeof(u64))
		put_unaligned_le64(hex_digits(get_unaligned_le32(data + i)), p);
	return p;
}

static unsigned int aid_len(u64 aid)
{
	return max_t(unsigned int, dec_len(aid), AID_DIGITS);
}

static const char *event_name(unsigned int value)
{
	return value < ARRAY_SIZE(event_names) ? event_names[value] : NULL;
}

static const char *class_name(unsigned int value)
{
	return value < ARRAY_SIZE(class_names) ? class_names[value] : NULL;
}

static const char *decision_name(unsigned int value)
{
	return value < ARRAY_SIZE(decision_names) ? decision_names[value] : NULL;
}

/* What has no name is shown by its number: wrong, but nothing is hidden. */
static char *put_name(char *p, const char *name, unsigned int value)
{
	return name ? put_text(p, name, strlen(name)) : put_dec(p, value);
}

static size_t name_len(const char *name, unsigned int value)
{
	return name ? strlen(name) : dec_len(value);
}

enum escape {
	ESCAPE_NONE	= 1,	/* each value is the length of what is written */
	ESCAPE_QUOTE	= 2,
	ESCAPE_HEX	= 6,
};

static enum escape escape_of(u8 c)
{
	if (c < 0x20 || c > 0x7e)
		return ESCAPE_HEX;
	return c == '"' || c == '\\' ? ESCAPE_QUOTE : ESCAPE_NONE;
}

static size_t object_len(const struct audit_record *rec)
{
	size_t i, len = 0;

	for (i = 0; i < rec->object_len; i++)
		len += escape_of(rec->object[i]);
	return len;
}

static char *put_object(char *p, const struct audit_record *rec)
{
	size_t i;

	for (i = 0; i < rec->object_len; i++) {
		u8 c = rec->object[i];

		switch (escape_of(c)) {
		case ESCAPE_HEX:
			p = PUT(p, "\\u00");
			p = hex_byte_pack(p, c);
			break;
		case ESCAPE_QUOTE:
			*p++ = '\\';
			fallthrough;
		case ESCAPE_NONE:
			*p++ = c;
			break;
		}
	}
	return p;
}

/* ---- lines ---- */

/**
 * audit_line_record - write the line of a record
 * @rec: the record
 * @boot_id: of its boot
 * @buf: where to; not terminated
 *
 * Return: its length, the line feed included.
 */
size_t audit_line_record(const struct audit_record *rec,
			 const u8 boot_id[AUDIT_BOOT_ID_SIZE], char buf[AUDIT_LINE_MAX])
{
	char *p = buf;

	p = put_dec(PUT(p, K_SEQ), rec->seq);
	p = put_hex(PUT(p, K_BOOT), boot_id, AUDIT_BOOT_ID_SIZE);
	p = put_dec(PUT(p, K_MONO), rec->mono);
	p = put_int(PUT(p, K_REAL), rec->real);
	p = put_dec(PUT(p, K_CPU), rec->cpu);
	p = put_dec_width(PUT(p, K_AID), rec->aid, aid_len(rec->aid));
	p = put_dec(PUT(p, K_TID), rec->tid);
	p = put_name(PUT(p, K_EVENT), event_name(rec->event), rec->event);
	p = put_name(PUT(p, K_CLASS), class_name(rec->class), rec->class);
	p = put_name(PUT(p, K_DECISION), decision_name(rec->decision), rec->decision);
	p = put_dec(PUT(p, K_CAP), rec->capability);
	p = put_dec(PUT(p, K_RIGHTS), rec->rights);
	p = put_object(PUT(p, K_OBJECT), rec);
	p = put_int(PUT(p, K_RESULT), rec->result);
	p = put_hex(PUT(p, K_MAC), rec->mac, sizeof(rec->mac));
	p = PUT(p, K_END);
	return p - buf;
}

/**
 * audit_line_record_len - how long the line of a record is
 * @rec: the record
 *
 * The log gives each line its place when the record arrives, and writes it only
 * for who reads it.
 *
 * Return: what audit_line_record() would.
 */
size_t audit_line_record_len(const struct audit_record *rec)
{
	return sizeof(K_SEQ K_BOOT K_MONO K_REAL K_CPU K_AID K_TID K_EVENT K_CLASS K_DECISION
		      K_CAP K_RIGHTS K_OBJECT K_RESULT K_MAC K_END) - 1 +
	       2 * AUDIT_BOOT_ID_SIZE + 2 * sizeof(rec->mac) +
	       dec_len(rec->seq) + dec_len(rec->mono) + int_len(rec->real) +
	       dec_len(rec->cpu) + aid_len(rec->aid) + dec_len(rec->tid) +
	       name_len(event_name(rec->event), rec->event) +
	       name_len(class_name(rec->class), rec->class) +
	       name_len(decision_name(rec->decision), rec->decision) +
	       dec_len(rec->capability) + dec_len(rec->rights) + object_len(rec) +
	       int_len(rec->result);
}

/**
 * audit_line_seal_signed - write what the signature of a seal covers
 * @seal: the seal; its @sig is not looked at
 * @buf: where to
 *
 * Return: its length.
 */
size_t audit_line_seal_signed(const struct audit_seal *seal, char buf[AUDIT_SEAL_LINE_MAX])
{
	char *p = buf;

	p = put_dec(PUT(p, K_SEAL), seal->epoch);
	p = put_dec(PUT(p, K_FIRST), seal->first);
	p = put_dec(PUT(p, K_LAST), seal->last);
	p = put_dec(PUT(p, K_COUNT), seal->count);
	p = put_hex(PUT(p, K_ROOT), seal->root, sizeof(seal->root));
	p = put_hex(PUT(p, K_HEAD), seal->head, sizeof(seal->head));
	p = put_hex(PUT(p, K_NEXT), seal->next, sizeof(seal->next));
	p = PUT(p, K_SIGNED);
	return p - buf;
}

/**
 * audit_line_seal - write the line of a seal
 * @seal: the seal
 * @buf: where to; not terminated
 *
 * Return: its length, the line feed included.
 */
size_t audit_line_seal(const struct audit_seal *seal, char buf[AUDIT_SEAL_LINE_MAX])
{
	char *p = buf + audit_line_seal_signed(seal, buf);

	p = put_hex(PUT(p, K_SIG), seal->sig, sizeof(seal->sig));
	p = PUT(p, K_END);
	return p - buf;
}

/**
 * audit_line_seal_len - how long the line of a seal is
 * @seal: the seal
 *
 * Return: what audit_line_seal() would.
 */
size_t audit_line_seal_len(const struct audit_seal *seal)
{
	return sizeof(K_SEAL K_FIRST K_LAST K_COUNT K_ROOT K_HEAD K_NEXT K_SIGNED K_SIG
		      K_END) - 1 +
	       2 * (sizeof(seal->root) + sizeof(seal->head) + sizeof(seal->next) +
		    sizeof(seal->sig)) +
	       dec_len(seal->epoch) + dec_len(seal->first) + dec_len(seal->last) +
	       dec_len(seal->count);
}
