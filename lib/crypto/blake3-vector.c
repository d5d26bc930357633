// SPDX-License-Identifier: GPL-2.0
/*
 * BLAKE3 by vectors, where this CPU has them and the caller may use them.
 */
#include <asm/simd.h>
#include <crypto/blake3.h>
#include <linux/cpufeature.h>
#include <linux/export.h>
#include <linux/fpu.h>

#include "blake3-vector.h"

/**
 * blake3_vector() - hash of a message that is no secret
 * @data: message; what it was can be read in vector registers afterwards
 * @len: bytes in it, at most 16 GiB
 * @out: hash, the same as blake3()'s
 *
 * Context: Any; with preemption off for the time of one chunk.
 */
void blake3_vector(const void *data, size_t len, u8 out[BLAKE3_OUT_SIZE])
{
	if (len > BLAKE3_CHUNK_SIZE || !boot_cpu_has(X86_FEATURE_SSSE3) || !may_use_simd()) {
		blake3(data, len, out);
		return;
	}
	kernel_fpu_begin();
	blake3_vector_chunk(data, len, out);
	kernel_fpu_end();
}
EXPORT_SYMBOL_GPL(blake3_vector);
