/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own surface.
 */
#ifndef _SECURITY_COCONUT_KERNEL_H
#define _SECURITY_COCONUT_KERNEL_H

#include <linux/init.h>

void __init coconut_add_kernel_hooks(void);

#endif /* _SECURITY_COCONUT_KERNEL_H */
