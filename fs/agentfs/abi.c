// SPDX-License-Identifier: GPL-2.0
/*
 * /agent/abi: what this kernel speaks.
 */
#include <linux/audit_chain.h>
#include <linux/seq_file.h>

#include "internal.h"

static void show_quotas(struct seq_file *m, const char *key, bool enforced)
{
	u32 kind;

	seq_puts(m, key);
	for (kind = 0; kind < AGENT_NR_QUOTAS; kind++)
		if (agent_quota_enforced(kind) == enforced)
			seq_printf(m, " %s", agent_quota_name(kind));
	seq_putc(m, '\n');
}

static void show_tiers(struct seq_file *m, const char *key, bool there)
{
	static const char *const names[AGENT_NR_TIERS] = {
		[AGENT_TIER_HBM] = "hbm",
		[AGENT_TIER_RAM] = "ram",
		[AGENT_TIER_SSD] = "ssd",
	};
	u32 tier;

	seq_puts(m, key);
	for (tier = 0; tier < AGENT_NR_TIERS; tier++)
		if (agent_tier_there(tier) == there)
			seq_printf(m, " %s", names[tier]);
	seq_putc(m, '\n');
}

/**
 * agentfs_abi_show() - a key and a value a line
 * @m: where to
 * @agent: NULL
 * @arg: unused
 */
void agentfs_abi_show(struct seq_file *m, struct agent *agent, unsigned int arg)
{
	seq_printf(m, "version %u\n", AGENT_ABI_VERSION);
	seq_printf(m, "magic 0x%016llx\n", AGENT_MAGIC);
	seq_puts(m, "syscalls 472-479\n");
	seq_puts(m, "features by_fd spawn_enter spawn_fd revoke_all revoke_terminate audit_seed\n");
	seq_puts(m, "classes fs exec net agent dev mem svc\n");
	show_quotas(m, "quotas", true);
	show_quotas(m, "quotas_unsupported", false);
	show_tiers(m, "tiers", true);
	show_tiers(m, "tiers_unsupported", false);
	seq_printf(m, "boot_id %*phN\n", 16, audit_chain_boot_id());
	seq_printf(m, "attest_key %*phN\n", 32, agent_attest_key());
}
