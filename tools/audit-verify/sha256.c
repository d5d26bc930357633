// SPDX-License-Identifier: GPL-2.0
/*
 * SHA-256 (FIPS 180-4), which checkpoints are made with. Python's hashlib, which the first
 * verifier asks, is OpenSSL; so that one slip cannot let both pass, nothing here is its.
 */

#include <linux/bitops.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "sha256.h"

#define BLOCK	64
#define ROUNDS	64

/* Fractions of the square roots of the first 8 primes. */
static const u32 start[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

/* Fractions of the cube roots of the first 64 primes. */
static const u32 constants[ROUNDS] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static void schedule(u32 w[ROUNDS], const u8 *block)
{
	int i;

	for (i = 0; i < 16; i++)
		w[i] = get_unaligned_be32(block + 4 * i);
	for (; i < ROUNDS; i++) {
		u32 early = w[i - 15], late = w[i - 2];

		w[i] = w[i - 16] + (ror32(early, 7) ^ ror32(early, 18) ^ early >> 3) +
		       w[i - 7] + (ror32(late, 17) ^ ror32(late, 19) ^ late >> 10);
	}
}

static void compress(u32 state[8], const u8 *block)
{
	u32 v[8], w[ROUNDS];
	int i;

	schedule(w, block);
	memcpy(v, state, sizeof(v));
	for (i = 0; i < ROUNDS; i++) {
		u32 a = v[0], e = v[4];
		u32 one = v[7] + (ror32(e, 6) ^ ror32(e, 11) ^ ror32(e, 25)) +
			  ((e & v[5]) ^ (~e & v[6])) + constants[i] + w[i];
		u32 two = (ror32(a, 2) ^ ror32(a, 13) ^ ror32(a, 22)) +
			  ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += one;
		v[0] = one + two;
	}
	for (i = 0; i < 8; i++)
		state[i] += v[i];
}

/**
 * sha256 - hash a message
 * @data: its bytes
 * @len: how many
 * @out: the hash
 */
void sha256(const void *data, size_t len, u8 out[SHA256_SIZE])
{
	u8 end[2 * BLOCK] = {};
	size_t rest = len % BLOCK, padded = rest < BLOCK - 8 ? BLOCK : 2 * BLOCK, at;
	const u8 *bytes = data;
	u32 state[8];
	int i;

	memcpy(state, start, sizeof(state));
	for (at = 0; at < len - rest; at += BLOCK)
		compress(state, bytes + at);
	memcpy(end, bytes + at, rest);
	end[rest] = 0x80;
	put_unaligned_be64((u64)len * 8, end + padded - 8);
	for (at = 0; at < padded; at += BLOCK)
		compress(state, end + at);
	for (i = 0; i < 8; i++)
		put_unaligned_be32(state[i], out + 4 * i);
}
