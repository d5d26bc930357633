/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Integers modulo the order of the base point,
 * L = 2^252 + 27742317777372353535851937790883648493. Constant time.
 */
#ifndef _ED25519_SCALAR_H
#define _ED25519_SCALAR_H

#include <linux/types.h>

/* All little-endian. */
void scalar_reduce(u8 out[32], const u8 in[64]);
void scalar_muladd(u8 out[32], const u8 a[32], const u8 b[32],
		   const u8 c[32]);		/* a b + c mod L */
bool scalar_is_canonical(const u8 s[32]);	/* s < L */

#endif /* _ED25519_SCALAR_H */
