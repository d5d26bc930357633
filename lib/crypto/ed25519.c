// SPDX-License-Identifier: GPL-2.0
/*
 * Ed25519 (RFC 8032), pure EdDSA.
 *
 * Signing and key generation run in constant time: no branch and no address
 * depends on the seed. Verifying handles nothing secret and need not.
 *
 * Verifying is strict and without cofactor: s < L, A is canonical, on the curve
 * and not of small order, and the bytes of R are those that s and the message
 * give. So there is one verdict on a signature everywhere, none can be altered
 * into another, and no key makes one signature fit many messages.
 *
 * A multiplication takes about a millisecond, for which nobody else would run on
 * the CPU: each of its steps lets go.
 */
#include <crypto/ed25519.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "ed25519-field.h"
#include "ed25519-scalar.h"
#include "ed25519-sha512.h"

/* Extended coordinates: x = X/Z, y = Y/Z, x y = T/Z. */
struct point {
	struct fe x, y, z, t;
};

/* A point prepared to be added: Y + X, Y - X, 2 Z, 2 d T. */
struct addend {
	struct fe sum, diff, z2, t2d;
};

static const struct fe curve_d = { {
	0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029, 0x739c663a03cbb,
	0x52036cee2b6ff,
} };

static const struct fe curve_2d = { {
	0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977,
	0x2406d9dc56dff,
} };

/* B: y = 4/5, x even */
static const struct point base_point = {
	.x = { { 0x62d608f25d51a, 0x412a4b4f6592a, 0x75b7171a4b31d,
		 0x1ff60527118fe, 0x216936d3cd6e5 } },
	.y = { { 0x6666666666658, 0x4cccccccccccc, 0x1999999999999,
		 0x3333333333333, 0x6666666666666 } },
	.z = { { 1 } },
	.t = { { 0x68ab3a5b7dda3, 0x00eea2a5eadbb, 0x2af8df483c27e,
		 0x332b375274732, 0x67875f0fd78b7 } },
};

static void point_zero(struct point *p)
{
	p->x = fe_zero;
	p->y = fe_one;
	p->z = fe_one;
	p->t = fe_zero;
}

static bool point_is_zero(const struct point *p)
{
	struct fe diff;

	fe_sub(&diff, &p->y, &p->z);
	return fe_is_zero(&p->x) && fe_is_zero(&diff);
}

static void point_negate(struct point *p)
{
	fe_sub(&p->x, &fe_zero, &p->x);
	fe_sub(&p->t, &fe_zero, &p->t);
}

static void addend_prepare(struct addend *out, const struct point *p)
{
	fe_add(&out->sum, &p->y, &p->x);
	fe_sub(&out->diff, &p->y, &p->x);
	fe_add(&out->z2, &p->z, &p->z);
	fe_mul(&out->t2d, &p->t, &curve_2d);
}

/* p := p + q; the formula is complete, so that no pair of points is special. */
static noinline void point_add(struct point *p, const struct addend *q)
{
	struct fe a, b, c, d, e;

	fe_sub(&a, &p->y, &p->x);
	fe_mul(&a, &a, &q->diff);
	fe_add(&b, &p->y, &p->x);
	fe_mul(&b, &b, &q->sum);
	fe_mul(&c, &p->t, &q->t2d);
	fe_mul(&d, &p->z, &q->z2);
	fe_sub(&e, &b, &a);
	fe_add(&b, &b, &a);		/* H */
	fe_sub(&a, &d, &c);		/* F */
	fe_add(&d, &d, &c);		/* G */
	fe_mul(&p->x, &e, &a);
	fe_mul(&p->y, &d, &b);
	fe_mul(&p->t, &e, &b);
	fe_mul(&p->z, &a, &d);
}

static noinline void point_double(struct point *p)
{
	struct fe a, b, c, e, g;

	fe_sqr(&a, &p->x);
	fe_sqr(&b, &p->y);
	fe_sqr(&c, &p->z);
	fe_add(&c, &c, &c);
	fe_add(&e, &p->x, &p->y);
	fe_sqr(&e, &e);
	fe_sub(&g, &a, &b);
	fe_add(&b, &a, &b);		/* H */
	fe_sub(&e, &b, &e);
	fe_add(&c, &c, &g);		/* F */
	fe_mul(&p->x, &e, &c);
	fe_mul(&p->y, &g, &b);
	fe_mul(&p->t, &e, &b);
	fe_mul(&p->z, &c, &g);
}

static noinline void point_encode(u8 out[32], const struct point *p)
{
	struct fe inv, x, y;

	fe_invert(&inv, &p->z);
	fe_mul(&x, &p->x, &inv);
	fe_mul(&y, &p->y, &inv);
	fe_encode(out, &y);
	out[31] |= fe_is_odd(&x) << 7;
}

/*
 * x := a square root of u / v by RFC 8032, 5.1.3; false where there is none.
 * The candidate u v^3 (u v^7)^((p-5)/8) is wrong by a root of -1 at most.
 */
static bool square_root(struct fe *x, const struct fe *u, const struct fe *v)
{
	struct fe v3, check;

	fe_sqr(&v3, v);
	fe_mul(&v3, &v3, v);
	fe_sqr(x, &v3);
	fe_mul(x, x, v);
	fe_mul(x, x, u);
	fe_pow_p58(x, x);
	fe_mul(x, x, &v3);
	fe_mul(x, x, u);

	fe_sqr(&check, x);
	fe_mul(&check, &check, v);
	fe_sub(&v3, &check, u);
	if (fe_is_zero(&v3))
		return true;
	fe_add(&v3, &check, u);
	fe_mul(x, x, &fe_sqrt_m1);
	return fe_is_zero(&v3);
}

/* Only the one encoding of a point on the curve is taken. */
static noinline bool point_decode(struct point *p, const u8 in[32])
{
	bool odd = in[31] >> 7;
	struct fe u, v;

	if (!fe_decode(&p->y, in))
		return false;
	fe_sqr(&u, &p->y);
	fe_mul(&v, &u, &curve_d);
	fe_sub(&u, &u, &fe_one);
	fe_add(&v, &v, &fe_one);
	if (!square_root(&p->x, &u, &v))
		return false;
	if (odd && fe_is_zero(&p->x))
		return false;
	if (fe_is_odd(&p->x) != odd)
		fe_sub(&p->x, &fe_zero, &p->x);
	p->z = fe_one;
	fe_mul(&p->t, &p->x, &p->y);
	return true;
}

/* Is p one of the eight points whose order divides the cofactor? */
static bool point_is_small(const struct point *p)
{
	struct point q = *p;

	point_double(&q);
	point_double(&q);
	point_double(&q);
	return point_is_zero(&q);
}

/* table := 0, B, 2 B, 3 B */
static noinline void base_table(struct addend table[4])
{
	struct point p;
	int i;

	point_zero(&p);
	addend_prepare(&table[0], &p);
	addend_prepare(&table[1], &base_point);
	for (i = 0; i < 3; i++) {
		point_add(&p, &table[1]);
		addend_prepare(&table[i + 1], &p);
	}
}

/* Reads the whole table, so that the cache does not learn the digit. */
static void table_select(struct addend *out, const struct addend table[4],
			 u64 digit)
{
	u64 i;

	*out = table[0];
	for (i = 1; i < 4; i++) {
		u64 take = ((digit ^ i) - 1) >> 63;

		fe_select(&out->sum, &table[i].sum, take);
		fe_select(&out->diff, &table[i].diff, take);
		fe_select(&out->z2, &table[i].z2, take);
		fe_select(&out->t2d, &table[i].t2d, take);
	}
}

/* out := the encoding of scalar B; scalar is secret. Two bits at a time. */
static void base_mul_encode(u8 out[32], const u8 scalar[32])
{
	struct addend table[4], chosen;
	struct point p;
	int i;

	base_table(table);
	point_zero(&p);
	for (i = 254; i >= 0; i -= 2) {
		point_double(&p);
		point_double(&p);
		table_select(&chosen, table, scalar[i / 8] >> (i % 8) & 3);
		point_add(&p, &chosen);
		cond_resched();
	}
	point_encode(out, &p);
	memzero_explicit(&chosen, sizeof(chosen));
	memzero_explicit(&p, sizeof(p));
}

/* p := s B + k q, in variable time: both bits of a place at once. */
static noinline void double_mul(struct point *p, const u8 s[32], const u8 k[32],
				const struct point *q)
{
	struct addend table[3];		/* B, q, B + q */
	int i;

	addend_prepare(&table[0], &base_point);
	addend_prepare(&table[1], q);
	*p = base_point;
	point_add(p, &table[1]);
	addend_prepare(&table[2], p);

	point_zero(p);
	for (i = 252; i >= 0; i--) {
		int which = (s[i / 8] >> (i % 8) & 1) |
			    (k[i / 8] >> (i % 8) & 1) << 1;

		point_double(p);
		if (which)
			point_add(p, &table[which - 1]);
		cond_resched();
	}
}

static void hash_parts(u8 out[ED25519_SHA512_SIZE],
		       struct ed25519_sha512 *state,
		       const struct ed25519_part *parts, unsigned int nr_parts)
{
	unsigned int i;

	for (i = 0; i < nr_parts; i++)
		ed25519_sha512_update(state, parts[i].data, parts[i].len);
	ed25519_sha512_final(state, out);
}

/* k := SHA-512(R || A || message) mod L */
static void challenge(u8 k[32], const u8 *r, const u8 *public,
		      const struct ed25519_part *parts, unsigned int nr_parts)
{
	struct ed25519_sha512 state;
	u8 wide[ED25519_SHA512_SIZE];

	ed25519_sha512_init(&state);
	ed25519_sha512_update(&state, r, 32);
	ed25519_sha512_update(&state, public, ED25519_PUBLIC_SIZE);
	hash_parts(wide, &state, parts, nr_parts);
	scalar_reduce(k, wide);
}

/* secret := the scalar a, then the prefix that makes nonces. */
static void expand_seed(u8 secret[ED25519_SHA512_SIZE],
			const u8 seed[ED25519_SEED_SIZE])
{
	struct ed25519_sha512 state;

	ed25519_sha512_init(&state);
	ed25519_sha512_update(&state, seed, ED25519_SEED_SIZE);
	ed25519_sha512_final(&state, secret);
	secret[0] &= 248;
	secret[31] &= 127;
	secret[31] |= 64;
}

/**
 * ed25519_public_key() - the public key of a seed
 * @public: written
 * @seed: secret
 *
 * Context: May sleep, for others run between two steps; about 2 KiB of stack.
 */
void ed25519_public_key(u8 public[ED25519_PUBLIC_SIZE],
			const u8 seed[ED25519_SEED_SIZE])
{
	u8 secret[ED25519_SHA512_SIZE];

	expand_seed(secret, seed);
	base_mul_encode(public, secret);
	memzero_explicit(secret, sizeof(secret));
}
EXPORT_SYMBOL_GPL(ed25519_public_key);

/**
 * ed25519_sign() - sign a message
 * @signature: written
 * @seed: secret
 * @public: what ed25519_public_key() gives for @seed. Two signatures of one
 *	message under two values of it give the seed away: never take it from
 *	elsewhere.
 * @parts: the message is all of them in order. They are read twice and must
 *	not change meanwhile, for the same reason.
 * @nr_parts: how many
 *
 * Context: May sleep, for others run between two steps; about 2 KiB of stack.
 */
void ed25519_sign(u8 signature[ED25519_SIGNATURE_SIZE],
		  const u8 seed[ED25519_SEED_SIZE],
		  const u8 public[ED25519_PUBLIC_SIZE],
		  const struct ed25519_part *parts, unsigned int nr_parts)
{
	u8 secret[ED25519_SHA512_SIZE], wide[ED25519_SHA512_SIZE];
	struct ed25519_sha512 state;
	u8 nonce[32], k[32];

	expand_seed(secret, seed);
	ed25519_sha512_init(&state);
	ed25519_sha512_update(&state, secret + 32, 32);
	hash_parts(wide, &state, parts, nr_parts);
	scalar_reduce(nonce, wide);

	base_mul_encode(signature, nonce);
	challenge(k, signature, public, parts, nr_parts);
	scalar_muladd(signature + 32, k, secret, nonce);

	memzero_explicit(secret, sizeof(secret));
	memzero_explicit(wide, sizeof(wide));
	memzero_explicit(nonce, sizeof(nonce));
}
EXPORT_SYMBOL_GPL(ed25519_sign);

/**
 * ed25519_verify() - check a signature
 * @signature: from anybody
 * @public: from anybody
 * @parts: the message is all of them in order
 * @nr_parts: how many
 *
 * Context: May sleep, for others run between two steps; about 2 KiB of stack.
 * Return: 0, -EINVAL where the key cannot be one, -EBADMSG where the signature
 * is not of this key and message.
 */
int ed25519_verify(const u8 signature[ED25519_SIGNATURE_SIZE],
		   const u8 public[ED25519_PUBLIC_SIZE],
		   const struct ed25519_part *parts, unsigned int nr_parts)
{
	struct point a, p;
	u8 k[32], r[32];

	if (!point_decode(&a, public) || point_is_small(&a))
		return -EINVAL;
	if (!scalar_is_canonical(signature + 32))
		return -EBADMSG;

	challenge(k, signature, public, parts, nr_parts);
	point_negate(&a);
	double_mul(&p, signature + 32, k, &a);
	point_encode(r, &p);
	return memcmp(r, signature, sizeof(r)) ? -EBADMSG : 0;
}
EXPORT_SYMBOL_GPL(ed25519_verify);
