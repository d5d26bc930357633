/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Device files.
 */
#ifndef _SECURITY_COCONUT_DEVICE_H
#define _SECURITY_COCONUT_DEVICE_H

#include <linux/fs.h>
#include <linux/stat.h>

struct agent;

static inline bool coconut_inode_is_device(const struct inode *inode)
{
	return S_ISCHR(inode->i_mode) || S_ISBLK(inode->i_mode);
}

bool coconut_device_covered(struct agent *agent, const struct file *file, unsigned int cmd,
			    int *err);
int coconut_decide_device(struct agent *agent, const struct file *file);

#endif /* _SECURITY_COCONUT_DEVICE_H */
