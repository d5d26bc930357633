/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The field of integers modulo p = 2^255 - 19. Constant time throughout.
 */
#ifndef _ED25519_FIELD_H
#define _ED25519_FIELD_H

#include <linux/types.h>

/*
 * Five limbs of 51 bits. Multiplication takes limbs below 2^54 and gives limbs
 * below 2^52; a sum or difference of two such products may be multiplied again.
 */
struct fe {
	u64 v[5];
};

extern const struct fe fe_zero;
extern const struct fe fe_one;
extern const struct fe fe_sqrt_m1;

void fe_add(struct fe *out, const struct fe *a, const struct fe *b);
void fe_sub(struct fe *out, const struct fe *a, const struct fe *b);
void fe_mul(struct fe *out, const struct fe *a, const struct fe *b);
void fe_sqr(struct fe *out, const struct fe *a);
void fe_invert(struct fe *out, const struct fe *a);	/* 0 for 0 */
void fe_pow_p58(struct fe *out, const struct fe *a);	/* a^((p - 5) / 8) */
void fe_select(struct fe *out, const struct fe *a, u64 take);	/* take: 0 or 1 */

void fe_encode(u8 out[32], const struct fe *a);
bool fe_decode(struct fe *out, const u8 in[32]);	/* bit 255 is ignored; false: not below p */
bool fe_is_zero(const struct fe *a);
bool fe_is_odd(const struct fe *a);		/* the "sign" of RFC 8032 */

#endif /* _ED25519_FIELD_H */
