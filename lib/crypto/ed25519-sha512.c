// SPDX-License-Identifier: GPL-2.0
/*
 * SHA-512. Linux 6.12 has it only behind the crypto API, which allocates and
 * may sleep; keys and seals are made where neither is welcome.
 */
#include "ed25519-sha512.h"

#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/unaligned.h>

/* Fractions of the square roots of the first 8 primes. */
static const u64 sha512_iv[8] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
	0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
	0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

/* Fractions of the cube roots of the first 80 primes. */
static const u64 sha512_k[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f,
	0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019,
	0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242,
	0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
	0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3,
	0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275,
	0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f,
	0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
	0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc,
	0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6,
	0x92722c851482353b, 0xa2bfe8a14cf10364, 0xa81a664bbc423001,
	0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
	0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99,
	0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb,
	0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc,
	0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915,
	0xc67178f2e372532b, 0xca273eceea26619c, 0xd186b8c721c0c207,
	0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba,
	0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
	0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a,
	0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static u64 small0(u64 x)
{
	return ror64(x, 1) ^ ror64(x, 8) ^ (x >> 7);
}

static u64 small1(u64 x)
{
	return ror64(x, 19) ^ ror64(x, 61) ^ (x >> 6);
}

static u64 big0(u64 x)
{
	return ror64(x, 28) ^ ror64(x, 34) ^ ror64(x, 39);
}

static u64 big1(u64 x)
{
	return ror64(x, 14) ^ ror64(x, 18) ^ ror64(x, 41);
}

/* The message schedule is kept in a window of 16 words: the stack is dear. */
static u64 schedule(u64 w[16], int i)
{
	if (i >= 16)
		w[i & 15] += small1(w[(i - 2) & 15]) + w[(i - 7) & 15] +
			     small0(w[(i - 15) & 15]);
	return w[i & 15];
}

static noinline void sha512_block(u64 h[8], const u8 *block)
{
	u64 w[16], s[8];
	int i;

	for (i = 0; i < 16; i++)
		w[i] = get_unaligned_be64(block + 8 * i);
	memcpy(s, h, sizeof(s));

	for (i = 0; i < 80; i++) {
		u64 choose = (s[4] & s[5]) ^ (~s[4] & s[6]);
		u64 major = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
		u64 t1 = s[7] + big1(s[4]) + choose + sha512_k[i] +
			 schedule(w, i);
		u64 t2 = big0(s[0]) + major;

		memmove(s + 1, s, 7 * sizeof(*s));
		s[4] += t1;
		s[0] = t1 + t2;
	}

	for (i = 0; i < 8; i++)
		h[i] += s[i];
	memzero_explicit(w, sizeof(w));
	memzero_explicit(s, sizeof(s));
}

void ed25519_sha512_init(struct ed25519_sha512 *state)
{
	memcpy(state->h, sha512_iv, sizeof(state->h));
	state->len = 0;
}

void ed25519_sha512_update(struct ed25519_sha512 *state, const void *data,
			   size_t len)
{
	const u8 *pos = data;

	while (len) {
		size_t have = state->len % ED25519_SHA512_BLOCK;
		size_t n = min_t(size_t, len, ED25519_SHA512_BLOCK - have);

		memcpy(state->buf + have, pos, n);
		state->len += n;
		pos += n;
		len -= n;
		if (have + n == ED25519_SHA512_BLOCK)
			sha512_block(state->h, state->buf);
	}
}

void ed25519_sha512_final(struct ed25519_sha512 *state,
			  u8 out[ED25519_SHA512_SIZE])
{
	size_t have = state->len % ED25519_SHA512_BLOCK;
	int i;

	state->buf[have++] = 0x80;
	if (have > ED25519_SHA512_BLOCK - 16) {
		memset(state->buf + have, 0, ED25519_SHA512_BLOCK - have);
		sha512_block(state->h, state->buf);
		have = 0;
	}
	memset(state->buf + have, 0, ED25519_SHA512_BLOCK - have);
	/* The length in bits, of which 128 are kept. */
	put_unaligned_be64(state->len >> 61, state->buf + 112);
	put_unaligned_be64(state->len << 3, state->buf + 120);
	sha512_block(state->h, state->buf);

	for (i = 0; i < 8; i++)
		put_unaligned_be64(state->h[i], out + 8 * i);
	memzero_explicit(state, sizeof(*state));
}
