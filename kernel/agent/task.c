// SPDX-License-Identifier: GPL-2.0
/*
 * The tasks of an agent, counted: threads and io_uring workers too.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/sched/signal.h>

#include "call.h"
#include "freeze.h"
#include "group.h"
#include "open.h"

/**
 * agent_fork() - count a new task
 * @child: with its credentials, not yet running
 *
 * Context: tasklist_lock and siglock are held, interrupts are off.
 */
void agent_fork(struct task_struct *child)
{
	struct agent *agent = child->real_cred->agent;

	if (!agent)
		return;
	atomic_inc(&agent->nr_tasks);
	agent_call_watch(child, agent);
	agent_open_forked(child);
	agent_freeze_child(child);
}

static void task_last_out(struct agent *agent, long code)
{
	char object[32];
	struct audit_entry entry = {
		.aid		= agent->aid,
		.event		= AGENT_EVENT_EXIT,
		.class		= AGENT_CLASS_LIFE,
		.decision	= AGENT_DECISION_NONE,
		.object		= object,
	};

	entry.object_len = scnprintf(object, sizeof(object), "status %ld", code);
	WRITE_ONCE(agent->exit_code, code);
	audit_chain_append(&entry);
	/* Quarantine has no clean way out; and somebody may have entered meanwhile. */
	if (agent_terminate(agent, AGENT_STATE_TERMINATED_CLEAN, 0) == -EINVAL)
		agent_terminate(agent, AGENT_STATE_TERMINATED_REVOKED, SIGKILL);
}

/**
 * agent_exit() - a task leaves its agent by ending
 * @task: current, without files and memory by now
 * @code: what it exits with
 *
 * The agent ends with its last task.
 *
 * Context: may sleep.
 */
void agent_exit(struct task_struct *task, long code)
{
	struct agent *agent = task->real_cred->agent;

	if (!agent || !atomic_dec_and_test(&agent->nr_tasks))
		return;
	agent_get(agent);
	task_last_out(agent, task->signal->group_exit_code ?: code);
	if (agent_is_terminal(agent))
		agent_group_ended(agent);
	agent_put(agent);
}
