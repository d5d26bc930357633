// SPDX-License-Identifier: GPL-2.0
/*
 * Directories of agentfs: fixed ones from tables, and those of agents by AID.
 */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <linux/string.h>

#include "internal.h"

enum { ID_ROOT = 1, ID_LIVE, ID_GRAVEYARD, ID_AUDIT, ID_POLICY, ID_ABI, ID_AGENT, ID_CHILD = 255 };

/* ---- directories whose content is fixed ---- */

static struct dentry *static_lookup(struct inode *dir, struct dentry *dentry,
				    unsigned int flags)
{
	const struct agentfs_inode *node = agentfs_i(dir);
	const struct agentfs_entry *e;

	for (e = node->entry->entries; e->name; e++)
		if (!strcmp(e->name, dentry->d_name.name))
			return d_splice_alias(agentfs_inode_new(dir->i_sb, e, node->agent),
					      dentry);
	return ERR_PTR(-ENOENT);
}

static int static_iterate(struct file *file, struct dir_context *ctx)
{
	const struct agentfs_inode *node = agentfs_i(file_inode(file));
	u64 high = node->agent ? (node->agent->aid + 1) << 8 : 0;
	const struct agentfs_entry *e;
	loff_t pos = 2;

	if (!dir_emit_dots(file, ctx))
		return 0;
	for (e = node->entry->entries; e->name; e++, pos++) {
		if (pos < ctx->pos)
			continue;
		if (!dir_emit(ctx, e->name, strlen(e->name), high | e->id,
			      fs_umode_to_dtype(e->mode)))
			return 0;
		ctx->pos = pos + 1;
	}
	return 0;
}

const struct inode_operations agentfs_static_iops = {
	.lookup		= static_lookup,
	.permission	= agentfs_permission,
	.setattr	= agentfs_setattr,
};

const struct file_operations agentfs_static_fops = {
	.read		= generic_read_dir,
	.iterate_shared	= static_iterate,
	.llseek		= generic_file_llseek,
};

/* ---- names of agents ---- */

/**
 * agentfs_aid_name() - the name of an agent's directory
 * @name: where to
 * @aid: the agent
 */
void agentfs_aid_name(char name[AGENTFS_AID_NAME_MAX], u64 aid)
{
	snprintf(name, AGENTFS_AID_NAME_MAX, "a:%05llu", aid);
}

/**
 * agentfs_parse_aid() - the agent that a name speaks of
 * @name: from user space
 * @len: bytes in it
 * @aid: where to
 *
 * Return: true if it is the one spelling of an AID.
 */
bool agentfs_parse_aid(const char *name, size_t len, u64 *aid)
{
	char spelled[AGENTFS_AID_NAME_MAX];

	if (len < 7 || len >= sizeof(spelled) || kstrtou64(name + 2, 10, aid))
		return false;
	agentfs_aid_name(spelled, *aid);
	return !strcmp(name, spelled);
}

/* ---- live/ and graveyard/ ---- */

static const struct agentfs_entry agent_dir = AGENTFS_DIR(NULL, ID_AGENT, agentfs_agent_entries);

/**
 * agentfs_is_agent_dir() - is this the directory of an agent?
 * @inode: of agentfs
 *
 * Return: true for live/<aid> and graveyard/<aid>.
 */
bool agentfs_is_agent_dir(const struct inode *inode)
{
	return agentfs_i(inode)->entry == &agent_dir;
}

static bool listed(const struct agent *agent, bool buried)
{
	return agent_is_terminal(agent) == buried &&
	       agent_may_observe(agent_current(), agent);
}

static struct dentry *agents_lookup(struct inode *dir, struct dentry *dentry,
				    unsigned int flags)
{
	struct inode *inode = ERR_PTR(-ENOENT);
	struct agent *agent;
	u64 aid;

	if (!agentfs_parse_aid(dentry->d_name.name, dentry->d_name.len, &aid))
		return ERR_PTR(-ENOENT);
	agent = agent_lookup(aid);
	if (agent && listed(agent, agentfs_i(dir)->entry->arg))
		inode = agentfs_inode_new(dir->i_sb, &agent_dir, agent);
	agent_put(agent);
	return d_splice_alias(inode, dentry);
}

static bool emit_agent(struct dir_context *ctx, u64 aid, u8 id, unsigned char type)
{
	char name[AGENTFS_AID_NAME_MAX];

	agentfs_aid_name(name, aid);
	return dir_emit(ctx, name, strlen(name), (aid + 1) << 8 | id, type);
}

/* A position is an AID: agents that come and go meanwhile shift nothing. */
static int agents_iterate(struct file *file, struct dir_context *ctx)
{
	bool buried = agentfs_i(file_inode(file))->entry->arg, more = true;
	struct agent *agent;
	u64 aid;

	if (!dir_emit_dots(file, ctx))
		return 0;
	for (aid = ctx->pos - 2; more && (agent = agent_next(&aid)); aid++) {
		ctx->pos = aid + 2;
		if (listed(agent, buried))
			more = emit_agent(ctx, aid, ID_AGENT, DT_DIR);
		agent_put(agent);
		if (more)
			ctx->pos++;
	}
	return 0;
}

static const struct inode_operations agents_iops = {
	.lookup		= agents_lookup,
	.permission	= agentfs_permission,
	.setattr	= agentfs_setattr,
};

static const struct file_operations agents_fops = {
	.read		= generic_read_dir,
	.iterate_shared	= agents_iterate,
	.llseek		= generic_file_llseek,
};

/* ---- <aid>/children/: links to the agents beneath ---- */

static bool is_child(const struct agent *agent, const struct agent *parent)
{
	return agent->parent == parent && listed(agent, agent_is_terminal(parent));
}

static struct dentry *children_lookup(struct inode *dir, struct dentry *dentry,
				      unsigned int flags)
{
	static const struct agentfs_entry link = {
		.id = ID_CHILD, .mode = S_IFLNK | 0777,
		.iop = &simple_symlink_inode_operations,
	};
	struct inode *inode = ERR_PTR(-ENOENT);
	struct agent *agent;
	u64 aid;

	if (!agentfs_parse_aid(dentry->d_name.name, dentry->d_name.len, &aid))
		return ERR_PTR(-ENOENT);
	agent = agent_lookup(aid);
	if (agent && is_child(agent, agentfs_i(dir)->agent))
		inode = agentfs_inode_new(dir->i_sb, &link, agent);
	agent_put(agent);
	if (IS_ERR(inode))
		return ERR_CAST(inode);

	inode->i_link = kasprintf(GFP_KERNEL, "../../%s", dentry->d_name.name);
	if (!inode->i_link) {
		iput(inode);
		return ERR_PTR(-ENOMEM);
	}
	inode->i_size = strlen(inode->i_link);
	return d_splice_alias(inode, dentry);
}

static int children_iterate(struct file *file, struct dir_context *ctx)
{
	const struct agent *parent = agentfs_i(file_inode(file))->agent;
	struct agent *agent;
	bool more = true;
	u64 aid;

	if (!dir_emit_dots(file, ctx))
		return 0;
	for (aid = ctx->pos - 2; more && (agent = agent_next(&aid)); aid++) {
		ctx->pos = aid + 2;
		if (is_child(agent, parent))
			more = emit_agent(ctx, aid, ID_CHILD, DT_LNK);
		agent_put(agent);
		if (more)
			ctx->pos++;
	}
	return 0;
}

const struct inode_operations agentfs_children_iops = {
	.lookup		= children_lookup,
	.permission	= agentfs_permission,
	.setattr	= agentfs_setattr,
};

const struct file_operations agentfs_children_fops = {
	.read		= generic_read_dir,
	.iterate_shared	= children_iterate,
	.llseek		= generic_file_llseek,
};

/* ---- the root ---- */

#define AGENTS_DIR(_name, _id, _buried) {				\
	.name = (_name), .id = (_id), .mode = S_IFDIR | 0555,		\
	.iop = &agents_iops, .fop = &agents_fops, .arg = (_buried) }

static const struct agentfs_entry root_entries[] = {
	AGENTFS_TEXT("abi", ID_ABI, 0444, agentfs_abi_show, 0),
	AGENTS_DIR("live", ID_LIVE, false),
	AGENTFS_DIR("audit", ID_AUDIT, agentfs_audit_entries),
	AGENTFS_DIR("policy", ID_POLICY, agentfs_policy_entries),
	AGENTS_DIR("graveyard", ID_GRAVEYARD, true),
	{}
};

const struct agentfs_entry agentfs_root = AGENTFS_DIR("/", ID_ROOT, root_entries);
