/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a chain has of the TPM of its machine: a root that signs how a boot begins, a
 * counter of boots, and a PCR that takes the heads.
 */
#ifndef _AUDIT_COCONUT_TPM_H
#define _AUDIT_COCONUT_TPM_H

#include <linux/audit_chain.h>
#include <linux/workqueue.h>
#include <crypto/sha2.h>

#include "opening.h"

struct audit_chain;
struct tpm_chip;

/**
 * struct audit_tpm - the TPM of a chain
 * @chip: NULL: the chain has none; constant once the chain is open
 * @counter: when the chain was opened; 0: it could not be counted; the same
 * @anchored: the root signed the BOOT record; the same
 * @lost: it does not answer any more
 * @extends: heads that it took
 * @work: takes the head to it; what is below is the worker's own
 * @pcr: as it was left
 * @seq: last record under the head that it took last
 * @told: number of the record that says so
 * @at: jiffies when it did
 */
struct audit_tpm {
	struct tpm_chip *chip;
	u64 counter;
	bool anchored;
	bool lost;
	u64 extends;

	struct delayed_work work;
	u8 pcr[SHA256_DIGEST_SIZE];
	u64 seq;
	u64 told;
	unsigned long at;
};

#ifdef CONFIG_COCONUT_AUDIT_TPM

/* ---- anchor.c ---- */
size_t audit_anchor_open(struct audit_chain *chain, struct audit_opening *opening);
void audit_anchor_close(struct audit_tpm *tpm);

/* ---- extend.c ---- */
int audit_pcr_read(struct tpm_chip *chip, u8 value[SHA256_DIGEST_SIZE]);
int audit_pcr_extend(struct tpm_chip *chip, const u8 digest[SHA256_DIGEST_SIZE]);
int audit_extend_start(struct audit_chain *chain);
void audit_extend_notice(struct audit_chain *chain);

#else

static inline size_t audit_anchor_open(struct audit_chain *chain,
				       struct audit_opening *opening)
{
	return AUDIT_OPENING_KEYS;
}

static inline void audit_anchor_close(struct audit_tpm *tpm) {}

static inline int audit_extend_start(struct audit_chain *chain)
{
	return 0;
}

static inline void audit_extend_notice(struct audit_chain *chain) {}

#endif

#endif /* _AUDIT_COCONUT_TPM_H */
