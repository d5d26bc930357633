// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the bytes of a record. The vectors are what Python's cbor2 makes of the
 * same values: cbor2.dumps([boot_id, seq, ...], canonical=True).
 */

#include <linux/limits.h>

#include "fixture.h"

/* All fields at their least. */
static const u8 least_bytes[] = {
	0x8e, 0x50, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
	0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x00,
};

static const struct audit_record least = { .seq = 1 };

static const u8 denial_bytes[] = {
	0x8e, 0x50, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
	0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x17, 0x1b, 0x00, 0x00, 0x01, 0x1f,
	0x71, 0xfb, 0x04, 0xcb, 0x1b, 0x18, 0x79, 0xcb, 0x10, 0x56, 0x80, 0xcd,
	0x15, 0x03, 0x11, 0x19, 0x10, 0x92, 0x09, 0x01, 0x02, 0x18, 0x18, 0x05,
	0x4a, 0x2f, 0x64, 0x61, 0x74, 0x61, 0x2f, 0xff, 0x22, 0x78, 0x5c, 0x2c,
};

/* Each field at a border between two lengths. */
static const u8 borders_bytes[] = {
	0x8e, 0x50, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
	0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x18, 0x18, 0x18, 0xff, 0x19, 0x01,
	0x00, 0x19, 0xff, 0xff, 0x1a, 0x00, 0x01, 0x00, 0x00, 0x1a, 0xff, 0xff,
	0xff, 0xff, 0x18, 0x18, 0x18, 0x18, 0x17, 0x1b, 0x00, 0x00, 0x00, 0x01,
	0x00, 0x00, 0x00, 0x00, 0x1a, 0x80, 0x00, 0x00, 0x00, 0x58, 0x18, 0x78,
	0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78,
	0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x78, 0x38,
	0xff,
};

static const struct audit_record borders = {
	.seq = 24,
	.mono = 255,
	.real = 256,
	.cpu = 65535,
	.aid = 65536,
	.tid = U32_MAX,
	.event = 24,
	.class = 24,
	.decision = 23,
	.capability = 1ULL << 32,
	.rights = 1ULL << 31,
	.object_len = 24,
	.object = "xxxxxxxxxxxxxxxxxxxxxxxx",
	.result = -256,
};

/* All fields at their widest; the object's byte n is 7 * n. Its last bytes are cut off. */
static const u8 widest_bytes[] = {
	0x8e, 0x50, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
	0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x1b, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1a, 0xff, 0xff,
	0xff, 0xff, 0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1a,
	0xff, 0xff, 0xff, 0xff, 0x19, 0xff, 0xff, 0x18, 0xff, 0x18, 0xff, 0x1b,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1b, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0x59, 0x01, 0x00, 0x00, 0x07, 0x0e, 0x15,
	0x1c, 0x23, 0x2a, 0x31,
};

/* BLAKE3 of the whole of it */
static const u8 widest_digest[] = {
	0xdf, 0xa6, 0x5f, 0x27, 0x8b, 0x72, 0xe6, 0xa0, 0x02, 0x38, 0xea, 0xd2,
	0x84, 0xbb, 0xca, 0x01, 0x51, 0xd0, 0x68, 0xaa, 0x44, 0x70, 0x79, 0xee,
	0x2a, 0x96, 0xa9, 0xc6, 0xf8, 0x3a, 0xc5, 0x5c,
};

static const struct audit_record widest = {
	.seq = U64_MAX,
	.mono = U64_MAX,
	.real = S64_MIN,
	.cpu = U32_MAX,
	.aid = U64_MAX,
	.tid = U32_MAX,
	.event = U16_MAX,
	.class = U8_MAX,
	.decision = U8_MAX,
	.capability = U64_MAX,
	.rights = U64_MAX,
	.object_len = AUDIT_CHAIN_OBJECT_MAX,
	.result = S32_MIN,
};

static void expect_bytes(struct kunit *test, const struct audit_record *rec,
			 const u8 *bytes, size_t len)
{
	u8 buf[AUDIT_RECORD_CBOR_MAX];

	KUNIT_ASSERT_EQ(test, audit_record_encode(rec, audit_test_boot_id, buf), len);
	KUNIT_EXPECT_MEMEQ(test, buf, bytes, len);
}

static void record_encode(struct kunit *test)
{
	expect_bytes(test, &least, least_bytes, sizeof(least_bytes));
	expect_bytes(test, &audit_test_denial, denial_bytes, sizeof(denial_bytes));
	expect_bytes(test, &borders, borders_bytes, sizeof(borders_bytes));
}

static void record_encode_widest(struct kunit *test)
{
	struct audit_record *rec = audit_test_copy(test, &widest);
	u8 buf[AUDIT_RECORD_CBOR_MAX], digest[BLAKE3_OUT_SIZE];
	size_t i;

	for (i = 0; i < AUDIT_CHAIN_OBJECT_MAX; i++)
		rec->object[i] = 7 * i;

	/* As wide as the room for it, and not one byte wider. */
	KUNIT_ASSERT_EQ(test, audit_record_encode(rec, audit_test_boot_id, buf), sizeof(buf));
	KUNIT_EXPECT_MEMEQ(test, buf, widest_bytes, sizeof(widest_bytes));
	blake3(buf, sizeof(buf), digest);
	KUNIT_EXPECT_MEMEQ(test, digest, widest_digest, sizeof(digest));
}

static void fill(struct audit_record *rec, const struct audit_entry *entry)
{
	/* The CPU must not change between the steps. */
	preempt_disable();
	audit_record_fill(rec, entry);
	preempt_enable();
}

static void record_fill(struct kunit *test)
{
	struct audit_entry entry = {
		.aid = 17,
		.event = AGENT_EVENT_GRANT,
		.class = AGENT_CLASS_NET,
		.decision = AGENT_DECISION_ALLOWED,
		.capability = 99,
		.rights = AGENT_NET_BIND,
		.result = -EPERM,
		.object = "name",
		.object_len = 4,
	};
	struct audit_record *rec = kunit_kzalloc(test, sizeof(*rec), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rec);
	fill(rec, &entry);
	KUNIT_EXPECT_EQ(test, rec->aid, 17);
	KUNIT_EXPECT_EQ(test, rec->event, AGENT_EVENT_GRANT);
	KUNIT_EXPECT_EQ(test, rec->class, AGENT_CLASS_NET);
	KUNIT_EXPECT_EQ(test, rec->decision, AGENT_DECISION_ALLOWED);
	KUNIT_EXPECT_EQ(test, rec->capability, 99);
	KUNIT_EXPECT_EQ(test, rec->rights, AGENT_NET_BIND);
	KUNIT_EXPECT_EQ(test, rec->result, -EPERM);
	KUNIT_EXPECT_EQ(test, rec->tid, task_pid_nr(current));
	KUNIT_EXPECT_GT(test, rec->mono, 0);
	KUNIT_EXPECT_EQ(test, rec->object_len, 4);
	KUNIT_EXPECT_MEMEQ(test, rec->object, "name", 4);

	entry.object = NULL;
	fill(rec, &entry);
	KUNIT_EXPECT_EQ(test, rec->object_len, 0);
}

static void record_keeps_tail(struct kunit *test)
{
	size_t len = AUDIT_CHAIN_OBJECT_MAX + 3;
	u8 *path = kunit_kzalloc(test, len, GFP_KERNEL);
	struct audit_record *rec = kunit_kzalloc(test, sizeof(*rec), GFP_KERNEL);
	struct audit_entry entry = { .object = path, .object_len = len };

	KUNIT_ASSERT_NOT_NULL(test, path);
	KUNIT_ASSERT_NOT_NULL(test, rec);
	path[2] = 'x';
	path[3] = 'y';
	path[len - 1] = 'z';
	fill(rec, &entry);
	KUNIT_EXPECT_EQ(test, rec->object_len, AUDIT_CHAIN_OBJECT_MAX);
	KUNIT_EXPECT_EQ(test, rec->object[0], 'y');
	KUNIT_EXPECT_EQ(test, rec->object[AUDIT_CHAIN_OBJECT_MAX - 1], 'z');
}

static struct kunit_case record_cases[] = {
	KUNIT_CASE(record_encode),
	KUNIT_CASE(record_encode_widest),
	KUNIT_CASE(record_fill),
	KUNIT_CASE(record_keeps_tail),
	{}
};

static struct kunit_suite record_suite = {
	.name = "audit_chain_record",
	.test_cases = record_cases,
};

kunit_test_suite(record_suite);
