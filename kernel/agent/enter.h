/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Entering an agent.
 */
#ifndef _AGENT_ENTER_H
#define _AGENT_ENTER_H

#include <linux/agent.h>

int agent_enter_alone(void);	/* -EBUSY where current shares what it may not */

#endif /* _AGENT_ENTER_H */
