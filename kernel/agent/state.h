/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The states of an agent and the edges between them.
 */
#ifndef _AGENT_STATE_H
#define _AGENT_STATE_H

#include <linux/agent.h>

#define AGENT_NR_STATES		(AGENT_STATE_TERMINATED_REVOKED + 1)

/* Is there an edge, whatever its guard says now? */
bool agent_state_edge(enum agent_state from, enum agent_state to);
/* As agent_transition(), terminal states included; agent->lock is held. */
int agent_transition_locked(struct agent *agent, enum agent_state to, const char *why);

#endif /* _AGENT_STATE_H */
