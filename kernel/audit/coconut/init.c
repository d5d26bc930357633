// SPDX-License-Identifier: GPL-2.0
/*
 * How the chain of this boot begins.
 */

#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>

#include "chain.h"

#define RING_SLOTS	4096
#define RING_SLOTS_MIN	256
#define RING_PART	64	/* of memory that all rings together may take */
#define LOG_MB_MIN	1
#define EPOCH_RECORDS	1024

struct audit_chain audit_chain_main;

static unsigned int audit_log_mb __ro_after_init = 32;
static unsigned int audit_epoch_ms __ro_after_init;
static unsigned int audit_hold_s __ro_after_init;

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "coconut."
module_param(audit_log_mb, uint, 0444);
MODULE_PARM_DESC(audit_log_mb, "Memory for the log of the audit chain in MiB (default 32)");
module_param(audit_epoch_ms, uint, 0444);
MODULE_PARM_DESC(audit_epoch_ms, "Milliseconds after which records are sealed (default 900)");
module_param(audit_hold_s, uint, 0444);
MODULE_PARM_DESC(audit_hold_s, "Seconds that agents wait for who kept the log (default 60)");

/* Many CPUs with little memory get smaller rings. */
static u32 __init ring_slots(void)
{
	u64 room = (u64)totalram_pages() * PAGE_SIZE / RING_PART;
	u64 slots = room / num_possible_cpus() / sizeof(struct audit_record);

	return rounddown_pow_of_two(clamp(slots, RING_SLOTS_MIN, RING_SLOTS));
}

static int __init open_chain(const u8 attest_key[32])
{
	struct audit_config config = {
		.ring_slots = ring_slots(),
		.log_bytes = (size_t)max(audit_log_mb, LOG_MB_MIN) << 20,
		.epoch_records = EPOCH_RECORDS,
		.epoch_period = msecs_to_jiffies(audit_epoch_ms),
		.hold = audit_hold_s * HZ,
	};
	int err;

	err = audit_chain_init(&audit_chain_main, &config);
	if (err)
		return err;
	err = audit_boot_record(&audit_chain_main, attest_key);
	if (err)
		return err;
	err = audit_extend_start(&audit_chain_main);
	if (err)
		return err;
	err = audit_sealer_start(&audit_chain_main);
	if (err)
		return err;
	return audit_boot_watch();
}

/**
 * audit_chain_open - open the chain of this boot
 * @attest_key: public key that the BOOT record vouches for
 *
 * Context: process, from an initcall, once, before the first record.
 */
void __init audit_chain_open(const u8 attest_key[32])
{
	int err = open_chain(attest_key);

	/* A system that cannot record what agents do must not run any. */
	if (err)
		panic("coconut: the audit chain cannot be opened: %d\n", err);
	pr_info("coconut: audit chain open, boot %*phN\n", AUDIT_BOOT_ID_SIZE,
		audit_chain_main.boot_id);
}
