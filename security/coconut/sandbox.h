/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Namespaces of an agent's own.
 */
#ifndef _SECURITY_COCONUT_SANDBOX_H
#define _SECURITY_COCONUT_SANDBOX_H

#include <linux/agent.h>
#include <linux/cred.h>

int coconut_make_sandbox(struct agent *agent);
int coconut_decide_sandbox(struct agent *agent, const char *what);
bool coconut_sandboxed(struct agent *agent, const struct cred *cred,
		       struct user_namespace *ns);
bool coconut_own_mounts(void);

#endif /* _SECURITY_COCONUT_SANDBOX_H */
