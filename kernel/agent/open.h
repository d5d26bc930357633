/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What tasks of agents have open, as far as the rest of this folder knows.
 */
#ifndef _AGENT_OPEN_H
#define _AGENT_OPEN_H

struct agent;
struct task_struct;

void agent_open_revoked(struct agent *root);
void agent_open_forked(struct task_struct *child);

#endif /* _AGENT_OPEN_H */
