// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of manifests.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/string.h>

#include "cap.h"
#include "cbor.h"
#include "manifest.h"
#include "manifest_decode.h"

#define PAYLOAD_MAX	1024

/* What is written for a key; NULL: the member is left out. */
typedef void (*member_fn)(struct cbor_writer *w);

static void write_zero(struct cbor_writer *w)
{
	cbor_write_uint(w, 0);
}

static void write_one(struct cbor_writer *w)
{
	cbor_write_uint(w, 1);
}

static void write_two(struct cbor_writer *w)
{
	cbor_write_uint(w, 2);
}

static void write_three(struct cbor_writer *w)
{
	cbor_write_uint(w, 3);
}

static void write_name(struct cbor_writer *w)
{
	cbor_write_text(w, "web-research_1.0", 16);
}

static void write_empty_text(struct cbor_writer *w)
{
	cbor_write_text(w, "", 0);
}

static void write_dots(struct cbor_writer *w)
{
	cbor_write_text(w, "..", 2);
}

static void write_slash(struct cbor_writer *w)
{
	cbor_write_text(w, "a/b", 3);
}

static void write_long(struct cbor_writer *w)
{
	char text[AGENT_NAME_MAX + 1];

	memset(text, 'a', sizeof(text));
	cbor_write_text(w, text, sizeof(text));
}

static void write_longest(struct cbor_writer *w)
{
	char text[AGENT_NAME_MAX];

	memset(text, 'a', sizeof(text));
	cbor_write_text(w, text, sizeof(text));
}

static void write_true(struct cbor_writer *w)
{
	cbor_write_bool(w, true);
}

static void write_false(struct cbor_writer *w)
{
	cbor_write_bool(w, false);
}

static void write_empty_array(struct cbor_writer *w)
{
	cbor_write_array(w, 0);
}

static void write_cap(struct cbor_writer *w, const char *name)
{
	cbor_write_map(w, 3);
	cbor_write_uint(w, 1);
	cbor_write_uint(w, AGENT_CLASS_SVC);
	cbor_write_uint(w, 2);
	cbor_write_text(w, name, strlen(name));
	cbor_write_uint(w, 3);
	cbor_write_uint(w, AGENT_SVC_USE);
}

static void write_caps(struct cbor_writer *w)
{
	cbor_write_array(w, 2);
	write_cap(w, "tool:a");
	write_cap(w, "tool:b");
}

static void write_same_caps(struct cbor_writer *w)
{
	cbor_write_array(w, 2);
	write_cap(w, "tool:a");
	write_cap(w, "tool:a");
}

static void write_bad_cap(struct cbor_writer *w)
{
	cbor_write_array(w, 2);
	write_cap(w, "tool:a");
	write_cap(w, "");
}

static void write_digests(struct cbor_writer *w, u8 a, u8 b)
{
	u8 digest[AGENT_DIGEST_SIZE] = {};

	cbor_write_array(w, 2);
	digest[0] = a;
	cbor_write_bytes(w, digest, sizeof(digest));
	digest[0] = b;
	cbor_write_bytes(w, digest, sizeof(digest));
}

static void write_code(struct cbor_writer *w)
{
	write_digests(w, 1, 2);
}

static void write_same_code(struct cbor_writer *w)
{
	write_digests(w, 1, 1);
}

static void write_short_code(struct cbor_writer *w)
{
	cbor_write_array(w, 1);
	cbor_write_bytes(w, "abc", 3);
}

static void write_quotas(struct cbor_writer *w)
{
	cbor_write_map(w, 2);
	cbor_write_uint(w, AGENT_QUOTA_INFERENCE_TOKENS);
	cbor_write_uint(w, 1000);
	cbor_write_uint(w, AGENT_QUOTA_CHILDREN);
	cbor_write_uint(w, 4);
}

static void write_bad_quota(struct cbor_writer *w)
{
	cbor_write_map(w, 1);
	cbor_write_uint(w, AGENT_NR_QUOTAS);
	cbor_write_uint(w, 1000);
}

static void write_same_quota(struct cbor_writer *w)
{
	cbor_write_map(w, 2);
	cbor_write_uint(w, 0);
	cbor_write_uint(w, 1);
	cbor_write_uint(w, 0);
	cbor_write_uint(w, 2);
}

static void write_approval(struct cbor_writer *w)
{
	cbor_write_array(w, 2);
	cbor_write_text(w, "tool:b", 6);
	cbor_write_text(w, "http:*", 6);
}

static void write_bytes_array(struct cbor_writer *w)
{
	cbor_write_array(w, 1);
	cbor_write_bytes(w, "x", 1);
}

static void write_argv(struct cbor_writer *w)
{
	cbor_write_array(w, 2);
	cbor_write_text(w, "/bin/true", 9);
	cbor_write_text(w, "", 0);
}

/* By key, from 1. */
static const member_fn whole[] = {
	write_one, write_name, write_name, write_two, write_caps, write_code, write_name,
	write_quotas, write_approval, write_zero, write_two, write_argv, write_true,
};

static const struct {
	u8 key;
	member_fn fn;
	int err;
	const char *what;
} rows[] = {
	{ 14, write_one, -EINVAL, "an unknown key" },
	{ 1, write_two, -EINVAL, "another version" },
	{ 1, write_name, -EBADMSG, "a version in words" },
	{ 1, NULL, -EINVAL, "no version" },
	{ 2, NULL, -EINVAL, "no name" },
	{ 2, write_empty_text, -EINVAL, "an empty name" },
	{ 2, write_dots, -EINVAL, "a name that is a directory" },
	{ 2, write_slash, -EINVAL, "a name that is a path" },
	{ 2, write_long, -EINVAL, "a name that is too long" },
	{ 2, write_longest, 0, "the longest name" },
	{ 2, write_one, -EBADMSG, "a name that is a number" },
	{ 3, NULL, -EINVAL, "no tenant" },
	{ 3, write_slash, -EINVAL, "a tenant that is a path" },
	{ 3, write_dots, -EINVAL, "a tenant that is a directory" },
	{ 4, NULL, -EINVAL, "no lane" },
	{ 4, write_three, -EINVAL, "another lane" },
	{ 5, NULL, -EINVAL, "no capabilities" },
	{ 5, write_empty_array, 0, "an empty list of capabilities" },
	{ 5, write_same_caps, -EINVAL, "a capability twice" },
	{ 5, write_bad_cap, -EINVAL, "a bad capability" },
	{ 5, write_bytes_array, -EBADMSG, "a capability of bytes" },
	{ 6, NULL, 0, "no digests" },
	{ 6, write_same_code, -EINVAL, "a digest twice" },
	{ 6, write_short_code, -EINVAL, "a short digest" },
	{ 7, write_one, -EBADMSG, "a model that is a number" },
	{ 7, write_empty_text, -EINVAL, "a model without a name" },
	{ 8, write_bad_quota, -EINVAL, "a quota of nothing" },
	{ 8, write_same_quota, -EBADMSG, "a quota twice" },
	{ 9, write_bytes_array, -EBADMSG, "an approval of bytes" },
	{ 10, write_three, -EINVAL, "another audit level" },
	{ 10, NULL, 0, "no audit level" },
	{ 11, write_three, -EINVAL, "another restart policy" },
	{ 12, write_bytes_array, -EBADMSG, "an argument of bytes" },
	{ 13, NULL, 0, "not permissive" },
	{ 13, write_false, -EINVAL, "permissive that says the default" },
	{ 13, write_one, -EBADMSG, "permissive that is a number" },
};

/* All members, but for one that is written by fn, or left out. */
static size_t write_payload(u8 *buf, u8 key, member_fn fn)
{
	bool extra = key > ARRAY_SIZE(whole);
	struct cbor_writer w;
	u8 i;

	cbor_writer_init(&w, buf, PAYLOAD_MAX);
	cbor_write_map(&w, ARRAY_SIZE(whole) + extra - (key && !fn));
	for (i = 1; i <= ARRAY_SIZE(whole) + extra; i++) {
		member_fn member = i == key ? fn : whole[i - 1];

		if (!member)
			continue;
		cbor_write_uint(&w, i);
		member(&w);
	}
	return w.len;
}

static int decode(struct kunit *test, const u8 *payload, size_t len, struct manifest **m)
{
	/* A copy of the exact size, so that KASAN sees each byte read past it. */
	u8 *copy = kmemdup(payload, len, GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	*m = kzalloc(sizeof(**m), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, *m);
	err = manifest_decode(*m, copy, len);
	kfree(copy);
	return err;
}

static void manifest_whole(struct kunit *test)
{
	u8 *payload = kunit_kmalloc(test, PAYLOAD_MAX, GFP_KERNEL);
	struct manifest *m;

	KUNIT_ASSERT_NOT_NULL(test, payload);
	KUNIT_ASSERT_EQ(test, decode(test, payload, write_payload(payload, 0, NULL), &m), 0);
	KUNIT_EXPECT_STREQ(test, m->name, "web-research_1.0");
	KUNIT_EXPECT_STREQ(test, m->tenant, "web-research_1.0");
	KUNIT_EXPECT_EQ(test, m->lane, AGENT_LANE_INTERACTIVE);
	KUNIT_ASSERT_EQ(test, m->nr_caps, 2U);
	KUNIT_EXPECT_STREQ(test, m->caps[1]->text, "svc:tool:b:use");
	KUNIT_ASSERT_EQ(test, m->nr_code, 2U);
	KUNIT_EXPECT_EQ(test, m->code[1][0], 2);
	KUNIT_EXPECT_EQ(test, m->quota[AGENT_QUOTA_CHILDREN], 4ULL);
	KUNIT_EXPECT_EQ(test, m->quota[AGENT_QUOTA_CPU], AGENT_QUOTA_UNLIMITED);
	KUNIT_EXPECT_EQ(test, m->audit_level, AGENT_AUDIT_DENIALS);
	KUNIT_EXPECT_EQ(test, m->restart, AGENT_RESTART_ALWAYS);
	KUNIT_EXPECT_TRUE(test, m->permissive);
	KUNIT_EXPECT_TRUE(test, manifest_needs_approval(m, m->caps[1]));
	KUNIT_EXPECT_FALSE(test, manifest_needs_approval(m, m->caps[0]));
	KUNIT_EXPECT_FALSE(test, manifest_needs_approval(NULL, m->caps[1]));
	manifest_free(m);
}

static void manifest_rows(struct kunit *test)
{
	u8 *payload = kunit_kmalloc(test, PAYLOAD_MAX, GFP_KERNEL);
	struct manifest *m;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, payload);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = write_payload(payload, rows[i].key, rows[i].fn);

		KUNIT_EXPECT_EQ_MSG(test, decode(test, payload, len, &m), rows[i].err, "%s",
				    rows[i].what);
		manifest_free(m);
	}
}

static void manifest_defaults(struct kunit *test)
{
	u8 *payload = kunit_kmalloc(test, PAYLOAD_MAX, GFP_KERNEL);
	struct manifest *m;

	KUNIT_ASSERT_NOT_NULL(test, payload);
	KUNIT_ASSERT_EQ(test, decode(test, payload, write_payload(payload, 10, NULL), &m), 0);
	KUNIT_EXPECT_EQ(test, m->audit_level, AGENT_AUDIT_DECISIONS);
	manifest_free(m);
}

/* Every bit changed, every length: an error or a manifest, and all memory back. */
static void manifest_mutants(struct kunit *test)
{
	u8 *payload = kunit_kmalloc(test, PAYLOAD_MAX, GFP_KERNEL);
	size_t len, cut;
	struct manifest *m;
	int bit;

	KUNIT_ASSERT_NOT_NULL(test, payload);
	len = write_payload(payload, 0, NULL);
	for (cut = 0; cut < len; cut++) {
		KUNIT_EXPECT_EQ(test, decode(test, payload, cut, &m), -EBADMSG);
		manifest_free(m);
	}
	for (bit = 0; bit < 8 * len; bit++) {
		payload[bit / 8] ^= 1 << bit % 8;
		decode(test, payload, len, &m);
		manifest_free(m);
		payload[bit / 8] ^= 1 << bit % 8;
	}
}

/* Signed, but by nobody we know; and not signed at all. */
static void manifest_unauthenticated(struct kunit *test)
{
	static const u8 public[32] = { 2 };
	static const u8 seed[32] = { 1 };
	u8 *payload = kunit_kmalloc(test, PAYLOAD_MAX, GFP_KERNEL);
	u8 *message = kunit_kmalloc(test, 2 * PAYLOAD_MAX, GFP_KERNEL);
	size_t len;

	KUNIT_ASSERT_NOT_NULL(test, payload);
	KUNIT_ASSERT_NOT_NULL(test, message);
	len = write_payload(payload, 0, NULL);
	len = cose_sign1_write(message, 2 * PAYLOAD_MAX, payload, len, seed, public);
	KUNIT_EXPECT_PTR_EQ(test, manifest_parse(message, len), ERR_PTR(-ENOKEY));
	KUNIT_EXPECT_PTR_EQ(test, manifest_parse(message, len - 1), ERR_PTR(-EBADMSG));
	KUNIT_EXPECT_PTR_EQ(test, manifest_parse(message, 0), ERR_PTR(-EBADMSG));
	KUNIT_EXPECT_PTR_EQ(test, manifest_parse(message, AGENT_MANIFEST_MAX + 1), ERR_PTR(-E2BIG));
}

static struct kunit_case manifest_cases[] = {
	KUNIT_CASE(manifest_whole),
	KUNIT_CASE(manifest_rows),
	KUNIT_CASE(manifest_defaults),
	KUNIT_CASE(manifest_mutants),
	KUNIT_CASE(manifest_unauthenticated),
	{}
};

static struct kunit_suite manifest_suite = {
	.name = "agent_manifest",
	.test_cases = manifest_cases,
};

kunit_test_suite(manifest_suite);

MODULE_DESCRIPTION("KUnit tests of manifests");
MODULE_LICENSE("GPL");
