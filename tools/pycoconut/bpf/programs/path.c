/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names in directories: class fs. As security/coconut/path.c, which says why.
 */

#define S_ISUID		0004000
#define S_ISGID		0002000
#define S_IXGRP		0000010
#define RENAME_EXCHANGE	2

static __always_inline u64 make_right(u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFLNK:
		return FS_MAKE_SYM;
	case S_IFDIR:
		return FS_MAKE_DIR;
	case S_IFCHR:
		return FS_MAKE_CHAR;
	case S_IFBLK:
		return FS_MAKE_BLOCK;
	case S_IFIFO:
		return FS_MAKE_FIFO;
	case S_IFSOCK:
		return FS_MAKE_SOCK;
	}
	return FS_MAKE_REG;
}

static __always_inline bool makes_setid(u32 mode)
{
	if ((mode & S_IFMT) == S_IFDIR)
		return false;
	return mode & S_ISUID || (mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
}

static __always_inline u64 remove_right(u64 dentry)
{
	u64 inode = inode_of(dentry);

	if (!inode)
		return 0;
	return (mode_of(inode) & S_IFMT) == S_IFDIR ? FS_REMOVE_DIR : FS_REMOVE_FILE;
}

static __always_inline struct spot name_in(u64 dir, u64 dentry)
{
	struct spot at = { .dentry = dentry, .mnt = READ(u64, dir, path_mnt) };

	return at;
}

static __always_inline int decide_name(struct path *dir, struct dentry *dentry, u64 rights)
{
	u64 policy = current_policy();

	if (!policy)
		return 0;
	return decide_at(policy, name_in(number(dir), number(dentry)), CLASS_FS, rights);
}

LSM_PROBE(path_mknod, struct path *dir, struct dentry *dentry, umode_t mode, unsigned int dev)
{
	return decide_name(dir, dentry, makes_setid(mode) ? NEVER : make_right(mode));
}

LSM_PROBE(path_mkdir, struct path *dir, struct dentry *dentry, umode_t mode)
{
	return decide_name(dir, dentry, FS_MAKE_DIR);
}

LSM_PROBE(path_symlink, struct path *dir, struct dentry *dentry, const char *old)
{
	return decide_name(dir, dentry, FS_MAKE_SYM);
}

LSM_PROBE(path_unlink, struct path *dir, struct dentry *dentry)
{
	return decide_name(dir, dentry, FS_REMOVE_FILE);
}

LSM_PROBE(path_rmdir, struct path *dir, struct dentry *dentry)
{
	return decide_name(dir, dentry, FS_REMOVE_DIR);
}

/*
 * What the policy gives on the new place it must give already on what goes there. A
 * program cannot look for carve-outs beneath a directory, so under a policy that has
 * any no directory goes elsewhere.
 */
static __always_inline int decide_gain(u64 policy, struct spot what, struct spot to)
{
	u64 gain = rights_at(policy, to, CLASS_FS) & ~rights_at(policy, what, CLASS_FS);
	struct policy *p = policies.lookup(&policy);

	if (p && p->carves && remove_right(what.dentry) == FS_REMOVE_DIR)
		gain |= NEVER;
	return gain ? refuse_at(policy, what, CLASS_FS, gain) : 0;
}

LSM_PROBE(path_link, struct dentry *old, struct path *dir, struct dentry *dentry)
{
	u64 policy = current_policy();
	struct spot from, to, place;
	u64 make;
	int err;

	if (!policy)
		return 0;
	place = spot_of(number(dir));
	from.dentry = number(old);
	from.mnt = place.mnt;
	to.dentry = number(dentry);
	to.mnt = place.mnt;
	make = make_right(mode_of(inode_of(from.dentry)));
	if (READ(u64, from.dentry, dentry_d_parent) == place.dentry)
		return decide_at(policy, to, CLASS_FS, make);
	err = decide_at(policy, from, CLASS_FS, FS_REFER);
	if (!err)
		err = decide_at(policy, to, CLASS_FS, make | FS_REFER);
	return err ? -EACCES : decide_gain(policy, from, place);
}

#ifdef HAVE_RENAME_FLAGS
LSM_PROBE(path_rename, struct path *old_dir, struct dentry *old, struct path *new_dir,
	  struct dentry *new, unsigned int flags)
{
#else
/* An exchange is asked about twice, once in each direction. */
LSM_PROBE(path_rename, struct path *old_dir, struct dentry *old, struct path *new_dir,
	  struct dentry *new)
{
	const unsigned int flags = 0;
#endif
	u64 policy = current_policy();
	struct spot from, to, old_place, new_place;
	u64 refer, need_from, need_to;
	int err;

	if (!policy)
		return 0;
	old_place = spot_of(number(old_dir));
	new_place = spot_of(number(new_dir));
	from.dentry = number(old);
	from.mnt = old_place.mnt;
	to.dentry = number(new);
	to.mnt = new_place.mnt;
	refer = old_place.dentry == new_place.dentry ? 0 : FS_REFER;
	need_from = refer | remove_right(from.dentry);
	need_to = refer | remove_right(to.dentry) |
		  make_right(mode_of(inode_of(from.dentry)));
	if (flags & RENAME_EXCHANGE)
		need_from |= make_right(mode_of(inode_of(to.dentry)));
	err = decide_at(policy, from, CLASS_FS, need_from);
	if (!err)
		err = decide_at(policy, to, CLASS_FS, need_to);
	if (!err && refer)
		err = decide_gain(policy, from, new_place);
	if (!err && refer && flags & RENAME_EXCHANGE)
		err = decide_gain(policy, to, old_place);
	return err ? -EACCES : 0;
}

LSM_PROBE(path_truncate, struct path *path)
{
	u64 policy = current_policy();

	return policy ? decide_at(policy, spot_of(number(path)), CLASS_FS, FS_TRUNCATE) : 0;
}

LSM_PROBE(path_chmod, struct path *path, umode_t mode)
{
	u64 policy = current_policy();
	struct spot at;
	u64 need = FS_SETATTR;

	if (!policy)
		return 0;
	at = spot_of(number(path));
	if (makes_setid((mode_of(inode_of(at.dentry)) & S_IFMT) | (mode & 07777)))
		need |= NEVER;
	return decide_at(policy, at, CLASS_FS, need);
}

LSM_PROBE(path_chown, struct path *path)
{
	u64 policy = current_policy();

	return policy ? decide_at(policy, spot_of(number(path)), CLASS_FS, FS_SETATTR) : 0;
}

LSM_PROBE(path_notify, struct path *path, u64 mask, unsigned int type)
{
	u64 policy = current_policy();
	struct spot at;

	if (!policy)
		return 0;
	at = spot_of(number(path));
	return decide_at(policy, at, CLASS_FS,
			 (mode_of(inode_of(at.dentry)) & S_IFMT) == S_IFDIR ? FS_READ_DIR :
									      FS_READ_FILE);
}
