/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a revoke does to what is open, beyond what the next use decides.
 */
#ifndef _SECURITY_COCONUT_REVOKE_H
#define _SECURITY_COCONUT_REVOKE_H

#include <linux/init.h>

struct agent;
struct task_struct;

void coconut_revoked(struct agent *root);
void coconut_revoke_fork(struct task_struct *child);
void __init coconut_add_revoke_hooks(void);

#endif /* _SECURITY_COCONUT_REVOKE_H */
