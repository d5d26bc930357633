/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files below /proc/PID.
 */
#ifndef _SECURITY_COCONUT_PROC_H
#define _SECURITY_COCONUT_PROC_H

#include <linux/fs.h>
#include <linux/magic.h>

struct agent;

static inline bool coconut_inode_is_proc(const struct inode *inode)
{
	return inode->i_sb->s_magic == PROC_SUPER_MAGIC;
}

int coconut_decide_proc(struct agent *agent, const struct file *file);

#endif /* _SECURITY_COCONUT_PROC_H */
