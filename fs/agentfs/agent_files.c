// SPDX-License-Identifier: GPL-2.0
/*
 * What stands in the directory of an agent, live or in the graveyard.
 */
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "../../kernel/agent/cap.h"
#include "../../kernel/agent/manifest.h"
#include "internal.h"

enum {
	ID_STATUS = 32, ID_MANIFEST, ID_CAPS, ID_ATTESTATION, ID_CHAIN, ID_MANIFEST_DIGEST,
	ID_AUTHORIZER, ID_CODE, ID_AUDIT, ID_TAIL, ID_BUDGET, ID_CHILDREN,
	ID_QUOTA_CPU, ID_QUOTA_RAM, ID_QUOTA_HBM, ID_QUOTA_SSD, ID_QUOTA_NET, ID_QUOTA_TOKENS,
	ID_QUOTA_CHILDREN, ID_QUOTA_PIDS, ID_QUOTA_IO, ID_QUOTA_WEIGHT, ID_QUOTA_RAM_HIGH,
	ID_QUOTA_RAM_MIN, ID_QUOTA_NET_TOTAL,
};

enum { DIGEST_MANIFEST, DIGEST_AUTHORIZER, DIGEST_CODE };

static const char *lane_name(u8 lane)
{
	static const char *const names[] = {
		[AGENT_LANE_BACKGROUND] = "background",
		[AGENT_LANE_NORMAL] = "normal",
		[AGENT_LANE_INTERACTIVE] = "interactive",
	};

	return lane < ARRAY_SIZE(names) ? names[lane] : "unknown";
}

static void status_show(struct seq_file *m, struct agent *agent, unsigned int arg)
{
	enum agent_state state = READ_ONCE(agent->state);

	m->poll_event = state;
	seq_printf(m, "aid a:%05llu\n", agent->aid);
	seq_printf(m, "name %s\n", agent->name);
	seq_printf(m, "state %s\n", agent_state_status(state));
	seq_printf(m, "tenant %s\n", agent->tenant);
	seq_printf(m, "lane %s\n", lane_name(agent->lane));
	seq_printf(m, "parent a:%05llu\n", agent_aid(agent->parent));
	seq_printf(m, "tasks %d\n", atomic_read(&agent->nr_tasks));
	seq_printf(m, "children %d\n", atomic_read(&agent->nr_children));
	seq_printf(m, "strikes %u\n", READ_ONCE(agent->strikes));
	seq_printf(m, "denials %llu\n", READ_ONCE(agent->nr_denials));
	seq_printf(m, "mode %s\n", agent->permissive ? "permissive" : "enforced");
	seq_printf(m, "permitted %llu\n", READ_ONCE(agent->nr_permitted));
	seq_printf(m, "spawned_ns %llu\n", agent->spawned_ns);
	seq_printf(m, "epoch %d\n", atomic_read(&agent->epoch));
	if (!agent_is_terminal(agent))
		return;
	seq_printf(m, "exit_code %d\n", READ_ONCE(agent->exit_code));
	seq_printf(m, "ended_ns %llu\n", READ_ONCE(agent->ended_ns));
}

/* Readable when the state is another than what was read last; hung up at the end. */
static __poll_t status_poll(struct file *file, struct poll_table_struct *wait)
{
	const struct seq_file *m = file->private_data;
	struct agent *agent = agentfs_i(file_inode(file))->agent;
	enum agent_state state;
	__poll_t mask = 0;

	if (!agentfs_sees(file_inode(file)))
		return EPOLLERR;
	poll_wait(file, &agent->wait, wait);
	state = READ_ONCE(agent->state);
	if (state != m->poll_event)
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLPRI;
	if (agent_is_terminal(agent))
		mask |= EPOLLHUP;
	return mask;
}

static int status_command(struct agent *agent, char *word)
{
	if (!strcmp(word, "quarantine"))
		return agent_quarantine(agent, "operator");
	if (!strcmp(word, "release"))
		return agent_release(agent);
	if (!strcmp(word, "acknowledge"))
		return agent_acknowledge(agent);
	return -EINVAL;
}

static const struct file_operations status_fops = {
	.open		= agentfs_text_open,
	.read_iter	= agentfs_text_read,
	.write		= agentfs_text_write,
	.poll		= status_poll,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static void manifest_show(struct seq_file *m, struct agent *agent, unsigned int arg)
{
	if (agent->manifest)
		seq_write(m, agent->manifest->bytes, agent->manifest->len);
}

/* The boot agent has no set: it covers everything. */
static void caps_show(struct seq_file *m, struct agent *agent, unsigned int arg)
{
	struct cap_set *set = agent_caps_get(agent);
	u32 i;

	if (!set)
		return;
	for (i = 0; i < set->nr; i++)
		seq_printf(m, "%llu %llu %s\n", set->caps[i]->id, set->caps[i]->parent_id,
			   set->caps[i]->text);
	cap_set_put(set);
}

static void chain_show(struct seq_file *m, struct agent *agent, unsigned int arg)
{
	agent_attestation_show(m, agent);
}

static void digest_show(struct seq_file *m, struct agent *agent, unsigned int which)
{
	u8 digest[AGENT_DIGEST_SIZE];
	const u8 *from[] = {
		[DIGEST_MANIFEST] = agent->manifest_digest,
		[DIGEST_AUTHORIZER] = agent->authorizer,
		[DIGEST_CODE] = agent->code_digest,
	};
	unsigned long flags;

	spin_lock_irqsave(&agent->lock, flags);
	memcpy(digest, from[which], sizeof(digest));
	spin_unlock_irqrestore(&agent->lock, flags);
	seq_printf(m, "%*phN\n", AGENT_DIGEST_SIZE, digest);
}

static const struct agentfs_entry attestation_entries[] = {
	AGENTFS_TEXT("chain", ID_CHAIN, 0444, chain_show, 0),
	AGENTFS_TEXT("manifest_digest", ID_MANIFEST_DIGEST, 0444, digest_show, DIGEST_MANIFEST),
	AGENTFS_TEXT("authorizer", ID_AUTHORIZER, 0444, digest_show, DIGEST_AUTHORIZER),
	AGENTFS_TEXT("code", ID_CODE, 0444, digest_show, DIGEST_CODE),
	{}
};

static const struct agentfs_entry audit_entries[] = {
	{ .name = "tail", .id = ID_TAIL, .mode = S_IFREG | 0444, .fop = &agentfs_tail_fops },
	{}
};

static const struct agentfs_entry budget_entries[] = {
	AGENTFS_TEXT("cpu", ID_QUOTA_CPU, 0444, agent_quota_show, AGENT_QUOTA_CPU),
	AGENTFS_TEXT("ram", ID_QUOTA_RAM, 0444, agent_quota_show, AGENT_QUOTA_RAM),
	AGENTFS_TEXT("hbm", ID_QUOTA_HBM, 0444, agent_quota_show, AGENT_QUOTA_HBM),
	AGENTFS_TEXT("ssd", ID_QUOTA_SSD, 0444, agent_quota_show, AGENT_QUOTA_SSD),
	AGENTFS_TEXT("net", ID_QUOTA_NET, 0444, agent_quota_show, AGENT_QUOTA_NET),
	AGENTFS_TEXT("inference_tokens", ID_QUOTA_TOKENS, 0444, agent_quota_show,
		     AGENT_QUOTA_INFERENCE_TOKENS),
	AGENTFS_TEXT("children", ID_QUOTA_CHILDREN, 0444, agent_quota_show, AGENT_QUOTA_CHILDREN),
	AGENTFS_TEXT("pids", ID_QUOTA_PIDS, 0444, agent_quota_show, AGENT_QUOTA_PIDS),
	AGENTFS_TEXT("io", ID_QUOTA_IO, 0444, agent_quota_show, AGENT_QUOTA_IO),
	AGENTFS_TEXT("cpu_weight", ID_QUOTA_WEIGHT, 0444, agent_quota_show,
		     AGENT_QUOTA_CPU_WEIGHT),
	AGENTFS_TEXT("ram_high", ID_QUOTA_RAM_HIGH, 0444, agent_quota_show, AGENT_QUOTA_RAM_HIGH),
	AGENTFS_TEXT("ram_min", ID_QUOTA_RAM_MIN, 0444, agent_quota_show, AGENT_QUOTA_RAM_MIN),
	AGENTFS_TEXT("net_total", ID_QUOTA_NET_TOTAL, 0444, agent_quota_show,
		     AGENT_QUOTA_NET_TOTAL),
	{}
};

const struct agentfs_entry agentfs_agent_entries[] = {
	{ .name = "status", .id = ID_STATUS, .mode = S_IFREG | 0644, .fop = &status_fops,
	  .show = status_show, .command = status_command,
	  .what = "agentfs/live/status write" },
	AGENTFS_TEXT("manifest", ID_MANIFEST, 0444, manifest_show, 0),
	AGENTFS_TEXT("caps", ID_CAPS, 0444, caps_show, 0),
	AGENTFS_DIR("attestation", ID_ATTESTATION, attestation_entries),
	AGENTFS_DIR("audit", ID_AUDIT, audit_entries),
	AGENTFS_DIR("budget", ID_BUDGET, budget_entries),
	{ .name = "children", .id = ID_CHILDREN, .mode = S_IFDIR | 0555,
	  .iop = &agentfs_children_iops, .fop = &agentfs_children_fops },
	{}
};
