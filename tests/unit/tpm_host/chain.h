/* SPDX-License-Identifier: GPL-2.0 */
/* Of a chain what its TPM is told; comes before the kernel's header, and in its place. */
#ifndef _AUDIT_COCONUT_CHAIN_H
#define _AUDIT_COCONUT_CHAIN_H

#include <endian.h>
#include <stdio.h>
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/tpm.h>

#include "line.h"
#include "tpm.h"

#define GFP_KERNEL		0
#define kcalloc(n, size, flags)	calloc(n, size)
#define kfree(at)		free(at)
#define READ_ONCE(value)	(value)
#define WRITE_ONCE(to, value)	((to) = (value))
#define spin_lock(lock)		((void)(lock))
#define spin_unlock(lock)	((void)(lock))
#define __be16			__shim_be16
#define __be32			__shim_be32
#define __be64			uint64_t
#define pr_info(...)		fprintf(stderr, __VA_ARGS__)
#define pr_warn(...)		fprintf(stderr, __VA_ARGS__)
#define pr_err(...)		fprintf(stderr, __VA_ARGS__)

struct audit_sealer {
	int lock;
	u8 head[BLAKE3_OUT_SIZE];
	u64 sealed_seq;
};

struct audit_chain {
	u8 boot_id[AUDIT_BOOT_ID_SIZE];
	struct audit_sealer sealer;
	struct audit_tpm tpm;
	bool closing;
};

u64 audit_chain_add(struct audit_chain *chain, const struct audit_entry *entry);
int scnprintf(char *to, size_t size, const char *form, ...);
const void *memchr_inv(const void *at, int byte, size_t len);

#endif /* _AUDIT_COCONUT_CHAIN_H */
