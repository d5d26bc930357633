/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How agents end.
 */
#ifndef _AGENT_END_H
#define _AGENT_END_H

#include <linux/agent.h>

const struct agent_fs_ops *agent_fs_ops(void);
void agent_end_init(void);

#endif /* _AGENT_END_H */
