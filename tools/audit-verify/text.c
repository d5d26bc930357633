// SPDX-License-Identifier: GPL-2.0
/*
 * Text that people and other programs write: UTF-8, and base64 in it.
 */

#include <linux/array_size.h>
#include <linux/string.h>

#include "text.h"

/* ---- UTF-8 ---- */

/* Of each length: what the first byte starts with, and the least that is so long. */
static const struct {
	u8 mask;
	u8 mark;
	u32 least;
} forms[] = {
	{ 0x80, 0x00, 0 },
	{ 0xe0, 0xc0, 0x80 },
	{ 0xf0, 0xe0, 0x800 },
	{ 0xf8, 0xf0, 0x10000 },
};

/* What Unicode calls white space. */
static const struct {
	u32 first;
	u32 last;
} spaces[] = {
	{ 0x09, 0x0d }, { 0x1c, 0x20 }, { 0x85, 0x85 }, { 0xa0, 0xa0 }, { 0x1680, 0x1680 },
	{ 0x2000, 0x200a }, { 0x2028, 0x2029 }, { 0x202f, 0x202f }, { 0x205f, 0x205f },
	{ 0x3000, 0x3000 },
};

/* Takes the next character; false: these bytes are none. */
static bool next_character(struct text *text, u32 *character)
{
	u8 first = *text->at;
	size_t len, i;

	for (len = 1; len <= ARRAY_SIZE(forms); len++)
		if ((first & forms[len - 1].mask) == forms[len - 1].mark)
			break;
	if (len > ARRAY_SIZE(forms) || len > text->len)
		return false;
	*character = first & ~forms[len - 1].mask;
	for (i = 1; i < len; i++) {
		if ((text->at[i] & 0xc0) != 0x80)
			return false;
		*character = *character << 6 | (text->at[i] & 0x3f);
	}
	text->at += len;
	text->len -= len;
	return *character >= forms[len - 1].least && *character <= 0x10ffff &&
	       (*character < 0xd800 || *character > 0xdfff);
}

/**
 * text_is_utf8 - are these characters?
 * @text: bytes
 *
 * Return: whether they are, each in its shortest form.
 */
bool text_is_utf8(struct text text)
{
	u32 character;

	while (text.len)
		if (!next_character(&text, &character))
			return false;
	return true;
}

/**
 * text_is_name - can it be the name of a key?
 * @text: bytes
 *
 * Return: whether it is characters, none of them white space or a plus sign.
 */
bool text_is_name(struct text text)
{
	bool any = text.len;
	u32 character;
	size_t i;

	while (text.len) {
		if (!next_character(&text, &character) || character == '+')
			return false;
		for (i = 0; i < ARRAY_SIZE(spaces); i++)
			if (character >= spaces[i].first && character <= spaces[i].last)
				return false;
	}
	return any;
}

/* ---- pieces ---- */

/**
 * text_equal - are these the same bytes?
 * @one: bytes
 * @two: bytes
 *
 * Return: whether they are.
 */
bool text_equal(struct text one, struct text two)
{
	return one.len == two.len && !memcmp(one.at, two.at, one.len);
}

/**
 * text_cut - take what stands before a byte
 * @rest: what stands behind it then
 * @at: the byte, which is gone
 * @before: what stood before its first place
 *
 * Return: false where it stands nowhere; then nothing is taken.
 */
bool text_cut(struct text *rest, char at, struct text *before)
{
	const char *found = memchr(rest->at, at, rest->len);

	if (!found)
		return false;
	before->at = rest->at;
	before->len = found - rest->at;
	rest->at = found + 1;
	rest->len -= before->len + 1;
	return true;
}

/* ---- base64 ---- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Four digits to up to three bytes; 0: they are none, or not the one form of these bytes. */
static size_t decode_group(const char *group, u8 bytes[3])
{
	size_t pads = group[3] == '=' ? 1 + (group[2] == '=') : 0, i;
	u32 bits = 0;

	for (i = 0; i < 4 - pads; i++) {
		const char *digit = memchr(digits, group[i], 64);

		if (!digit)
			return 0;
		bits |= (u32)(digit - digits) << (18 - 6 * i);
	}
	if (bits & ((1U << 8 * pads) - 1))
		return 0;
	for (i = 0; i < 3; i++)
		bytes[i] = bits >> (16 - 8 * i);
	return 3 - pads;
}

/**
 * text_base64 - read base64 in its one form
 * @text: digits, and padding
 * @out: the first bytes of what it stands for
 * @room: in @out
 * @len: how many bytes it stands for, which may be more
 *
 * Return: false where it is not that, or stands for nothing.
 */
bool text_base64(struct text text, u8 *out, size_t room, size_t *len)
{
	size_t at, i;

	*len = 0;
	for (at = 0; at + 4 <= text.len; at += 4) {
		u8 bytes[3];
		size_t got = decode_group(text.at + at, bytes);

		if (!got || (got < 3 && at + 4 != text.len))
			return false;
		for (i = 0; i < got; i++, ++*len)
			if (*len < room)
				out[*len] = bytes[i];
	}
	return at == text.len && *len;
}
