// SPDX-License-Identifier: GPL-2.0
/*
 * Arithmetic modulo L by Barrett's reduction, in limbs of 64 bits.
 */
#include "ed25519-scalar.h"

#include <linux/string.h>
#include <linux/unaligned.h>

#define LIMBS	4

static const u64 order[LIMBS + 1] = {
	0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000, 0,
};

/* floor(2^512 / L) */
static const u64 barrett[LIMBS + 1] = {
	0xed9ce5a30a2c131b, 0x2106215d086329a7, 0xffffffffffffffeb,
	0xffffffffffffffff, 0xf,
};

static void load(u64 *out, const u8 *in, int limbs)
{
	int i;

	for (i = 0; i < limbs; i++)
		out[i] = get_unaligned_le64(in + 8 * i);
}

/* out[na + nb] := a b */
static void mul(u64 *out, const u64 *a, int na, const u64 *b, int nb)
{
	int i, j;

	memset(out, 0, (na + nb) * sizeof(*out));
	for (i = 0; i < na; i++) {
		u128 t = 0;

		for (j = 0; j < nb; j++) {
			t += (u128)a[i] * b[j] + out[i + j];
			out[i + j] = (u64)t;
			t >>= 64;
		}
		out[i + nb] = (u64)t;
	}
}

/* out := a - b in five limbs; 1 where it went below zero. out may be a. */
static u64 sub5(u64 *out, const u64 *a, const u64 *b)
{
	u64 borrow = 0;
	int i;

	for (i = 0; i < LIMBS + 1; i++) {
		u128 t = (u128)a[i] - b[i] - borrow;

		out[i] = (u64)t;
		borrow = (u64)(t >> 64) & 1;
	}
	return borrow;
}

/* r := r - L where r >= L */
static void sub_order_once(u64 r[LIMBS + 1])
{
	u64 t[LIMBS + 1], keep = -sub5(t, r, order);
	int i;

	for (i = 0; i < LIMBS + 1; i++)
		r[i] = (r[i] & keep) | (t[i] & ~keep);
}

/*
 * x < 2^512. The quotient floor(floor(x / 2^192) barrett / 2^320) is short of
 * the true one by at most two, so that the rest is below 3 L and fits five limbs.
 */
static void reduce(u8 out[32], const u64 x[2 * LIMBS])
{
	u64 q[2 * (LIMBS + 1)], ql[2 * LIMBS + 1], r[LIMBS + 1];
	int i;

	mul(q, x + LIMBS - 1, LIMBS + 1, barrett, LIMBS + 1);
	mul(ql, q + LIMBS + 1, LIMBS + 1, order, LIMBS);
	sub5(r, x, ql);
	sub_order_once(r);
	sub_order_once(r);
	for (i = 0; i < LIMBS; i++)
		put_unaligned_le64(r[i], out + 8 * i);

	memzero_explicit(q, sizeof(q));
	memzero_explicit(ql, sizeof(ql));
	memzero_explicit(r, sizeof(r));
}

void scalar_reduce(u8 out[32], const u8 in[64])
{
	u64 x[2 * LIMBS];

	load(x, in, 2 * LIMBS);
	reduce(out, x);
	memzero_explicit(x, sizeof(x));
}

void scalar_muladd(u8 out[32], const u8 a[32], const u8 b[32], const u8 c[32])
{
	u64 x[2 * LIMBS], la[LIMBS], lb[LIMBS], lc[LIMBS];
	u128 t = 0;
	int i;

	load(la, a, LIMBS);
	load(lb, b, LIMBS);
	load(lc, c, LIMBS);
	mul(x, la, LIMBS, lb, LIMBS);
	/* (2^256 - 1)^2 + 2^256 - 1 < 2^512: nothing is carried out. */
	for (i = 0; i < 2 * LIMBS; i++) {
		t += (u128)x[i] + (i < LIMBS ? lc[i] : 0);
		x[i] = (u64)t;
		t >>= 64;
	}
	reduce(out, x);

	memzero_explicit(x, sizeof(x));
	memzero_explicit(la, sizeof(la));
	memzero_explicit(lb, sizeof(lb));
	memzero_explicit(lc, sizeof(lc));
}

bool scalar_is_canonical(const u8 s[32])
{
	u64 x[LIMBS + 1] = {}, t[LIMBS + 1];

	load(x, s, LIMBS);
	return sub5(t, x, order);
}
