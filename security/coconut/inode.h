/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attributes of inodes, and POSIX message queues, which are inodes.
 */
#ifndef _SECURITY_COCONUT_INODE_H
#define _SECURITY_COCONUT_INODE_H

#include <linux/fs.h>
#include <linux/init.h>
#include <linux/types.h>

#include "setup.h"

#define MQUEUE_MAGIC	0x19800202	/* ipc/mqueue.c keeps it to itself */

struct agent;
struct coconut_measurement;

/**
 * struct coconut_inode - blob of an inode
 * @aid: whose task brought it into memory: the creator, where there is nothing beneath memory
 * @measured: what its content was found to be, or NULL; RCU; set and taken by atomic exchange
 */
struct coconut_inode {
	u64 aid;
	struct coconut_measurement __rcu *measured;
};

static inline struct coconut_inode *coconut_inode(const struct inode *inode)
{
	return inode->i_security + coconut_blob_sizes.lbs_inode;
}

/* A POSIX message queue, not the directory that holds them. */
static inline bool coconut_inode_is_mqueue(const struct inode *inode)
{
	return inode->i_sb->s_magic == MQUEUE_MAGIC && S_ISREG(inode->i_mode);
}

int coconut_decide_mqueue(struct agent *agent, const struct inode *inode);
void __init coconut_add_inode_hooks(void);

#endif /* _SECURITY_COCONUT_INODE_H */
