/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The coconut LSM: its name, and where its blobs lie in those of the kernel's objects.
 */
#ifndef _SECURITY_COCONUT_SETUP_H
#define _SECURITY_COCONUT_SETUP_H

#include <linux/lsm_hooks.h>

extern const struct lsm_id coconut_lsmid;
extern struct lsm_blob_sizes coconut_blob_sizes;

#endif /* _SECURITY_COCONUT_SETUP_H */
