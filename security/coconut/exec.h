/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs and what interprets them.
 */
#ifndef _SECURITY_COCONUT_EXEC_H
#define _SECURITY_COCONUT_EXEC_H

#include <linux/init.h>

struct agent;
struct file;

int coconut_decide_exec(struct agent *agent, struct file *file);
void __init coconut_add_exec_hooks(void);

#endif /* _SECURITY_COCONUT_EXEC_H */
