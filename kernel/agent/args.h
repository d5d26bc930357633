/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How arguments of the eight calls come in and go out.
 */
#ifndef _AGENT_ARGS_H
#define _AGENT_ARGS_H

#include <linux/agent.h>

/* Every structure begins so. */
struct agent_args_head {
	u64 magic;
	u64 flags;
};

int agent_args_get(void *args, size_t known, const void __user *uargs, size_t size, u64 flags);
int agent_args_grown(void *args, size_t known, size_t first, const void __user *uargs,
		     size_t size, u64 flags);
int agent_args_put(void __user *uargs, const void *args, size_t known, size_t size);

/* The agent that a call names, with a reference; or ERR_PTR(-ESRCH, -EBADF). */
struct agent *agent_args_agent(u64 aid, u64 flags);

#endif /* _AGENT_ARGS_H */
