// SPDX-License-Identifier: GPL-2.0
/*
 * BLAKE3 of two messages of one chunk, with the four columns of the state of either in the
 * lanes of a vector.
 *
 * Compiled with the floating-point unit switched on, so in a file of its own that holds
 * nothing else: see Documentation/core-api/floating-point.rst. No key ever gets here,
 * since what a vector register held stays in it.
 */
#include <crypto/blake3.h>
#include <linux/bits.h>
#include <linux/string.h>
#include <linux/types.h>

#include "blake3-vector.h"

#define CHUNK_START		BIT(0)
#define CHUNK_END		BIT(1)
#define ROOT			BIT(3)

typedef u32 half __attribute__((vector_size(16)));
typedef u32 row __attribute__((vector_size(32)));
typedef u8 octets __attribute__((vector_size(32)));

/*
 * A row of the state of either message. Of each message the lanes of the first vector are
 * 0 to 3, those of the second 4 to 7.
 */
#define LANE(i)	((i) < 4 ? (i) : (i) + 4)
#define PICK(x, y, a, b, c, d) \
	__builtin_shufflevector(x, y, LANE(a), LANE(b), LANE(c), LANE(d), \
				LANE(a) + 4, LANE(b) + 4, LANE(c) + 4, LANE(d) + 4)

/* The words of a block as a round takes them: two for each column, two for each diagonal. */
struct schedule {
	row column_x, column_y, diagonal_x, diagonal_y;
};

/* A block of one message. */
struct block {
	const u8 *data;
	u32 len;
	u32 flags;
};

static __always_inline row join(half first, half second)
{
	return __builtin_shufflevector(first, second, 0, 1, 2, 3, 4, 5, 6, 7);
}

static __always_inline row load(const u8 *first, const u8 *second)
{
	half of_first, of_second;

	memcpy(&of_first, first, sizeof(half));
	memcpy(&of_second, second, sizeof(half));
	return join(of_first, of_second);
}

static __always_inline row ror16(row x)
{
	octets o = (octets)x;

	return (row)__builtin_shufflevector(o, o, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9,
					    14, 15, 12, 13, 18, 19, 16, 17, 22, 23, 20, 21,
					    26, 27, 24, 25, 30, 31, 28, 29);
}

static __always_inline row ror8(row x)
{
	octets o = (octets)x;

	return (row)__builtin_shufflevector(o, o, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8,
					    13, 14, 15, 12, 17, 18, 19, 16, 21, 22, 23, 20,
					    25, 26, 27, 24, 29, 30, 31, 28);
}

static __always_inline row ror(row x, int n)
{
	return (x >> n) | (x << (32 - n));
}

static __always_inline void mix(row v[4], row x, row y)
{
	v[0] += v[1] + x;
	v[3] = ror16(v[3] ^ v[0]);
	v[2] += v[3];
	v[1] = ror(v[1] ^ v[2], 12);
	v[0] += v[1] + y;
	v[3] = ror8(v[3] ^ v[0]);
	v[2] += v[3];
	v[1] = ror(v[1] ^ v[2], 7);
}

static __always_inline void diagonals_to_columns(row v[4])
{
	v[1] = PICK(v[1], v[1], 1, 2, 3, 0);
	v[2] = PICK(v[2], v[2], 2, 3, 0, 1);
	v[3] = PICK(v[3], v[3], 3, 0, 1, 2);
}

static __always_inline void columns_to_diagonals(row v[4])
{
	v[1] = PICK(v[1], v[1], 3, 0, 1, 2);
	v[2] = PICK(v[2], v[2], 2, 3, 0, 1);
	v[3] = PICK(v[3], v[3], 1, 2, 3, 0);
}

/*
 * Word i of a round is word { 2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8 }[i]
 * of the one before.
 */
static __always_inline void permute(struct schedule *s)
{
	row a = s->column_x, b = s->column_y, c = s->diagonal_x, d = s->diagonal_y;
	row ac = PICK(a, c, 3, 5, 0, 6), bd = PICK(b, d, 0, 5, 4, 7);

	s->column_x = PICK(a, b, 1, 5, 7, 2);
	s->column_y = PICK(ac, d, 0, 1, 2, 6);
	s->diagonal_x = PICK(bd, c, 0, 6, 2, 3);
	s->diagonal_y = PICK(bd, PICK(b, c, 2, 7, 4, 4), 1, 4, 5, 6);
}

static const half iv[2] = {
	{ 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a },
	{ 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 },
};

static __always_inline void compress(row cv[2], const struct block *a, const struct block *b)
{
	row v[4] = {
		cv[0], cv[1], join(iv[0], iv[0]),
		{ 0, 0, a->len, a->flags, 0, 0, b->len, b->flags },
	};
	struct schedule s;
	row m[4];
	int i;

	for (i = 0; i < 4; i++)
		m[i] = load(a->data + i * sizeof(half), b->data + i * sizeof(half));
	s.column_x = PICK(m[0], m[1], 0, 2, 4, 6);
	s.column_y = PICK(m[0], m[1], 1, 3, 5, 7);
	s.diagonal_x = PICK(m[2], m[3], 0, 2, 4, 6);
	s.diagonal_y = PICK(m[2], m[3], 1, 3, 5, 7);
	for (i = 0; i < 7; i++) {
		if (i)
			permute(&s);
		mix(v, s.column_x, s.column_y);
		diagonals_to_columns(v);
		mix(v, s.diagonal_x, s.diagonal_y);
		columns_to_diagonals(v);
	}
	cv[0] = v[0] ^ v[2];
	cv[1] = v[1] ^ v[3];
}

/* One message and how far it is. */
struct message {
	const u8 *data;
	u32 blocks;
	u32 tail;
	u8 last[BLAKE3_BLOCK_SIZE];
};

static __always_inline void message_begin(struct message *m, const u8 *data, size_t len)
{
	m->blocks = len ? (len - 1) / sizeof(m->last) : 0;
	m->tail = len - m->blocks * sizeof(m->last);
	m->data = data;
	memset(m->last, 0, sizeof(m->last));
	memcpy(m->last, data + len - m->tail, m->tail);
}

/* Past the end any block will do: nobody looks at what comes of it. */
static __always_inline struct block message_block(const struct message *m, u32 i)
{
	struct block b = { m->last, m->tail, CHUNK_END | ROOT };

	if (i < m->blocks)
		b = (struct block){ m->data + i * sizeof(m->last), sizeof(m->last), 0 };
	if (!i)
		b.flags |= CHUNK_START;
	return b;
}

/**
 * blake3_vector_chunks() - hashes of two messages of one chunk each
 * @data: messages
 * @len: bytes in them, at most BLAKE3_CHUNK_SIZE
 * @out: hashes
 *
 * Context: between kernel_fpu_begin() and kernel_fpu_end().
 */
void blake3_vector_chunks(const u8 *const data[2], const size_t len[2],
			  u8 out[2][BLAKE3_OUT_SIZE])
{
	row cv[2] = { join(iv[0], iv[0]), join(iv[1], iv[1]) };
	struct message m[2];
	half hash[2][2];
	u32 i, k;

	for (k = 0; k < 2; k++)
		message_begin(&m[k], data[k], len[k]);
	for (i = 0; i <= m[0].blocks || i <= m[1].blocks; i++) {
		const struct block a = message_block(&m[0], i), b = message_block(&m[1], i);

		compress(cv, &a, &b);
		memcpy(hash, cv, sizeof(hash));
		for (k = 0; k < 2; k++) {
			if (i != m[k].blocks)
				continue;
			memcpy(out[k], &hash[0][k], sizeof(half));
			memcpy(out[k] + sizeof(half), &hash[1][k], sizeof(half));
		}
	}
}
