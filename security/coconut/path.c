// SPDX-License-Identifier: GPL-2.0
/*
 * Names in directories: class fs.
 *
 * The right to make or to remove a name is looked for from that very name
 * upwards, so that a carve-out protects its own root too, and so that the record
 * shows the name. Most hooks here run with the directory locked: atomic.
 *
 * Moving or linking into another directory needs refer on both sides, and must
 * not make anything of what is moved more accessible than it was.
 */
#include <linux/agent.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/lsm_hooks.h>
#include <linux/namei.h>
#include <linux/path.h>

#include "../../kernel/agent/cap.h"
#include "decide.h"
#include "measure.h"
#include "path.h"
#include "setup.h"

static int decide_path(struct agent *agent, const struct path *path, u64 rights,
		       bool atomic)
{
	const struct agent_request req = {
		.class = AGENT_CLASS_FS,
		.rights = rights,
		.path = path,
		.atomic = atomic,
	};

	return coconut_decide(agent, &req, NULL);
}

static int decide_name(const struct path *dir, struct dentry *dentry, u64 rights)
{
	const struct path path = { .mnt = dir->mnt, .dentry = dentry };
	struct agent *agent = agent_current();

	return agent ? decide_path(agent, &path, rights, true) : 0;
}

/**
 * coconut_rights_at() - What does an agent hold on a path? Without a record
 * @agent: who asks; not NULL
 * @path: where
 * @rights: those of interest
 *
 * Takes a use of each capability that counts them.
 *
 * Return: Those of @rights that it holds.
 */
u64 coconut_rights_at(struct agent *agent, const struct path *path, u64 rights)
{
	const struct agent_request req = {
		.class = AGENT_CLASS_FS,
		.rights = rights,
		.path = path,
		.atomic = true,
	};
	struct cap_set *set = agent_caps_get(agent);
	u64 cap_id, found;

	if (!set)
		return 0;
	found = cap_set_rights(set, agent, &req, &cap_id, NULL);
	cap_set_put(set);
	return found;
}

static u64 make_right(umode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFLNK:
		return AGENT_FS_MAKE_SYM;
	case S_IFDIR:
		return AGENT_FS_MAKE_DIR;
	case S_IFCHR:
		return AGENT_FS_MAKE_CHAR;
	case S_IFBLK:
		return AGENT_FS_MAKE_BLOCK;
	case S_IFIFO:
		return AGENT_FS_MAKE_FIFO;
	case S_IFSOCK:
		return AGENT_FS_MAKE_SOCK;
	default:	/* S_IFREG, and 0, which mknod(2) takes for it */
		return AGENT_FS_MAKE_REG;
	}
}

static u64 remove_right(const struct dentry *dentry)
{
	if (d_is_negative(dentry))
		return 0;
	return d_is_dir(dentry) ? AGENT_FS_REMOVE_DIR : AGENT_FS_REMOVE_FILE;
}

/*
 * An accomplice outside could run it: a program with the identity of an agent's
 * user, but held to nothing.
 */
static bool makes_setid(umode_t mode)
{
	if (S_ISDIR(mode))
		return false;
	return (mode & S_ISUID) || (mode & 02010) == 02010;	/* g+s without g+x is none */
}

/*
 * open(2) with O_CREAT asks here before it has looked the name up, and when
 * refused goes on without O_CREAT: a refusal is one only if nothing is found, and
 * then lookup_open() asks again about a name that is known to be new. A file
 * system that looks up and opens in one step never asks again, so it is
 * answered, and recorded, the first time.
 */
static bool speculative(const struct path *dir, const struct dentry *dentry)
{
	return d_in_lookup(dentry) && !d_inode(dir->dentry)->i_op->atomic_open;
}

/*
 * What a permissive agent makes by open(2) is recorded in file.c, once it is open; but
 * where somebody has to approve, nothing is made before that.
 */
static bool passes_unasked(struct agent *agent, const struct path *dir, u64 right)
{
	const struct agent_request req = {
		.class = AGENT_CLASS_FS,
		.rights = right,
		.path = dir,
		.atomic = true,
	};
	struct cap_set *set;
	bool asks;

	if (!agent->permissive || right == COCONUT_RIGHT_NEVER)
		return false;
	set = agent_caps_get(agent);
	asks = set && cap_set_approvable(set, agent, &req);
	if (set)
		cap_set_put(set);
	return !asks;
}

static int coconut_path_mknod(const struct path *dir, struct dentry *dentry,
			      umode_t mode, unsigned int dev)
{
	const struct path path = { .mnt = dir->mnt, .dentry = dentry };
	struct agent *agent = agent_current();
	u64 right = make_right(mode);

	if (!agent)
		return 0;
	if (makes_setid(mode))
		right = COCONUT_RIGHT_NEVER;
	if (speculative(dir, dentry) && passes_unasked(agent, dir, right))
		return 0;
	if (speculative(dir, dentry))
		return coconut_rights_at(agent, dir, right) == right ? 0 : -EACCES;
	return decide_path(agent, &path, right, true);
}

static int coconut_path_mkdir(const struct path *dir, struct dentry *dentry,
			      umode_t mode)
{
	return decide_name(dir, dentry, AGENT_FS_MAKE_DIR);
}

static int coconut_path_symlink(const struct path *dir, struct dentry *dentry,
				const char *old_name)
{
	return decide_name(dir, dentry, AGENT_FS_MAKE_SYM);
}

static int coconut_path_unlink(const struct path *dir, struct dentry *dentry)
{
	return decide_name(dir, dentry, AGENT_FS_REMOVE_FILE);
}

static int coconut_path_rmdir(const struct path *dir, struct dentry *dentry)
{
	return decide_name(dir, dentry, AGENT_FS_REMOVE_DIR);
}

/* A carve-out beneath would be covered by whatever covers the new place. */
static bool holds_carve_out(struct agent *agent, struct dentry *dentry)
{
	struct cap_set *set;
	bool found = false;
	u32 i, j;

	if (!d_is_dir(dentry))
		return false;
	set = agent_caps_get(agent);
	for (i = 0; set && set->carved && i < set->nr; i++) {
		const struct cap *cap = set->caps[i];

		if (cap->class != AGENT_CLASS_FS)
			continue;
		for (j = 0; j < cap->fs.nr_carve; j++)
			found |= is_subdir(cap->fs.carve[j].dentry, dentry);
	}
	if (set)
		cap_set_put(set);
	return found;
}

/*
 * What @agent holds on the directory @to it must hold on @what already, for it
 * will hold it there. Else the missing rights are asked for where @what is now,
 * which refuses and records them.
 */
static u64 gain_right(struct agent *agent, const struct path *what, const struct path *to)
{
	u64 gain = coconut_rights_at(agent, to, AGENT_FS_ALL);

	gain &= ~coconut_rights_at(agent, what, AGENT_FS_ALL);
	if (holds_carve_out(agent, what->dentry))
		gain |= COCONUT_RIGHT_NEVER;
	return gain;
}

/**
 * struct need - one of the decisions that an operation takes
 * @path: on what
 * @rights: which rights
 * @gain: NULL, or a directory: the rights are those that @path would gain in it
 */
struct need {
	const struct path *path;
	u64 rights;
	const struct path *gain;
};

static u64 need_rights(struct agent *agent, const struct need *need)
{
	return need->gain ? gain_right(agent, need->path, need->gain) : need->rights;
}

static int decide_need(struct agent *agent, const struct need *need)
{
	u64 rights = need_rights(agent, need);

	return rights ? decide_path(agent, need->path, rights, true) : 0;
}

static bool need_lacks_approval(struct agent *agent, const struct need *need)
{
	const struct agent_request req = {
		.class = AGENT_CLASS_FS,
		.rights = need_rights(agent, need),
		.path = need->path,
		.atomic = true,
	};

	return req.rights && agent_lacks_approval(agent, &req);
}

static bool may_have_to_ask(const struct agent *agent)
{
	const struct cap_set *set;
	bool may;

	rcu_read_lock();
	set = rcu_dereference(agent->caps);
	may = set && set->approval;
	rcu_read_unlock();
	return may;
}

/*
 * One after another; but the first that nobody has approved of yet goes before all others,
 * so that the refusal leaves them what was approved for them.
 */
static int decide_needs(struct agent *agent, const struct need *needs, unsigned int nr)
{
	unsigned int first, i;
	int err = 0;

	for (first = may_have_to_ask(agent) ? 0 : nr; first < nr; first++)
		if (need_lacks_approval(agent, &needs[first]))
			break;
	if (first < nr)
		err = decide_need(agent, &needs[first]);
	for (i = 0; !err && i < nr; i++)
		if (i != first)
			err = decide_need(agent, &needs[i]);
	return err;
}

static int decide_link(struct agent *agent, struct dentry *old_dentry,
		       const struct path *new_dir, struct dentry *new_dentry)
{
	const struct path from = { .mnt = new_dir->mnt, .dentry = old_dentry };
	const struct path to = { .mnt = new_dir->mnt, .dentry = new_dentry };
	u64 make = make_right(d_inode(old_dentry)->i_mode);
	const struct need needs[] = {
		{ &from, AGENT_FS_REFER },
		{ &to, make | AGENT_FS_REFER },
		{ &from, .gain = new_dir },
	};

	if (old_dentry->d_parent == new_dir->dentry)
		return decide_path(agent, &to, make, true);
	return decide_needs(agent, needs, ARRAY_SIZE(needs));
}

static int coconut_path_link(struct dentry *old_dentry, const struct path *new_dir,
			     struct dentry *new_dentry)
{
	struct agent *agent = agent_current();

	return agent ? decide_link(agent, old_dentry, new_dir, new_dentry) : 0;
}

static int decide_rename(struct agent *agent,
			 const struct path *old_dir, struct dentry *old_dentry,
			 const struct path *new_dir, struct dentry *new_dentry, bool exchange)
{
	const struct path from = { .mnt = old_dir->mnt, .dentry = old_dentry };
	const struct path to = { .mnt = new_dir->mnt, .dentry = new_dentry };
	bool moves = old_dir->dentry != new_dir->dentry;
	u64 refer = moves ? AGENT_FS_REFER : 0;
	struct need needs[] = {
		{ &from, refer | remove_right(old_dentry) },
		{ &to, refer | remove_right(new_dentry) |
		       make_right(d_inode(old_dentry)->i_mode) },
		{ &from, .gain = new_dir },
		{ &to, .gain = old_dir },
	};

	if (!exchange)
		return decide_needs(agent, needs, moves ? 3 : 2);
	needs[0].rights |= make_right(d_inode(new_dentry)->i_mode);
	return decide_needs(agent, needs, moves ? 4 : 2);
}

static int coconut_path_rename(const struct path *old_dir, struct dentry *old_dentry,
			       const struct path *new_dir, struct dentry *new_dentry,
			       unsigned int flags)
{
	struct agent *agent = agent_current();

	if (!agent)
		return 0;
	return decide_rename(agent, old_dir, old_dentry, new_dir, new_dentry,
			     flags & RENAME_EXCHANGE);
}

static int coconut_path_truncate(const struct path *path)
{
	struct agent *agent = agent_current();

	coconut_measure_forget(d_backing_inode(path->dentry));
	return agent ? decide_path(agent, path, AGENT_FS_TRUNCATE, false) : 0;
}

static int coconut_path_chmod(const struct path *path, umode_t mode)
{
	struct agent *agent = agent_current();
	umode_t type = d_inode(path->dentry)->i_mode & S_IFMT;
	u64 right = AGENT_FS_SETATTR;

	if (!agent)
		return 0;
	if (makes_setid(type | (mode & S_IALLUGO)))
		right |= COCONUT_RIGHT_NEVER;
	return decide_path(agent, path, right, true);
}

static int coconut_path_chown(const struct path *path, kuid_t uid, kgid_t gid)
{
	struct agent *agent = agent_current();

	return agent ? decide_path(agent, path, AGENT_FS_SETATTR, true) : 0;
}

/* inotify and fanotify tell what is done to the files of a hierarchy: reading it. */
static int coconut_path_notify(const struct path *path, u64 mask, unsigned int obj_type)
{
	struct agent *agent = agent_current();
	u64 right = d_is_dir(path->dentry) ? AGENT_FS_READ_DIR : AGENT_FS_READ_FILE;

	return agent ? decide_path(agent, path, right, false) : 0;
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(path_mknod, coconut_path_mknod),
	LSM_HOOK_INIT(path_mkdir, coconut_path_mkdir),
	LSM_HOOK_INIT(path_symlink, coconut_path_symlink),
	LSM_HOOK_INIT(path_unlink, coconut_path_unlink),
	LSM_HOOK_INIT(path_rmdir, coconut_path_rmdir),
	LSM_HOOK_INIT(path_link, coconut_path_link),
	LSM_HOOK_INIT(path_rename, coconut_path_rename),
	LSM_HOOK_INIT(path_truncate, coconut_path_truncate),
	LSM_HOOK_INIT(path_chmod, coconut_path_chmod),
	LSM_HOOK_INIT(path_chown, coconut_path_chown),
	LSM_HOOK_INIT(path_notify, coconut_path_notify),
};

/**
 * coconut_add_path_hooks() - Mediate names in directories
 */
void __init coconut_add_path_hooks(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &coconut_lsmid);
}
