/* SPDX-License-Identifier: GPL-2.0 */
/*
 * BLAKE3 by vectors: what is compiled with the floating-point unit switched on.
 */
#ifndef _LIB_CRYPTO_BLAKE3_VECTOR_H
#define _LIB_CRYPTO_BLAKE3_VECTOR_H

#include <crypto/blake3.h>
#include <linux/types.h>

void blake3_vector_chunks(const u8 *const data[2], const size_t len[2],
			  u8 out[2][BLAKE3_OUT_SIZE]);

#endif /* _LIB_CRYPTO_BLAKE3_VECTOR_H */
