// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the lines of chain.log.
 */

#include <linux/limits.h>
#include <linux/string.h>

#include "fixture.h"

#define ZEROS	"0000000000000000000000000000000000000000000000000000000000000000"

/* Lines in pieces, each of which must follow the one before. */
static const char * const denial_line[] = {
	"{\"seq\":23,\"boot\":\"000102030405060708090a0b0c0d0e0f\",",
	"\"mono\":1234567890123,\"real\":1763664000123456789,\"cpu\":3,",
	"\"aid\":\"a:00017\",\"tid\":4242,\"event\":\"access\",\"class\":\"fs\",",
	"\"decision\":\"denied\",\"cap\":24,\"rights\":5,",
	"\"object\":\"/data/\\u00ff\\\"x\\\\\",\"result\":-13,",
	"\"mac\":\"", ZEROS, "\"}\n",
};

static const char * const widest_begin[] = {
	"{\"seq\":18446744073709551615,\"boot\":\"000102030405060708090a0b0c0d0e0f\",",
	"\"mono\":18446744073709551615,\"real\":-9223372036854775808,\"cpu\":4294967295,",
	"\"aid\":\"a:18446744073709551615\",\"tid\":4294967295,\"event\":\"65535\",",
	"\"class\":\"255\",\"decision\":\"255\",\"cap\":18446744073709551615,",
	"\"rights\":18446744073709551615,",
	"\"object\":\"\\u0001\\u0001",
};

static const char * const seal_signed[] = {
	"{\"seal\":7,\"first\":10,\"last\":9,\"count\":0,\"root\":\"", ZEROS, "\",",
	"\"head\":\"", ZEROS, "\",\"next\":\"", ZEROS, "\"",
};

static const char * const seal_tail[] = {
	",\"sig\":\"", ZEROS, ZEROS, "\"}\n",
};

/* Returns how long the pieces are together. */
static size_t expect_pieces(struct kunit *test, const char *text,
			    const char * const *pieces, size_t nr)
{
	const char *at = text;
	size_t i;

	for (i = 0; i < nr; at += strlen(pieces[i]), i++)
		KUNIT_EXPECT_MEMEQ(test, at, pieces[i], strlen(pieces[i]));
	return at - text;
}

struct line_buffer {
	char text[AUDIT_LINE_MAX];
	struct audit_record rec;
};

static struct line_buffer *buffer(struct kunit *test, const struct audit_record *rec)
{
	struct line_buffer *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, b);
	if (rec)
		b->rec = *rec;
	return b;
}

/* Writes the line; it must be as long as the log was told that it would be. */
static size_t format(struct kunit *test, struct line_buffer *b)
{
	size_t len = audit_line_record(&b->rec, audit_test_boot_id, b->text);

	KUNIT_EXPECT_EQ(test, len, audit_line_record_len(&b->rec));
	KUNIT_ASSERT_LE(test, len, sizeof(b->text));
	return len;
}

static void line_record(struct kunit *test)
{
	struct line_buffer *b = buffer(test, &audit_test_denial);
	size_t len = format(test, b);

	KUNIT_EXPECT_EQ(test, len, expect_pieces(test, b->text, denial_line,
						 ARRAY_SIZE(denial_line)));
}

static void line_widest(struct kunit *test)
{
	struct line_buffer *b = buffer(test, NULL);

	b->rec = (struct audit_record) {
		.seq = U64_MAX, .mono = U64_MAX, .real = S64_MIN, .cpu = U32_MAX,
		.aid = U64_MAX, .tid = U32_MAX, .event = U16_MAX, .class = U8_MAX,
		.decision = U8_MAX, .capability = U64_MAX,
		.rights = U64_MAX, .result = S32_MIN,
		.object_len = AUDIT_CHAIN_OBJECT_MAX,
	};
	memset(b->rec.object, 1, sizeof(b->rec.object));
	format(test, b);
	expect_pieces(test, b->text, widest_begin, ARRAY_SIZE(widest_begin));
}

static void expect_object(struct kunit *test, struct line_buffer *b, const char *object)
{
	static const char key[] = "\"object\":\"";
	size_t len = format(test, b);
	char *begin = strnstr(b->text, key, len);

	KUNIT_ASSERT_NOT_NULL(test, begin);
	begin += sizeof(key) - 1;
	KUNIT_EXPECT_MEMEQ_MSG(test, begin, object, strlen(object), "byte %02x",
			       b->rec.object[0]);
	KUNIT_EXPECT_EQ(test, begin[strlen(object)], '"');
}

/* Each byte has one way to be written, and no two bytes share one. */
static void line_all_bytes(struct kunit *test)
{
	struct line_buffer *b = buffer(test, &audit_test_denial);
	char object[8];
	unsigned int c;

	b->rec.object_len = 1;
	for (c = 0; c <= U8_MAX; c++) {
		b->rec.object[0] = c;
		if (c == '"' || c == '\\')
			scnprintf(object, sizeof(object), "\\%c", c);
		else if (c >= 0x20 && c <= 0x7e)
			scnprintf(object, sizeof(object), "%c", c);
		else
			scnprintf(object, sizeof(object), "\\u%04x", c);
		expect_object(test, b, object);
	}
}

/* Lengths of numbers, where one more digit begins. */
static void line_digits(struct kunit *test)
{
	struct line_buffer *b = buffer(test, &audit_test_denial);
	char begin[32];
	int digits;
	u64 n = 1;

	for (digits = 1; digits <= 20; digits++, n *= 10) {
		b->rec.seq = n;
		format(test, b);
		scnprintf(begin, sizeof(begin), "{\"seq\":%llu,", n);
		KUNIT_EXPECT_MEMEQ(test, b->text, begin, strlen(begin));

		b->rec.seq = n - 1;
		format(test, b);
		scnprintf(begin, sizeof(begin), "{\"seq\":%llu,", n - 1);
		KUNIT_EXPECT_MEMEQ(test, b->text, begin, strlen(begin));
	}
}

static void line_names(struct kunit *test)
{
	struct line_buffer *b = buffer(test, &audit_test_denial);
	size_t len;
	int event;

	/* Each event of the ABI has a name: none is shown by its number. */
	for (event = 0; event <= AGENT_EVENT_GAP; event++) {
		char number[24];

		b->rec.event = event;
		len = format(test, b);
		scnprintf(number, sizeof(number), "\"event\":\"%d\"", event);
		KUNIT_EXPECT_NULL(test, strnstr(b->text, number, len));
	}
}

static void line_seal(struct kunit *test)
{
	struct line_buffer *b = buffer(test, NULL);
	struct audit_seal seal = { .epoch = 7, .first = 10, .last = 9 };
	size_t len, sig;

	len = audit_line_seal_signed(&seal, b->text);
	KUNIT_EXPECT_EQ(test, len, expect_pieces(test, b->text, seal_signed,
						 ARRAY_SIZE(seal_signed)));
	sig = audit_line_seal(&seal, b->text) - len;
	KUNIT_EXPECT_EQ(test, sig, expect_pieces(test, b->text + len, seal_tail,
						 ARRAY_SIZE(seal_tail)));
	KUNIT_EXPECT_EQ(test, len + sig, audit_line_seal_len(&seal));
}

static void line_seal_widest(struct kunit *test)
{
	struct line_buffer *b = buffer(test, NULL);
	struct audit_seal seal = {
		.epoch = U64_MAX, .first = U64_MAX, .last = U64_MAX, .count = U64_MAX,
	};

	KUNIT_EXPECT_EQ(test, audit_line_seal(&seal, b->text), audit_line_seal_len(&seal));
	KUNIT_EXPECT_LE(test, audit_line_seal_len(&seal), AUDIT_SEAL_LINE_MAX);
}

static struct kunit_case line_cases[] = {
	KUNIT_CASE(line_record),
	KUNIT_CASE(line_widest),
	KUNIT_CASE(line_all_bytes),
	KUNIT_CASE(line_digits),
	KUNIT_CASE(line_names),
	KUNIT_CASE(line_seal),
	KUNIT_CASE(line_seal_widest),
	{}
};

static struct kunit_suite line_suite = {
	.name = "audit_chain_line",
	.test_cases = line_cases,
};

kunit_test_suite(line_suite);
