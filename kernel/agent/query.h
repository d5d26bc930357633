/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading the chain as an agent.
 */
#ifndef _AGENT_QUERY_H
#define _AGENT_QUERY_H

#include <linux/agent.h>

int agent_query(struct agent_audit_query_args *args, struct agent *agent);
int agent_query_seed(struct agent_audit_query_args *args);

#endif /* _AGENT_QUERY_H */
