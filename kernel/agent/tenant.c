// SPDX-License-Identifier: GPL-2.0
/*
 * Tenants: who the agents of a machine belong to, and what share of it each has.
 *
 * A manifest names its tenant, the operator says at /agent/policy/tenants what that is
 * worth. A tenant is known from the first of the two on. It has a group for as long as it
 * has agents, and a while longer.
 */

#include <linux/audit_chain.h>
#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "group.h"
#include "tenant.h"

#define TENANT_SWEEP_DELAY	(10 * HZ)

/* Which tenants and groups there are. */
DEFINE_MUTEX(group_lock);

static LIST_HEAD(tenants);			/* group_lock */
static u64 tenants_ram_min;			/* group_lock */

static void tenant_sweep(struct work_struct *work);
static DECLARE_DELAYED_WORK(tenant_sweeper, tenant_sweep);

/* Who spawns one agent after the other does not pay for a tenant's group each time. */
static void tenant_sweep(struct work_struct *work)
{
	struct tenant *tenant;

	mutex_lock(&group_lock);
	list_for_each_entry(tenant, &tenants, link)
		if (tenant->group && !tenant->nr_groups)
			group_tenant_remove(tenant);
	mutex_unlock(&group_lock);
}

/**
 * tenant_find() - find a tenant by name
 * @name: the name
 *
 * Context: group_lock is held.
 * Return: the tenant, which stays; or NULL.
 */
struct tenant *tenant_find(const char *name)
{
	struct tenant *tenant;

	lockdep_assert_held(&group_lock);
	list_for_each_entry(tenant, &tenants, link)
		if (!strcmp(tenant->name, name))
			return tenant;
	return NULL;
}

/**
 * tenant_get() - find a tenant, or make it
 * @name: at most AGENT_TENANT_MAX bytes
 *
 * Context: may sleep; group_lock is held.
 * Return: the tenant, which stays; or ERR_PTR(-ENOMEM).
 */
struct tenant *tenant_get(const char *name)
{
	struct tenant *tenant = tenant_find(name);

	if (tenant)
		return tenant;
	tenant = kzalloc(sizeof(*tenant), GFP_KERNEL);
	if (!tenant)
		return ERR_PTR(-ENOMEM);
	strscpy(tenant->name, name);
	tenant->weight = TENANT_WEIGHT_DEFAULT;
	list_add_tail(&tenant->link, &tenants);
	return tenant;
}

/**
 * tenant_join() - an agent of a tenant has a group
 * @tenant: the tenant
 *
 * Context: group_lock is held.
 */
void tenant_join(struct tenant *tenant)
{
	lockdep_assert_held(&group_lock);
	tenant->nr_groups++;
}

/**
 * tenant_leave() - the group of an agent of a tenant is gone
 * @tenant: the tenant
 *
 * Context: group_lock is held.
 */
void tenant_leave(struct tenant *tenant)
{
	lockdep_assert_held(&group_lock);
	if (!--tenant->nr_groups)
		queue_delayed_work(system_wq, &tenant_sweeper, TENANT_SWEEP_DELAY);
}

/**
 * tenant_keep() - what is kept for an agent is kept for its tenant too
 * @tenant: with a group; the agent stands right beneath it
 * @before: bytes that were kept for the agent
 * @now: bytes that are from now on
 *
 * Context: may sleep; group_lock is held.
 * Return: 0, or what the controller answers.
 */
int tenant_keep(struct tenant *tenant, u64 before, u64 now)
{
	char own[24], all[24];

	lockdep_assert_held(&group_lock);
	tenant->ram_min += now - before;
	tenants_ram_min += now - before;
	snprintf(own, sizeof(own), "%llu", tenant->ram_min);
	snprintf(all, sizeof(all), "%llu", tenants_ram_min);
	return group_tenant_write(tenant, "memory.min", own) ?:
	       group_top_write("memory.min", all);
}

/**
 * tenant_apply() - give a tenant's group what the operator said
 * @tenant: with a group
 *
 * Context: may sleep; group_lock is held.
 * Return: 0, or what the controller answers.
 */
int tenant_apply(const struct tenant *tenant)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", tenant->weight);
	return group_tenant_write(tenant, "cpu.weight", text);
}

static void tenant_record(const char *name, u32 weight)
{
	char object[AGENT_TENANT_MAX + 32];
	struct audit_entry entry = {
		.aid		= agent_aid(agent_current()),
		.event		= AGENT_EVENT_POLICY,
		.class		= AGENT_CLASS_LIFE,
		.decision	= AGENT_DECISION_NONE,
		.object		= object,
	};

	entry.object_len = scnprintf(object, sizeof(object), "tenant %s weight %u", name, weight);
	audit_chain_append(&entry);
}

static int tenant_weigh(const char *name, u32 weight)
{
	struct tenant *tenant;
	int err;

	mutex_lock(&group_lock);
	tenant = tenant_get(name);
	err = PTR_ERR_OR_ZERO(tenant);
	if (!err) {
		tenant->weight = weight;
		tenant_record(name, weight);
		if (tenant->controls)
			err = tenant_apply(tenant);
	}
	mutex_unlock(&group_lock);
	return err;
}

/**
 * tenant_policy_set() - set what a tenant is worth
 * @name: its name
 * @line: "weight", a space and a number; written to
 *
 * Context: process. Who may is the caller's to ask.
 * Return: 0; -EINVAL for another line; -ERANGE; -ENOMEM; what the controller answers.
 */
int tenant_policy_set(const char *name, char *line)
{
	const char *word = strsep(&line, " ");
	u32 weight;
	int err;

	if (!line || strcmp(word, "weight"))
		return -EINVAL;
	err = kstrtou32(line, 10, &weight);
	if (err)
		return err;
	if (weight < TENANT_WEIGHT_LEAST || weight > TENANT_WEIGHT_MOST)
		return -ERANGE;
	return tenant_weigh(name, weight);
}

/**
 * tenant_policy_reset() - a tenant is worth what one is that nobody spoke of
 * @name: its name
 *
 * Context: process.
 */
void tenant_policy_reset(const char *name)
{
	tenant_weigh(name, TENANT_WEIGHT_DEFAULT);
}

/**
 * tenant_policy_show() - what a tenant is worth, and how many agents it has
 * @m: where to
 * @name: its name
 */
void tenant_policy_show(struct seq_file *m, const char *name)
{
	const struct tenant *tenant;
	u32 weight, agents;

	mutex_lock(&group_lock);
	tenant = tenant_find(name);
	weight = tenant ? tenant->weight : TENANT_WEIGHT_DEFAULT;
	agents = tenant ? tenant->nr_groups : 0;
	mutex_unlock(&group_lock);
	seq_printf(m, "weight %u\nagents %u\n", weight, agents);
}
