// SPDX-License-Identifier: GPL-2.0
/*
 * Entering an agent: the one moment when a task's agent changes.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/capability.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/fs_struct.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "call.h"
#include "enter.h"
#include "freeze.h"
#include "group.h"
#include "lane.h"
#include "state.h"

static bool enter_shares_fs(void)
{
	bool shared;

	spin_lock(&current->fs->lock);
	shared = current->fs->users != 1;
	spin_unlock(&current->fs->lock);
	return shared;
}

/**
 * agent_enter_alone() - does current share nothing that reaches over the border?
 *
 * Whoever shares memory, a descriptor table or a root with the entering task
 * would be within the agent's reach, or the agent within its. A task that it
 * traces would stay in its hands.
 *
 * Context: process.
 * Return: 0 or -EBUSY.
 */
int agent_enter_alone(void)
{
	if (!current_is_single_threaded())
		return -EBUSY;
	if (atomic_read(&current->files->count) != 1 || enter_shares_fs())
		return -EBUSY;
	if (!list_empty_careful(&current->ptraced))
		return -EBUSY;
	return 0;
}

static int enter_permitted(const struct agent *from, const struct agent *agent)
{
	if (agent == &agent_boot || from == agent)
		return -EPERM;
	if (from)
		return agent->parent == from ? 0 : -EPERM;
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

/* Counted before the credential changes, so that the agent cannot end in between. */
static int enter_count(struct agent *agent)
{
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&agent->lock, flags);
	if (agent_is_terminal(agent)) {
		err = -ESRCH;
	} else if (agent_suspended(agent)) {
		err = -EBUSY;
	} else {
		atomic_inc(&agent->nr_tasks);
		if (agent->state == AGENT_STATE_ATTESTED)
			agent_transition_locked(agent, AGENT_STATE_ACTIVE, "first task");
	}
	spin_unlock_irqrestore(&agent->lock, flags);
	return err;
}

/* By its last task's leave the parent would end, and the child that is entered with it. */
static int enter_leave(struct agent *from)
{
	if (from && !atomic_add_unless(&from->nr_tasks, -1, 1))
		return -EBUSY;
	return 0;
}

/* The share comes before the authority: nothing runs for the agent on another's. */
static int enter_count_in_group(struct agent *agent)
{
	struct cgroup *group;
	int err = agent_group_enter(agent, &group);

	if (err)
		return err;
	err = enter_count(agent);
	if (err)
		agent_group_back(agent, group);
	else
		cgroup_put(group);
	return err;
}

static int enter_commit(struct agent *agent, struct agent *from)
{
	struct cred *new = prepare_creds();
	int err;

	if (!new)
		return -ENOMEM;
	err = enter_leave(from);
	if (err)
		goto abort;
	err = enter_count_in_group(agent);
	if (err)
		goto stay;
	agent_put(new->agent);
	new->agent = agent_get(agent);
	commit_creds(new);
	return 0;

stay:
	if (from)
		atomic_inc(&from->nr_tasks);
abort:
	abort_creds(new);
	return err;
}

/* Whoever was refused stays what it was, and it is its record. */
static void enter_record(const struct agent *from, u64 aid, int err)
{
	char comm[TASK_COMM_LEN], object[TASK_COMM_LEN + 24];
	struct audit_entry entry = {
		.aid		= err ? agent_aid(from) : aid,
		.event		= AGENT_EVENT_ENTER,
		.class		= AGENT_CLASS_LIFE,
		.decision	= err ? AGENT_DECISION_DENIED : AGENT_DECISION_ALLOWED,
		.result		= err,
		.object		= object,
	};

	get_task_comm(comm, current);
	if (err)
		entry.object_len = scnprintf(object, sizeof(object), "a:%05llu %s", aid,
					     comm);
	else
		entry.object_len = scnprintf(object, sizeof(object), "%s", comm);
	audit_chain_append(&entry);
}

/**
 * agent_enter() - make current a task of an agent, for the rest of its life
 * @agent: a live agent: a child of current's agent; outside every agent any,
 *	   with CAP_SYS_ADMIN
 *
 * Context: may sleep; credentials are not overridden.
 * Return: 0; -EPERM if current may not enter it; -EBUSY if current has threads,
 * shares memory, descriptors or its root, traces somebody, is the last task of its
 * agent, or @agent is quarantined; -ESRCH if @agent has ended; -ENOMEM.
 */
int agent_enter(struct agent *agent)
{
	struct agent *from = agent_current();
	int err;

	audit_chain_throttle(agent_aid(from));
	audit_chain_throttle(agent->aid);
	err = enter_permitted(from, agent);
	if (!err)
		err = agent_enter_alone();
	if (!err)
		err = enter_commit(agent, from);
	enter_record(from, agent->aid, err);
	if (err)
		return err;
	agent_call_watch(current, agent);
	agent_lane_enter(agent->lane);
	/* Whoever ended the agent meanwhile looked for its tasks before current was one. */
	if (agent_is_terminal(agent))
		send_sig(SIGKILL, current, 1);
	agent_freeze_current();
	return 0;
}

/**
 * agent_enter_aid() - agent_enter() by number
 * @aid: of an agent
 *
 * One that current may not see is refused, and recorded, as if there were none.
 *
 * Context: as agent_enter().
 * Return: as agent_enter(); -ESRCH if there is none.
 */
int agent_enter_aid(u64 aid)
{
	struct agent *from = agent_current();
	struct agent *agent = agent_lookup(aid);
	int err;

	if (agent && agent_may_observe(from, agent)) {
		err = agent_enter(agent);
	} else {
		audit_chain_throttle(agent_aid(from));
		err = -ESRCH;
		enter_record(from, aid, err);
	}
	agent_put(agent);
	return err;
}
