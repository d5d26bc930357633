/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How agents end.
 */
#ifndef _AGENT_END_H
#define _AGENT_END_H

#include <linux/agent.h>

void agent_end_init(void);

#endif /* _AGENT_END_H */
