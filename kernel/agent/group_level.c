// SPDX-License-Identifier: GPL-2.0
/*
 * Levels of groups: what stands above an agent's, and what is handed on from there.
 *
 * A group that hands a controller on may have no tasks. So an agent's group has them for
 * as long as the agent has no children, which is most often for ever; when it spawns its
 * first, they go down into a leaf. What limits the agent stays above: it has one budget
 * for itself and all its descendants.
 */

#include <linux/agent.h>
#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "group.h"
#include "group_level.h"
#include "groupfs.h"
#include "tenant.h"

#define GROUP_TOP	"coconut"
#define GROUP_OWN	"self"
#define GROUP_HAND_ON	"cgroup.subtree_control"
#define GROUP_NUMBER	24
#define GROUP_CONTROLLERS	256	/* names of all there are */

static struct cgroup *group_top;		/* group_lock */

static const char *const group_controls[GROUP_NR_CONTROLS] = {
	[GROUP_CPU]	= "+cpu",
	[GROUP_MEMORY]	= "+memory",
	[GROUP_PIDS]	= "+pids",
	[GROUP_IO]	= "+io",
};

/*
 * What holds for an agent's own tasks holds for their leaf. With @moves it does no longer
 * hold above: who is out of memory there ends with all its tasks, but not with its children.
 */
static const struct {
	enum group_control control;
	const char *file;
	bool moves;
} group_own_files[] = {
	{ GROUP_CPU, "cpu.weight" },
	{ GROUP_MEMORY, "memory.min" },
	{ GROUP_MEMORY, "memory.oom.group", .moves = true },
};

/* It is known for as long as it is there: who may remove an empty one is the operator. */
static int group_find(struct cgroup **group, struct cgroup *above, const char *name)
{
	struct cgroup *found;

	if (*group && (*group)->self.flags & CSS_ONLINE)
		return 0;
	found = groupfs_make(above, name);
	if (found == ERR_PTR(-EEXIST))
		found = groupfs_get(above, name);
	if (IS_ERR(found))
		return PTR_ERR(found);
	if (*group)
		cgroup_put(*group);
	*group = found;
	return 0;
}

static int group_hand_on(struct cgroup *group, enum group_control control)
{
	return groupfs_write(group, GROUP_HAND_ON, group_controls[control]);
}

/**
 * group_has() - does the hierarchy have a controller?
 * @control: the controller
 *
 * One of a cgroup v1 hierarchy is not there, nor is one that the kernel was built or
 * started without.
 *
 * Context: may sleep.
 * Return: true if so.
 */
bool group_has(enum group_control control)
{
	char text[GROUP_CONTROLLERS], *rest = text, *name;

	if (groupfs_read(&cgrp_dfl_root.cgrp, "cgroup.controllers", text, sizeof(text)) < 0)
		return false;
	while ((name = strsep(&rest, "\n ")))
		if (!strcmp(name, group_controls[control] + 1))
			return true;
	return false;
}

/* What a group answers that would not hand a controller on. */
static int group_missing(int err, enum group_control control)
{
	if (!err || err == -ENOMEM)
		return err;
	pr_warn_ratelimited("coconut: controller %s: error %d; is it of a cgroup v1 hierarchy?\n",
			    group_controls[control] + 1, err);
	return -EOPNOTSUPP;
}

static int group_own_inherit(const struct agent_group *group, enum group_control control)
{
	char text[GROUP_NUMBER];
	ssize_t err = 0;
	int i;

	for (i = 0; err >= 0 && i < ARRAY_SIZE(group_own_files); i++) {
		if (group_own_files[i].control != control)
			continue;
		err = groupfs_read(group->cgroup, group_own_files[i].file, text, sizeof(text));
		if (err >= 0)
			err = groupfs_write(group->own, group_own_files[i].file, text);
		if (!err && group_own_files[i].moves)
			err = groupfs_write(group->cgroup, group_own_files[i].file, "0");
	}
	return min_t(ssize_t, err, 0);
}

static int group_enable_level(struct agent_group *group, enum group_control control)
{
	int err = group_hand_on(group->cgroup, control) ?: group_own_inherit(group, control);

	if (!err)
		group->controls |= BIT(control);
	return err;
}

static int group_enable_tenant(struct tenant *tenant, enum group_control control)
{
	int err;

	if (tenant->controls & BIT(control))
		return 0;
	err = group_hand_on(&cgrp_dfl_root.cgrp, control) ?: group_hand_on(group_top, control) ?:
	      group_hand_on(tenant->group, control);
	if (!err)
		tenant->controls |= BIT(control);
	return group_missing(err, control);
}

/* The highest of an agent and those above it that does not hand a controller on yet. */
static struct agent *group_without(struct agent *agent, enum group_control control)
{
	struct agent *found = NULL;

	for (; agent != &agent_boot; agent = agent->parent)
		if (!(agent->group.controls & BIT(control)))
			found = agent;
	return found;
}

/* From the root down: a controller is handed on by each level, @lowest the last of them. */
static int group_enable(struct agent *lowest, struct tenant *tenant, enum group_control control)
{
	struct agent *level;
	int err = group_enable_tenant(tenant, control);

	while (!err && (level = group_without(lowest, control)))
		err = group_missing(group_enable_level(&level->group, control), control);
	return err;
}

static int group_tenant(struct tenant *tenant)
{
	struct cgroup *before = tenant->group;
	int err;

	err = group_find(&group_top, &cgrp_dfl_root.cgrp, GROUP_TOP) ?:
	      group_find(&tenant->group, group_top, tenant->name);
	if (err)
		return err;
	if (tenant->group != before)
		tenant->controls = 0;
	if (tenant->controls)
		return 0;
	err = group_enable_tenant(tenant, GROUP_CPU) ?: tenant_apply(tenant);
	if (err)
		tenant->controls = 0;
	return err;
}

/*
 * An agent has children from now on. Where this fails half-way it goes on from there; with
 * -EBUSY, once a task that was exiting has done so.
 */
static int group_split(struct agent_group *group)
{
	if (!group->cgroup)
		return -ESRCH;
	if (group->controls)
		return 0;
	return group_find(&group->own, group->cgroup, GROUP_OWN) ?:
	       cgroup_move_tasks(group->own, group->cgroup) ?:
	       group_enable_level(group, GROUP_CPU);
}

/**
 * group_above() - where the group of a new agent is made
 * @agent: the agent
 * @tenant: its tenant
 *
 * Context: may sleep; group_lock is held.
 * Return: the group of its parent, or of the tenant for one that the boot agent spawned,
 * no reference; or an ERR_PTR(): -EBUSY while a task of the parent is exiting; -ESRCH;
 * -EOPNOTSUPP without cgroup v2 or its cpu controller; -ENOMEM.
 */
struct cgroup *group_above(struct agent *agent, struct tenant *tenant)
{
	struct agent *parent = agent->parent;
	int err;

	lockdep_assert_held(&group_lock);
	err = group_tenant(tenant);
	if (!err && parent != &agent_boot)
		err = group_split(&parent->group);
	if (err)
		return ERR_PTR(err);
	return parent == &agent_boot ? tenant->group : parent->group.cgroup;
}

/**
 * group_write() - set what a controller does with an agent and its descendants
 * @agent: the agent, with a group
 * @control: the controller; all levels above have it from now on
 * @file: its control file
 * @text: what to write
 *
 * Context: may sleep; group_lock is held.
 * Return: 0; -EOPNOTSUPP where the machine does not have the controller; what the
 * controller answers.
 */
int group_write(struct agent *agent, enum group_control control, const char *file,
		const char *text)
{
	lockdep_assert_held(&group_lock);
	return group_enable(agent->parent, tenant_find(agent->tenant), control) ?:
	       groupfs_write(agent->group.cgroup, file, text);
}

/**
 * group_write_own() - set what a controller does with an agent's own tasks
 * @agent: the agent, with a group
 * @control: the controller
 * @file: its control file
 * @text: what to write
 *
 * Context: may sleep; group_lock is held.
 * Return: as group_write().
 */
int group_write_own(struct agent *agent, enum group_control control, const char *file,
		    const char *text)
{
	lockdep_assert_held(&group_lock);
	if (!agent->group.controls)
		return group_write(agent, control, file, text);
	return group_enable(agent, tenant_find(agent->tenant), control) ?:
	       groupfs_write(agent->group.own, file, text);
}

/**
 * group_tenant_write() - write to a control file of a tenant
 * @tenant: the tenant
 * @file: the file
 * @text: what
 *
 * Context: may sleep; group_lock is held.
 * Return: 0; -ENOENT where the tenant has no agents; what the controller answers.
 */
int group_tenant_write(const struct tenant *tenant, const char *file, const char *text)
{
	lockdep_assert_held(&group_lock);
	return tenant->group ? groupfs_write(tenant->group, file, text) : -ENOENT;
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
	return groupfs_write(group_top, file, text);
}

/**
 * group_tenant_remove() - remove the group of a tenant without agents
 * @tenant: the tenant
 *
 * Context: may sleep; group_lock is held.
 */
void group_tenant_remove(struct tenant *tenant)
{
	lockdep_assert_held(&group_lock);
	groupfs_remove(tenant->group);
	cgroup_put(tenant->group);
	tenant->group = NULL;
	tenant->controls = 0;
}
