// SPDX-License-Identifier: GPL-2.0
/*
 * Inodes of agentfs: made when somebody looks, gone when nobody does, so that
 * ten thousand agents cost nothing until then.
 */
#include <linux/capability.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/statfs.h>

#include "internal.h"

static struct kmem_cache *agentfs_cache __ro_after_init;

static void agentfs_inode_once(void *object)
{
	struct agentfs_inode *node = object;

	inode_init_once(&node->vfs);
}

/**
 * agentfs_inode_init() - make room for inodes
 *
 * Return: 0 or -ENOMEM.
 */
int __init agentfs_inode_init(void)
{
	agentfs_cache = kmem_cache_create("agentfs_inode", sizeof(struct agentfs_inode), 0,
					  SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT,
					  agentfs_inode_once);
	return agentfs_cache ? 0 : -ENOMEM;
}

static struct inode *agentfs_alloc_inode(struct super_block *sb)
{
	struct agentfs_inode *node = alloc_inode_sb(sb, agentfs_cache, GFP_KERNEL);

	if (!node)
		return NULL;
	node->entry = NULL;
	node->agent = NULL;
	return &node->vfs;
}

static void agentfs_free_inode(struct inode *inode)
{
	if (S_ISLNK(inode->i_mode))
		kfree(inode->i_link);
	kmem_cache_free(agentfs_cache, agentfs_i(inode));
}

static void agentfs_evict_inode(struct inode *inode)
{
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	agent_put(agentfs_i(inode)->agent);
}

const struct super_operations agentfs_super_ops = {
	.alloc_inode	= agentfs_alloc_inode,
	.free_inode	= agentfs_free_inode,
	.evict_inode	= agentfs_evict_inode,
	.drop_inode	= generic_delete_inode,
	.statfs		= simple_statfs,
};

/*
 * An agent's directory is in live/ or in the graveyard, and whoever reaches it by
 * a dentry that another one made must be allowed to see it himself. What is in
 * it stays valid: who holds a descriptor of the directory may read how it ended.
 */
static int agentfs_d_revalidate(struct dentry *dentry, unsigned int flags)
{
	const struct inode *inode;
	struct agent *agent;
	bool buried, kept;

	if (flags & LOOKUP_RCU)
		return -ECHILD;
	inode = d_inode(dentry);
	if (!inode || !agentfs_is_agent_dir(inode))
		return 1;
	if (!agentfs_sees(inode))
		return -ENOENT;
	agent = agentfs_i(inode)->agent;
	buried = agentfs_i(d_inode(dentry->d_parent))->entry->arg;
	if (buried != agent_is_terminal(agent))
		return 0;

	agent = agent_lookup(agent->aid);
	kept = agent;
	agent_put(agent);
	return kept;
}

const struct dentry_operations agentfs_dentry_ops = {
	.d_revalidate	= agentfs_d_revalidate,
	.d_delete	= always_delete_dentry,
};

/**
 * agentfs_sees() - may current see what an inode speaks of?
 * @inode: of agentfs
 *
 * Context: may sleep.
 * Return: true if it may.
 */
bool agentfs_sees(const struct inode *inode)
{
	const struct agentfs_inode *node = agentfs_i(inode);

	if (node->agent)
		return agent_may_observe(agent_current(), node->agent);
	if (!node->entry || node->entry->guarded)
		return agent_may_observe(agent_current(), &agent_boot);
	return true;
}

/**
 * agentfs_may_see() - let current see what an inode speaks of, or refuse it
 * @inode: of agentfs
 *
 * Context: may sleep.
 * Return: 0; -ENOENT for another agent's, so that AIDs cannot be probed for; -EPERM,
 * on record, for what is of the whole system.
 */
int agentfs_may_see(const struct inode *inode)
{
	const struct agent_request observe = {
		.class	= AGENT_CLASS_AGENT,
		.rights	= AGENT_AGENT_OBSERVE,
		.target	= &agent_boot,
	};

	if (agentfs_sees(inode))
		return 0;
	if (agentfs_i(inode)->agent)
		return -ENOENT;
	return agent_decide(agent_current(), &observe, NULL);
}

/**
 * agentfs_refuse() - refuse what no agent may do, on record where one tried
 * @what: for the record
 * @locked: an inode is locked: do not wait for room in the chain
 *
 * Return: -EPERM.
 */
int agentfs_refuse(const char *what, bool locked)
{
	const struct agent_request never = {
		.class	= AGENT_CLASS_KERNEL,
		.rights	= 1,
		.object	= what,
		.atomic	= locked,
	};

	agent_decide(agent_current(), &never, NULL);
	return -EPERM;
}

/**
 * agentfs_operator() - may current change what stands here?
 * @what: for the record of a refusal
 * @locked: an inode is locked
 *
 * Return: 0 outside every agent with CAP_SYS_ADMIN over the system, else -EPERM.
 */
int agentfs_operator(const char *what, bool locked)
{
	if (!agent_current() && capable(CAP_SYS_ADMIN))
		return 0;
	return agentfs_refuse(what, locked);
}

/**
 * agentfs_permission() - the check on the way to a file
 * @idmap: of the mount
 * @inode: of agentfs
 * @mask: MAY_*
 *
 * Context: may sleep unless @mask says otherwise.
 * Return: 0 or a negative errno.
 */
int agentfs_permission(struct mnt_idmap *idmap, struct inode *inode, int mask)
{
	int err;

	if (mask & MAY_NOT_BLOCK)
		return -ECHILD;
	err = agentfs_may_see(inode);
	return err ?: generic_permission(idmap, inode, mask);
}

/**
 * agentfs_is_auditor() - may current read audit records of what it can see?
 *
 * An agent sees its own and its descendants'; outside, a user without privilege
 * would see everybody's.
 *
 * Return: true if it may.
 */
bool agentfs_is_auditor(void)
{
	return agent_current() || capable(CAP_AUDIT_READ) || capable(CAP_SYS_ADMIN);
}

/**
 * agentfs_setattr() - nothing here has an owner, a mode or a time to be changed
 * @idmap: of the mount
 * @dentry: of agentfs
 * @attr: what is asked for
 *
 * Return: 0 for O_TRUNC, which shells say out of habit; -EPERM.
 */
int agentfs_setattr(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	const unsigned int of_truncate = ATTR_SIZE | ATTR_OPEN | ATTR_FILE | ATTR_MTIME |
					 ATTR_CTIME;

	if (!(attr->ia_valid & ATTR_SIZE) || attr->ia_valid & ~of_truncate)
		return -EPERM;
	return attr->ia_size ? -EPERM : 0;
}

static const struct inode_operations agentfs_file_iops = {
	.permission	= agentfs_permission,
	.setattr	= agentfs_setattr,
};

/**
 * agentfs_inode_new() - an inode for an entry
 * @sb: the file system
 * @entry: what it is
 * @agent: whose directory it is in, or NULL; a reference is taken
 *
 * Return: the inode, not yet in any dentry; ERR_PTR(-ENOMEM).
 */
struct inode *agentfs_inode_new(struct super_block *sb, const struct agentfs_entry *entry,
				struct agent *agent)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return ERR_PTR(-ENOMEM);
	agentfs_i(inode)->entry = entry;
	agentfs_i(inode)->agent = agent_get(agent);
	inode->i_ino = (agent ? (agent->aid + 1) << 8 : 0) | entry->id;
	inode->i_mode = entry->mode;
	simple_inode_init_ts(inode);
	inode->i_op = entry->iop ?: &agentfs_file_iops;
	inode->i_fop = entry->fop;
	if (S_ISDIR(inode->i_mode))
		set_nlink(inode, 2);
	return inode;
}
