// SPDX-License-Identifier: GPL-2.0
/*
 * The cgroup of an agent: coconut/<tenant>/<aid>/<aid>..., as agents spawned each other.
 *
 * The upper level is the tenant's share of the machine, beneath it stands what an agent has
 * of its tenant's, and in that what its children have of it: a thousand agents get no more
 * than one tenant's worth, and whoever spawns no more than it had alone. A group exists from
 * before its agent is published until its last task and its last child's group are gone, and
 * the first task is in it before it becomes the agent's.
 *
 * Which controllers there are is up to the limits of the agents beneath: each costs memory
 * in every group, and one that limits nothing is not worth it.
 */

#include <linux/agent.h>
#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sprintf.h>

#include "group.h"
#include "group_level.h"
#include "groupfs.h"
#include "lane.h"
#include "quota_group.h"
#include "tenant.h"

#define GROUP_NAME_MAX		32

/* What a cgroup answers, in words of agent_spawn(2). */
static int group_error(int err)
{
	switch (err) {
	case -ENOTDIR:		/* a tenant by the name of a control file */
		return -EINVAL;
	case -EAGAIN:		/* as many as the operator lets there be */
		return -EDQUOT;
	case -ENOENT:		/* the operator removed what it was to stand in */
	case -ENODEV:
		return -ESRCH;
	default:
		return err;
	}
}

/* Where an agent's own tasks are. */
static struct cgroup *group_home(const struct agent *agent)
{
	return agent->group.own ?: agent->group.cgroup;
}

/*
 * A level keeps no more for those beneath than is kept for it: so does an agent, as its
 * children's limits are none above its own. A tenant keeps the sum.
 */
static int group_keep(struct agent *agent, u64 bytes)
{
	struct agent_quota *quota = &agent->quota[AGENT_QUOTA_RAM_MIN];
	u64 before = quota->reserved;

	spin_lock_irq(&agent->lock);
	quota->reserved = bytes;
	spin_unlock_irq(&agent->lock);
	if (agent->parent != &agent_boot)
		return 0;
	return tenant_keep(tenant_find(agent->tenant), before, bytes);
}

static int group_rmdir(struct cgroup **group)
{
	int err = *group ? groupfs_remove(*group) : 0;

	if (err && err != -ENOENT)
		return err;
	if (*group)
		cgroup_put(*group);
	WRITE_ONCE(*group, NULL);
	return 0;
}

/* Who has ended is gone for good with the last of those in its group. */
static void group_leave(struct agent *agent)
{
	struct agent *parent = agent->parent;

	if (agent->quota[AGENT_QUOTA_RAM_MIN].reserved)
		group_keep(agent, 0);
	tenant_leave(tenant_find(agent->tenant));
	if (!--parent->group.nr_below && agent_is_terminal(parent))
		agent_group_ended(parent);
}

static int group_forget(struct agent *agent)
{
	int err;

	lockdep_assert_held(&group_lock);
	if (!agent->group.cgroup)
		return 0;
	if (agent->group.nr_below)
		return -EBUSY;		/* group_leave() of the last of them comes back */
	err = group_rmdir(&agent->group.own);
	if (err)
		return err;
	agent->group.controls = 0;
	err = group_rmdir(&agent->group.cgroup);
	if (!err)
		group_leave(agent);
	return err;	/* -EBUSY: somebody is on his way back out of it: agent_group_back() */
}

static int group_make(struct agent *agent)
{
	struct tenant *tenant = tenant_get(agent->tenant);
	struct cgroup *above, *group;
	char name[GROUP_NAME_MAX];
	int err;

	if (IS_ERR(tenant))
		return PTR_ERR(tenant);
	above = group_above(agent, tenant);
	if (IS_ERR(above))
		return PTR_ERR(above);
	snprintf(name, sizeof(name), "a:%05llu", agent->aid);
	group = groupfs_make(above, name);
	if (IS_ERR(group))
		return PTR_ERR(group);
	WRITE_ONCE(agent->group.cgroup, group);
	agent->parent->group.nr_below++;
	tenant_join(tenant);
	err = agent_lane_weigh(group, agent->lane);
	if (err)
		group_forget(agent);
	return err;
}

/**
 * agent_group_make() - make an agent's group, with the weight of its lane
 * @agent: not yet published; current is its parent's
 *
 * The parent's tasks go down into a leaf of their own when this is its first child. Those
 * that are exiting cannot, and are waited for.
 *
 * Context: may sleep.
 * Return: 0; -EOPNOTSUPP without cgroup v2 or its cpu controller; -EINVAL for a tenant by
 * the name of a control file; -EDQUOT for more groups than the operator allows; -ESRCH where
 * the parent has no group any more; -EINTR where current is to die; -ENOMEM.
 */
int agent_group_make(struct agent *agent)
{
	int err;

	for (;;) {
		mutex_lock(&group_lock);
		err = group_make(agent);
		mutex_unlock(&group_lock);
		if (err != -EBUSY)
			return group_error(err);
		schedule_timeout_killable(1);
		if (fatal_signal_pending(current))
			return -EINTR;
	}
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
	int err = -ESRCH;

	mutex_lock(&group_lock);	/* nobody comes while a group's tasks go down */
	to = group_home(agent);
	if (to)
		err = cgroup_move_current(to, from);
	mutex_unlock(&group_lock);
	return err == -ENODEV ? -ESRCH : err;
}

/* Its agent may have become a parent meanwhile. */
static int group_back(const struct agent *home, struct cgroup *from)
{
	int err;

	mutex_lock(&group_lock);
	err = cgroup_move_current(from, NULL);
	if (err && home && group_home(home))
		err = cgroup_move_current(group_home(home), NULL);
	mutex_unlock(&group_lock);
	return err;
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
	if (group_back(agent_current(), from))
		pr_warn_ratelimited("coconut: a task stays in the cgroup of a:%05llu\n",
				    agent->aid);
	cgroup_put(from);
	if (agent_is_terminal(agent))
		agent_group_ended(agent);
}

/**
 * agent_group_write() - set what a controller does with an agent and its descendants
 * @agent: the agent
 * @control: the controller; all above the agent have it from now on
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
	int err = 0;

	mutex_lock(&group_lock);
	if (agent->group.cgroup)
		err = group_write(agent, control, file, text);
	mutex_unlock(&group_lock);
	return err;
}

/**
 * agent_group_write_own() - set what a controller does with an agent's own tasks
 * @agent: the agent
 * @control: the controller
 * @file: its control file
 * @text: what to write
 *
 * Context: may sleep.
 * Return: as agent_group_write().
 */
int agent_group_write_own(struct agent *agent, enum group_control control, const char *file,
			  const char *text)
{
	int err = 0;

	mutex_lock(&group_lock);
	if (agent->group.cgroup)
		err = group_write_own(agent, control, file, text);
	mutex_unlock(&group_lock);
	return err;
}

/**
 * agent_group_keep() - keep memory for an agent
 * @agent: the agent
 * @bytes: how much of what it and its descendants use is not taken from them
 *
 * Context: may sleep.
 * Return: as agent_group_write().
 */
int agent_group_keep(struct agent *agent, u64 bytes)
{
	char text[24];
	int err = 0;

	snprintf(text, sizeof(text), "%llu", bytes);
	mutex_lock(&group_lock);
	if (agent->group.cgroup)
		err = group_write(agent, GROUP_MEMORY, "memory.min", text) ?:
		      group_write_own(agent, GROUP_MEMORY, "memory.min", text) ?:
		      group_keep(agent, bytes);
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
	struct cgroup *group;
	ssize_t done;

	rcu_read_lock();	/* who reads does not wait for who spawns */
	group = READ_ONCE(agent->group.cgroup);
	if (group && !cgroup_tryget(group))
		group = NULL;
	rcu_read_unlock();
	if (!group)
		return -ENOENT;
	done = groupfs_read(group, file, buf, size);
	cgroup_put(group);
	return done;
}

/**
 * agent_group_remove() - remove an agent's group
 * @agent: nobody can enter it any more, or name it
 *
 * Context: may sleep.
 */
void agent_group_remove(struct agent *agent)
{
	mutex_lock(&group_lock);
	if (group_forget(agent)) {
		/* Who is in it the operator put there: the folder is his too. */
		cgroup_put(agent->group.cgroup);
		if (agent->group.own)
			cgroup_put(agent->group.own);
		group_leave(agent);
	}
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
	mutex_lock(&group_lock);
	group_forget(agent);
	mutex_unlock(&group_lock);
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
