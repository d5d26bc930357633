// SPDX-License-Identifier: GPL-2.0
/*
 * The mount tree: class mount, always refused.
 *
 * Capabilities name hierarchies of the tree, and covering or uncovering a part
 * of it changes what they mean, for every agent that shares it. The system
 * calls that ask for CAP_SYS_ADMIN first (umount, fsopen, fsmount, move_mount,
 * open_tree, mount_setattr, pivot_root) are refused and recorded there, in
 * kernel.c, and get no further.
 */
#include <linux/agent.h>
#include <linux/lsm_hooks.h>
#include <linux/path.h>

#include "decide.h"
#include "mount.h"
#include "setup.h"

static int refuse_at(const struct path *path, const char *what)
{
	struct agent *agent = agent_current();

	if (!agent)
		return 0;
	return coconut_decide(agent, &(struct agent_request){
		.class = AGENT_CLASS_MOUNT,
		.rights = COCONUT_RIGHT_NEVER,
		.path = path,
		.object = what,
	}, NULL);
}

static int coconut_sb_mount(const char *dev_name, const struct path *path,
			    const char *type, unsigned long flags, void *data)
{
	return refuse_at(path, "mount");
}

static int coconut_move_mount(const struct path *from, const struct path *to)
{
	return refuse_at(to, "move_mount");
}

static int coconut_sb_pivotroot(const struct path *old_path, const struct path *new_path)
{
	return refuse_at(new_path, "pivot_root");
}

static int coconut_sb_umount(struct vfsmount *mnt, int flags)
{
	return refuse_at(NULL, "umount");
}

static int coconut_sb_remount(struct super_block *sb, void *mnt_opts)
{
	return refuse_at(NULL, "remount");
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(sb_mount, coconut_sb_mount),
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
