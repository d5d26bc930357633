// SPDX-License-Identifier: GPL-2.0
/*
 * The first and the last record of a boot.
 */

#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/sched.h>

#include "chain.h"

/* How long the shutdown waits for persisters to keep its end. */
#define PERSIST_WAIT	(3 * HZ)
#define PERSIST_POLL	(HZ / 100 + 1)

/**
 * audit_boot_record - open the chain of a boot
 * @chain: without records
 * @attest_key: public key that signs attestations
 *
 * The record names both public keys of the boot: who trusts it, trusts the seals
 * and the attestations that follow from it. Where there is a TPM, that vouches for it.
 *
 * Context: process, may sleep.
 * Return: 0, or -ENOBUFS.
 */
int audit_boot_record(struct audit_chain *chain, const u8 attest_key[32])
{
	struct audit_opening opening;
	struct audit_entry entry = {
		.event = AGENT_EVENT_BOOT,
		.class = AGENT_CLASS_LIFE,
		/* Keys of an unseeded generator could be guessed: say so. */
		.result = rng_is_initialized() ? 0 : -EAGAIN,
		.object = &opening,
	};

	memcpy(opening.seal_key, chain->sealer.key.public, sizeof(opening.seal_key));
	memcpy(opening.attest_key, attest_key, sizeof(opening.attest_key));
	entry.object_len = audit_anchor_open(chain, &opening);
	return audit_chain_add(chain, &entry) ? 0 : -ENOBUFS;
}

static const char *shutdown_name(unsigned long action)
{
	switch (action) {
	case SYS_HALT:
		return "halt";
	case SYS_POWER_OFF:
		return "poweroff";
	default:
		return "restart";
	}
}

static u64 shutdown_record(struct audit_chain *chain, const char *how)
{
	struct audit_entry entry = {
		.event = AGENT_EVENT_SHUTDOWN,
		.class = AGENT_CLASS_LIFE,
		.object = how,
		.object_len = strlen(how),
	};

	return audit_chain_add(chain, &entry);
}

static bool shutdown_begins(struct audit_chain *chain)
{
	bool begins;

	mutex_lock(&chain->seed_lock);
	begins = !chain->closing;
	chain->closing = true;
	mutex_unlock(&chain->seed_lock);
	return begins;
}

/**
 * audit_boot_close - close the chain of a boot
 * @chain: the chain
 * @how: what stands in the SHUTDOWN record
 *
 * Context: process, may sleep.
 * Return: 0; -EALREADY; -ENOBUFS or as audit_sealer_finish() where there is no final seal.
 */
int audit_boot_close(struct audit_chain *chain, const char *how)
{
	u64 seq;
	int err;

	if (!shutdown_begins(chain))
		return -EALREADY;
	seq = shutdown_record(chain, how);
	err = seq ? audit_sealer_finish(chain, seq) : -ENOBUFS;
	if (!err)
		audit_anchor_close(&chain->tpm);
	return err;
}

/*
 * Not for the last record but for the epoch that it is in: who acknowledged before
 * the final seal was there has not read that yet.
 */
static void wait_for_persisters(struct audit_log *log)
{
	unsigned long end = jiffies + PERSIST_WAIT;

	while (READ_ONCE(log->persisters) && !audit_log_persisted(log) &&
	       time_before(jiffies, end))
		schedule_timeout_uninterruptible(PERSIST_POLL);
}

static int boot_shutdown(struct notifier_block *nb, unsigned long action, void *unused)
{
	int err = audit_boot_close(&audit_chain_main, shutdown_name(action));

	if (err && err != -EALREADY)
		pr_err("audit chain: the final seal could not be made: %d\n", err);
	wait_for_persisters(&audit_chain_main.log);
	return NOTIFY_DONE;
}

/* Last of all: what other notifiers do still belongs to this boot. */
static struct notifier_block boot_notifier = {
	.notifier_call = boot_shutdown,
	.priority = INT_MIN,
};

/**
 * audit_boot_watch - have the chain closed when the system goes down
 *
 * Return: 0 or -errno.
 */
int audit_boot_watch(void)
{
	return register_reboot_notifier(&boot_notifier);
}
