/* SPDX-License-Identifier: GPL-2.0 */
/*
 * BLAKE3: hash, keyed hash and key derivation.
 */
#ifndef _CRYPTO_BLAKE3_H
#define _CRYPTO_BLAKE3_H

#include <linux/types.h>

#define BLAKE3_KEY_SIZE		32
#define BLAKE3_OUT_SIZE		32
#define BLAKE3_BLOCK_SIZE	64
#define BLAKE3_CHUNK_SIZE	1024
#define BLAKE3_MAX_DEPTH	54

/* One chunk on its way; no pointers, so that it may live on the stack. */
struct blake3_chunk {
	u32 cv[8];
	u64 counter;
	u8 buf[BLAKE3_BLOCK_SIZE];
	u8 buf_len;
	u8 blocks_compressed;
};

struct blake3_state {
	u32 key[8];
	struct blake3_chunk chunk;
	u32 flags;
	u8 cv_stack_len;
	u32 cv_stack[BLAKE3_MAX_DEPTH][8];
};

void blake3_init(struct blake3_state *state);
void blake3_init_keyed(struct blake3_state *state, const u8 key[BLAKE3_KEY_SIZE]);
void blake3_update(struct blake3_state *state, const void *data, size_t len);
void blake3_final(struct blake3_state *state, u8 out[BLAKE3_OUT_SIZE]);

/* One call, for data of any length. */
void blake3(const void *data, size_t len, u8 out[BLAKE3_OUT_SIZE]);
void blake3_keyed(const u8 key[BLAKE3_KEY_SIZE], const void *data, size_t len,
		  u8 out[BLAKE3_OUT_SIZE]);
void blake3_derive_key(const char *text, const void *material, size_t len,
		       u8 out[BLAKE3_OUT_SIZE]);

/* As blake3(), faster for short messages, for what is no secret. */
#ifdef CONFIG_CRYPTO_LIB_BLAKE3_VECTOR
void blake3_vector(const void *data, size_t len, u8 out[BLAKE3_OUT_SIZE]);
void blake3_vector_two(const u8 *const data[2], const size_t len[2],
		       u8 out[2][BLAKE3_OUT_SIZE]);
#else
static inline void blake3_vector(const void *data, size_t len, u8 out[BLAKE3_OUT_SIZE])
{
	blake3(data, len, out);
}

static inline void blake3_vector_two(const u8 *const data[2], const size_t len[2],
				     u8 out[2][BLAKE3_OUT_SIZE])
{
	blake3(data[0], len[0], out[0]);
	blake3(data[1], len[1], out[1]);
}
#endif

/* What keys are derived for, hashed once for many of them. */
struct blake3_context {
	u32 words[8];
};

void blake3_context(struct blake3_context *context, const char *text);
void blake3_derive(const struct blake3_context *context, const void *material,
		   size_t len, u8 out[BLAKE3_OUT_SIZE]);

#endif /* _CRYPTO_BLAKE3_H */
