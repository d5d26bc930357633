/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the operator of this machine puts up with.
 */
#ifndef _AGENT_POLICY_H
#define _AGENT_POLICY_H

#include <linux/types.h>

struct seq_file;

/**
 * enum agent_policy - limits that hold for all agents
 * @AGENT_POLICY_DENIALS: so many denials bring an agent to Cap-denied, a strike; 0: none do
 * @AGENT_POLICY_STRIKES: with so many strikes it is quarantined; 0: never
 * @AGENT_POLICY_APPROVAL_SECONDS: a request that nobody has answered by then is denied
 * @AGENT_POLICY_APPROVAL_QUEUE: requests of an agent and its descendants that may wait
 * @AGENT_POLICY_APPROVAL_RATE: requests that they may make in a minute
 * @AGENT_NR_POLICIES: how many there are
 */
enum agent_policy {
	AGENT_POLICY_DENIALS,
	AGENT_POLICY_STRIKES,
	AGENT_POLICY_APPROVAL_SECONDS,
	AGENT_POLICY_APPROVAL_QUEUE,
	AGENT_POLICY_APPROVAL_RATE,
	AGENT_NR_POLICIES
};

u32 agent_policy(enum agent_policy which);
int agent_policy_set(char *line);		/* "strikes 3"; -EINVAL, -ERANGE */
void agent_policy_show(struct seq_file *m);

#endif /* _AGENT_POLICY_H */
