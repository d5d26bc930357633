// SPDX-License-Identifier: GPL-2.0
/*
 * BLAKE3 by vectors, where this CPU has them and the caller may use them.
 */
#include <asm/simd.h>
#include <crypto/blake3.h>
#include <linux/cpufeature.h>
#include <linux/export.h>
#include <linux/fpu.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "blake3-vector.h"

static bool usable(size_t len)
{
	return len <= BLAKE3_CHUNK_SIZE && boot_cpu_has(X86_FEATURE_AVX2) && may_use_simd();
}

/**
 * blake3_vector_two() - hashes of two messages that are no secrets, in the time of one
 * @data: messages; what they were can be read in vector registers afterwards
 * @len: bytes in them, at most 16 GiB
 * @out: hashes, the same as blake3()'s
 *
 * Context: Any; with preemption off for the time of one chunk.
 */
void blake3_vector_two(const u8 *const data[2], const size_t len[2],
		       u8 out[2][BLAKE3_OUT_SIZE])
{
	if (!usable(max(len[0], len[1]))) {
		blake3(data[0], len[0], out[0]);
		blake3(data[1], len[1], out[1]);
		return;
	}
	kernel_fpu_begin();
	blake3_vector_chunks(data, len, out);
	kernel_fpu_end();
}
EXPORT_SYMBOL_GPL(blake3_vector_two);

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
	const u8 *const both[2] = { data, data };
	const size_t lens[2] = { len, 0 };
	u8 hashes[2][BLAKE3_OUT_SIZE];

	if (!usable(len)) {
		blake3(data, len, out);
		return;
	}
	kernel_fpu_begin();
	blake3_vector_chunks(both, lens, hashes);
	kernel_fpu_end();
	memcpy(out, hashes[0], BLAKE3_OUT_SIZE);
}
EXPORT_SYMBOL_GPL(blake3_vector);
