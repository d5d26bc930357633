// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of COSE_Sign1.
 */
#include <kunit/test.h>
#include <linux/hex.h>
#include <linux/string.h>

#include "cbor.h"
#include "manifest.h"

#define MESSAGE_LEN	112

/*
 * Payload a10102, signed by PyNaCl 1.6.2 with the seed 00 01 02 .. 1f and put
 * together by cbor2; split for the width of a line.
 */
static const char *const message_hex[3] = {
	"d28443a10127a104582003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
	"43a101025840ace8f0d11ca57fdd07aa27c2ae713c383bcc544df4f457a5ea2133decca1248261a4702b",
	"5187342cdd5b2037735c15f12cdecda3211993a4d63bd0510bcd5c03",
};

struct cose_fixture {
	u8 seed[32];
	u8 message[MESSAGE_LEN];
};

static int cose_init(struct kunit *test)
{
	struct cose_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	size_t len, at = 0;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	for (i = 0; i < sizeof(f->seed); i++)
		f->seed[i] = i;
	for (i = 0; i < ARRAY_SIZE(message_hex); i++, at += len) {
		len = strlen(message_hex[i]) / 2;
		KUNIT_ASSERT_LE(test, at + len, (size_t)MESSAGE_LEN);
		KUNIT_ASSERT_EQ(test, hex2bin(f->message + at, message_hex[i], len), 0);
	}
	KUNIT_ASSERT_EQ(test, at, (size_t)MESSAGE_LEN);
	test->priv = f;
	return 0;
}

static int check(const void *bytes, size_t len)
{
	struct cose_sign1 sign1;
	int err = cose_sign1_parse(&sign1, bytes, len);

	return err ?: cose_sign1_verify(&sign1);
}

static void cose_verifies(struct kunit *test)
{
	struct cose_fixture *f = test->priv;
	struct cose_sign1 sign1;

	KUNIT_ASSERT_EQ(test, cose_sign1_parse(&sign1, f->message, MESSAGE_LEN), 0);
	KUNIT_EXPECT_EQ(test, cose_sign1_verify(&sign1), 0);
	KUNIT_ASSERT_EQ(test, sign1.payload_len, (size_t)3);
	KUNIT_EXPECT_MEMEQ(test, sign1.payload, "\xa1\x01\x02", 3);
}

/* Ed25519 is deterministic: the same message, byte for byte. */
static void cose_writes(struct kunit *test)
{
	struct cose_fixture *f = test->priv;
	const u8 *public = f->message + 10;
	u8 buf[MESSAGE_LEN];

	KUNIT_EXPECT_EQ(test, cose_sign1_write(NULL, 0, "\xa1\x01\x02", 3, f->seed, public),
			(size_t)MESSAGE_LEN);
	KUNIT_EXPECT_EQ(test, cose_sign1_write(buf, sizeof(buf), "\xa1\x01\x02", 3, f->seed,
					       public), (size_t)MESSAGE_LEN);
	KUNIT_EXPECT_MEMEQ(test, buf, f->message, MESSAGE_LEN);
}

/* No bit can be changed, none added and none left out. */
static void cose_every_bit(struct kunit *test)
{
	struct cose_fixture *f = test->priv;
	u8 longer[MESSAGE_LEN + 1] = {};
	int i;

	for (i = 0; i < MESSAGE_LEN * 8; i++) {
		f->message[i / 8] ^= 1 << i % 8;
		KUNIT_EXPECT_NE_MSG(test, check(f->message, MESSAGE_LEN), 0, "bit %d", i);
		f->message[i / 8] ^= 1 << i % 8;
	}
	for (i = 0; i < MESSAGE_LEN; i++)
		KUNIT_EXPECT_EQ(test, check(f->message, i), -EBADMSG);
	memcpy(longer, f->message, MESSAGE_LEN);
	KUNIT_EXPECT_EQ(test, check(longer, sizeof(longer)), -EBADMSG);
}

static const struct {
	int at;
	u8 byte;
	int err;
	const char *what;
} changes[] = {
	{ 0, 0xd1, -EBADMSG, "another tag" },
	{ 1, 0x85, -EBADMSG, "five members" },
	{ 5, 0x26, -EBADMSG, "ECDSA" },
	{ 6, 0xa2, -EBADMSG, "a second unprotected header" },
	{ 7, 0x05, -EBADMSG, "another header than kid" },
	{ 10, 0x02, -EKEYREJECTED, "another key" },
	{ 45, 0x07, -EKEYREJECTED, "another payload" },
	{ 111, 0x43, -EKEYREJECTED, "another signature" },
};

static void cose_changes(struct kunit *test)
{
	struct cose_fixture *f = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(changes); i++) {
		u8 old = f->message[changes[i].at];

		f->message[changes[i].at] = changes[i].byte;
		KUNIT_EXPECT_EQ_MSG(test, check(f->message, MESSAGE_LEN), changes[i].err, "%s",
				    changes[i].what);
		f->message[changes[i].at] = old;
	}
}

/* Lengths of a payload around those where its head grows. */
static void cose_lengths(struct kunit *test)
{
	static const size_t lengths[] = { 0, 1, 23, 24, 255, 256, 65535, 65536 };
	struct cose_fixture *f = test->priv;
	const u8 *public = f->message + 10;
	u8 *payload = kunit_kzalloc(test, 65536, GFP_KERNEL);
	u8 *buf = kunit_kzalloc(test, 65536 + 256, GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, payload);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		size_t len = cose_sign1_write(buf, 65536 + 256, payload, lengths[i], f->seed,
					      public);

		KUNIT_EXPECT_EQ_MSG(test, check(buf, len), 0, "%zu bytes", lengths[i]);
	}
}

static struct kunit_case cose_cases[] = {
	KUNIT_CASE(cose_verifies),
	KUNIT_CASE(cose_writes),
	KUNIT_CASE(cose_every_bit),
	KUNIT_CASE(cose_changes),
	KUNIT_CASE(cose_lengths),
	{}
};

static struct kunit_suite cose_suite = {
	.name = "agent_cose",
	.init = cose_init,
	.test_cases = cose_cases,
};

kunit_test_suite(cose_suite);

MODULE_DESCRIPTION("KUnit tests of COSE_Sign1");
MODULE_LICENSE("GPL");
