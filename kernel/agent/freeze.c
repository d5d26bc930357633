// SPDX-License-Identifier: GPL-2.0
/*
 * The tasks of a quarantined agent stand still.
 *
 * Each parks on its way back to user space, holding nothing, and executes no further
 * instruction of its program until the agent is released. That is no signal: nobody
 * undoes it with SIGCONT, and no program can catch it. What sleeps interruptibly in a
 * system call is woken, so that it parks too; what the kernel is in the middle of is
 * finished first. SIGKILL ends a parked task, everything else waits.
 *
 * The work that parks a task is kept with the task, so that no lack of memory lets one
 * run on.
 */

#include <linux/agent.h>
#include <linux/cred.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>
#include <linux/wait.h>

#include "freeze.h"

/* Not counted as load, no hung task, and suspending the machine need not wait for it. */
#define TASK_STANDS_STILL	(TASK_KILLABLE | TASK_NOLOAD | TASK_FREEZABLE)

static size_t task_offset __ro_after_init;	/* in task->security */
static bool task_room __ro_after_init;

/**
 * agent_task_room() - the security module says where a task's part is kept
 * @offset: of a struct agent_task in task->security; zeroed in each new task
 */
void __init agent_task_room(size_t offset)
{
	task_offset = offset;
	task_room = true;
}

static struct agent_task *agent_task(struct task_struct *task)
{
	return task->security + task_offset;
}

/* Somebody who is to die must get through to where that happens. */
static bool task_parks(const struct agent *agent)
{
	return agent_suspended(agent) && !agent_is_terminal(agent) &&
	       !(READ_ONCE(current->signal->flags) & SIGNAL_GROUP_EXIT) &&
	       !(current->flags & PF_EXITING);
}

static void task_park(struct callback_head *work)
{
	struct agent *agent = current_real_cred()->agent;

	/* Whoever suspends the agent from here on queues this anew. */
	clear_bit(0, &agent_task(current)->armed);
	smp_mb__after_atomic();	/* before the look at the state */
	if (agent)
		wait_event_state(agent->wait, !task_parks(agent), TASK_STANDS_STILL);
}

static void task_arm(struct task_struct *task)
{
	struct agent_task *state;

	if (WARN_ON_ONCE(!task_room) || (task->flags & PF_EXITING))
		return;
	state = agent_task(task);
	if (test_and_set_bit(0, &state->armed))
		return;
	init_task_work(&state->park, task_park);
	if (task_work_add(task, &state->park, TWA_SIGNAL))
		clear_bit(0, &state->armed);
}

/**
 * agent_freeze_tasks() - park the tasks of all suspended agents
 *
 * A fork that is under way either has its child on the list by now, or sees that the
 * agent is suspended (agent_freeze_child()).
 *
 * Context: process.
 */
void agent_freeze_tasks(void)
{
	struct task_struct *process, *task;
	const struct agent *agent;

	smp_mb();	/* the state before the credentials; see agent_freeze_current() */
	read_lock(&tasklist_lock);
	rcu_read_lock();
	for_each_process_thread(process, task) {
		agent = __task_cred(task)->agent;
		if (agent && agent_suspended(agent))
			task_arm(task);
	}
	rcu_read_unlock();
	read_unlock(&tasklist_lock);
}

/**
 * agent_freeze_child() - a new task parks before its first instruction
 * @child: with its credentials, not yet running
 *
 * Context: tasklist_lock and siglock are held, interrupts are off.
 */
void agent_freeze_child(struct task_struct *child)
{
	if (agent_suspended(child->real_cred->agent))
		task_arm(child);
}

/**
 * agent_freeze_current() - park, if current's agent is suspended
 *
 * After a task has entered an agent, and where a denial has just brought its agent into
 * quarantine: current goes no further than to the end of its system call.
 *
 * Context: any; nothing happens outside of a task.
 */
void agent_freeze_current(void)
{
	const struct agent *agent;

	if (!in_task() || (current->flags & PF_KTHREAD))
		return;
	smp_mb();	/* the credential before the state; see agent_freeze_tasks() */
	agent = current_real_cred()->agent;
	if (agent && agent_suspended(agent))
		task_arm(current);
}
