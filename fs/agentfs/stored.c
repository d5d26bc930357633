// SPDX-License-Identifier: GPL-2.0
/*
 * Directories that the operator fills: policy templates as small text files, and
 * links to the shards of the log that were rotated out of the kernel.
 *
 * They live in memory, pinned by their dentries. Only the operator may change
 * them: to an agent they are read-only whatever its user and capabilities are.
 */
#include <linux/dcache.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "internal.h"

#define STORED_MAX		65536	/* bytes of one file */
#define STORED_INO		BIT_ULL(62)

static const struct inode_operations stored_file_iops;
static const struct file_operations stored_file_fops;

/**
 * agentfs_stored_permission() - the check on the way to what the operator keeps
 * @idmap: of the mount
 * @inode: of a file or directory of his
 * @mask: MAY_*
 *
 * Creating and removing are decided here too: they ask whether a directory may be written.
 *
 * Context: may sleep unless @mask says otherwise.
 * Return: 0 or a negative errno.
 */
int agentfs_stored_permission(struct mnt_idmap *idmap, struct inode *inode, int mask)
{
	int err = agentfs_permission(idmap, inode, mask);

	if (err || !(mask & MAY_WRITE))
		return err;
	return agentfs_operator("agentfs/policy write", true);
}

/**
 * agentfs_stored_inode() - an inode for what the operator keeps
 * @dir: where it will be
 * @mode: type and permissions
 *
 * Return: the inode, or NULL without memory.
 */
struct inode *agentfs_stored_inode(struct inode *dir, umode_t mode)
{
	struct inode *inode = new_inode(dir->i_sb);

	if (!inode)
		return NULL;
	inode->i_ino = STORED_INO | get_next_ino();
	inode_init_owner(&nop_mnt_idmap, inode, dir, mode);
	simple_inode_init_ts(inode);
	return inode;
}

/**
 * agentfs_stored_add() - give an inode its name, which lasts until it is removed
 * @dir: where
 * @dentry: the name
 * @inode: from agentfs_stored_inode()
 */
void agentfs_stored_add(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
	d_instantiate(dentry, inode);
	dget(dentry);
	inode_set_mtime_to_ts(dir, inode_set_ctime_current(dir));
}

static int stored_create(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			 umode_t mode, bool excl)
{
	struct inode *inode = agentfs_stored_inode(dir, S_IFREG | (mode & 0644));

	if (!inode)
		return -ENOSPC;
	inode->i_op = &stored_file_iops;
	inode->i_fop = &stored_file_fops;
	inode->i_mapping->a_ops = &ram_aops;
	mapping_set_gfp_mask(inode->i_mapping, GFP_HIGHUSER_MOVABLE);
	mapping_set_unevictable(inode->i_mapping);
	agentfs_stored_add(dir, dentry, inode);
	return 0;
}

static int links_symlink(struct mnt_idmap *idmap, struct inode *dir, struct dentry *dentry,
			 const char *target)
{
	struct inode *inode = agentfs_stored_inode(dir, S_IFLNK | 0777);

	if (!inode)
		return -ENOSPC;
	inode->i_op = &simple_symlink_inode_operations;
	inode->i_link = kstrdup(target, GFP_KERNEL_ACCOUNT);
	if (!inode->i_link) {
		iput(inode);
		return -ENOMEM;
	}
	inode->i_size = strlen(target);
	agentfs_stored_add(dir, dentry, inode);
	return 0;
}

const struct inode_operations agentfs_stored_iops = {
	.lookup		= simple_lookup,
	.create		= stored_create,
	.unlink		= simple_unlink,
	.rename		= simple_rename,
	.permission	= agentfs_stored_permission,
	.setattr	= agentfs_setattr,
};

const struct inode_operations agentfs_links_iops = {
	.lookup		= simple_lookup,
	.symlink	= links_symlink,
	.unlink		= simple_unlink,
	.permission	= agentfs_stored_permission,
	.setattr	= agentfs_setattr,
};

/* ---- the text files ---- */

static int stored_setattr(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	int err = agentfs_operator("agentfs/policy setattr", true);

	if (err)
		return err;
	if ((attr->ia_valid & ATTR_SIZE) && attr->ia_size > STORED_MAX)
		return -EFBIG;
	return simple_setattr(idmap, dentry, attr);
}

static ssize_t stored_read(struct kiocb *iocb, struct iov_iter *to)
{
	int err = agentfs_may_see(file_inode(iocb->ki_filp));

	return err ?: generic_file_read_iter(iocb, to);
}

static ssize_t stored_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t n;

	n = agentfs_operator("agentfs/policy write", false);
	if (n)
		return n;
	inode_lock(inode);
	n = generic_write_checks(iocb, from);
	if (n > 0 && iocb->ki_pos + n > STORED_MAX)
		n = -EFBIG;
	if (n > 0)
		n = __generic_file_write_iter(iocb, from);
	inode_unlock(inode);
	return n;
}

static const struct inode_operations stored_file_iops = {
	.permission	= agentfs_stored_permission,
	.setattr	= stored_setattr,
	.getattr	= simple_getattr,
};

static const struct file_operations stored_file_fops = {
	.read_iter	= stored_read,
	.write_iter	= stored_write,
	.fsync		= noop_fsync,
	.llseek		= generic_file_llseek,
};
