// SPDX-License-Identifier: GPL-2.0
/*
 * /agent/policy: who signs manifests, and what the operator's tools keep.
 */
#include <linux/hex.h>
#include <linux/kstrtox.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <crypto/ed25519.h>

#include "../../kernel/agent/approval.h"
#include "../../kernel/agent/policy.h"
#include "../../kernel/agent/spill.h"
#include "internal.h"

enum { ID_CAPS = 112, ID_TENANTS, ID_AUTHORIZERS, ID_APPROVALS, ID_LIMITS,
	ID_SPILL };

static void authorizers_show(struct seq_file *m, struct agent *agent, unsigned int arg)
{
	authorizer_show(m);
}

/* "add <64 hex> <label>" */
static int authorizers_add(char *text)
{
	char *hex = strsep(&text, " ");
	u8 key[ED25519_PUBLIC_SIZE];

	if (!text || strlen(hex) != 2 * sizeof(key) || hex2bin(key, hex, sizeof(key)))
		return -EINVAL;
	return authorizer_add(key, text);
}

static int authorizers_command(struct agent *agent, char *line)
{
	if (!strcmp(line, "seal")) {
		authorizer_seal();
		return 0;
	}
	return str_has_prefix(line, "add ") ? authorizers_add(line + 4) : -EINVAL;
}

static long authorizers_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	int err;

	if (cmd != AGENT_IOC_SEAL)
		return -ENOTTY;
	err = agentfs_operator("agentfs/policy/authorizers seal", false);
	if (!err)
		authorizer_seal();
	return err;
}

static const struct file_operations authorizers_fops = {
	.open		= agentfs_text_open,
	.read_iter	= agentfs_text_read,
	.write		= agentfs_text_write,
	.unlocked_ioctl	= authorizers_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static void limits_show(struct seq_file *m, struct agent *agent, unsigned int arg)
{
	agent_policy_show(m);
}

static int limits_command(struct agent *agent, char *line)
{
	return agent_policy_set(line);
}

static void spill_show(struct seq_file *m, struct agent *agent, unsigned int arg)
{
	agent_spill_show(m);
}

/* A path, or "none". */
static int spill_command(struct agent *agent, char *line)
{
	if (!strcmp(line, "none"))
		return agent_spill_set("");
	return line[0] == '/' ? agent_spill_set(line) : -EINVAL;
}

/* ---- approvals ---- */

static void approvals_show(struct seq_file *m, struct agent *agent, unsigned int arg)
{
	approval_show(m);
}

/* Readable when the queue is another than what was read last. */
static __poll_t approvals_poll(struct file *file, struct poll_table_struct *wait)
{
	const struct seq_file *m = file->private_data;

	if (!agentfs_sees(file_inode(file)))
		return EPOLLERR;
	return approval_poll(file, wait) != m->poll_event ? EPOLLIN | EPOLLRDNORM | EPOLLPRI : 0;
}

/* "allow 17", "deny 17" */
static int approvals_command(struct agent *agent, char *line)
{
	const char *word = strsep(&line, " ");
	bool allow = !strcmp(word, "allow");
	u64 id;

	if (!line || (!allow && strcmp(word, "deny")) || kstrtou64(line, 10, &id))
		return -EINVAL;
	return approval_answer(id, allow);
}

/* Asks who it is, not who opened it: a descriptor that was handed on answers nothing. */
static long approvals_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct agent_approval_answer answer;
	int err;

	if (cmd != AGENT_IOC_ANSWER)
		return -ENOTTY;
	err = agentfs_operator("agentfs/policy/approvals answer", false);
	if (err)
		return err;
	if (copy_from_user(&answer, (void __user *)arg, sizeof(answer)))
		return -EFAULT;
	if (answer.reserved || answer.allow > 1)
		return -EINVAL;
	return approval_answer(answer.id, answer.allow);
}

static const struct file_operations approvals_fops = {
	.open		= agentfs_text_open,
	.read_iter	= agentfs_text_read,
	.write		= agentfs_text_write,
	.poll		= approvals_poll,
	.unlocked_ioctl	= approvals_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= seq_lseek,
	.release	= single_release,
};

#define STORED_DIR(_name, _id, _iop) {					\
	.name = (_name), .id = (_id), .mode = S_IFDIR | 0755,		\
	.iop = (_iop), .fop = &simple_dir_operations, .guarded = true }

const struct agentfs_entry agentfs_policy_entries[] = {
	STORED_DIR("caps", ID_CAPS, &agentfs_stored_iops),
	STORED_DIR("tenants", ID_TENANTS, &agentfs_tenants_iops),
	{ .name = "authorizers", .id = ID_AUTHORIZERS, .mode = S_IFREG | 0644,
	  .fop = &authorizers_fops, .show = authorizers_show, .command = authorizers_command,
	  .what = "agentfs/policy/authorizers write", .guarded = true },
	{ .name = "approvals", .id = ID_APPROVALS, .mode = S_IFREG | 0600,
	  .fop = &approvals_fops, .show = approvals_show, .command = approvals_command,
	  .what = "agentfs/policy/approvals write", .guarded = true },
	{ .name = "limits", .id = ID_LIMITS, .mode = S_IFREG | 0644,
	  .fop = &agentfs_command_fops, .show = limits_show, .command = limits_command,
	  .what = "agentfs/policy/limits write", .guarded = true },
	{ .name = "spill", .id = ID_SPILL, .mode = S_IFREG | 0644,
	  .fop = &agentfs_command_fops, .show = spill_show, .command = spill_command,
	  .what = "agentfs/policy/spill write", .guarded = true },
	{}
};
