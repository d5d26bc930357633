/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Presenting a request to an agent's capabilities.
 */
#ifndef _AGENT_PRESENT_H
#define _AGENT_PRESENT_H

#include <linux/agent.h>

struct cap;

int agent_present(struct agent *agent, struct cap *request, u64 *id, u64 *seq);

#endif /* _AGENT_PRESENT_H */
