// SPDX-License-Identifier: GPL-2.0
/*
 * BLAKE3 (https://github.com/BLAKE3-team/BLAKE3-specs), portable.
 *
 * The hot path is the MAC of one audit record: a keyed hash of a few hundred
 * bytes with interrupts off. It stays within one chunk, so that it needs no
 * tree, and reads the message where it lies, so that no secret that is hashed
 * (the old key, when the next one is derived) is left in a copy on the stack.
 */
#include <crypto/blake3.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#define CHUNK_START		BIT(0)
#define CHUNK_END		BIT(1)
#define PARENT			BIT(2)
#define ROOT			BIT(3)
#define KEYED_HASH		BIT(4)
#define DERIVE_KEY_CONTEXT	BIT(5)
#define DERIVE_KEY_MATERIAL	BIT(6)

/* Chaining values that one call can have open: enough for 16 GiB at once. */
#define ONE_CALL_DEPTH		24

static const u32 blake3_iv[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

/* Folds the message words x and y into a column or a diagonal of v. */
static __always_inline void mix(u32 v[16], int a, int b, int c, int d, u32 x, u32 y)
{
	v[a] += v[b] + x;
	v[d] = ror32(v[d] ^ v[a], 16);
	v[c] += v[d];
	v[b] = ror32(v[b] ^ v[c], 12);
	v[a] += v[b] + y;
	v[d] = ror32(v[d] ^ v[a], 8);
	v[c] += v[d];
	v[b] = ror32(v[b] ^ v[c], 7);
}

#define WORD(i)		get_unaligned_le32(block + 4 * (i))

#define ROUND(m0, m1, m2, m3, m4, m5, m6, m7,			\
	      m8, m9, m10, m11, m12, m13, m14, m15)		\
do {								\
	mix(v, 0, 4, 8, 12, WORD(m0), WORD(m1));		\
	mix(v, 1, 5, 9, 13, WORD(m2), WORD(m3));		\
	mix(v, 2, 6, 10, 14, WORD(m4), WORD(m5));		\
	mix(v, 3, 7, 11, 15, WORD(m6), WORD(m7));		\
	mix(v, 0, 5, 10, 15, WORD(m8), WORD(m9));		\
	mix(v, 1, 6, 11, 12, WORD(m10), WORD(m11));		\
	mix(v, 2, 7, 8, 13, WORD(m12), WORD(m13));		\
	mix(v, 3, 4, 9, 14, WORD(m14), WORD(m15));		\
} while (0)

/* cv := compress(cv, block), truncated to a chaining value. */
static noinline void compress(u32 cv[8], const u8 block[BLAKE3_BLOCK_SIZE],
			      u64 counter, u32 len, u32 flags)
{
	u32 v[16] = {
		cv[0], cv[1], cv[2], cv[3], cv[4], cv[5], cv[6], cv[7],
		blake3_iv[0], blake3_iv[1], blake3_iv[2], blake3_iv[3],
		(u32)counter, (u32)(counter >> 32), len, flags,
	};
	int i;

	ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	ROUND(2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8);
	ROUND(3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1);
	ROUND(10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6);
	ROUND(12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4);
	ROUND(9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7);
	ROUND(11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13);

	for (i = 0; i < 8; i++)
		cv[i] = v[i] ^ v[i + 8];
}

/* out := the node above left and right; out may be right. */
static void compress_parent(u32 out[8], const u32 left[8], const u32 right[8],
			    const u32 key[8], u32 flags)
{
	u8 block[BLAKE3_BLOCK_SIZE];
	int i;

	for (i = 0; i < 8; i++) {
		put_unaligned_le32(left[i], block + 4 * i);
		put_unaligned_le32(right[i], block + 32 + 4 * i);
	}
	memcpy(out, key, 8 * sizeof(*out));
	compress(out, block, 0, BLAKE3_BLOCK_SIZE, flags | PARENT);
	if (flags & (KEYED_HASH | DERIVE_KEY_MATERIAL))
		memzero_explicit(block, sizeof(block));
}

/* cv := the chaining value of one chunk, or the hash where flags has ROOT. */
static void hash_chunk(u32 cv[8], const u32 key[8], const u8 *data, size_t len,
		       u64 counter, u32 flags)
{
	u8 last[BLAKE3_BLOCK_SIZE] = {};
	u32 start = CHUNK_START;

	memcpy(cv, key, 8 * sizeof(*cv));
	for (; len > BLAKE3_BLOCK_SIZE; len -= BLAKE3_BLOCK_SIZE) {
		compress(cv, data, counter, BLAKE3_BLOCK_SIZE,
			 (flags & ~ROOT) | start);
		data += BLAKE3_BLOCK_SIZE;
		start = 0;
	}
	if (len < BLAKE3_BLOCK_SIZE) {
		memcpy(last, data, len);
		data = last;
	}
	compress(cv, data, counter, len, flags | start | CHUNK_END);
	if (flags & (KEYED_HASH | DERIVE_KEY_MATERIAL))
		memzero_explicit(last, sizeof(last));
}

/*
 * Pushes the chaining value of chunk number n - 1. Each bit of n that is clear
 * at the bottom is a subtree that is complete with it.
 */
static u8 push_cv(u32 (*stack)[8], u8 depth, u32 cv[8], u64 n,
		  const u32 key[8], u32 flags)
{
	for (; !(n & 1); n >>= 1)
		compress_parent(cv, stack[--depth], cv, key, flags);
	memcpy(stack[depth], cv, sizeof(*stack));
	return depth + 1;
}

/* Closes the tree over the last node, whose chaining value is cv. */
static void close_tree(u32 cv[8], u32 (*stack)[8], u8 depth, const u32 key[8],
		       u32 flags)
{
	while (depth--)
		compress_parent(cv, stack[depth], cv, key,
				depth ? flags : flags | ROOT);
}

static void load_words(u32 words[8], const u8 bytes[32])
{
	int i;

	for (i = 0; i < 8; i++)
		words[i] = get_unaligned_le32(bytes + 4 * i);
}

static void store_words(u8 bytes[32], const u32 words[8])
{
	int i;

	for (i = 0; i < 8; i++)
		put_unaligned_le32(words[i], bytes + 4 * i);
}

/* Of its own, so that a short message does not pay for the stack. */
static noinline void hash_long(u32 cv[8], const u32 key[8], const u8 *data,
			       size_t len, u32 flags)
{
	u32 stack[ONE_CALL_DEPTH][8];
	u64 n = 0;
	u8 depth = 0;

	for (; len > BLAKE3_CHUNK_SIZE; len -= BLAKE3_CHUNK_SIZE) {
		hash_chunk(cv, key, data, BLAKE3_CHUNK_SIZE, n++, flags);
		depth = push_cv(stack, depth, cv, n, key, flags);
		data += BLAKE3_CHUNK_SIZE;
	}
	hash_chunk(cv, key, data, len, n, flags);
	close_tree(cv, stack, depth, key, flags);
	if (flags)
		memzero_explicit(stack, sizeof(stack));
}

static void hash(const u32 key[8], const void *data, size_t len, u32 flags,
		 u8 out[BLAKE3_OUT_SIZE])
{
	u32 cv[8] = {};

	if (likely(len <= BLAKE3_CHUNK_SIZE))
		hash_chunk(cv, key, data, len, 0, flags | ROOT);
	else if (!WARN_ON_ONCE((u64)len > (u64)BLAKE3_CHUNK_SIZE << ONE_CALL_DEPTH))
		hash_long(cv, key, data, len, flags);
	store_words(out, cv);
	memzero_explicit(cv, sizeof(cv));
}

/**
 * blake3() - hash of a message
 * @data: message
 * @len: bytes in it, at most 16 GiB
 * @out: hash
 *
 * Context: Any.
 */
void blake3(const void *data, size_t len, u8 out[BLAKE3_OUT_SIZE])
{
	hash(blake3_iv, data, len, 0, out);
}
EXPORT_SYMBOL_GPL(blake3);

/**
 * blake3_keyed() - MAC of a message
 * @key: secret; no copy of it is left behind
 * @data: message
 * @len: bytes in it, at most 16 GiB
 * @out: MAC; may be @key
 *
 * Context: Any.
 */
void blake3_keyed(const u8 key[BLAKE3_KEY_SIZE], const void *data, size_t len,
		  u8 out[BLAKE3_OUT_SIZE])
{
	u32 words[8];

	load_words(words, key);
	hash(words, data, len, KEYED_HASH, out);
	memzero_explicit(words, sizeof(words));
}
EXPORT_SYMBOL_GPL(blake3_keyed);

/**
 * blake3_context() - what key derivation makes of its context
 * @context: written; no secret
 * @text: what the keys are for: a constant, unique in the world
 *
 * Half of the work of deriving a short key, and the same for each of a purpose.
 *
 * Context: Any.
 */
void blake3_context(struct blake3_context *context, const char *text)
{
	u8 key[BLAKE3_KEY_SIZE];

	hash(blake3_iv, text, strlen(text), DERIVE_KEY_CONTEXT, key);
	load_words(context->words, key);
}
EXPORT_SYMBOL_GPL(blake3_context);

/**
 * blake3_derive() - a key for one purpose from key material
 * @context: of that purpose
 * @material: secret
 * @len: bytes in it, at most 16 GiB
 * @out: derived key; may be @material
 *
 * Context: Any.
 */
void blake3_derive(const struct blake3_context *context, const void *material,
		   size_t len, u8 out[BLAKE3_OUT_SIZE])
{
	hash(context->words, material, len, DERIVE_KEY_MATERIAL, out);
}
EXPORT_SYMBOL_GPL(blake3_derive);

/**
 * blake3_derive_key() - blake3_derive() for a purpose that is named
 * @text: what the key is for: a constant, unique in the world
 * @material: secret
 * @len: bytes in it, at most 16 GiB
 * @out: derived key; may be @material
 *
 * Context: Any.
 */
void blake3_derive_key(const char *text, const void *material, size_t len,
		       u8 out[BLAKE3_OUT_SIZE])
{
	struct blake3_context context;

	blake3_context(&context, text);
	blake3_derive(&context, material, len, out);
}
EXPORT_SYMBOL_GPL(blake3_derive_key);

static void chunk_init(struct blake3_chunk *chunk, const u32 key[8],
		       u64 counter)
{
	memcpy(chunk->cv, key, sizeof(chunk->cv));
	chunk->counter = counter;
	chunk->buf_len = 0;
	chunk->blocks_compressed = 0;
}

static u32 chunk_start(const struct blake3_chunk *chunk)
{
	return chunk->blocks_compressed ? 0 : CHUNK_START;
}

static size_t chunk_len(const struct blake3_chunk *chunk)
{
	return BLAKE3_BLOCK_SIZE * chunk->blocks_compressed + chunk->buf_len;
}

/* Holds the last block back: only the next byte tells that it is not the last. */
static void chunk_update(struct blake3_chunk *chunk, const u8 *data, size_t len,
			 u32 flags)
{
	while (len) {
		size_t n;

		if (chunk->buf_len == BLAKE3_BLOCK_SIZE) {
			compress(chunk->cv, chunk->buf, chunk->counter,
				 BLAKE3_BLOCK_SIZE, flags | chunk_start(chunk));
			chunk->blocks_compressed++;
			chunk->buf_len = 0;
		}
		n = min_t(size_t, len, BLAKE3_BLOCK_SIZE - chunk->buf_len);
		memcpy(chunk->buf + chunk->buf_len, data, n);
		chunk->buf_len += n;
		data += n;
		len -= n;
	}
}

static void chunk_final(struct blake3_chunk *chunk, u32 flags)
{
	memset(chunk->buf + chunk->buf_len, 0,
	       BLAKE3_BLOCK_SIZE - chunk->buf_len);
	compress(chunk->cv, chunk->buf, chunk->counter, chunk->buf_len,
		 flags | chunk_start(chunk) | CHUNK_END);
}

static void state_init(struct blake3_state *state, u32 flags)
{
	chunk_init(&state->chunk, state->key, 0);
	state->flags = flags;
	state->cv_stack_len = 0;
}

/**
 * blake3_init() - begin a hash that is given in pieces
 * @state: written
 */
void blake3_init(struct blake3_state *state)
{
	memcpy(state->key, blake3_iv, sizeof(state->key));
	state_init(state, 0);
}
EXPORT_SYMBOL_GPL(blake3_init);

/**
 * blake3_init_keyed() - begin a MAC that is given in pieces
 * @state: written; secret until blake3_final()
 * @key: secret
 */
void blake3_init_keyed(struct blake3_state *state,
		       const u8 key[BLAKE3_KEY_SIZE])
{
	load_words(state->key, key);
	state_init(state, KEYED_HASH);
}
EXPORT_SYMBOL_GPL(blake3_init_keyed);

/**
 * blake3_update() - give the next piece
 * @state: begun by blake3_init() or blake3_init_keyed()
 * @data: piece
 * @len: bytes in it
 */
void blake3_update(struct blake3_state *state, const void *data, size_t len)
{
	struct blake3_chunk *chunk = &state->chunk;
	const u8 *pos = data;

	while (len) {
		size_t n;

		if (chunk_len(chunk) == BLAKE3_CHUNK_SIZE) {
			u64 done = chunk->counter + 1;

			chunk_final(chunk, state->flags);
			state->cv_stack_len = push_cv(state->cv_stack,
						      state->cv_stack_len,
						      chunk->cv, done,
						      state->key, state->flags);
			chunk_init(chunk, state->key, done);
		}
		n = min(len, BLAKE3_CHUNK_SIZE - chunk_len(chunk));
		chunk_update(chunk, pos, n, state->flags);
		pos += n;
		len -= n;
	}
}
EXPORT_SYMBOL_GPL(blake3_update);

/**
 * blake3_final() - end a hash or MAC
 * @state: wiped: it must be begun again before its next use
 * @out: hash or MAC
 */
void blake3_final(struct blake3_state *state, u8 out[BLAKE3_OUT_SIZE])
{
	struct blake3_chunk *chunk = &state->chunk;
	u32 root = state->cv_stack_len ? 0 : ROOT;

	chunk_final(chunk, state->flags | root);
	close_tree(chunk->cv, state->cv_stack, state->cv_stack_len, state->key,
		   state->flags);
	store_words(out, chunk->cv);
	memzero_explicit(state, sizeof(*state));
}
EXPORT_SYMBOL_GPL(blake3_final);
