/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which right an ioctl needs.
 */
#ifndef _SECURITY_COCONUT_IOCTL_H
#define _SECURITY_COCONUT_IOCTL_H

#include <linux/types.h>

struct inode;

u64 coconut_ioctl_rights(const struct inode *inode, unsigned int cmd);
u64 coconut_ioctl_rights_compat(const struct inode *inode, unsigned int cmd);

#endif /* _SECURITY_COCONUT_IOCTL_H */
