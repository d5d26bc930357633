/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tree of a transparency log: RFC 6962 with SHA-256, over the seals of a boot.
 */
#ifndef _AUDIT_VERIFY_TLOG_H
#define _AUDIT_VERIFY_TLOG_H

#include "sha256.h"

/**
 * struct tlog - a tree that grows, of which only its edge is kept
 * @nr: leaves that it has
 * @peaks: of each whole subtree the root: bit n of @nr says that there is one of 2^n leaves
 */
struct tlog {
	u64 nr;
	u8 peaks[64][SHA256_SIZE];
};

void tlog_add(struct tlog *tree, const void *data, size_t len);
void tlog_root(const struct tlog *tree, u8 root[SHA256_SIZE]);

#endif /* _AUDIT_VERIFY_TLOG_H */
