// SPDX-License-Identifier: GPL-2.0
/*
 * How a boot is anchored: the TPM's root signs its keys, and its counter numbers it.
 *
 * The root is sealed to a PCR that is zero until the kernel reads it and never again in
 * that boot: before there is user space, and so before anybody who could ask for it.
 */

#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "chain.h"
#include "tpm2.h"

#define ROOT_SIZE	32
#define ROOT_CONTEXT	"coconut-os 2026 boot anchor key"

/* Other PCRs that the root is sealed to: of firmware, boot loader, kernel. */
static unsigned int tpm_pcrs __ro_after_init;

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "coconut."
module_param(tpm_pcrs, uint, 0444);
MODULE_PARM_DESC(tpm_pcrs, "PCRs that the root is sealed to too, a bit each (default 0)");

static const struct tpm2_nv counter_index = {
	.index = AGENT_TPM_NV_COUNTER,
	.attributes = TPM2_NV_AUTH_READ | TPM2_NV_AUTH_WRITE | TPM2_NV_COUNTER |
		      TPM2_NV_NO_DA,
	.size = sizeof(u64),
};

/* ---- the counter ---- */

static int counter_read(struct tpm_chip *chip, u64 *value)
{
	__be64 raw;
	int err = tpm2_nv_read(chip, TPM2_RS_PW, AGENT_TPM_NV_COUNTER, &raw, sizeof(raw));

	if (!err)
		*value = be64_to_cpu(raw);
	return err;
}

/* One that was removed and made anew goes on from the highest that the TPM ever had. */
static int counter_next(struct tpm_chip *chip, u64 *value)
{
	bool written;
	int err = tpm2_nv_look(chip, &counter_index, &written);

	if (err == -ENOENT)
		err = tpm2_nv_define(chip, &counter_index);
	if (!err)
		err = tpm2_nv_increment(chip, AGENT_TPM_NV_COUNTER);
	return err ?: counter_read(chip, value);
}

/* ---- the root ---- */

/* Only in the state that it is read in can it be written, too. */
static int root_make(struct tpm_chip *chip, u32 session, const struct tpm2_nv *nv, bool define)
{
	u8 root[ROOT_SIZE];
	int err = define ? tpm2_nv_define(chip, nv) : 0;

	if (err)
		return err;
	get_random_bytes_wait(root, sizeof(root));
	err = tpm2_nv_write(chip, session, nv->index, root, sizeof(root));
	memzero_explicit(root, sizeof(root));
	return err;
}

/* Is the PCR as only a reset leaves it? */
static int root_uncapped(struct tpm_chip *chip)
{
	u8 pcr[SHA256_DIGEST_SIZE];
	int err = audit_pcr_read(chip, pcr);

	if (err)
		return err;
	return memchr_inv(pcr, 0, sizeof(pcr)) ? -EBUSY : 0;
}

/* Only what no one could have defined otherwise is believed to hold a secret. */
static int root_prepare(struct tpm_chip *chip, u32 session)
{
	struct tpm2_nv nv = {
		.index = AGENT_TPM_NV_ROOT,
		.attributes = TPM2_NV_POLICY_READ | TPM2_NV_POLICY_WRITE | TPM2_NV_NO_DA,
		.size = ROOT_SIZE,
	};
	bool written = false;
	int err;

	err = tpm2_policy_digest(chip, session, nv.policy) ?: tpm2_nv_look(chip, &nv, &written);
	if (err && err != -ENOENT)
		return err;
	return written ? 0 : root_make(chip, session, &nv, err == -ENOENT);
}

/* In a session, which is good for one command on the index. */
static int root_in_session(struct tpm_chip *chip, u8 *root)
{
	u32 session;
	int err;

	err = tpm2_policy_open(chip, tpm_pcrs | BIT(AGENT_TPM_PCR), &session);
	if (err)
		return err;
	err = root ? tpm2_nv_read(chip, session, AGENT_TPM_NV_ROOT, root, ROOT_SIZE) :
		     root_prepare(chip, session);
	tpm2_policy_close(chip, session);
	return err;
}

static int root_unseal(struct tpm_chip *chip, u8 root[ROOT_SIZE])
{
	return root_uncapped(chip) ?: root_in_session(chip, NULL) ?:
	       root_in_session(chip, root);
}

/* ---- the boot ---- */

static void opening_sign(struct audit_opening *opening, const u8 root[ROOT_SIZE],
			 const u8 boot_id[AUDIT_BOOT_ID_SIZE])
{
	const struct ed25519_part parts[] = {
		{ .data = AUDIT_OPENING_CONTEXT, .len = strlen(AUDIT_OPENING_CONTEXT) },
		{ .data = boot_id, .len = AUDIT_BOOT_ID_SIZE },
		{ .data = opening, .len = AUDIT_OPENING_SIGNED },
	};
	u8 seed[ED25519_SEED_SIZE];

	blake3_derive_key(ROOT_CONTEXT, root, ROOT_SIZE, seed);
	ed25519_public_key(opening->anchor, seed);
	ed25519_sign(opening->signature, seed, opening->anchor, parts, ARRAY_SIZE(parts));
	memzero_explicit(seed, sizeof(seed));
}

static int opening_anchor(struct audit_chain *chain, struct audit_opening *opening)
{
	u8 root[ROOT_SIZE];
	int err = root_unseal(chain->tpm.chip, root);

	if (!err)
		opening_sign(opening, root, chain->boot_id);
	memzero_explicit(root, sizeof(root));
	return err;
}

/* What the TPM can say of the boot, and how long the opening is then. */
static size_t opening_complete(struct audit_chain *chain, struct audit_opening *opening)
{
	struct audit_tpm *tpm = &chain->tpm;
	int err = counter_next(tpm->chip, &tpm->counter);

	if (err) {
		pr_warn("coconut: the TPM does not count this boot: %d\n", err);
		tpm->counter = 0;
		return AUDIT_OPENING_KEYS;
	}
	put_unaligned_be64(tpm->counter, opening->counter);
	err = opening_anchor(chain, opening);
	if (err)
		pr_warn("coconut: the root in the TPM stays sealed: %d\n", err);
	return err ? AUDIT_OPENING_COUNTED : AUDIT_OPENING_ANCHORED;
}

/* From here on nobody unseals the root until the TPM is reset. */
static int cap(struct audit_tpm *tpm, const struct audit_opening *opening, size_t len)
{
	u8 digest[SHA256_DIGEST_SIZE];

	sha256((const u8 *)opening, len, digest);
	return audit_pcr_extend(tpm->chip, digest) ?: audit_pcr_read(tpm->chip, tpm->pcr);
}

/**
 * audit_anchor_open - anchor a boot, where there is a TPM 2
 * @chain: without records
 * @opening: with both keys; what the TPM says is added
 *
 * The digest of it is the first that goes into the PCR.
 *
 * Context: process, from an initcall: before user space could ask the TPM anything.
 * Return: bytes of @opening that count.
 */
size_t audit_anchor_open(struct audit_chain *chain, struct audit_opening *opening)
{
	struct audit_tpm *tpm = &chain->tpm;
	size_t len;
	int err;

	tpm->chip = tpm_default_chip();
	if (!tpm->chip || tpm_is_tpm2(tpm->chip) != 1) {
		pr_info("coconut: no TPM 2: the audit chain is not anchored\n");
		tpm->chip = NULL;
		return AUDIT_OPENING_KEYS;
	}
	len = opening_complete(chain, opening);
	err = cap(tpm, opening, len);
	if (err) {
		pr_err("coconut: the TPM does not take the chain's keys: %d\n", err);
		tpm->lost = true;
		return min(len, AUDIT_OPENING_COUNTED);
	}
	tpm->anchored = len == AUDIT_OPENING_ANCHORED;
	return len;
}

/**
 * audit_anchor_close - count that a chain was closed
 * @tpm: of the chain
 *
 * Context: process, may sleep.
 */
void audit_anchor_close(struct audit_tpm *tpm)
{
	int err;

	if (!tpm->counter || READ_ONCE(tpm->lost))
		return;
	err = tpm2_nv_increment(tpm->chip, AGENT_TPM_NV_COUNTER);
	if (err)
		pr_warn("coconut: the TPM does not count that the chain is closed: %d\n", err);
}
