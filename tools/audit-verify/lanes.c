// SPDX-License-Identifier: GPL-2.0
/*
 * BLAKE3 of many short messages at once, a lane of a vector for each.
 *
 * The leaves and nodes of a tree do not wait for each other, so that their hashes can be
 * made side by side; lib/crypto/blake3.c makes one at a time. Nothing here is taken from
 * it, and tests/unit/pycoconut/test_audit_native.py holds them against each other.
 */

#include <string.h>

#include "lanes.h"

#define BLOCK		64
#define CHUNK_START	1
#define CHUNK_END	2
#define ROOT		8

/* Compiled more than once, for what the processor can do. */
#ifdef __x86_64__
#define FOR_EACH_CPU __attribute__((__target_clones__("arch=x86-64-v4", "avx2", "default")))
#else
#define FOR_EACH_CPU
#endif

static const u32 start[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static const u8 order[7][16] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8 },
	{ 3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1 },
	{ 10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6 },
	{ 12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4 },
	{ 9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7 },
	{ 11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13 },
};

#define TURN(x, by)	((x) >> (by) | (x) << (32 - (by)))

#define MIX(a, b, c, d, x, y) do {	\
	v[a] += v[b] + (x);		\
	v[d] = TURN(v[d] ^ v[a], 16);	\
	v[c] += v[d];			\
	v[b] = TURN(v[b] ^ v[c], 12);	\
	v[a] += v[b] + (y);		\
	v[d] = TURN(v[d] ^ v[a], 8);	\
	v[c] += v[d];			\
	v[b] = TURN(v[b] ^ v[c], 7);	\
} while (0)

#define MIX_ALL(o) do {					\
	MIX(0, 4, 8, 12, m[(o)[0]], m[(o)[1]]);		\
	MIX(1, 5, 9, 13, m[(o)[2]], m[(o)[3]]);		\
	MIX(2, 6, 10, 14, m[(o)[4]], m[(o)[5]]);	\
	MIX(3, 7, 11, 15, m[(o)[6]], m[(o)[7]]);	\
	MIX(0, 5, 10, 15, m[(o)[8]], m[(o)[9]]);	\
	MIX(1, 6, 11, 12, m[(o)[10]], m[(o)[11]]);	\
	MIX(2, 7, 8, 13, m[(o)[12]], m[(o)[13]]);	\
	MIX(3, 4, 9, 14, m[(o)[14]], m[(o)[15]]);	\
} while (0)

/* Block number @block of every lane; a lane that is over keeps its value. */
FOR_EACH_CPU
static void compress(lanes_word cv[8], const struct lanes *lanes, u32 block)
{
	lanes_word m[16], v[16], len, flags, live;
	u32 at = block * BLOCK;
	int lane, i;

	for (lane = 0; lane < LANES; lane++) {
		u32 all = lanes->len[lane];
		bool last = all <= at + BLOCK;
		u32 words[16];

		memcpy(words, lanes->data[lane] + at, BLOCK);
		for (i = 0; i < 16; i++)
			m[i][lane] = words[i];
		len[lane] = all < at ? 0 : last ? all - at : BLOCK;
		flags[lane] = (block ? 0 : CHUNK_START) | (last ? CHUNK_END | ROOT : 0);
		live[lane] = !block || all > at ? ~0U : 0;
	}
	for (i = 0; i < 8; i++)
		v[i] = cv[i];
	for (i = 0; i < 4; i++)
		v[8 + i] = (lanes_word) {} + start[i];
	v[12] = (lanes_word) {};	/* the chunk's number, which is 0 */
	v[13] = (lanes_word) {};
	v[14] = len;
	v[15] = flags;
	MIX_ALL(order[0]);
	MIX_ALL(order[1]);
	MIX_ALL(order[2]);
	MIX_ALL(order[3]);
	MIX_ALL(order[4]);
	MIX_ALL(order[5]);
	MIX_ALL(order[6]);
	for (i = 0; i < 8; i++)
		cv[i] = (live & (v[i] ^ v[8 + i])) | (~live & cv[i]);
}

/**
 * lanes_hash - hash messages
 * @lanes: them; what stands behind the end of one is written over with zeros
 * @out: their hashes
 */
void lanes_hash(struct lanes *lanes, u8 (*out)[32])
{
	lanes_word cv[8];
	u32 most = 0, block;
	unsigned int lane;
	int i;

	for (lane = 0; lane < LANES; lane++) {
		u32 len = lane < lanes->nr ? lanes->len[lane] : 0;
		u32 blocks = len ? (len + BLOCK - 1) / BLOCK : 1;

		lanes->len[lane] = len;
		memset(lanes->data[lane] + len, 0, blocks * BLOCK - len);
		if (blocks > most)
			most = blocks;
	}
	for (i = 0; i < 8; i++)
		cv[i] = (lanes_word) {} + start[i];
	for (block = 0; block < most; block++)
		compress(cv, lanes, block);
	for (lane = 0; lane < lanes->nr; lane++)
		for (i = 0; i < 8; i++) {
			u32 word = cv[i][lane];

			memcpy(out[lane] + 4 * i, &word, 4);
		}
	lanes->nr = 0;
}
