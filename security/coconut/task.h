/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a task does to another.
 */
#ifndef _SECURITY_COCONUT_TASK_H
#define _SECURITY_COCONUT_TASK_H

#include <linux/init.h>

void __init coconut_add_task_hooks(void);

#endif /* _SECURITY_COCONUT_TASK_H */
