/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attributes of inodes, and POSIX message queues, which are inodes.
 */
#ifndef _SECURITY_COCONUT_INODE_H
#define _SECURITY_COCONUT_INODE_H

#include <linux/init.h>
#include <linux/types.h>

struct agent;
struct inode;

/**
 * struct coconut_inode - blob of an inode
 * @aid: whose task brought it into memory: the creator, where there is nothing beneath memory
 */
struct coconut_inode {
	u64 aid;
};

bool coconut_inode_is_mqueue(const struct inode *inode);
int coconut_decide_mqueue(struct agent *agent, const struct inode *inode);
void __init coconut_add_inode_hooks(void);

#endif /* _SECURITY_COCONUT_INODE_H */
