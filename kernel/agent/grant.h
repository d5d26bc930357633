/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Granting and withdrawing capabilities.
 */
#ifndef _AGENT_GRANT_H
#define _AGENT_GRANT_H

#include <linux/agent.h>

struct cap;

int agent_grant(struct agent *agent, struct cap *want, u64 parent, u64 *id);
void agent_grant_failed(const struct agent *agent, int err);
int agent_revoke(struct agent *agent, u64 id, u64 flags, u64 *withdrawn);
int agent_may_rule(const struct agent *agent);	/* is current above it? */

#endif /* _AGENT_GRANT_H */
