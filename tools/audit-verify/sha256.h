/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SHA-256.
 */
#ifndef _AUDIT_VERIFY_SHA256_H
#define _AUDIT_VERIFY_SHA256_H

#include <linux/types.h>

#define SHA256_SIZE	32

void sha256(const void *data, size_t len, u8 out[SHA256_SIZE]);

#endif /* _AUDIT_VERIFY_SHA256_H */
