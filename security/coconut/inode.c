// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of inodes: class fs. POSIX message queues: class ipc.
 *
 * Mode and owner are decided with their path (path.c). Times, extended
 * attributes and ACLs come here with a directory entry but without the mount
 * that it was reached through, and a capability may name a hierarchy above that
 * mount. So each mount of the file system that the agent has is tried: were the
 * one it came by refused and another not, it could have come by the other.
 */
#include <linux/agent.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/lsm_hooks.h>
#include <linux/mount.h>
#include <linux/nsproxy.h>
#include <linux/posix_acl.h>

#include "../../fs/mount.h"
#include "../../kernel/agent/cap.h"
#include "decide.h"
#include "inode.h"
#include "path.h"
#include "setup.h"

#define MOUNTS_TRIED	8

/* Referenced mounts of current's namespace that show @dentry; at least none. */
static int mounts_of(struct dentry *dentry, struct vfsmount **mnts, int max)
{
	struct mnt_namespace *ns = current->nsproxy ? current->nsproxy->mnt_ns : NULL;
	struct vfsmount *mnt = NULL;
	int nr = 0;

	read_seqlock_excl(&mount_lock);
	while (nr < max && (mnt = cap_home_mount(ns, dentry, mnt)))
		mnts[nr++] = mntget(mnt);
	read_sequnlock_excl(&mount_lock);
	return nr;
}

static int decide_dentry(struct dentry *dentry, u64 right)
{
	struct vfsmount *mnts[MOUNTS_TRIED];
	struct path path = { .dentry = dentry };
	struct agent *agent = agent_current();
	int i, nr, err;

	if (!agent)
		return 0;
	nr = mounts_of(dentry, mnts, ARRAY_SIZE(mnts));
	for (i = 0; i < nr; i++) {
		path.mnt = mnts[i];
		if (nr == 1 || coconut_rights_at(agent, &path, right) == right)
			break;
	}
	if (nr)
		path.mnt = mnts[min(i, nr - 1)];
	err = coconut_decide(agent, &(struct agent_request){
		.class = AGENT_CLASS_FS,
		.rights = nr ? right : COCONUT_RIGHT_NEVER,
		.path = nr ? &path : NULL,
		.object = nr ? NULL : "attributes of a file without a mount",
		.atomic = true,
	}, NULL);
	for (i = 0; i < nr; i++)
		mntput(mnts[i]);
	return err;
}

static int coconut_inode_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
				 struct iattr *attr)
{
	/* Mode, owner and size have been decided with their path. */
	if (attr->ia_valid & (ATTR_MODE | ATTR_UID | ATTR_GID | ATTR_SIZE | ATTR_FORCE))
		return 0;
	if (attr->ia_valid & ATTR_TIMES_SET)
		return decide_dentry(dentry, AGENT_FS_SETATTR);
	/* Now, and no other time: what writing to it does too. */
	if (attr->ia_valid & ATTR_TOUCH)
		return decide_dentry(dentry, AGENT_FS_WRITE_FILE);
	return 0;
}

static int coconut_inode_setxattr(struct mnt_idmap *idmap, struct dentry *dentry,
				  const char *name, const void *value, size_t size,
				  int flags)
{
	return decide_dentry(dentry, AGENT_FS_SETATTR);
}

static int coconut_inode_removexattr(struct mnt_idmap *idmap, struct dentry *dentry,
				     const char *name)
{
	return decide_dentry(dentry, AGENT_FS_SETATTR);
}

static int coconut_inode_set_acl(struct mnt_idmap *idmap, struct dentry *dentry,
				 const char *acl_name, struct posix_acl *kacl)
{
	return decide_dentry(dentry, AGENT_FS_SETATTR);
}

static int coconut_inode_remove_acl(struct mnt_idmap *idmap, struct dentry *dentry,
				    const char *acl_name)
{
	return decide_dentry(dentry, AGENT_FS_SETATTR);
}

/**
 * coconut_decide_mqueue() - May an agent use a POSIX message queue?
 * @agent: who wants to
 * @inode: the queue
 *
 * A queue belongs to the agent that made it. No capability speaks of others.
 *
 * Return: 0, or the denial, recorded.
 */
int coconut_decide_mqueue(struct agent *agent, const struct inode *inode)
{
	if (coconut_inode(inode)->aid == agent->aid)
		return 0;
	return coconut_refuse(agent, AGENT_CLASS_IPC, "mqueue", true);
}

static int coconut_inode_alloc_security(struct inode *inode)
{
	coconut_inode(inode)->aid = agent_aid(agent_current());
	return 0;
}

static int coconut_inode_unlink(struct inode *dir, struct dentry *dentry)
{
	struct agent *agent = agent_current();

	if (!agent || !coconut_inode_is_mqueue(d_inode(dentry)))
		return 0;
	return coconut_decide_mqueue(agent, d_inode(dentry));
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(inode_alloc_security, coconut_inode_alloc_security),
	LSM_HOOK_INIT(inode_setattr, coconut_inode_setattr),
	LSM_HOOK_INIT(inode_setxattr, coconut_inode_setxattr),
	LSM_HOOK_INIT(inode_removexattr, coconut_inode_removexattr),
	LSM_HOOK_INIT(inode_set_acl, coconut_inode_set_acl),
	LSM_HOOK_INIT(inode_remove_acl, coconut_inode_remove_acl),
	LSM_HOOK_INIT(inode_unlink, coconut_inode_unlink),
};

/**
 * coconut_add_inode_hooks() - Mediate attributes of inodes
 */
void __init coconut_add_inode_hooks(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &coconut_lsmid);
}
