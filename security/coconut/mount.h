/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mount tree.
 */
#ifndef _SECURITY_COCONUT_MOUNT_H
#define _SECURITY_COCONUT_MOUNT_H

#include <linux/init.h>

void __init coconut_add_mount_hooks(void);

#endif /* _SECURITY_COCONUT_MOUNT_H */
