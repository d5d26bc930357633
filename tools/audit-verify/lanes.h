/* SPDX-License-Identifier: GPL-2.0 */
/*
 * BLAKE3 of many short messages at once.
 */
#ifndef _AUDIT_VERIFY_LANES_H
#define _AUDIT_VERIFY_LANES_H

#include <linux/types.h>

#define LANES		8
#define LANES_MESSAGE_MAX 384	/* bytes of a message */
/* one vector: the same word of every lane */
typedef u32 lanes_word __attribute__((vector_size(4 * LANES)));

/**
 * struct lanes - messages to hash side by side
 * @nr: how many there are
 * @len: their lengths
 * @data: their bytes
 */
struct lanes {
	unsigned int nr;
	u32 len[LANES];
	u8 data[LANES][LANES_MESSAGE_MAX];
};

void lanes_hash(struct lanes *lanes, u8 (*out)[32]);

#endif /* _AUDIT_VERIFY_LANES_H */
