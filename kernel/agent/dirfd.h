/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors of agents' directories.
 */
#ifndef _AGENT_DIRFD_H
#define _AGENT_DIRFD_H

#include <linux/agent.h>

const struct agent_fs_ops *agent_fs_ops(void);
int agent_dirfd_open(struct agent *agent);
struct agent *agent_dirfd_agent(u64 fd);

#endif /* _AGENT_DIRFD_H */
