/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cgroup of an agent: coconut/<tenant>/<aid>/<aid>..., as agents spawned each other.
 */
#ifndef _AGENT_GROUP_H
#define _AGENT_GROUP_H

#include <linux/types.h>
#include <linux/workqueue.h>

struct agent;
struct cgroup;
struct tenant;

/**
 * enum group_control - controllers that groups use
 * @GROUP_CPU: weights; in use wherever there are agents
 * @GROUP_MEMORY: in use once an agent of the tenant has a limit for it, as all below
 * @GROUP_PIDS: tasks
 * @GROUP_IO: block devices
 * @GROUP_NR_CONTROLS: how many there are
 */
enum group_control {
	GROUP_CPU,
	GROUP_MEMORY,
	GROUP_PIDS,
	GROUP_IO,
	GROUP_NR_CONTROLS
};

/* Each may sleep. */
int agent_group_make(struct agent *agent);		/* before anybody can enter it */
int agent_group_enter(struct agent *agent, struct cgroup **from);
void agent_group_back(struct agent *agent, struct cgroup *from);
int agent_group_write(struct agent *agent, enum group_control control, const char *file,
		      const char *text);		/* for all of its subtree */
int agent_group_write_own(struct agent *agent, enum group_control control, const char *file,
			  const char *text);	/* for its own tasks */
int agent_group_keep(struct agent *agent, u64 bytes);	/* of memory, for it */
ssize_t agent_group_read(struct agent *agent, const char *file, char *buf, size_t size);
void agent_group_remove(struct agent *agent);		/* at once; nobody else has it */

void agent_group_work(struct work_struct *work);
void agent_group_ended(struct agent *agent);		/* any context: it goes when it is empty */

/* Without the agent's own group: what a tenant's has. group_lock is held. */
int group_tenant_write(const struct tenant *tenant, const char *file, const char *text);
int group_top_write(const char *file, const char *text);
void group_tenant_remove(struct tenant *tenant);

#endif /* _AGENT_GROUP_H */
