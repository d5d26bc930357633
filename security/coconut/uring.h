/* SPDX-License-Identifier: GPL-2.0 */
/*
 * io_uring.
 */
#ifndef _SECURITY_COCONUT_URING_H
#define _SECURITY_COCONUT_URING_H

#include <linux/init.h>

void __init coconut_add_uring_hooks(void);

#endif /* _SECURITY_COCONUT_URING_H */
