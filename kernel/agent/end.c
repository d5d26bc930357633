// SPDX-License-Identifier: GPL-2.0
/*
 * How agents end, and the graveyard: the newest of the ended ones, kept for audit.
 */

#include <linux/agent.h>
#include <linux/sched/signal.h>

#include "approval.h"
#include "cap.h"
#include "end.h"
#include "epoch.h"
#include "group.h"
#include "manifest.h"
#include "quota.h"
#include "state.h"
#include "tree.h"

#define GRAVEYARD_MAX	1024

static LIST_HEAD(graveyard);			/* oldest first; agent_tree_lock */
static unsigned int graveyard_len;		/* agent_tree_lock */
static struct cap_set *no_caps;			/* what ended agents hold */

/**
 * agent_end_init() - make what the first agent to end will need
 */
void __init agent_end_init(void)
{
	no_caps = cap_set_build(NULL, 0, NULL);
	if (IS_ERR(no_caps))
		panic("coconut: no memory for an empty capability set");
}

static void graveyard_add(struct agent *agent)
{
	struct agent *oldest;

	list_add_tail(&agent->sibling, &graveyard);
	if (++graveyard_len <= GRAVEYARD_MAX)
		return;
	oldest = list_first_entry(&graveyard, struct agent, sibling);
	list_del_init(&oldest->sibling);
	graveyard_len--;
	agent_tree_forget(oldest);
}

/* A dead agent decides nothing: what it held goes in the same breath as its state. */
static void end_drop_caps(struct agent *agent)
{
	struct cap_set *old;

	mutex_lock(&agent->caps_lock);
	refcount_inc(&no_caps->ref);
	old = rcu_replace_pointer(agent->caps, no_caps, lockdep_is_held(&agent->caps_lock));
	mutex_unlock(&agent->caps_lock);
	agent_epoch_move(agent);
	if (old)
		cap_set_put(old);
}

static int end_one(struct agent *agent, enum agent_state how, const char *why)
{
	unsigned long flags;
	int err;

	spin_lock_irqsave(&agent->lock, flags);
	err = agent_transition_locked(agent, how, why);
	spin_unlock_irqrestore(&agent->lock, flags);
	return err;
}

static void end_bury(struct agent *agent)
{
	end_drop_caps(agent);
	approval_ended(agent);
	manifest_drop_caps(agent->manifest);
	agent_quota_drop(agent);
	agent_quota_child_gone(agent->parent);
	agent_tree_unlink(agent);
	if (!atomic_read(&agent->nr_tasks))
		agent_group_ended(agent);	/* else the last of them does: agent_exit() */
	graveyard_add(agent);
}

/* Children first, so that the graveyard forgets no parent before its children. */
static void end_descendants(struct agent *root)
{
	struct agent *agent;

	while ((agent = agent_tree_leaf(root)) != root) {
		end_one(agent, AGENT_STATE_TERMINATED_REVOKED, "parent ended");
		end_bury(agent);
	}
}

/*
 * Tasks of ended agents, whichever they are: none has a right to run. A fork that is
 * under way either has its child on the list by now, or sees the signal and fails.
 */
static void end_kill_tasks(int sig)
{
	struct task_struct *task;
	struct agent *agent;

	read_lock(&tasklist_lock);
	for_each_process(task) {
		rcu_read_lock();
		agent = __task_cred(task)->agent;
		if (agent && agent_is_terminal(agent))
			do_send_sig_info(sig, SEND_SIG_PRIV, task, PIDTYPE_TGID);
		rcu_read_unlock();
	}
	read_unlock(&tasklist_lock);
}

/**
 * agent_terminate() - end an agent and all that stand under it
 * @agent: the agent; not the boot agent
 * @how: AGENT_STATE_TERMINATED_CLEAN, for which it must have no task, or
 *	 AGENT_STATE_TERMINATED_REVOKED; its descendants are always revoked
 * @sig: what its tasks get, SIGKILL; 0: it has none
 *
 * No orphan keeps authority from a dead parent, so the whole subtree goes.
 * When this returns, each of its agents is terminal, without capabilities, and
 * its tasks are signalled.
 *
 * Context: may sleep.
 * Return: 0; -EALREADY or -EINVAL if it has ended before; -EBUSY if it was to end
 * cleanly and has tasks.
 */
int agent_terminate(struct agent *agent, enum agent_state how, int sig)
{
	bool kill;
	int err;

	if (agent == &agent_boot || how < AGENT_STATE_TERMINATED_CLEAN)
		return -EINVAL;
	mutex_lock(&agent_tree_lock);
	err = end_one(agent, how, sig ? "revoked" : "last task left");
	if (!err) {
		kill = sig || !list_empty(&agent->children);
		end_descendants(agent);
		end_bury(agent);
	}
	mutex_unlock(&agent_tree_lock);
	if (err)
		return err;
	if (kill)
		end_kill_tasks(sig ?: SIGKILL);
	return 0;
}
