// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of capabilities: decoding, encoding, text, derivation, limits.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/hex.h>
#include <linux/string.h>

#include "cap_testlib.h"

static const struct {
	struct cap_spec spec;
	const char *text;
} texts[] = {
	{ HIER(T, 3), "fs:" T "/*:read_file,write_file" },
	{ HIER(T "/a/", AGENT_FS_READ_DIR), "fs:" T "/a/*:read_dir" },
	{ HIER("/", AGENT_FS_CONNECT), "fs:/*:connect" },
	{ HIER(T, 1, .carve = { T "/a", T "/f" }),
	  "fs:" T "/*:read_file;except=" T "/a;except=" T "/f" },
	{ { .class = AGENT_CLASS_EXEC, .path = T, .rights = 1 }, "exec:" T "/*:run" },
	{ { .class = AGENT_CLASS_EXEC, .proto = 0xab, .rights = 1 },
	  "exec:blake3=abababababababababababababababababababababababababababababababab:run" },
	{ { .class = AGENT_CLASS_NET, .proto = AGENT_NET_TCP, .addr = 0x7f000001, .prefix = 32,
	    .first = 80, .last = 443, .rights = 1 }, "net:tcp/127.0.0.1/32/80-443:connect" },
	{ { .class = AGENT_CLASS_NET, .proto = AGENT_NET_ANY, .last = 65535, .rights = 15 },
	  "net:any/0.0.0.0/0/0-65535:connect,bind,listen,send" },
	{ { .class = AGENT_CLASS_NET, .proto = AGENT_NET_UDP, .addr = 0x0a000000, .prefix = 8,
	    .first = 53, .last = 53, .rights = 8 }, "net:udp/10.0.0.0/8/53:send" },
	{ { .class = AGENT_CLASS_NET, .proto = AGENT_NET_UNIX_ABSTRACT, .name = "na;me*",
	    .rights = 1 }, "net:unix/@na\\x3bme*:connect" },
	{ { .class = AGENT_CLASS_AGENT, .who = AGENT_WHO_CHILDREN, .rights = 12 },
	  "agent:children/0:signal,observe" },
	{ { .class = AGENT_CLASS_AGENT, .who = AGENT_WHO_AID, .aid = 17, .rights = 2 },
	  "agent:aid/17/0:message" },
	{ { .class = AGENT_CLASS_AGENT, .who = AGENT_WHO_SELF, .max = 4, .rights = 1 },
	  "agent:self/4:spawn" },
	{ { .class = AGENT_CLASS_DEV, .name = "tty", .first = 0x5401, .last = 0x5408,
	    .rights = 1 }, "dev:tty/0x5401-0x5408:use" },
	{ { .class = AGENT_CLASS_MEM, .tier = AGENT_TIER_RAM, .bytes = 1048576, .rights = 1 },
	  "mem:ram/1048576:use" },
	{ SVC("tool:web_fetch"), "svc:tool:web_fetch:use" },
	{ SVC("a b\\\x7f;\n"), "svc:a\\x20b\\x5c\\x7f\\x3b\\x0a:use" },
	{ SVC("x", .expires = 60, .uses = 5, .rate = 100, .window = 60, .depth = 3,
	      .approval = true),
	  "svc:x:use;expires=60s;uses=5;rate=100/60s;depth=2;approval" },
};

static void cap_texts(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		KUNIT_EXPECT_STREQ(test, cap_test_make(test, &texts[i].spec)->text, texts[i].text);
}

/* What was read is written as it was, and once published with two more members. */
static void cap_round_trip(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		const struct cap *cap = cap_test_make(test, &texts[i].spec);
		struct cbor_writer a, b;
		u8 in[256], out[256];

		cbor_writer_init(&a, in, sizeof(in));
		cap_test_write(&a, &texts[i].spec);
		cbor_writer_init(&b, out, sizeof(out));
		cap_encode(&b, cap);
		KUNIT_ASSERT_EQ(test, a.len, b.len);
		KUNIT_EXPECT_MEMEQ(test, in, out, a.len);
		cbor_writer_init(&b, out, sizeof(out));
		cap_encode(&b, cap_test_publish(test, cap, NULL));
		KUNIT_EXPECT_EQ(test, out[0], in[0] + 2);
		KUNIT_EXPECT_MEMEQ(test, in + 1, out + 1, a.len - 1);
	}
}

/* Encoded by cbor2; what is not even well formed by hand. */
static const struct {
	const char *hex;
	int err;
	const char *what;
} refused[] = {
	{ "80", -EBADMSG, "an array" },
	{ "a0", -EINVAL, "nothing in it" },
	{ "a20107026178", -EINVAL, "no rights" },
	{ "a20261780301", -EINVAL, "no class" },
	{ "a201070301", -EINVAL, "no object" },
	{ "a301070301026178", -EBADMSG, "keys out of order" },
	{ "a30107026178026178", -EBADMSG, "a key twice" },
	{ "a3010702617803f5", -EBADMSG, "rights that are a bool" },
	{ "a301070261780300", -EINVAL, "no right at all" },
	{ "a301070261780302", -EINVAL, "a right that svc does not have" },
	{ "a301000261780301", -EINVAL, "life" },
	{ "a301080261780301", -EINVAL, "mount" },
	{ "a3011b00000100000000000261780301", -EINVAL, "a class that is a large number" },
	{ "a301070241780301", -EBADMSG, "svc by bytes" },
	{ "a3010702600301", -EINVAL, "svc without a name" },
	{ "a4010702617803010601", -EINVAL, "an id" },
	{ "a4010702617803010701", -EINVAL, "a parent" },
	{ "a4010702617803010801", -EINVAL, "an unknown member" },
	{ "a4010702617803011804a0", -EBADMSG, "a long key" },
	{ "a40107026178030104a10100", -EINVAL, "expiry at once" },
	{ "a40107026178030104a1011b0000000100000000", -EINVAL, "expiry after a lifetime" },
	{ "a40107026178030104a10200", -EINVAL, "no uses" },
	{ "a40107026178030104a103820001", -EINVAL, "a rate of nothing" },
	{ "a40107026178030104a103820100", -EINVAL, "a rate over no time" },
	{ "a40107026178030104a1038101", -EBADMSG, "half a rate" },
	{ "a40107026178030104a10418ff", -EINVAL, "a depth that means any" },
	{ "a40107026178030104a10501", -EBADMSG, "an approval that is a number" },
	{ "a40107026178030104a10601", -EINVAL, "an unknown limit" },
	{ "a4010702617803010581412f", -EINVAL, "svc with a carve-out" },
	{ "a3010102412f031a00020000", -EINVAL, "a right that fs does not have" },
	{ "a3010102612f0301", -EBADMSG, "a path as text" },
	{ "a3010102400301", -EINVAL, "an empty path" },
	{ "a301010241610301", -EINVAL, "a relative path" },
	{ "a3010102432f00610301", -EINVAL, "NUL in a path" },
	{ "a3010102502f636f636f6e75742d6b756e69742f780301", -ENOENT, "a path that is not there" },
	{ "a3010102502f636f636f6e75742d6b756e69742f2a0301", -ENOENT, "a wildcard" },
	{ "a4010102412f03010580", -EINVAL, "no carve-outs" },
	{ "a4010102412f03010581412f", -EINVAL, "all of it carved out" },
	{ "a4010102502f636f636f6e75742d6b756e69742f6103010581502f636f636f6e75742d6b756e69742f66",
	  -EINVAL, "a carve-out beside it" },
	{ "a4010102502f636f636f6e75742d6b756e69742f6103010581502f636f636f6e75742d6b756e69742f78",
	  -ENOENT, "a carve-out that is not there" },
	{ "a301020282014500000000000301", -EINVAL, "a short digest" },
	{ "a30102028202582000000000000000000000000000000000000000000000000000000000000000000301",
	  -EINVAL, "another kind of digest" },
	{ "a3010302860102447f000001182002010301", -EINVAL, "ports that are swapped" },
	{ "a3010302860102447f0000011820011a000100000301", -EINVAL, "a port past the last" },
	{ "a3010302860102447f000001182101010301", -EINVAL, "a prefix past the last bit" },
	{ "a3010302860102447f0000010801010301", -EINVAL, "bits past the prefix" },
	{ "a301030286010a447f0000010801010301", -EINVAL, "a short address" },
	{ "a3010302860101447f0000010801010301", -EINVAL, "another family" },
	{ "a3010302850102447f00000108010301", -EINVAL, "a port missing" },
	{ "a30103028203400301", -EINVAL, "an empty abstract name" },
	{ "a30103028203436100620301", -EINVAL, "NUL in an abstract name" },
	{ "a301030283034161010301", -EINVAL, "an abstract name with a prefix" },
	{ "a3010302820441610301", -EINVAL, "another protocol" },
	{ "a3010402830300000301", -EINVAL, "another who" },
	{ "a3010402830001000301", -EINVAL, "self with an AID" },
	{ "a30104028301001b00000001000000000301", -EINVAL, "more children than fit" },
	{ "a301050283617802010301", -EINVAL, "ioctls that are swapped" },
	{ "a3010502836178001b00000001000000000301", -EINVAL, "an ioctl past the last" },
	{ "a30106028203010301", -EINVAL, "another tier" },
	{ "a30106028201000301", -EINVAL, "no bytes" },
};

static int decode_error(const void *bytes, size_t len)
{
	struct cbor_reader r;
	struct cap *cap;

	cbor_reader_init(&r, bytes, len);
	cap = cap_decode(&r);
	if (IS_ERR(cap))
		return PTR_ERR(cap);
	cap_put_now(cap);
	return cbor_done(&r) ? 0 : -EBADMSG;
}

static void cap_refused(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		size_t len = strlen(refused[i].hex) / 2;
		u8 bytes[128];

		KUNIT_ASSERT_LE(test, len, sizeof(bytes));
		KUNIT_ASSERT_EQ(test, hex2bin(bytes, refused[i].hex, len), 0);
		KUNIT_EXPECT_EQ_MSG(test, decode_error(bytes, len), refused[i].err, "%s",
				    refused[i].what);
	}
}

/* Cut off anywhere and with any bit changed: refused or taken, and nothing else. */
static void cap_mutants(struct kunit *test)
{
	int i, bit;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		struct cbor_writer w;
		u8 bytes[512];
		size_t len;

		cbor_writer_init(&w, bytes, sizeof(bytes));
		cap_test_write(&w, &texts[i].spec);
		for (len = 0; len < w.len; len++)
			KUNIT_EXPECT_EQ(test, decode_error(bytes, len), -EBADMSG);
		for (bit = 0; bit < 8 * w.len; bit++) {
			bytes[bit / 8] ^= 1 << bit % 8;
			decode_error(bytes, w.len);
			bytes[bit / 8] ^= 1 << bit % 8;
		}
	}
}

static void caps_arrays(struct kunit *test)
{
	static const struct cap_spec spec = SVC("x");
	struct cap **caps = NULL;
	struct cbor_writer w;
	struct cbor_reader r;
	u8 bytes[64];
	u32 nr = 7;

	cbor_writer_init(&w, bytes, sizeof(bytes));
	cbor_write_array(&w, 2);
	cap_test_write(&w, &spec);
	cap_test_write(&w, &spec);
	cbor_reader_init(&r, bytes, w.len);
	KUNIT_EXPECT_EQ_MSG(test, caps_decode(&r, &caps, &nr), -EINVAL, "the same twice");
	cbor_reader_init(&r, bytes, w.len - 1);
	KUNIT_EXPECT_EQ_MSG(test, caps_decode(&r, &caps, &nr), -EBADMSG, "cut off");
	KUNIT_EXPECT_EQ(test, nr, 7U);
	KUNIT_EXPECT_PTR_EQ(test, caps, NULL);
	bytes[0] = 0x80;
	cbor_reader_init(&r, bytes, 1);
	KUNIT_ASSERT_EQ_MSG(test, caps_decode(&r, &caps, &nr), 0, "none");
	KUNIT_EXPECT_EQ(test, nr, 0U);
	KUNIT_EXPECT_NOT_NULL(test, caps);
	caps_free(caps, nr);
}

static void cap_derives(struct kunit *test)
{
	static const struct cap_spec wide = SVC("x*", .expires = 100, .depth = 3);
	static const struct cap_spec narrow = SVC("xy");
	const struct cap *parent = cap_test_publish(test, cap_test_make(test, &wide), NULL);
	const struct cap *child = cap_test_publish(test, cap_test_make(test, &narrow), parent);

	KUNIT_EXPECT_EQ(test, parent->parent_id, 0ULL);
	KUNIT_EXPECT_EQ(test, child->parent_id, parent->id);
	KUNIT_EXPECT_GT(test, child->id, parent->id);
	KUNIT_EXPECT_EQ(test, child->limits.depth, 1);
	KUNIT_EXPECT_EQ(test, child->limits.expires_ns, parent->limits.expires_ns);
	KUNIT_EXPECT_STREQ(test, child->text, "svc:xy:use;expires=100s;depth=1");
}

/* Three uses are three, however they are spread over those who derive from them. */
static void cap_uses_are_shared(struct kunit *test)
{
	static const struct cap_spec three = SVC("x", .uses = 3), two = SVC("x", .uses = 2);
	struct cap *root = cap_test_publish(test, cap_test_make(test, &three), NULL);
	struct cap *a = cap_test_publish(test, cap_test_make(test, &two), root);
	struct cap *b = cap_test_publish(test, cap_test_make(test, &two), root);

	KUNIT_EXPECT_TRUE(test, cap_use(a, false));
	KUNIT_EXPECT_TRUE(test, cap_use(a, false));
	KUNIT_EXPECT_FALSE_MSG(test, cap_use(a, false), "its own two");
	KUNIT_EXPECT_TRUE(test, cap_use(b, false));
	KUNIT_EXPECT_FALSE_MSG(test, cap_use(b, false), "the root's three");
	KUNIT_EXPECT_FALSE(test, cap_use(root, false));
}

/* What fails above takes nothing below. */
static void cap_uses_are_given_back(struct kunit *test)
{
	static const struct cap_spec one = SVC("x", .uses = 1);
	static const struct cap_spec many = SVC("x", .uses = 1, .rate = 5, .window = 60);
	struct cap *root = cap_test_publish(test, cap_test_make(test, &one), NULL);
	struct cap *a = cap_test_publish(test, cap_test_make(test, &many), root);
	struct cap *b = cap_test_publish(test, cap_test_make(test, &many), root);

	KUNIT_EXPECT_TRUE(test, cap_use(a, false));
	KUNIT_EXPECT_FALSE(test, cap_use(b, false));
	KUNIT_EXPECT_FALSE(test, cap_use(b, false));
}

static void cap_rate(struct kunit *test)
{
	static const struct cap_spec spec = SVC("x", .rate = 3, .window = 1);
	struct cap *cap = cap_test_make(test, &spec);
	int i;

	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, cap_use(cap, false));
	KUNIT_EXPECT_FALSE(test, cap_use(cap, false));
	msleep(1200);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, cap_use(cap, false));
	KUNIT_EXPECT_FALSE(test, cap_use(cap, false));
}

static void cap_expires(struct kunit *test)
{
	static const struct cap_spec spec = SVC("x", .expires = 1);
	struct cap *cap = cap_test_make(test, &spec);

	KUNIT_EXPECT_TRUE(test, cap_use(cap, false));
	msleep(1050);
	KUNIT_EXPECT_FALSE(test, cap_use(cap, false));
}

/* Nobody can answer: so it cannot be used. */
static void cap_approval(struct kunit *test)
{
	static const struct cap_spec spec = SVC("x", .approval = true);

	KUNIT_EXPECT_FALSE(test, cap_use(cap_test_make(test, &spec), false));
}

static struct kunit_case cap_cases[] = {
	KUNIT_CASE(cap_texts),
	KUNIT_CASE(cap_round_trip),
	KUNIT_CASE(cap_refused),
	KUNIT_CASE(cap_mutants),
	KUNIT_CASE(caps_arrays),
	KUNIT_CASE(cap_derives),
	KUNIT_CASE(cap_uses_are_shared),
	KUNIT_CASE(cap_uses_are_given_back),
	KUNIT_CASE_SLOW(cap_rate),
	KUNIT_CASE_SLOW(cap_expires),
	KUNIT_CASE(cap_approval),
	{}
};

static struct kunit_suite cap_suite = {
	.name = "agent_cap",
	.suite_init = cap_test_tree_make,
	.suite_exit = cap_test_tree_remove,
	.test_cases = cap_cases,
};

kunit_test_suite(cap_suite);

MODULE_DESCRIPTION("KUnit tests of capabilities");
MODULE_LICENSE("GPL");
