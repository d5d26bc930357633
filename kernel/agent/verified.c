// SPDX-License-Identifier: GPL-2.0
/*
 * Manifests whose signature was found right.
 *
 * A signature costs more than all the rest of a spawn, and the same manifest is
 * spawned again and again. Its digest covers every byte, key and signature
 * included, so what was right once is right for good. Whether that key may
 * authorize anything is another question, which is asked each time.
 */
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "verified.h"

#define VERIFIED_SLOTS	256

/* By the first bytes of the digest; a newer one takes its place. No digest is all zero. */
static u8 verified[VERIFIED_SLOTS][AGENT_DIGEST_SIZE];
static DEFINE_SPINLOCK(verified_lock);

static u8 *verified_slot(const u8 digest[AGENT_DIGEST_SIZE])
{
	return verified[get_unaligned_le32(digest) % VERIFIED_SLOTS];
}

/**
 * verified_before - was the signature of this manifest found right?
 * @digest: BLAKE3 of the whole COSE_Sign1
 *
 * Context: process.
 * Return: true if so; false also where it has been forgotten.
 */
bool verified_before(const u8 digest[AGENT_DIGEST_SIZE])
{
	bool found;

	spin_lock(&verified_lock);
	found = !memcmp(verified_slot(digest), digest, AGENT_DIGEST_SIZE);
	spin_unlock(&verified_lock);
	return found;
}

/**
 * verified_remember - the signature of this manifest was found right
 * @digest: BLAKE3 of the whole COSE_Sign1
 *
 * Context: process.
 */
void verified_remember(const u8 digest[AGENT_DIGEST_SIZE])
{
	spin_lock(&verified_lock);
	memcpy(verified_slot(digest), digest, AGENT_DIGEST_SIZE);
	spin_unlock(&verified_lock);
}
