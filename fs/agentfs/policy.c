// SPDX-License-Identifier: GPL-2.0
/*
 * /agent/policy: who signs manifests, and what the operator's tools keep.
 */
#include <linux/hex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <crypto/ed25519.h>

#include "internal.h"

#define AUTHORIZER_LINE_MAX	256

enum { ID_CAPS = 112, ID_TENANTS, ID_AUTHORIZERS, ID_APPROVALS };

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

static int authorizers_line(char *line)
{
	if (!strcmp(line, "seal")) {
		authorizer_seal();
		return 0;
	}
	return str_has_prefix(line, "add ") ? authorizers_add(line + 4) : -EINVAL;
}

/* One line a write, as echo(1) makes it. */
static ssize_t authorizers_write(struct file *file, const char __user *buf, size_t len,
				 loff_t *pos)
{
	size_t used = len;
	char *line;
	int err;

	err = agentfs_operator("agentfs/policy/authorizers write", false);
	if (err)
		return err;
	if (len > AUTHORIZER_LINE_MAX)
		return -EINVAL;
	line = memdup_user_nul(buf, len);
	if (IS_ERR(line))
		return PTR_ERR(line);
	if (used && line[used - 1] == '\n')
		line[--used] = '\0';
	err = strlen(line) == used ? authorizers_line(line) : -EINVAL;
	kfree(line);
	return err ?: len;
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
	.write		= authorizers_write,
	.unlocked_ioctl	= authorizers_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= seq_lseek,
	.release	= single_release,
};

/* A use that needs approval is refused at once: no request ever waits here. */
static void approvals_show(struct seq_file *m, struct agent *agent, unsigned int arg)
{
}

#define STORED_DIR(_name, _id) {					\
	.name = (_name), .id = (_id), .mode = S_IFDIR | 0755,		\
	.iop = &agentfs_stored_iops, .fop = &simple_dir_operations,	\
	.guarded = true }

const struct agentfs_entry agentfs_policy_entries[] = {
	STORED_DIR("caps", ID_CAPS),
	STORED_DIR("tenants", ID_TENANTS),
	{ .name = "authorizers", .id = ID_AUTHORIZERS, .mode = S_IFREG | 0644,
	  .fop = &authorizers_fops, .show = authorizers_show, .guarded = true },
	{ .name = "approvals", .id = ID_APPROVALS, .mode = S_IFREG | 0400,
	  .fop = &agentfs_text_fops, .show = approvals_show, .guarded = true },
	{}
};
