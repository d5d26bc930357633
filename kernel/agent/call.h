/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Each system call of an agent whose audit level asks for it.
 */
#ifndef _AGENT_CALL_H
#define _AGENT_CALL_H

#include <linux/agent.h>

void agent_call_watch(struct task_struct *task, const struct agent *agent);

#endif /* _AGENT_CALL_H */
