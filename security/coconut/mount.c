// SPDX-License-Identifier: GPL-2.0
/*
 * The mount tree: class mount, and in an agent's own mount namespace class agent.
 *
 * Capabilities name hierarchies of the tree, and covering or uncovering a part
 * of it changes what they mean, for every agent that shares it: refused. The system
 * calls that ask for CAP_SYS_ADMIN first (umount, fsopen, fsmount, move_mount,
 * open_tree, mount_setattr, pivot_root) are refused and recorded there, in
 * kernel.c, and get no further.
 *
 * In a mount namespace of its own an agent binds, moves and unmounts what it likes,
 * for that changes no decision (kernel/agent/cap_home.c). Of file systems it mounts
 * tmpfs alone: others read and write files by themselves, as overlayfs does, or
 * show what is decided by a path, as procfs does.
 */
#include <linux/agent.h>
#include <linux/fs_context.h>
#include <linux/lsm_hooks.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/path.h>
#include <linux/string.h>
#include <linux/user_namespace.h>
#include <uapi/linux/mount.h>

#include "decide.h"
#include "mount.h"
#include "sandbox.h"
#include "setup.h"

#define MS_NO_NEW_FS	(MS_REMOUNT | MS_BIND | MS_MOVE | MS_SHARED | MS_PRIVATE | \
			 MS_SLAVE | MS_UNBINDABLE)

static int refuse_at(struct agent *agent, const struct path *path, const char *what)
{
	return coconut_decide(agent, &(struct agent_request){
		.class = AGENT_CLASS_MOUNT,
		.rights = COCONUT_RIGHT_NEVER,
		.path = path,
		.object = what,
	}, NULL);
}

static int decide_at(const struct path *path, const char *what)
{
	struct agent *agent = agent_current();

	if (!agent)
		return 0;
	if (coconut_own_mounts())
		return coconut_decide_sandbox(agent, what);
	return refuse_at(agent, path, what);
}

static int coconut_sb_mount(const char *dev_name, const struct path *path,
			    const char *type, unsigned long flags, void *data)
{
	struct agent *agent = agent_current();

	if (agent && !(flags & MS_NO_NEW_FS) && type && strcmp(type, "tmpfs"))
		return refuse_at(agent, path, "mount");
	return decide_at(path, "mount");
}

/* Before a file system that fsopen(2) began with sees what it is to do. */
static int coconut_fs_context_parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	struct agent *agent = agent_current();
	int err;

	if (!agent || fc->user_ns == &init_user_ns || !strcmp(fc->fs_type->name, "tmpfs"))
		return -ENOPARAM;
	err = coconut_refuse(agent, AGENT_CLASS_MOUNT, "fsconfig", false);
	return err ?: -ENOPARAM;
}

/* mount(2) has been decided by then, fsmount(2) has not. */
static int coconut_sb_kern_mount(const struct super_block *sb)
{
	struct agent *agent = agent_current();

	if (!agent || sb->s_magic == TMPFS_MAGIC)
		return 0;
	return coconut_refuse(agent, AGENT_CLASS_MOUNT, "fsmount", false);
}

static int coconut_move_mount(const struct path *from, const struct path *to)
{
	return decide_at(to, "move_mount");
}

static int coconut_sb_pivotroot(const struct path *old_path, const struct path *new_path)
{
	return decide_at(new_path, "pivot_root");
}

static int coconut_sb_umount(struct vfsmount *mnt, int flags)
{
	return decide_at(NULL, "umount");
}

static int coconut_sb_remount(struct super_block *sb, void *mnt_opts)
{
	return decide_at(NULL, "remount");
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(sb_mount, coconut_sb_mount),
	LSM_HOOK_INIT(fs_context_parse_param, coconut_fs_context_parse_param),
	LSM_HOOK_INIT(sb_kern_mount, coconut_sb_kern_mount),
	LSM_HOOK_INIT(move_mount, coconut_move_mount),
	LSM_HOOK_INIT(sb_pivotroot, coconut_sb_pivotroot),
	LSM_HOOK_INIT(sb_umount, coconut_sb_umount),
	LSM_HOOK_INIT(sb_remount, coconut_sb_remount),
};

/**
 * coconut_add_mount_hooks() - Mediate the mount tree
 */
void __init coconut_add_mount_hooks(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &coconut_lsmid);
}
