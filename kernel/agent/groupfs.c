// SPDX-License-Identifier: GPL-2.0
/*
 * The cgroup v2 hierarchy, as the kernel itself uses it.
 *
 * It goes through the same files as everybody else: so each controller checks what is
 * written, tools see nothing that they do not know, and nothing of kernel/cgroup, mm and
 * sched has to be opened up. It goes there by a mount and with credentials of its own,
 * since an agent that spawns another may do nothing of all that.
 */

#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kernfs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/printk.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "groupfs.h"

static struct vfsmount *groupfs_mnt __ro_after_init;	/* NULL: there is none */
static const struct cred *groupfs_cred __ro_after_init;

/**
 * groupfs_init() - mount the hierarchy for the kernel's own use
 *
 * Before user space has any other, so that it is the initial namespace's.
 */
void __init groupfs_init(void)
{
	struct file_system_type *type = get_fs_type("cgroup2");
	struct vfsmount *mnt;

	groupfs_cred = prepare_kernel_cred(&init_task);
	if (!groupfs_cred)
		panic("coconut: no memory for the credentials of the kernel");
	if (!type)
		return;
	mnt = kern_mount(type);
	if (IS_ERR(mnt))
		pr_err("coconut: no cgroup v2 hierarchy: %ld\n", PTR_ERR(mnt));
	else
		groupfs_mnt = mnt;
}

/* Its directory in the kernel's own mount; no path is spelled out, however deep it is. */
static struct dentry *groupfs_dentry(struct cgroup *group)
{
	if (!groupfs_mnt)
		return ERR_PTR(-EOPNOTSUPP);
	return kernfs_node_dentry(group->kn, groupfs_mnt->mnt_sb);
}

/* A directory, locked, and a name in it. */
static struct dentry *groupfs_lock(struct cgroup *above, const char *name, struct dentry **dir)
{
	struct dentry *child;

	*dir = groupfs_dentry(above);
	if (IS_ERR(*dir))
		return *dir;
	inode_lock_nested(d_inode(*dir), I_MUTEX_PARENT);
	child = lookup_one_len(name, *dir, strlen(name));
	if (IS_ERR(child)) {
		inode_unlock(d_inode(*dir));
		dput(*dir);
	}
	return child;
}

static void groupfs_unlock(struct dentry *dir, struct dentry *child)
{
	dput(child);
	inode_unlock(d_inode(dir));
	dput(dir);
}

static int groupfs_mkdir(struct cgroup *above, const char *name)
{
	const struct cred *old = override_creds(groupfs_cred);
	struct dentry *child, *dir;
	int err;

	child = groupfs_lock(above, name, &dir);
	err = PTR_ERR_OR_ZERO(child);
	if (!err) {
		if (d_is_negative(child))
			err = vfs_mkdir(&nop_mnt_idmap, d_inode(dir), child, 0755);
		else
			err = d_is_dir(child) ? -EEXIST : -ENOTDIR;
		groupfs_unlock(dir, child);
	}
	revert_creds(old);
	return err;
}

/**
 * groupfs_get() - find a cgroup
 * @above: the one above
 * @name: its name
 *
 * Context: may sleep.
 * Return: the cgroup, for cgroup_put(); -ENOENT; -ENOTDIR for a control file.
 */
struct cgroup *groupfs_get(struct cgroup *above, const char *name)
{
	struct kernfs_node *kn = kernfs_find_and_get(above->kn, name);
	struct cgroup *group = ERR_PTR(-ENOTDIR);

	if (!kn)
		return ERR_PTR(-ENOENT);
	if (kernfs_type(kn) == KERNFS_DIR) {
		/* Whoever removes it takes it off its node before it may be freed. */
		rcu_read_lock();
		group = rcu_dereference(*(void __rcu __force **)&kn->priv);
		if (!group || !cgroup_tryget(group))
			group = ERR_PTR(-ENOENT);
		rcu_read_unlock();
	}
	kernfs_put(kn);
	return group;
}

/**
 * groupfs_make() - make a cgroup
 * @above: the one above
 * @name: its name
 *
 * Context: may sleep.
 * Return: the cgroup, for cgroup_put(); -EEXIST where it is there; -ENOTDIR where a control
 * file has this name; -EOPNOTSUPP without a hierarchy; -ENOENT where @above has been
 * removed; what mkdir(2) answers.
 */
struct cgroup *groupfs_make(struct cgroup *above, const char *name)
{
	int err = groupfs_mkdir(above, name);

	return err ? ERR_PTR(err) : groupfs_get(above, name);
}

/**
 * groupfs_remove() - remove a cgroup
 * @group: the cgroup; the caller's reference to it stays
 *
 * Context: may sleep.
 * Return: 0; -EBUSY with tasks or cgroups in it; -ENOENT; what rmdir(2) answers.
 */
int groupfs_remove(struct cgroup *group)
{
	const struct cred *old = override_creds(groupfs_cred);
	struct dentry *child, *dir;
	int err;

	child = groupfs_lock(cgroup_parent(group), group->kn->name, &dir);
	err = PTR_ERR_OR_ZERO(child);
	if (!err) {
		err = -ENOENT;
		if (d_is_dir(child))
			err = vfs_rmdir(&nop_mnt_idmap, d_inode(dir), child);
		groupfs_unlock(dir, child);
	}
	revert_creds(old);
	return err;
}

static struct file *groupfs_open(struct cgroup *group, const char *name, int flags)
{
	struct path dir = { .mnt = groupfs_mnt, .dentry = groupfs_dentry(group) };
	struct file *opened;

	if (IS_ERR(dir.dentry))
		return ERR_CAST(dir.dentry);
	opened = file_open_root(&dir, name, flags, 0);
	dput(dir.dentry);
	return opened;
}

/**
 * groupfs_write() - write to a control file
 * @group: the cgroup
 * @file: the file's name
 * @text: what
 *
 * Context: may sleep.
 * Return: 0; -ENOENT where the controller is not enabled; what the controller answers.
 */
int groupfs_write(struct cgroup *group, const char *file, const char *text)
{
	const struct cred *old = override_creds(groupfs_cred);
	struct file *opened = groupfs_open(group, file, O_WRONLY);
	ssize_t done = PTR_ERR_OR_ZERO(opened);
	loff_t pos = 0;

	if (!done) {
		done = kernel_write(opened, text, strlen(text), &pos);
		filp_close(opened, NULL);
	}
	revert_creds(old);
	return done < 0 ? done : 0;
}

/**
 * groupfs_read() - read a control file
 * @group: the cgroup
 * @file: the file's name
 * @buf: where to; ended with a NUL
 * @size: of @buf
 *
 * Context: may sleep.
 * Return: bytes; -ENOENT where the controller is not enabled; what the controller answers.
 */
ssize_t groupfs_read(struct cgroup *group, const char *file, char *buf, size_t size)
{
	const struct cred *old = override_creds(groupfs_cred);
	struct file *opened = groupfs_open(group, file, O_RDONLY);
	ssize_t done = PTR_ERR_OR_ZERO(opened);
	loff_t pos = 0;

	if (!done) {
		done = kernel_read(opened, buf, size - 1, &pos);
		filp_close(opened, NULL);
	}
	revert_creds(old);
	buf[max_t(ssize_t, done, 0)] = '\0';
	return done;
}
