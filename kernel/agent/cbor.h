/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Deterministic CBOR (RFC 8949 section 4.2), bounded: no recursion, no allocation.
 *
 * Readers and writers carry a sticky error: after the first one every call is a
 * no-op, so that a decoder is a straight list of calls with one check at its end.
 */
#ifndef _AGENT_CBOR_H
#define _AGENT_CBOR_H

#include <linux/types.h>

enum cbor_major {
	CBOR_UINT	= 0,
	CBOR_NEGATIVE	= 1,
	CBOR_BYTES	= 2,
	CBOR_TEXT	= 3,
	CBOR_ARRAY	= 4,
	CBOR_MAP	= 5,
	CBOR_TAG	= 6,
	CBOR_SIMPLE	= 7,
};

/* Values of CBOR_SIMPLE; no others are known here. */
#define CBOR_FALSE	20
#define CBOR_TRUE	21
#define CBOR_NULL	22

struct cbor_reader {
	const u8 *pos;
	const u8 *end;
	int error;		/* 0 or -EBADMSG */
};

/* Where a reader stands in a map whose keys are unsigned integers in ascending order. */
struct cbor_map {
	size_t left;
	u64 next;		/* the smallest key that may follow */
};

struct cbor_writer {
	u8 *buf;		/* NULL: only count */
	size_t size;
	size_t len;		/* bytes needed so far, even past size */
};

void cbor_reader_init(struct cbor_reader *r, const void *data, size_t len);
u64 cbor_read_uint(struct cbor_reader *r);
s64 cbor_read_int(struct cbor_reader *r);
bool cbor_read_bool(struct cbor_reader *r);
const u8 *cbor_read_bytes(struct cbor_reader *r, size_t *len);
const char *cbor_read_text(struct cbor_reader *r, size_t *len);	/* valid UTF-8, no NUL */
size_t cbor_read_array(struct cbor_reader *r);
size_t cbor_read_map(struct cbor_reader *r);
u64 cbor_read_tag(struct cbor_reader *r);
void cbor_map_begin(struct cbor_reader *r, struct cbor_map *map);
bool cbor_map_next(struct cbor_reader *r, struct cbor_map *map, u64 *key);
int cbor_peek_major(const struct cbor_reader *r);	/* 0..7, or -1 at the end */
void cbor_skip(struct cbor_reader *r);			/* one item, whatever it holds */
void cbor_fail(struct cbor_reader *r);
bool cbor_done(const struct cbor_reader *r);		/* no error and nothing left over */

void cbor_writer_init(struct cbor_writer *w, void *buf, size_t size);
void cbor_write_uint(struct cbor_writer *w, u64 v);
void cbor_write_int(struct cbor_writer *w, s64 v);
void cbor_write_bool(struct cbor_writer *w, bool v);
void cbor_write_null(struct cbor_writer *w);
void cbor_write_bytes(struct cbor_writer *w, const void *data, size_t len);
void cbor_write_text(struct cbor_writer *w, const char *text, size_t len);
void cbor_write_array(struct cbor_writer *w, size_t n);
void cbor_write_map(struct cbor_writer *w, size_t n);
void cbor_write_tag(struct cbor_writer *w, u64 tag);
void cbor_write_raw(struct cbor_writer *w, const void *data, size_t len);
bool cbor_overflow(const struct cbor_writer *w);

#endif /* _AGENT_CBOR_H */
