// SPDX-License-Identifier: GPL-2.0
/*
 * What a revoke does to what is open, beyond what the next use decides.
 *
 * Most of what is open needs nothing: its next use finds that the epoch has moved,
 * and is decided again. The rest is gone after here, process by process:
 *
 * - who waits in a system call is made to leave it, as for a signal that nobody
 *   sees. It is tried again, and so decided again;
 * - a connection that is being made and no longer allowed is broken off;
 * - mapped memory is taken back.
 *
 * fork(2) copies mappings into a child that cannot be met yet. A child born to an
 * agent during a walk, or whose making one overlapped, looks through its memory
 * before its first instruction.
 */
#include <linux/agent.h>
#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/lsm_hooks.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "decide.h"
#include "mapping.h"
#include "revoke.h"
#include "setup.h"
#include "socket.h"

static atomic_t walks_begun;
static atomic_t walks_ended;

/**
 * struct process - one that belongs to the subtree
 * @task: its leader, referenced
 * @agent: whose it is, referenced
 * @pid: its number in the first namespace
 */
struct process {
	struct task_struct *task;
	struct agent *agent;
	pid_t pid;
};

/* The next one from @p->pid on. */
static bool next_process(struct agent *root, struct process *p)
{
	struct task_struct *task;
	struct agent *agent;
	struct pid *pid;
	bool found = false;

	rcu_read_lock();
	for (; (pid = find_ge_pid(p->pid, &init_pid_ns)); p->pid++) {
		p->pid = pid_nr(pid);
		task = pid_task(pid, PIDTYPE_TGID);
		agent = task ? __task_cred(task)->agent : NULL;
		if (!agent || !agent_is_ancestor(root, agent))
			continue;
		p->task = get_task_struct(task);
		p->agent = agent_get(agent);
		found = true;
		break;
	}
	rcu_read_unlock();
	return found;
}

static void interrupt(struct task_struct *task)
{
	struct task_struct *thread;

	rcu_read_lock();
	for_each_thread(task, thread)
		set_notify_signal(thread);
	rcu_read_unlock();
}

/* After interrupt(): who waits for a connection is to be told by its own next try. */
static void break_off(const struct process *p)
{
	unsigned int fd = 0;
	struct file *file;

	for (;; fd++) {
		rcu_read_lock();
		file = task_lookup_next_fdget_rcu(p->task, &fd);
		rcu_read_unlock();
		if (!file)
			return;
		coconut_socket_revoked(p->agent, file);
		fput(file);
		cond_resched();
	}
}

/* A leader that has ended may have threads that go on. */
static void take_back(const struct process *p)
{
	struct mm_struct *mm = NULL;
	struct task_struct *thread;

	rcu_read_lock();
	for_each_thread(p->task, thread) {
		mm = get_task_mm(thread);
		if (mm)
			break;
	}
	rcu_read_unlock();
	if (!mm)
		return;
	coconut_mapping_revoked(p->agent, p->pid, mm);
	mmput(mm);
}

static void walk(struct agent *root)
{
	struct process p = { .pid = 1 };

	for (; next_process(root, &p); p.pid++) {
		interrupt(p.task);
		break_off(&p);
		take_back(&p);
		put_task_struct(p.task);
		agent_put(p.agent);
	}
}

/**
 * coconut_revoked() - Reach what the processes of a subtree have open
 * @root: its uppermost agent; decisions know of the revoke already
 *
 * Context: May sleep.
 */
void coconut_revoked(struct agent *root)
{
	atomic_inc(&walks_begun);
	/* A child that did not see this is linked by now, and will be met. */
	read_lock(&tasklist_lock);
	read_unlock(&tasklist_lock);
	walk(root);
	atomic_inc_return_release(&walks_ended);
}

/**
 * coconut_revoke_fork() - Remember which revokes a child cannot have missed
 * @child: not yet a copy of its parent's memory, which is current
 */
void coconut_revoke_fork(struct task_struct *child)
{
	coconut_task(child)->walks = atomic_read_acquire(&walks_ended);
}

/* Under tasklist_lock; @child does not run yet. */
static void coconut_forked(struct task_struct *child)
{
	struct coconut_task *state = coconut_task(child);

	/* No walk was under way when it was begun, and none began since. */
	if (atomic_read(&walks_begun) == state->walks)
		return;
	if (coconut_task_arm(child))
		state->mapping.inherited = true;
}

static const struct agent_open_ops open_ops = {
	.revoked = coconut_revoked,
	.forked = coconut_forked,
};

/**
 * coconut_add_revoke_hooks() - Hear of revokes, and of what could escape them
 */
void __init coconut_add_revoke_hooks(void)
{
	agent_set_open_ops(&open_ops);
}
