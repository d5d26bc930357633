// SPDX-License-Identifier: GPL-2.0
/*
 * BLAKE3 of one chunk, with the four columns of the state in the lanes of a vector.
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

typedef u32 row __attribute__((vector_size(16)));
typedef u8 octets __attribute__((vector_size(16)));

/* Lanes of the first vector are 0 to 3, of the second 4 to 7. */
#define PICK(x, y, ...)		__builtin_shuffle(x, y, (row) { __VA_ARGS__ })

/* The words of a block as a round takes them: two for each column, two for each diagonal. */
struct schedule {
	row column_x, column_y, diagonal_x, diagonal_y;
};

static const octets by16 = { 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13 };
static const octets by8 = { 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12 };

static __always_inline row ror_octets(row x, octets by)
{
	return (row)__builtin_shuffle((octets)x, by);
}

static __always_inline row ror(row x, int n)
{
	return (x >> n) | (x << (32 - n));
}

static __always_inline void mix(row v[4], row x, row y)
{
	v[0] += v[1] + x;
	v[3] = ror_octets(v[3] ^ v[0], by16);
	v[2] += v[3];
	v[1] = ror(v[1] ^ v[2], 12);
	v[0] += v[1] + y;
	v[3] = ror_octets(v[3] ^ v[0], by8);
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

static const row iv[2] = {
	{ 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a },
	{ 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 },
};

static __always_inline void compress(row cv[2], const u8 *block, u32 len, u32 flags)
{
	row v[4] = { cv[0], cv[1], iv[0], { 0, 0, len, flags } }, m[4];
	struct schedule s;
	int round;

	memcpy(m, block, sizeof(m));
	s.column_x = PICK(m[0], m[1], 0, 2, 4, 6);
	s.column_y = PICK(m[0], m[1], 1, 3, 5, 7);
	s.diagonal_x = PICK(m[2], m[3], 0, 2, 4, 6);
	s.diagonal_y = PICK(m[2], m[3], 1, 3, 5, 7);
	for (round = 0; round < 7; round++) {
		if (round)
			permute(&s);
		mix(v, s.column_x, s.column_y);
		diagonals_to_columns(v);
		mix(v, s.diagonal_x, s.diagonal_y);
		columns_to_diagonals(v);
	}
	cv[0] = v[0] ^ v[2];
	cv[1] = v[1] ^ v[3];
}

/**
 * blake3_vector_chunk() - hash of a message of one chunk
 * @data: message
 * @len: bytes in it, at most BLAKE3_CHUNK_SIZE
 * @out: hash
 *
 * Context: between kernel_fpu_begin() and kernel_fpu_end().
 */
void blake3_vector_chunk(const u8 *data, size_t len, u8 out[BLAKE3_OUT_SIZE])
{
	row cv[2] = { iv[0], iv[1] };
	u8 last[BLAKE3_BLOCK_SIZE] = {};
	u32 start = CHUNK_START;

	for (; len > sizeof(last); len -= sizeof(last)) {
		compress(cv, data, sizeof(last), start);
		data += sizeof(last);
		start = 0;
	}
	memcpy(last, data, len);
	compress(cv, last, len, start | CHUNK_END | ROOT);
	memcpy(out, cv, sizeof(cv));
}
