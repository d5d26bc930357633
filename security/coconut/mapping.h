/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that files were mapped to, and taking it back.
 */
#ifndef _SECURITY_COCONUT_MAPPING_H
#define _SECURITY_COCONUT_MAPPING_H

#include <linux/types.h>

struct agent;
struct file;
struct mm_struct;

/**
 * struct coconut_mapping - what a task must look after before it is in user space again
 * @inode: of the file that it maps in this system call; compared only. NULL: none
 * @epoch: of its agent, read before that was decided
 * @inherited: it was born while mappings were being taken back
 */
struct coconut_mapping {
	const void *inode;
	u32 epoch;
	bool inherited;
};

void coconut_mapping_made(struct agent *agent, struct file *file, u32 epoch);
void coconut_mapping_revoked(struct agent *agent, pid_t pid, struct mm_struct *mm);
void coconut_mapping_end(struct agent *agent, struct coconut_mapping *mapping);

#endif /* _SECURITY_COCONUT_MAPPING_H */
