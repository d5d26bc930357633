/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The agent object: made, referenced, freed.
 */
#ifndef _AGENT_AGENT_H
#define _AGENT_AGENT_H

#include <linux/agent.h>

/* A live reference on parent is taken. NULL: no memory. */
struct agent *agent_alloc(struct agent *parent);

#endif /* _AGENT_AGENT_H */
