// SPDX-License-Identifier: GPL-2.0
/*
 * The PCR that takes the heads of the chain.
 *
 * A TPM needs milliseconds for each, so a worker does it, at most once a second, with the
 * head that is the newest then. A record says which one it was: from the records anybody can
 * compute what the PCR must be.
 */

#include <linux/jiffies.h>
#include <linux/string.h>

#include "chain.h"
#include "tpm2.h"

#define EXTEND_INTERVAL	HZ

static struct workqueue_struct *extend_queue;

/* ---- the PCR ---- */

/**
 * audit_pcr_read - what the chain's PCR is
 * @chip: the TPM
 * @value: where to
 *
 * Context: process, may sleep.
 * Return: 0 or -errno.
 */
int audit_pcr_read(struct tpm_chip *chip, u8 value[SHA256_DIGEST_SIZE])
{
	struct tpm_digest digest = { .alg_id = TPM_ALG_SHA256 };
	int err = tpm_pcr_read(chip, AGENT_TPM_PCR, &digest);

	/* Above 0 is what the TPM answered. */
	if (err)
		return err < 0 ? err : -EIO;
	memcpy(value, digest.digest, SHA256_DIGEST_SIZE);
	return 0;
}

/**
 * audit_pcr_extend - extend the chain's PCR
 * @chip: the TPM
 * @digest: what goes in; in banks of another size it is cut off, or zeros follow
 *
 * Context: process, may sleep.
 * Return: 0 or -errno.
 */
int audit_pcr_extend(struct tpm_chip *chip, const u8 digest[SHA256_DIGEST_SIZE])
{
	struct tpm_digest *digests;
	unsigned int i;
	int err;

	digests = kcalloc(chip->nr_allocated_banks, sizeof(*digests), GFP_KERNEL);
	if (!digests)
		return -ENOMEM;
	for (i = 0; i < chip->nr_allocated_banks; i++) {
		digests[i].alg_id = chip->allocated_banks[i].alg_id;
		memcpy(digests[i].digest, digest, SHA256_DIGEST_SIZE);
	}
	err = tpm_pcr_extend(chip, AGENT_TPM_PCR, digests);
	kfree(digests);
	return err > 0 ? -EIO : err;
}

/* ---- heads ---- */

/**
 * struct extension - one head on its way
 * @head: that goes in
 * @before: what the PCR was
 * @seq: the last record under @head
 */
struct extension {
	u8 head[BLAKE3_OUT_SIZE];
	u8 before[SHA256_DIGEST_SIZE];
	u64 seq;
};

static void newest_head(struct audit_sealer *s, struct extension *ext)
{
	spin_lock(&s->lock);
	memcpy(ext->head, s->head, sizeof(ext->head));
	ext->seq = s->sealed_seq;
	spin_unlock(&s->lock);
}

/* The record that tells of an extension is no reason for the next. */
static bool extend_due(const struct audit_tpm *tpm, u64 seq)
{
	u64 told = tpm->told > tpm->seq && tpm->told <= seq;

	return seq - tpm->seq > told;
}

/* What the PCR is now follows from what it was: it is not asked again. */
static int extend_head(struct audit_tpm *tpm, struct extension *ext)
{
	u8 joined[2 * SHA256_DIGEST_SIZE];
	bool others;
	int err;

	err = audit_pcr_read(tpm->chip, ext->before) ?: audit_pcr_extend(tpm->chip, ext->head);
	if (err)
		return err;
	others = memcmp(ext->before, tpm->pcr, sizeof(tpm->pcr));
	memcpy(joined, ext->before, SHA256_DIGEST_SIZE);
	memcpy(joined + SHA256_DIGEST_SIZE, ext->head, SHA256_DIGEST_SIZE);
	sha256(joined, sizeof(joined), tpm->pcr);
	return others ? -ESTALE : 0;
}

static u64 extend_record(struct audit_chain *chain, const struct extension *ext, int result)
{
	char object[24 + 2 * (sizeof(ext->before) + sizeof(ext->head))];
	struct audit_entry entry = {
		.event = AGENT_EVENT_EXTEND,
		.class = AGENT_CLASS_LIFE,
		.result = result,
		.object = object,
	};

	entry.object_len = scnprintf(object, sizeof(object), "%llu:%*phN:%*phN", ext->seq,
				     (int)sizeof(ext->before), ext->before,
				     (int)sizeof(ext->head), ext->head);
	return audit_chain_add(chain, &entry);
}

/* -ESTALE: somebody else extended it in between. It took the head all the same. */
static void extend_tell(struct audit_chain *chain, const struct extension *ext, int err)
{
	struct audit_tpm *tpm = &chain->tpm;

	if (err && err != -ESTALE) {
		pr_err("coconut: the TPM does not answer, the chain is no longer anchored: %d\n",
		       err);
		WRITE_ONCE(tpm->lost, true);
	} else {
		WRITE_ONCE(tpm->extends, tpm->extends + 1);
	}
	tpm->seq = ext->seq;
	tpm->told = extend_record(chain, ext, err);
}

static void extend_work(struct work_struct *work)
{
	struct audit_chain *chain = container_of(to_delayed_work(work), struct audit_chain,
						 tpm.work);
	struct audit_tpm *tpm = &chain->tpm;
	struct extension ext = {};

	newest_head(&chain->sealer, &ext);
	/* After the SHUTDOWN record none follows that could tell of it. */
	if (READ_ONCE(chain->closing) || !extend_due(tpm, ext.seq))
		return;
	WRITE_ONCE(tpm->at, jiffies);
	extend_tell(chain, &ext, extend_head(tpm, &ext));
}

/**
 * audit_extend_notice - there is a new head
 * @chain: of which
 *
 * What is asked for already is not asked for again: of many heads the newest is taken.
 *
 * Context: process; does not wait.
 */
void audit_extend_notice(struct audit_chain *chain)
{
	struct audit_tpm *tpm = &chain->tpm;
	unsigned long due = READ_ONCE(tpm->at) + EXTEND_INTERVAL;

	if (!tpm->chip || READ_ONCE(tpm->lost))
		return;
	queue_delayed_work(extend_queue, &tpm->work,
			   time_before(jiffies, due) ? due - jiffies : 0);
}

/**
 * audit_extend_start - make ready to take heads to the TPM
 * @chain: anchored or not; its sealer does not run yet
 *
 * Return: 0 or -ENOMEM.
 */
int audit_extend_start(struct audit_chain *chain)
{
	if (!chain->tpm.chip)
		return 0;
	/* One that hangs in a TPM that is broken holds up nobody else's work. */
	extend_queue = alloc_workqueue("coconut-tpm", WQ_FREEZABLE | WQ_UNBOUND, 1);
	INIT_DELAYED_WORK(&chain->tpm.work, extend_work);
	chain->tpm.at = jiffies - EXTEND_INTERVAL;
	return extend_queue ? 0 : -ENOMEM;
}
