// SPDX-License-Identifier: GPL-2.0
/*
 * Deterministic CBOR: reader.
 *
 * All that is read here comes from whoever calls a system call. A value has one
 * encoding only, so that two byte strings with the same meaning cannot carry two
 * signatures or two digests: long forms, indefinite lengths, floats and keys out
 * of order are refused rather than normalised.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/string.h>

#include "cbor.h"

#define CBOR_DEPTH_MAX	16

/**
 * cbor_reader_init - start to read
 * @r: reader
 * @data: bytes, which must outlive the reader and all that it returns
 * @len: how many
 */
void cbor_reader_init(struct cbor_reader *r, const void *data, size_t len)
{
	r->pos = data;
	r->end = r->pos + len;
	r->error = 0;
}

/**
 * cbor_fail - put the reader into its error state
 * @r: reader
 */
void cbor_fail(struct cbor_reader *r)
{
	r->error = -EBADMSG;
	r->pos = r->end;
}

/**
 * cbor_done - was everything well formed, and is nothing left over?
 * @r: reader
 *
 * Return: true if so.
 */
bool cbor_done(const struct cbor_reader *r)
{
	return !r->error && r->pos == r->end;
}

/**
 * cbor_peek_major - major type of the next item
 * @r: reader
 *
 * Return: 0 to 7, or -1 at the end or after an error.
 */
int cbor_peek_major(const struct cbor_reader *r)
{
	if (r->error || r->pos == r->end)
		return -1;
	return *r->pos >> 5;
}

static size_t cbor_left(const struct cbor_reader *r)
{
	return r->end - r->pos;
}

/* Reads the argument after an initial byte; each length has a range of its own. */
static u64 cbor_argument(struct cbor_reader *r, u8 info)
{
	static const u64 least[] = { 24, 1ULL << 8, 1ULL << 16, 1ULL << 32 };
	unsigned int bytes;
	u64 v = 0;

	if (info < 24)
		return info;
	bytes = info > 27 ? 0 : 1U << (info - 24);
	if (!bytes || cbor_left(r) < bytes) {
		cbor_fail(r);
		return 0;
	}
	while (bytes--)
		v = v << 8 | *r->pos++;
	if (v < least[info - 24]) {
		cbor_fail(r);
		return 0;
	}
	return v;
}

/* Reads an initial byte of any type with its argument. */
static u64 cbor_head(struct cbor_reader *r, u8 *major, u8 *info)
{
	u8 byte;

	*major = CBOR_SIMPLE;
	*info = 0;
	if (r->error)
		return 0;
	if (r->pos == r->end) {
		cbor_fail(r);
		return 0;
	}
	byte = *r->pos++;
	*major = byte >> 5;
	*info = byte & 31;
	return cbor_argument(r, *info);
}

static u64 cbor_expect(struct cbor_reader *r, u8 want)
{
	u8 major, info;
	u64 v = cbor_head(r, &major, &info);

	if (major == want)
		return v;
	cbor_fail(r);
	return 0;
}

/**
 * cbor_read_uint - read an unsigned integer
 * @r: reader
 *
 * Return: the value, 0 after an error.
 */
u64 cbor_read_uint(struct cbor_reader *r)
{
	return cbor_expect(r, CBOR_UINT);
}

/**
 * cbor_read_int - read an integer of either sign
 * @r: reader
 *
 * Return: the value, 0 after an error; what does not fit is an error.
 */
s64 cbor_read_int(struct cbor_reader *r)
{
	u8 major, info;
	u64 v = cbor_head(r, &major, &info);

	if (major > CBOR_NEGATIVE || v > S64_MAX) {
		cbor_fail(r);
		return 0;
	}
	return major == CBOR_NEGATIVE ? -1 - (s64)v : (s64)v;
}

/**
 * cbor_read_bool - read true or false
 * @r: reader
 *
 * Return: the value, false after an error.
 */
bool cbor_read_bool(struct cbor_reader *r)
{
	u64 v = cbor_expect(r, CBOR_SIMPLE);

	if (v != CBOR_FALSE && v != CBOR_TRUE)
		cbor_fail(r);
	return !r->error && v == CBOR_TRUE;
}

static const u8 *cbor_string(struct cbor_reader *r, u8 major, size_t *len)
{
	u64 v = cbor_expect(r, major);
	const u8 *start = r->pos;

	*len = 0;
	if (r->error)
		return NULL;
	if (v > cbor_left(r)) {
		cbor_fail(r);
		return NULL;
	}
	r->pos += v;
	*len = v;
	return start;
}

/**
 * cbor_read_bytes - read a byte string
 * @r: reader
 * @len: its length, 0 after an error
 *
 * Return: the bytes in place, or NULL after an error.
 */
const u8 *cbor_read_bytes(struct cbor_reader *r, size_t *len)
{
	return cbor_string(r, CBOR_BYTES, len);
}

/* Length of the sequence that @lead opens, 0 if none can; range of its second byte. */
static unsigned int utf8_lead(u8 lead, u8 *low, u8 *high)
{
	*low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	*high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (lead < 0x80)
		return lead ? 1 : 0;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Without overlong forms, surrogates and NUL, which would hide what follows. */
static bool utf8_valid(const u8 *s, size_t len)
{
	while (len) {
		u8 low, high;
		unsigned int n = utf8_lead(*s, &low, &high);

		if (!n || n > len)
			return false;
		if (n > 1 && (s[1] < low || s[1] > high))
			return false;
		if (n > 2 && (s[2] & 0xc0) != 0x80)
			return false;
		if (n > 3 && (s[3] & 0xc0) != 0x80)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

/**
 * cbor_read_text - read a text string
 * @r: reader
 * @len: its length in bytes, 0 after an error
 *
 * Return: the text in place, valid UTF-8 without NUL and not terminated, or NULL
 * after an error.
 */
const char *cbor_read_text(struct cbor_reader *r, size_t *len)
{
	const u8 *s = cbor_string(r, CBOR_TEXT, len);

	if (s && !utf8_valid(s, *len)) {
		cbor_fail(r);
		*len = 0;
		return NULL;
	}
	return (const char *)s;
}

/*
 * No container holds more items than there are bytes left: a count that claims so
 * is refused here, before anybody allocates by it.
 */
static size_t cbor_count(struct cbor_reader *r, u8 major)
{
	size_t least = major == CBOR_MAP ? 2 : 1;
	u64 n = cbor_expect(r, major);

	if (n > cbor_left(r) / least) {
		cbor_fail(r);
		return 0;
	}
	return n;
}

/**
 * cbor_read_array - open an array
 * @r: reader
 *
 * Return: how many items follow, 0 after an error.
 */
size_t cbor_read_array(struct cbor_reader *r)
{
	return cbor_count(r, CBOR_ARRAY);
}

/**
 * cbor_read_map - open a map
 * @r: reader
 *
 * Return: how many pairs follow, 0 after an error. The order of keys is the
 * caller's to check; cbor_map_begin() does so by itself.
 */
size_t cbor_read_map(struct cbor_reader *r)
{
	return cbor_count(r, CBOR_MAP);
}

/**
 * cbor_read_tag - read a tag
 * @r: reader
 *
 * Return: its number, 0 after an error. The tagged item follows.
 */
u64 cbor_read_tag(struct cbor_reader *r)
{
	return cbor_expect(r, CBOR_TAG);
}

/**
 * cbor_map_begin - open a map with unsigned integers as keys
 * @r: reader
 * @map: position, for cbor_map_next()
 */
void cbor_map_begin(struct cbor_reader *r, struct cbor_map *map)
{
	map->left = cbor_read_map(r);
	map->next = 0;
}

/**
 * cbor_map_next - read the next key
 * @r: reader
 * @map: position
 * @key: the key; its value follows
 *
 * Keys ascend, so that there is one encoding and no key comes twice.
 *
 * Return: false at the end of the map or after an error.
 */
bool cbor_map_next(struct cbor_reader *r, struct cbor_map *map, u64 *key)
{
	if (r->error || !map->left)
		return false;
	*key = cbor_read_uint(r);
	if (r->error || *key < map->next || *key == U64_MAX) {
		cbor_fail(r);
		return false;
	}
	map->left--;
	map->next = *key + 1;
	return true;
}

/* Reads one item without what a container holds; returns how many items it holds. */
static u64 cbor_skip_head(struct cbor_reader *r)
{
	size_t len;

	switch (cbor_peek_major(r)) {
	case CBOR_UINT:
		cbor_read_uint(r);
		return 0;
	case CBOR_NEGATIVE:
		cbor_expect(r, CBOR_NEGATIVE);
		return 0;
	case CBOR_BYTES:
		cbor_read_bytes(r, &len);
		return 0;
	case CBOR_TEXT:
		cbor_read_text(r, &len);
		return 0;
	case CBOR_ARRAY:
		return cbor_read_array(r);
	case CBOR_MAP:
		return 2 * (u64)cbor_read_map(r);
	case CBOR_TAG:
		cbor_read_tag(r);
		return 1;
	case CBOR_SIMPLE:
		if (cbor_expect(r, CBOR_SIMPLE) - CBOR_FALSE <= CBOR_NULL - CBOR_FALSE)
			return 0;
		break;
	}
	cbor_fail(r);
	return 0;
}

/**
 * cbor_skip - pass over one item, whatever it holds
 * @r: reader
 *
 * Nesting is bounded, and kept in an array rather than on the stack: depth is the
 * sender's choice.
 */
void cbor_skip(struct cbor_reader *r)
{
	u64 left[CBOR_DEPTH_MAX + 1];
	unsigned int depth = 0;

	left[0] = 1;
	while (!r->error) {
		u64 inner;

		while (!left[depth]) {
			if (!depth--)
				return;
		}
		left[depth]--;
		inner = cbor_skip_head(r);
		if (!inner)
			continue;
		if (depth == CBOR_DEPTH_MAX) {
			cbor_fail(r);
			return;
		}
		left[++depth] = inner;
	}
}
