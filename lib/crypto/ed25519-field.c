// SPDX-License-Identifier: GPL-2.0
/*
 * Arithmetic modulo 2^255 - 19 in five limbs of 51 bits.
 *
 * Secrets pass through here: no branch and no address depends on a value.
 */
#include "ed25519-field.h"

#include <linux/bits.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#define MASK51		GENMASK_ULL(50, 0)

const struct fe fe_zero = {};
const struct fe fe_one = { { 1 } };

/* 2^((p - 1) / 4) */
const struct fe fe_sqrt_m1 = { {
	0x61b274a0ea0b0, 0x0d5a5fc8f189d, 0x7ef5e9cbd0c60, 0x78595a6804c9e,
	0x2b8324804fc1d,
} };

/* Brings limbs below 2^51 plus a little; 2^255 = 19. */
static void carry(struct fe *a)
{
	u64 c;
	int i;

	for (i = 0; i < 4; i++) {
		c = a->v[i] >> 51;
		a->v[i] &= MASK51;
		a->v[i + 1] += c;
	}
	c = a->v[4] >> 51;
	a->v[4] &= MASK51;
	a->v[0] += 19 * c;
}

void fe_add(struct fe *out, const struct fe *a, const struct fe *b)
{
	int i;

	for (i = 0; i < 5; i++)
		out->v[i] = a->v[i] + b->v[i];
}

/* 8 p is added first, so that no limb goes below zero for any b that is in bounds. */
void fe_sub(struct fe *out, const struct fe *a, const struct fe *b)
{
	int i;

	out->v[0] = a->v[0] + 8 * (MASK51 - 18) - b->v[0];
	for (i = 1; i < 5; i++)
		out->v[i] = a->v[i] + 8 * MASK51 - b->v[i];
	carry(out);
}

static void carry_wide(struct fe *out, u128 t[5])
{
	u64 c;
	int i;

	for (i = 0; i < 4; i++) {
		out->v[i] = (u64)t[i] & MASK51;
		t[i + 1] += t[i] >> 51;
	}
	out->v[4] = (u64)t[4] & MASK51;
	c = (u64)(t[4] >> 51);
	/* c < 2^62: limbs below 2^54 make t[4] < 5 * 2^108 + carry. */
	t[0] = (u128)out->v[0] + (u128)c * 19;
	out->v[0] = (u64)t[0] & MASK51;
	out->v[1] += (u64)(t[0] >> 51);
}

void fe_mul(struct fe *out, const struct fe *a, const struct fe *b)
{
	u64 a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
	u64 b0 = b->v[0], b1 = b->v[1], b2 = b->v[2], b3 = b->v[3], b4 = b->v[4];
	u64 c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4;
	u128 t[5];

	t[0] = (u128)a0 * b0 + (u128)a1 * c4 + (u128)a2 * c3 + (u128)a3 * c2 +
	       (u128)a4 * c1;
	t[1] = (u128)a0 * b1 + (u128)a1 * b0 + (u128)a2 * c4 + (u128)a3 * c3 +
	       (u128)a4 * c2;
	t[2] = (u128)a0 * b2 + (u128)a1 * b1 + (u128)a2 * b0 + (u128)a3 * c4 +
	       (u128)a4 * c3;
	t[3] = (u128)a0 * b3 + (u128)a1 * b2 + (u128)a2 * b1 + (u128)a3 * b0 +
	       (u128)a4 * c4;
	t[4] = (u128)a0 * b4 + (u128)a1 * b3 + (u128)a2 * b2 + (u128)a3 * b1 +
	       (u128)a4 * b0;
	carry_wide(out, t);
}

void fe_sqr(struct fe *out, const struct fe *a)
{
	u64 a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
	u64 d0 = 2 * a0, d1 = 2 * a1, c3 = 19 * a3, c4 = 19 * a4;
	u128 t[5];

	t[0] = (u128)a0 * a0 + 2 * ((u128)a1 * c4 + (u128)a2 * c3);
	t[1] = (u128)d0 * a1 + 2 * ((u128)a2 * c4) + (u128)a3 * c3;
	t[2] = (u128)d0 * a2 + (u128)a1 * a1 + 2 * ((u128)a3 * c4);
	t[3] = (u128)d0 * a3 + (u128)d1 * a2 + (u128)a4 * c4;
	t[4] = (u128)d0 * a4 + (u128)d1 * a3 + (u128)a2 * a2;
	carry_wide(out, t);
}

static void sqr_times(struct fe *out, const struct fe *a, int n)
{
	fe_sqr(out, a);
	while (--n)
		fe_sqr(out, out);
}

/* out := a^(2^250 - 1) and a11 := a^11, on which both exponents end. */
static void pow_2_250_m1(struct fe *out, struct fe *a11, const struct fe *a)
{
	struct fe x, y, z;

	fe_sqr(&x, a);			/* 2 */
	sqr_times(&y, &x, 2);		/* 8 */
	fe_mul(&y, &y, a);		/* 9 */
	fe_mul(a11, &x, &y);		/* 11 */
	fe_sqr(&x, a11);		/* 22 */
	fe_mul(&x, &x, &y);		/* 2^5 - 1 */
	sqr_times(&y, &x, 5);
	fe_mul(&x, &x, &y);		/* 2^10 - 1 */
	sqr_times(&y, &x, 10);
	fe_mul(&y, &y, &x);		/* 2^20 - 1 */
	sqr_times(&z, &y, 20);
	fe_mul(&y, &y, &z);		/* 2^40 - 1 */
	sqr_times(&y, &y, 10);
	fe_mul(&x, &x, &y);		/* 2^50 - 1 */
	sqr_times(&y, &x, 50);
	fe_mul(&y, &y, &x);		/* 2^100 - 1 */
	sqr_times(&z, &y, 100);
	fe_mul(&y, &y, &z);		/* 2^200 - 1 */
	sqr_times(&y, &y, 50);
	fe_mul(out, &x, &y);		/* 2^250 - 1 */
	memzero_explicit(&x, sizeof(x));
	memzero_explicit(&y, sizeof(y));
	memzero_explicit(&z, sizeof(z));
}

/* a^(p - 2), and p - 2 = 2^5 (2^250 - 1) + 11. */
void fe_invert(struct fe *out, const struct fe *a)
{
	struct fe a11, x;

	pow_2_250_m1(&x, &a11, a);
	sqr_times(&x, &x, 5);
	fe_mul(out, &x, &a11);
	memzero_explicit(&x, sizeof(x));
	memzero_explicit(&a11, sizeof(a11));
}

/* (p - 5) / 8 = 2^2 (2^250 - 1) + 1. */
void fe_pow_p58(struct fe *out, const struct fe *a)
{
	struct fe a11, x;

	pow_2_250_m1(&x, &a11, a);
	sqr_times(&x, &x, 2);
	fe_mul(out, &x, a);
}

void fe_select(struct fe *out, const struct fe *a, u64 take)
{
	u64 mask = -take;
	int i;

	for (i = 0; i < 5; i++)
		out->v[i] ^= mask & (out->v[i] ^ a->v[i]);
}

void fe_encode(u8 out[32], const struct fe *a)
{
	struct fe t = *a;
	u64 q;
	int i;

	carry(&t);
	carry(&t);
	/* t < 2p now: q is 1 where t >= p, that is where t + 19 reaches 2^255. */
	q = (t.v[0] + 19) >> 51;
	for (i = 1; i < 5; i++)
		q = (t.v[i] + q) >> 51;
	t.v[0] += 19 * q;
	for (i = 0; i < 4; i++) {
		t.v[i + 1] += t.v[i] >> 51;
		t.v[i] &= MASK51;
	}
	t.v[4] &= MASK51;

	put_unaligned_le64(t.v[0] | t.v[1] << 51, out);
	put_unaligned_le64(t.v[1] >> 13 | t.v[2] << 38, out + 8);
	put_unaligned_le64(t.v[2] >> 26 | t.v[3] << 25, out + 16);
	put_unaligned_le64(t.v[3] >> 39 | t.v[4] << 12, out + 24);
	memzero_explicit(&t, sizeof(t));
}

bool fe_decode(struct fe *out, const u8 in[32])
{
	u64 w[4], q;
	int i;

	for (i = 0; i < 4; i++)
		w[i] = get_unaligned_le64(in + 8 * i);
	out->v[0] = w[0] & MASK51;
	out->v[1] = (w[0] >> 51 | w[1] << 13) & MASK51;
	out->v[2] = (w[1] >> 38 | w[2] << 26) & MASK51;
	out->v[3] = (w[2] >> 25 | w[3] << 39) & MASK51;
	out->v[4] = w[3] >> 12 & MASK51;

	q = (out->v[0] + 19) >> 51;
	for (i = 1; i < 5; i++)
		q = (out->v[i] + q) >> 51;
	return !q;
}

bool fe_is_zero(const struct fe *a)
{
	u8 bytes[32], any = 0;
	int i;

	fe_encode(bytes, a);
	for (i = 0; i < 32; i++)
		any |= bytes[i];
	return !any;
}

bool fe_is_odd(const struct fe *a)
{
	u8 bytes[32];

	fe_encode(bytes, a);
	return bytes[0] & 1;
}
