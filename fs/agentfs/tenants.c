// SPDX-License-Identifier: GPL-2.0
/*
 * /agent/policy/tenants: a file for each tenant that the operator has spoken of.
 *
 * What is written is a line for the kernel and no text to keep, so that whatever a file
 * says is in force. To agents it is read-only, whatever their user and capabilities are.
 */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "../../kernel/agent/manifest.h"
#include "../../kernel/agent/tenant.h"
#include "internal.h"

/* A line is for a tenant by the name that its file has now. */
static const char *tenant_name(const struct file *file)
{
	return file->f_path.dentry->d_name.name;
}

static int tenant_show(struct seq_file *m, void *unused)
{
	tenant_policy_show(m, tenant_name(m->private));
	return 0;
}

static int tenant_open(struct inode *inode, struct file *file)
{
	return agentfs_may_see(inode) ?: agentfs_show_open(file, tenant_show, file);
}

static ssize_t tenant_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	int err = agentfs_operator("agentfs/policy/tenants write", false);
	char *line;

	if (err)
		return err;
	line = agentfs_line(buf, len);
	if (IS_ERR(line))
		return PTR_ERR(line);
	err = tenant_policy_set(tenant_name(file), line);
	kfree(line);
	return err ?: len;
}

static const struct file_operations tenant_fops = {
	.open		= tenant_open,
	.read_iter	= agentfs_text_read,
	.write		= tenant_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static const struct inode_operations tenant_iops = {
	.permission	= agentfs_stored_permission,
	.setattr	= agentfs_setattr,
};

static int tenants_create(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			  umode_t mode, bool excl)
{
	const struct qstr *name = &dentry->d_name;
	struct inode *inode;

	if (!manifest_is_name(name->name, name->len, AGENT_TENANT_MAX))
		return -EINVAL;
	inode = agentfs_stored_inode(dir, S_IFREG | 0644);
	if (!inode)
		return -ENOSPC;
	inode->i_op = &tenant_iops;
	inode->i_fop = &tenant_fops;
	agentfs_stored_add(dir, dentry, inode);
	return 0;
}

static int tenants_unlink(struct inode *dir, struct dentry *dentry)
{
	tenant_policy_reset(dentry->d_name.name);
	return simple_unlink(dir, dentry);
}

const struct inode_operations agentfs_tenants_iops = {
	.lookup		= simple_lookup,
	.create		= tenants_create,
	.unlink		= tenants_unlink,
	.permission	= agentfs_stored_permission,
	.setattr	= agentfs_setattr,
};
