// SPDX-License-Identifier: GPL-2.0
/*
 * The cgroup of an agent: coconut/<tenant>/<aid>.
 *
 * The upper level is the tenant's share of the machine, the lower one the agent's share
 * of its tenant's: a thousand agents get no more than one tenant's worth. A group exists
 * from before its agent is published until its last task has left, and the first task is
 * in it before it becomes the agent's.
 *
 * Which controllers a tenant has is up to the limits of its agents: each costs memory in
 * every group of the tenant, and one that limits nothing is not worth it.
 */

#include <linux/agent.h>
#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/printk.h>
#include <linux/sprintf.h>

#include "group.h"
#include "groupfs.h"
#include "lane.h"
#include "quota_group.h"
#include "tenant.h"

#define GROUP_TOP		"coconut"

struct group_path {
	char text[sizeof(GROUP_TOP) + AGENT_TENANT_MAX + 32];
};

static const char *const group_controls[GROUP_NR_CONTROLS] = {
	[GROUP_CPU]	= "+cpu",
	[GROUP_MEMORY]	= "+memory",
	[GROUP_PIDS]	= "+pids",
	[GROUP_IO]	= "+io",
};

static void group_tenant_path(struct group_path *path, const char *tenant)
{
	snprintf(path->text, sizeof(path->text), GROUP_TOP "/%s", tenant);
}

static void group_name(struct group_path *name, const struct agent *agent)
{
	snprintf(name->text, sizeof(name->text), "a:%05llu", agent->aid);
}

static void group_path(struct group_path *path, const struct agent *agent)
{
	snprintf(path->text, sizeof(path->text), GROUP_TOP "/%s/a:%05llu", agent->tenant,
		 agent->aid);
}

/* From the root down: a controller is handed on by each level. */
static int group_enable(struct tenant *tenant, enum group_control control)
{
	const char *text = group_controls[control];
	struct group_path path;
	int err;

	lockdep_assert_held(&group_lock);
	if (tenant->controls & BIT(control))
		return 0;
	group_tenant_path(&path, tenant->name);
	err = groupfs_write(".", "cgroup.subtree_control", text) ?:
	      groupfs_write(GROUP_TOP, "cgroup.subtree_control", text) ?:
	      groupfs_write(path.text, "cgroup.subtree_control", text);
	if (err == -ENOMEM)
		return err;
	if (err) {
		pr_warn_ratelimited("coconut: controller %s: error %d; is it of a cgroup v1 hierarchy?\n",
				    text + 1, err);
		return -EOPNOTSUPP;
	}
	tenant->controls |= BIT(control);
	return 0;
}

static int group_make_tenant(struct tenant *tenant)
{
	int err = groupfs_make(".", GROUP_TOP);

	if (!err || err == -EEXIST)
		err = groupfs_make(GROUP_TOP, tenant->name);
	if (err && err != -EEXIST)
		return err;
	tenant->controls = 0;
	err = group_enable(tenant, GROUP_CPU);
	return err ?: tenant_apply(tenant);
}

/* In a tenant that is there, or was there until nobody needed it any more. */
static struct cgroup *group_make(struct tenant *tenant, const struct agent *agent)
{
	struct group_path above, name, path;
	struct cgroup *group;
	int err;

	group_tenant_path(&above, tenant->name);
	group_name(&name, agent);
	group_path(&path, agent);
	err = groupfs_make(above.text, name.text);
	if (err == -ENOENT)
		err = group_make_tenant(tenant) ?: groupfs_make(above.text, name.text);
	if (err)
		return ERR_PTR(err);
	group = groupfs_get(path.text);
	if (IS_ERR(group))
		groupfs_remove(above.text, name.text);
	return group;
}

/* What a cgroup answers, in words of agent_spawn(2). */
static int group_error(int err)
{
	switch (err) {
	case -ENOTDIR:		/* a tenant by the name of a control file */
		return -EINVAL;
	case -EAGAIN:		/* as many as the operator lets there be */
		return -EDQUOT;
	default:
		return err;
	}
}

/* A level keeps no more for those beneath than is kept for it. */
static int group_keep(struct agent *agent, u64 bytes)
{
	struct agent_quota *quota = &agent->quota[AGENT_QUOTA_RAM_MIN];
	u64 before = quota->reserved;

	spin_lock_irq(&agent->lock);
	quota->reserved = bytes;
	spin_unlock_irq(&agent->lock);
	return tenant_keep(tenant_find(agent->tenant), before, bytes);
}

static void group_forget(struct agent *agent)
{
	struct group_path path, name;
	int err;

	lockdep_assert_held(&group_lock);
	group_tenant_path(&path, agent->tenant);
	group_name(&name, agent);
	err = groupfs_remove(path.text, name.text);
	if (err && err != -ENOENT)
		return;		/* somebody is on his way back out of it: agent_group_back() */
	cgroup_put(agent->group);
	agent->group = NULL;
	if (agent->quota[AGENT_QUOTA_RAM_MIN].reserved)
		group_keep(agent, 0);
	tenant_leave(tenant_find(agent->tenant));
}

/**
 * agent_group_make() - make an agent's group, with the weight of its lane
 * @agent: not yet published
 *
 * Context: may sleep.
 * Return: 0; -EOPNOTSUPP without cgroup v2 or its cpu controller; -EINVAL for a tenant by
 * the name of a control file; -EDQUOT for more groups than the operator allows; -ENOMEM.
 */
int agent_group_make(struct agent *agent)
{
	struct group_path path;
	struct tenant *tenant;
	struct cgroup *group;
	int err;

	group_path(&path, agent);
	mutex_lock(&group_lock);
	tenant = tenant_get(agent->tenant);
	err = PTR_ERR_OR_ZERO(tenant);
	if (err)
		goto unlock;
	group = group_make(tenant, agent);
	err = PTR_ERR_OR_ZERO(group);
	if (err)
		goto unlock;
	agent->group = group;
	tenant_join(tenant);
	err = agent_lane_weigh(path.text, agent->lane);
	if (err)
		group_forget(agent);
unlock:
	mutex_unlock(&group_lock);
	return group_error(err);
}

/**
 * agent_group_enter() - put current into an agent's group
 * @agent: the agent
 * @from: set to the group that current was in, for agent_group_back() or cgroup_put()
 *
 * Context: may sleep; current is the only thread of its process.
 * Return: 0; -ESRCH where the group is gone with the agent; -EBUSY where the operator
 * handed the group's controllers on; -ENOMEM.
 */
int agent_group_enter(struct agent *agent, struct cgroup **from)
{
	struct cgroup *to;
	int err;

	mutex_lock(&group_lock);
	to = agent->group;
	if (to)
		cgroup_get(to);
	mutex_unlock(&group_lock);
	if (!to)
		return -ESRCH;
	err = cgroup_move_current(to, from);
	cgroup_put(to);
	return err == -ENODEV ? -ESRCH : err;
}

/**
 * agent_group_back() - current did not become the agent's after all
 * @agent: whose group it is in
 * @from: where it was; the reference goes
 *
 * Context: may sleep.
 */
void agent_group_back(struct agent *agent, struct cgroup *from)
{
	/* Without memory for it current stays, with no more rights, and on the agent's share. */
	if (cgroup_move_current(from, NULL))
		pr_warn_ratelimited("coconut: a task stays in the cgroup of a:%05llu\n",
				    agent->aid);
	cgroup_put(from);
	if (agent_is_terminal(agent))
		agent_group_ended(agent);
}

/**
 * agent_group_write() - set what a controller does with an agent
 * @agent: the agent
 * @control: the controller; the tenant has it from now on
 * @file: its control file
 * @text: what to write
 *
 * Context: may sleep.
 * Return: 0, also for an agent without group; -EOPNOTSUPP where the machine does not have
 * the controller; what the controller answers.
 */
int agent_group_write(struct agent *agent, enum group_control control, const char *file,
		      const char *text)
{
	struct group_path path;
	int err = 0;

	group_path(&path, agent);
	mutex_lock(&group_lock);
	if (agent->group)
		err = group_enable(tenant_find(agent->tenant), control) ?:
		      groupfs_write(path.text, file, text);
	mutex_unlock(&group_lock);
	return err;
}

/**
 * agent_group_keep() - keep memory for an agent
 * @agent: the agent
 * @bytes: how much of what it uses is not taken from it
 *
 * Context: may sleep.
 * Return: as agent_group_write().
 */
int agent_group_keep(struct agent *agent, u64 bytes)
{
	struct group_path path;
	char text[24];
	int err = 0;

	group_path(&path, agent);
	snprintf(text, sizeof(text), "%llu", bytes);
	mutex_lock(&group_lock);
	if (agent->group)
		err = group_enable(tenant_find(agent->tenant), GROUP_MEMORY) ?:
		      groupfs_write(path.text, "memory.min", text) ?: group_keep(agent, bytes);
	mutex_unlock(&group_lock);
	return err;
}

/**
 * agent_group_read() - what a control file of an agent says
 * @agent: the agent
 * @file: the file
 * @buf: where to; ended with a NUL
 * @size: of @buf
 *
 * Context: may sleep.
 * Return: bytes; -ENOENT without the group, or the controller.
 */
ssize_t agent_group_read(struct agent *agent, const char *file, char *buf, size_t size)
{
	struct group_path path;

	group_path(&path, agent);
	return groupfs_read(path.text, file, buf, size);
}

/**
 * agent_group_remove() - remove an agent's group
 * @agent: nobody can enter it any more
 *
 * Context: may sleep.
 */
void agent_group_remove(struct agent *agent)
{
	mutex_lock(&group_lock);
	if (agent->group)
		group_forget(agent);
	mutex_unlock(&group_lock);
}

/**
 * agent_group_work() - what agent_group_ended() leaves to a worker
 * @work: in an agent, which it holds
 */
void agent_group_work(struct work_struct *work)
{
	struct agent *agent = container_of(work, struct agent, group_work);

	quota_group_last(agent);
	agent_group_remove(agent);
	agent_put(agent);
}

/**
 * agent_group_ended() - an agent has ended, and its last task has left it
 * @agent: the agent
 *
 * Context: any.
 */
void agent_group_ended(struct agent *agent)
{
	agent_get(agent);
	if (!queue_work(system_unbound_wq, &agent->group_work))
		agent_put(agent);
}

/**
 * group_tenant_write() - write to a control file of a tenant
 * @tenant: its name
 * @file: the file
 * @text: what
 *
 * Context: may sleep; group_lock is held.
 * Return: 0; -ENOENT where the tenant has no agents; what the controller answers.
 */
int group_tenant_write(const char *tenant, const char *file, const char *text)
{
	struct group_path path;

	lockdep_assert_held(&group_lock);
	group_tenant_path(&path, tenant);
	return groupfs_write(path.text, file, text);
}

/**
 * group_top_write() - write to a control file of all tenants together
 * @file: the file
 * @text: what
 *
 * Context: may sleep; group_lock is held.
 * Return: 0, or what the controller answers.
 */
int group_top_write(const char *file, const char *text)
{
	lockdep_assert_held(&group_lock);
	return groupfs_write(GROUP_TOP, file, text);
}

/**
 * group_tenant_remove() - remove the group of a tenant without agents
 * @tenant: its name
 *
 * Context: may sleep; group_lock is held.
 */
void group_tenant_remove(const char *tenant)
{
	lockdep_assert_held(&group_lock);
	groupfs_remove(GROUP_TOP, tenant);
}
