// SPDX-License-Identifier: GPL-2.0
/*
 * Device files: class fs.
 *
 * Whoever may make files in a hierarchy, all kinds included, would reach each disk
 * of the machine through a device file of its own, and so would a disk image that
 * somebody mounted. For an agent all file systems are as if mounted with nodev, but
 * for those where the kernel makes the device files: there a capability names the
 * device that a human saw.
 */
#include <linux/agent.h>
#include <linux/fs.h>
#include <linux/string.h>

#include "decide.h"
#include "device.h"

static bool made_by_kernel(const struct super_block *sb)
{
	return !strcmp(sb->s_type->name, "devtmpfs") || !strcmp(sb->s_type->name, "devpts");
}

/**
 * coconut_decide_device() - May an agent open this device file?
 * @agent: who wants to; not NULL
 * @file: the device file
 *
 * Return: 0, or the denial, recorded.
 */
int coconut_decide_device(struct agent *agent, const struct file *file)
{
	if (made_by_kernel(file_inode(file)->i_sb))
		return 0;
	return coconut_decide(agent, &(struct agent_request){
		.class = AGENT_CLASS_FS,
		.rights = COCONUT_RIGHT_NEVER,
		.path = file_user_path(file),
	}, NULL);
}
