// SPDX-License-Identifier: GPL-2.0
/*
 * Deterministic CBOR: writer. It counts on when the room is used up, so that a
 * caller can ask for the size first.
 */
#include <linux/limits.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "cbor.h"

/**
 * cbor_writer_init - start to write
 * @w: writer
 * @buf: where to, or NULL to count only
 * @size: room in @buf
 */
void cbor_writer_init(struct cbor_writer *w, void *buf, size_t size)
{
	w->buf = buf;
	w->size = buf ? size : 0;
	w->len = 0;
}

/**
 * cbor_overflow - was there too little room?
 * @w: writer
 *
 * Return: true if @w->len bytes did not fit, or none were to be written.
 */
bool cbor_overflow(const struct cbor_writer *w)
{
	return w->len > w->size;
}

/**
 * cbor_write_raw - write bytes that are encoded already
 * @w: writer
 * @data: bytes
 * @len: how many
 */
void cbor_write_raw(struct cbor_writer *w, const void *data, size_t len)
{
	if (w->len <= w->size && len <= w->size - w->len)
		memcpy(w->buf + w->len, data, len);
	w->len += len;
}

static void cbor_write_head(struct cbor_writer *w, u8 major, u64 v)
{
	u8 head[9];
	size_t len;

	if (v < 24) {
		head[0] = v;
		len = 1;
	} else if (v <= U8_MAX) {
		head[0] = 24;
		head[1] = v;
		len = 2;
	} else if (v <= U16_MAX) {
		head[0] = 25;
		put_unaligned_be16(v, head + 1);
		len = 3;
	} else if (v <= U32_MAX) {
		head[0] = 26;
		put_unaligned_be32(v, head + 1);
		len = 5;
	} else {
		head[0] = 27;
		put_unaligned_be64(v, head + 1);
		len = 9;
	}
	head[0] |= major << 5;
	cbor_write_raw(w, head, len);
}

/**
 * cbor_write_uint - write an unsigned integer
 * @w: writer
 * @v: value
 */
void cbor_write_uint(struct cbor_writer *w, u64 v)
{
	cbor_write_head(w, CBOR_UINT, v);
}

/**
 * cbor_write_int - write an integer of either sign
 * @w: writer
 * @v: value
 */
void cbor_write_int(struct cbor_writer *w, s64 v)
{
	if (v < 0)
		cbor_write_head(w, CBOR_NEGATIVE, -(v + 1));
	else
		cbor_write_head(w, CBOR_UINT, v);
}

/**
 * cbor_write_bool - write true or false
 * @w: writer
 * @v: value
 */
void cbor_write_bool(struct cbor_writer *w, bool v)
{
	cbor_write_head(w, CBOR_SIMPLE, v ? CBOR_TRUE : CBOR_FALSE);
}

/**
 * cbor_write_null - write null
 * @w: writer
 */
void cbor_write_null(struct cbor_writer *w)
{
	cbor_write_head(w, CBOR_SIMPLE, CBOR_NULL);
}

/**
 * cbor_write_bytes - write a byte string
 * @w: writer
 * @data: bytes
 * @len: how many
 */
void cbor_write_bytes(struct cbor_writer *w, const void *data, size_t len)
{
	cbor_write_head(w, CBOR_BYTES, len);
	cbor_write_raw(w, data, len);
}

/**
 * cbor_write_text - write a text string
 * @w: writer
 * @text: valid UTF-8
 * @len: its length in bytes
 */
void cbor_write_text(struct cbor_writer *w, const char *text, size_t len)
{
	cbor_write_head(w, CBOR_TEXT, len);
	cbor_write_raw(w, text, len);
}

/**
 * cbor_write_array - open an array
 * @w: writer
 * @n: how many items the caller writes next
 */
void cbor_write_array(struct cbor_writer *w, size_t n)
{
	cbor_write_head(w, CBOR_ARRAY, n);
}

/**
 * cbor_write_map - open a map
 * @w: writer
 * @n: how many pairs the caller writes next, keys ascending
 */
void cbor_write_map(struct cbor_writer *w, size_t n)
{
	cbor_write_head(w, CBOR_MAP, n);
}

/**
 * cbor_write_tag - write a tag
 * @w: writer
 * @tag: its number; the tagged item is written next
 */
void cbor_write_tag(struct cbor_writer *w, u64 tag)
{
	cbor_write_head(w, CBOR_TAG, tag);
}
