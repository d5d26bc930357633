/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checkpoints (https://c2sp.org/tlog-checkpoint): how far a boot's log was at some moment.
 */
#ifndef _AUDIT_VERIFY_CHECKPOINT_H
#define _AUDIT_VERIFY_CHECKPOINT_H

#include "report.h"
#include "tlog.h"

/**
 * struct checkpoint - how far one boot's log was
 * @boot: which
 * @size: seals that there were
 * @root: of the tree over them
 */
struct checkpoint {
	u8 boot[AUDIT_BOOT_ID_SIZE];
	u64 size;
	u8 root[SHA256_SIZE];
};

const char *checkpoint_read(const char *path, const char *key, struct checkpoint *checkpoint);
void checkpoint_seal(const struct checkpoint *checkpoint, struct tlog *seals,
		     const char *line, size_t len, struct boot_report *boot);
void checkpoint_judge(const struct checkpoint *checkpoint, struct report *report);

#endif /* _AUDIT_VERIFY_CHECKPOINT_H */
