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
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/printk.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "groupfs.h"

#define GROUPFS_PATH_MAX	256

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

static int groupfs_root(struct path *root)
{
	if (!groupfs_mnt)
		return -EOPNOTSUPP;
	root->mnt = groupfs_mnt;
	root->dentry = groupfs_mnt->mnt_root;
	return 0;
}

/* A directory, locked, and a name in it. */
static struct dentry *groupfs_lock(const char *parent, const char *name, struct path *dir)
{
	struct dentry *child;
	struct path root;
	int err = groupfs_root(&root);

	if (!err)
		err = vfs_path_lookup(root.dentry, root.mnt, parent, LOOKUP_DIRECTORY, dir);
	if (err)
		return ERR_PTR(err);
	inode_lock_nested(d_inode(dir->dentry), I_MUTEX_PARENT);
	child = lookup_one_len(name, dir->dentry, strlen(name));
	if (IS_ERR(child)) {
		inode_unlock(d_inode(dir->dentry));
		path_put(dir);
	}
	return child;
}

static void groupfs_unlock(struct path *dir, struct dentry *child)
{
	dput(child);
	inode_unlock(d_inode(dir->dentry));
	path_put(dir);
}

/**
 * groupfs_make() - make a cgroup
 * @parent: path of the one above
 * @name: its name
 *
 * Context: may sleep.
 * Return: 0; -EEXIST where it is there; -ENOTDIR where a control file has this name;
 * -EOPNOTSUPP without a hierarchy; what mkdir(2) answers.
 */
int groupfs_make(const char *parent, const char *name)
{
	const struct cred *old = override_creds(groupfs_cred);
	struct dentry *child;
	struct path dir;
	int err;

	child = groupfs_lock(parent, name, &dir);
	err = PTR_ERR_OR_ZERO(child);
	if (!err) {
		if (d_is_negative(child))
			err = vfs_mkdir(&nop_mnt_idmap, d_inode(dir.dentry), child, 0755);
		else
			err = d_is_dir(child) ? -EEXIST : -ENOTDIR;
		groupfs_unlock(&dir, child);
	}
	revert_creds(old);
	return err;
}

/**
 * groupfs_remove() - remove a cgroup
 * @parent: path of the one above
 * @name: its name
 *
 * Context: may sleep.
 * Return: 0; -EBUSY with tasks or cgroups in it; -ENOENT; what rmdir(2) answers.
 */
int groupfs_remove(const char *parent, const char *name)
{
	const struct cred *old = override_creds(groupfs_cred);
	struct dentry *child;
	struct path dir;
	int err;

	child = groupfs_lock(parent, name, &dir);
	err = PTR_ERR_OR_ZERO(child);
	if (!err) {
		err = -ENOENT;
		if (d_is_dir(child))
			err = vfs_rmdir(&nop_mnt_idmap, d_inode(dir.dentry), child);
		groupfs_unlock(&dir, child);
	}
	revert_creds(old);
	return err;
}

static struct file *groupfs_open(const char *path, const char *name, int flags)
{
	char full[GROUPFS_PATH_MAX];
	struct path root;
	int err = groupfs_root(&root);

	if (err)
		return ERR_PTR(err);
	if (snprintf(full, sizeof(full), "%s/%s", path, name) >= sizeof(full))
		return ERR_PTR(-ENAMETOOLONG);
	return file_open_root(&root, full, flags, 0);
}

/**
 * groupfs_write() - write to a control file
 * @path: the cgroup
 * @file: the file's name
 * @text: what
 *
 * Context: may sleep.
 * Return: 0; -ENOENT where the controller is not enabled; what the controller answers.
 */
int groupfs_write(const char *path, const char *file, const char *text)
{
	const struct cred *old = override_creds(groupfs_cred);
	struct file *opened = groupfs_open(path, file, O_WRONLY);
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
 * @path: the cgroup
 * @file: the file's name
 * @buf: where to; ended with a NUL
 * @size: of @buf
 *
 * Context: may sleep.
 * Return: bytes; -ENOENT where the controller is not enabled; what the controller answers.
 */
ssize_t groupfs_read(const char *path, const char *file, char *buf, size_t size)
{
	const struct cred *old = override_creds(groupfs_cred);
	struct file *opened = groupfs_open(path, file, O_RDONLY);
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

/**
 * groupfs_get() - the cgroup at a path
 * @path: the cgroup
 *
 * Context: may sleep.
 * Return: the cgroup, for cgroup_put(); or an ERR_PTR().
 */
struct cgroup *groupfs_get(const char *path)
{
	const struct cred *old = override_creds(groupfs_cred);
	struct cgroup_subsys_state *css;
	struct path root, at;
	int err = groupfs_root(&root);

	if (!err)
		err = vfs_path_lookup(root.dentry, root.mnt, path, LOOKUP_DIRECTORY, &at);
	revert_creds(old);
	if (err)
		return ERR_PTR(err);
	css = css_tryget_online_from_dir(at.dentry, NULL);
	path_put(&at);
	return IS_ERR(css) ? ERR_CAST(css) : css->cgroup;
}
