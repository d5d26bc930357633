/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What denials do to an agent's state.
 */
#ifndef _AGENT_STRIKE_H
#define _AGENT_STRIKE_H

#include <linux/agent.h>

void agent_denied(struct agent *agent);	/* counted, whatever the policy says */

void agent_approved(struct agent *agent);	/* somebody has allowed it something */

#endif /* _AGENT_STRIKE_H */
