// SPDX-License-Identifier: GPL-2.0
/*
 * The tree that the paths of capabilities are about.
 *
 * An agent that may make a mount namespace of its own builds in it what tree it
 * likes: a directory bound somewhere else would lie beneath whatever is above its
 * new place. So in every tree but the one it was spawned from a file is where the
 * mounts of that one show it, whatever it is called by. A file system that none of
 * them shows has no place; a tmpfs that was mounted in a user namespace is memory
 * of whoever mounted it, as memfds are.
 */
#include <linux/err.h>
#include <linux/magic.h>
#include <linux/mnt_namespace.h>
#include <linux/mount.h>
#include <linux/nsproxy.h>
#include <linux/path.h>
#include <linux/rcupdate.h>
#include <linux/user_namespace.h>

/* For the namespace of a mount, and the mounts of a file system. */
#include "../../fs/mount.h"
#include "cap_internal.h"

/**
 * cap_home_get - hold a tree
 * @home: a mount namespace, or NULL
 *
 * Return: @home.
 */
struct mnt_namespace *cap_home_get(struct mnt_namespace *home)
{
	if (home)
		get_mnt_ns(home);
	return home;
}

/**
 * cap_home_put - let go of a tree
 * @home: from cap_home_get()
 *
 * Context: may sleep.
 */
void cap_home_put(struct mnt_namespace *home)
{
	if (home)
		put_mnt_ns(home);
}

/**
 * cap_home_of - the tree that a new agent's paths are about
 * @parent: capabilities of the agent that spawns it; NULL: of no agent
 *
 * Return: that of the parent; outside of every agent current's. Not held.
 */
struct mnt_namespace *cap_home_of(const struct cap_set *parent)
{
	return parent ? parent->home : current->nsproxy->mnt_ns;
}

/**
 * cap_is_away - was this file reached by way of another tree?
 * @home: the tree; NULL: any will do
 * @path: the file
 *
 * What is in no tree, as the kernel's own mounts and those that were detached, is
 * judged by what lies above it there.
 *
 * Context: any.
 * Return: true if so.
 */
bool cap_is_away(const struct mnt_namespace *home, const struct path *path)
{
	const struct mnt_namespace *ns = READ_ONCE(real_mount(path->mnt)->mnt_ns);

	return home && ns != home && !IS_ERR_OR_NULL(ns);
}

/**
 * cap_home_mount - the mounts of a tree that show a file, one after the other
 * @home: the tree
 * @dentry: the file
 * @after: the one before, or NULL for the first
 *
 * Context: under mount_lock.
 * Return: a mount, not held, or NULL.
 */
struct vfsmount *cap_home_mount(const struct mnt_namespace *home, struct dentry *dentry,
				struct vfsmount *after)
{
	struct list_head *mounts = &dentry->d_sb->s_mounts;
	struct mount *mnt = after ? real_mount(after) :
			    list_entry(mounts, struct mount, mnt_instance);

	list_for_each_entry_continue(mnt, mounts, mnt_instance)
		if (mnt->mnt_ns == home && is_subdir(dentry, mnt->mnt.mnt_root))
			return &mnt->mnt;
	return NULL;
}

/**
 * cap_home_own - is this file memory of an agent's own?
 * @dentry: a file that its tree does not show
 *
 * Return: true if so.
 */
bool cap_home_own(const struct dentry *dentry)
{
	const struct super_block *sb = dentry->d_sb;

	return sb->s_magic == TMPFS_MAGIC && sb->s_user_ns != &init_user_ns;
}

/**
 * cap_home_shown - by which mount to name a file
 * @home: the tree, or NULL
 * @path: the file
 *
 * Context: under rcu_read_lock(), not in interrupts; takes mount_lock.
 * Return: @path's mount where it is of that tree, or one that the tree shows it by; NULL
 * where there is none. Not held: valid until rcu_read_unlock().
 */
struct vfsmount *cap_home_shown(const struct mnt_namespace *home, const struct path *path)
{
	struct vfsmount *mnt;

	if (!cap_is_away(home, path))
		return path->mnt;
	read_seqlock_excl(&mount_lock);
	mnt = cap_home_mount(home, path->dentry, NULL);
	read_sequnlock_excl(&mount_lock);
	return mnt;
}

static int cap_home_move(const struct mnt_namespace *home, struct path *path)
{
	struct vfsmount *mnt, *old = path->mnt;

	read_seqlock_excl(&mount_lock);
	mnt = mntget(cap_home_mount(home, path->dentry, NULL));
	read_sequnlock_excl(&mount_lock);
	if (!mnt)
		return -EACCES;
	path->mnt = mnt;
	mntput(old);
	return 0;
}

/**
 * cap_home_bring - give a path that current named its place in its agent's tree
 * @path: the path; its mount may be exchanged
 *
 * Context: may sleep.
 * Return: 0, or -EACCES if that tree does not show it.
 */
int cap_home_bring(struct path *path)
{
	struct agent *agent = agent_current();
	struct cap_set *set = agent ? agent_caps_get(agent) : NULL;
	int err = 0;

	if (!set)
		return 0;
	if (cap_is_away(set->home, path))
		err = cap_home_move(set->home, path);
	cap_set_put(set);
	return err;
}
