/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Levels of groups: what stands above an agent's, and what is handed on from there.
 */
#ifndef _AGENT_GROUP_LEVEL_H
#define _AGENT_GROUP_LEVEL_H

#include "group.h"

struct agent;
struct cgroup;
struct tenant;

/* group_lock is held for each. */
struct cgroup *group_above(struct agent *agent, struct tenant *tenant);	/* or ERR_PTR */
bool group_has(enum group_control control);
int group_write(struct agent *agent, enum group_control control, const char *file,
		const char *text);
int group_write_own(struct agent *agent, enum group_control control, const char *file,
		    const char *text);

#endif /* _AGENT_GROUP_LEVEL_H */
