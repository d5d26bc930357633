// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the CBOR reader and writer.
 */
#include <kunit/test.h>
#include <linux/hex.h>
#include <linux/prandom.h>
#include <linux/string.h>

#include "cbor.h"

#define BYTES_MAX	64

static size_t from_hex(struct kunit *test, u8 *out, const char *hex)
{
	size_t len = strlen(hex) / 2;

	KUNIT_ASSERT_LE(test, len, (size_t)BYTES_MAX);
	KUNIT_ASSERT_EQ(test, hex2bin(out, hex, len), 0);
	return len;
}

/* What one item is, and whether a deterministic encoder would have written it. */
static const struct item {
	const char *hex;
	bool good;
	const char *what;
} items[] = {
	{ "00", true, "0" },
	{ "17", true, "23" },
	{ "1818", true, "24" },
	{ "18ff", true, "255" },
	{ "190100", true, "256" },
	{ "1a00010000", true, "65536" },
	{ "1b0000000100000000", true, "2^32" },
	{ "1bffffffffffffffff", true, "2^64 - 1" },
	{ "20", true, "-1" },
	{ "3bffffffffffffffff", true, "-2^64" },
	{ "40", true, "empty bytes" },
	{ "43010203", true, "three bytes" },
	{ "60", true, "empty text" },
	{ "63e282ac", true, "U+20AC" },
	{ "64f09f92a9", true, "U+1F4A9" },
	{ "64f48fbfbf", true, "U+10FFFF" },
	{ "80", true, "empty array" },
	{ "8101", true, "array" },
	{ "a0", true, "empty map" },
	{ "a10102", true, "map" },
	{ "d200", true, "tag 18" },
	{ "f4", true, "false" },
	{ "f5", true, "true" },
	{ "f6", true, "null" },
	{ "", false, "nothing" },
	{ "1817", false, "23 in two bytes" },
	{ "1900ff", false, "255 in three bytes" },
	{ "1a0000ffff", false, "65535 in five bytes" },
	{ "1b00000000ffffffff", false, "2^32 - 1 in nine bytes" },
	{ "5801ff", false, "a long form of a length" },
	{ "18", false, "cut off after the initial byte" },
	{ "1901", false, "cut off in the argument" },
	{ "4301", false, "cut off bytes" },
	{ "5bffffffffffffffff", false, "bytes longer than memory" },
	{ "9bffffffffffffffff", false, "array longer than memory" },
	{ "bb8000000000000000", false, "map whose pairs overflow" },
	{ "8201", false, "array with one item missing" },
	{ "a101", false, "map without a value" },
	{ "d2", false, "tag of nothing" },
	{ "1c", false, "reserved 28" },
	{ "1f", false, "reserved 31" },
	{ "5f4101ff", false, "indefinite bytes" },
	{ "7f6161ff", false, "indefinite text" },
	{ "9f01ff", false, "indefinite array" },
	{ "bf0101ff", false, "indefinite map" },
	{ "ff", false, "break" },
	{ "f7", false, "undefined" },
	{ "f0", false, "unassigned simple value" },
	{ "f818", false, "reserved simple value" },
	{ "f90000", false, "half float" },
	{ "fa00000000", false, "float" },
	{ "fb0000000000000000", false, "double" },
	{ "6180", false, "lone continuation byte" },
	{ "62c080", false, "overlong NUL" },
	{ "62c1bf", false, "overlong DEL" },
	{ "63e08080", false, "overlong in three" },
	{ "64f0808080", false, "overlong in four" },
	{ "63eda080", false, "surrogate" },
	{ "64f4908080", false, "past U+10FFFF" },
	{ "64f8888080", false, "five-byte form" },
	{ "62e282", false, "cut off sequence" },
	{ "6100", false, "NUL in text" },
};

static void cbor_items(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(items); i++) {
		struct cbor_reader r;
		u8 bytes[BYTES_MAX];

		cbor_reader_init(&r, bytes, from_hex(test, bytes, items[i].hex));
		cbor_skip(&r);
		KUNIT_EXPECT_EQ_MSG(test, cbor_done(&r), items[i].good, "%s", items[i].what);
	}
}

static void cbor_depth(struct kunit *test)
{
	u8 bytes[BYTES_MAX];
	struct cbor_reader r;
	unsigned int depth;

	memset(bytes, 0x81, sizeof(bytes));
	for (depth = 0; depth < 40; depth++) {
		bytes[depth] = 0x00;
		cbor_reader_init(&r, bytes, depth + 1);
		cbor_skip(&r);
		KUNIT_EXPECT_EQ_MSG(test, cbor_done(&r), depth <= 16, "%u arrays", depth);
		bytes[depth] = 0x81;
	}
}

static void cbor_errors_stick(struct kunit *test)
{
	static const u8 bytes[] = { 0x41, 0x00, 0x01 };
	struct cbor_reader r;
	size_t len = 1;

	cbor_reader_init(&r, bytes, sizeof(bytes));
	KUNIT_EXPECT_EQ(test, cbor_read_uint(&r), 0ULL);
	KUNIT_EXPECT_EQ(test, r.error, -EBADMSG);
	KUNIT_EXPECT_PTR_EQ(test, cbor_read_bytes(&r, &len), NULL);
	KUNIT_EXPECT_EQ(test, len, (size_t)0);
	KUNIT_EXPECT_EQ(test, cbor_read_map(&r), (size_t)0);
	KUNIT_EXPECT_EQ(test, cbor_peek_major(&r), -1);
	KUNIT_EXPECT_FALSE(test, cbor_done(&r));
}

static void cbor_left_over(struct kunit *test)
{
	static const u8 bytes[] = { 0x01, 0x02 };
	struct cbor_reader r;

	cbor_reader_init(&r, bytes, sizeof(bytes));
	KUNIT_EXPECT_EQ(test, cbor_read_uint(&r), 1ULL);
	KUNIT_EXPECT_FALSE(test, cbor_done(&r));
}

static const struct {
	const char *hex;
	int keys;		/* how many are read; -1: the map is refused */
	const char *what;
} maps[] = {
	{ "a0", 0, "empty" },
	{ "a201000200", 2, "ascending" },
	{ "a202000100", -1, "descending" },
	{ "a201000100", -1, "one twice" },
	{ "a1410000", -1, "a key of bytes" },
	{ "a12000", -1, "a negative key" },
	{ "a11bffffffffffffffff00", -1, "no key can follow" },
	{ "a2010018180018", -1, "cut off" },
};

static void cbor_map_keys(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		struct cbor_reader r;
		struct cbor_map map;
		u8 bytes[BYTES_MAX];
		int keys = 0;
		u64 key;

		cbor_reader_init(&r, bytes, from_hex(test, bytes, maps[i].hex));
		cbor_map_begin(&r, &map);
		while (cbor_map_next(&r, &map, &key)) {
			cbor_skip(&r);
			keys++;
		}
		if (!cbor_done(&r))
			keys = -1;
		KUNIT_EXPECT_EQ_MSG(test, keys, maps[i].keys, "%s", maps[i].what);
	}
}

static void cbor_integers(struct kunit *test)
{
	static const s64 values[] = { 0, 1, 23, 24, 255, 256, 65535, 65536, U32_MAX,
				      1LL << 32, S64_MAX, -1, -24, -25, -256, S64_MIN };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		struct cbor_writer w;
		struct cbor_reader r;
		u8 bytes[9];

		cbor_writer_init(&w, bytes, sizeof(bytes));
		cbor_write_int(&w, values[i]);
		KUNIT_ASSERT_FALSE(test, cbor_overflow(&w));
		cbor_reader_init(&r, bytes, w.len);
		KUNIT_EXPECT_EQ(test, cbor_read_int(&r), values[i]);
		KUNIT_EXPECT_TRUE(test, cbor_done(&r));
	}
}

static void cbor_int_out_of_range(struct kunit *test)
{
	static const char *const hex[] = { "1b8000000000000000", "3b8000000000000000" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hex); i++) {
		struct cbor_reader r;
		u8 bytes[BYTES_MAX];

		cbor_reader_init(&r, bytes, from_hex(test, bytes, hex[i]));
		cbor_read_int(&r);
		KUNIT_EXPECT_EQ(test, r.error, -EBADMSG);
	}
}

static void write_sample(struct cbor_writer *w)
{
	cbor_write_tag(w, 18);
	cbor_write_array(w, 5);
	cbor_write_map(w, 1);
	cbor_write_uint(w, 500);
	cbor_write_text(w, "ok", 2);
	cbor_write_bytes(w, "\1\2", 2);
	cbor_write_bool(w, true);
	cbor_write_null(w);
	cbor_write_int(w, -500);
}

/* The bytes are cbor2's for CBORTag(18, [{500: "ok"}, b"\1\2", True, None, -500]). */
static void cbor_writes(struct kunit *test)
{
	u8 want[BYTES_MAX], got[BYTES_MAX] = {};
	size_t len = from_hex(test, want, "d285a11901f4626f6b420102f5f63901f3");
	struct cbor_writer w;

	cbor_writer_init(&w, got, sizeof(got));
	write_sample(&w);
	KUNIT_EXPECT_FALSE(test, cbor_overflow(&w));
	KUNIT_ASSERT_EQ(test, w.len, len);
	KUNIT_EXPECT_MEMEQ(test, got, want, len);
}

/* Whatever the room, nothing is written past it and the size needed is known. */
static void cbor_writer_bounds(struct kunit *test)
{
	struct cbor_writer w;
	u8 buf[BYTES_MAX];
	size_t size, need;

	cbor_writer_init(&w, NULL, 0);
	write_sample(&w);
	need = w.len;
	for (size = 0; size <= need; size++) {
		memset(buf, 0xee, sizeof(buf));
		cbor_writer_init(&w, buf, size);
		write_sample(&w);
		KUNIT_EXPECT_EQ(test, w.len, need);
		KUNIT_EXPECT_EQ(test, cbor_overflow(&w), size < need);
		KUNIT_EXPECT_EQ(test, buf[size], 0xee);
	}
}

/* Random bytes: every read ends, in bounds, and cbor_skip() takes what it took before. */
static void cbor_random(struct kunit *test)
{
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 1);
	for (i = 0; i < 20000; i++) {
		size_t len = prandom_u32_state(&rnd) % BYTES_MAX;
		struct cbor_reader r;
		u8 *bytes = kunit_kmalloc(test, len + 1, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, bytes);
		prandom_bytes_state(&rnd, bytes, len);
		cbor_reader_init(&r, bytes, len);
		while (cbor_peek_major(&r) >= 0)
			cbor_skip(&r);
		KUNIT_EXPECT_PTR_EQ(test, r.pos, r.end);
		kunit_kfree(test, bytes);
	}
}

static struct kunit_case cbor_cases[] = {
	KUNIT_CASE(cbor_items),
	KUNIT_CASE(cbor_depth),
	KUNIT_CASE(cbor_errors_stick),
	KUNIT_CASE(cbor_left_over),
	KUNIT_CASE(cbor_map_keys),
	KUNIT_CASE(cbor_integers),
	KUNIT_CASE(cbor_int_out_of_range),
	KUNIT_CASE(cbor_writes),
	KUNIT_CASE(cbor_writer_bounds),
	KUNIT_CASE(cbor_random),
	{}
};

static struct kunit_suite cbor_suite = {
	.name = "agent_cbor",
	.test_cases = cbor_cases,
};

kunit_test_suite(cbor_suite);

MODULE_DESCRIPTION("KUnit tests of the CBOR reader and writer");
MODULE_LICENSE("GPL");
