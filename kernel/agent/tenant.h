/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tenants: who the agents of a machine belong to, and what share of it each has.
 */
#ifndef _AGENT_TENANT_H
#define _AGENT_TENANT_H

#include <linux/agent.h>
#include <linux/list.h>
#include <linux/mutex.h>

struct seq_file;

/**
 * struct tenant - a tenant; once known, for as long as the system runs
 * @link: in the list of all; group_lock
 * @name: constant
 * @weight: its share of the CPUs against other tenants; group_lock
 * @ram_min: bytes that are kept for the agents that stand right beneath it; group_lock
 * @nr_groups: agents with a group beneath its; group_lock
 * @group: its share; NULL without agents; group_lock
 * @controls: bit n: enum group_control n is handed on by its group; group_lock
 */
struct tenant {
	struct list_head link;
	char name[AGENT_TENANT_MAX + 1];
	u32 weight;
	u64 ram_min;
	unsigned int nr_groups;
	struct cgroup *group;
	unsigned int controls;
};

/* As cpu.weight has them. */
#define TENANT_WEIGHT_LEAST	1
#define TENANT_WEIGHT_DEFAULT	100
#define TENANT_WEIGHT_MOST	10000

/* Which tenants and groups there are. Below agent_tree_lock, above cgroup's own locks. */
extern struct mutex group_lock;

struct tenant *tenant_find(const char *name);	/* NULL: not known */
struct tenant *tenant_get(const char *name);	/* makes it; ERR_PTR(-ENOMEM) */
void tenant_join(struct tenant *tenant);
void tenant_leave(struct tenant *tenant);
int tenant_keep(struct tenant *tenant, u64 before, u64 now);	/* memory, for an agent */
int tenant_apply(const struct tenant *tenant);	/* to its group, which is there */

/* What stands at /agent/policy/tenants/<name>. */
int tenant_policy_set(const char *name, char *line);	/* "weight 200"; -EINVAL, -ERANGE */
void tenant_policy_reset(const char *name);
void tenant_policy_show(struct seq_file *m, const char *name);

#endif /* _AGENT_TENANT_H */
