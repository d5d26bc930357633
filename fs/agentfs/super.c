// SPDX-License-Identifier: GPL-2.0
/*
 * agentfs, mounted at /agent: what /proc is to processes, for agents.
 *
 * There is one instance: whoever mounts it sees the same tree, and what he sees
 * of it depends on who looks, not on the mount.
 */
#include <linux/err.h>
#include <linux/fs_context.h>
#include <linux/init.h>
#include <linux/mount.h>
#include <linux/printk.h>

#include "internal.h"

struct vfsmount *agentfs_mnt __ro_after_init;

static int agentfs_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct inode *root;

	sb->s_magic = AGENTFS_MAGIC;
	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_iflags |= SB_I_NOEXEC | SB_I_NODEV;
	sb->s_time_gran = 1;
	sb->s_op = &agentfs_super_ops;
	sb->s_d_op = &agentfs_dentry_ops;

	root = agentfs_inode_new(sb, &agentfs_root, NULL);
	if (IS_ERR(root))
		return PTR_ERR(root);
	sb->s_root = d_make_root(root);
	return sb->s_root ? 0 : -ENOMEM;
}

static int agentfs_get_tree(struct fs_context *fc)
{
	return get_tree_single(fc, agentfs_fill_super);
}

static const struct fs_context_operations agentfs_context_ops = {
	.get_tree = agentfs_get_tree,
};

static int agentfs_init_fs_context(struct fs_context *fc)
{
	fc->ops = &agentfs_context_ops;
	return 0;
}

struct file_system_type agentfs_type = {
	.name = "agentfs",
	.init_fs_context = agentfs_init_fs_context,
	.kill_sb = kill_litter_super,
};

/* The kernel's own mount serves agent_spawn(2), which opens directories unmounted. */
static int __init agentfs_init(void)
{
	int err = agentfs_inode_init();

	if (!err)
		err = register_filesystem(&agentfs_type);
	if (err)
		return err;
	agentfs_mnt = kern_mount(&agentfs_type);
	if (IS_ERR(agentfs_mnt)) {
		unregister_filesystem(&agentfs_type);
		return PTR_ERR(agentfs_mnt);
	}
	agent_set_fs_ops(&agentfs_fd_ops);
	return 0;
}
fs_initcall(agentfs_init);
