// SPDX-License-Identifier: GPL-2.0
/*
 * Files below /proc/PID: classes agent and task.
 *
 * A capability for /proc speaks of a hierarchy, and tasks of all agents have their
 * files in it. So what is opened there is decided a second time, by whose task it
 * is: an agent reads of its own tasks, reads of others where it may observe them,
 * and writes to no other's at all, since each such file changes the task. What
 * Linux asks for besides, as the right to trace, is decided in task.c.
 */
#include <linux/agent.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/rcupdate.h>

#include "../../fs/proc/internal.h"
#include "decide.h"
#include "proc.h"

static int decide_target(struct agent *agent, const struct agent *target, bool writes)
{
	return coconut_decide(agent, &(struct agent_request){
		.class = writes ? AGENT_CLASS_TASK : AGENT_CLASS_AGENT,
		.rights = writes ? COCONUT_RIGHT_NEVER : AGENT_AGENT_OBSERVE,
		.target = target ?: &agent_boot,
		.object = "proc",
	}, NULL);
}

/**
 * coconut_decide_proc() - May an agent open this, where it is a file of a task?
 * @agent: who wants to; not NULL
 * @file: below /proc
 *
 * Return: 0, or the denial, recorded.
 */
int coconut_decide_proc(struct agent *agent, const struct file *file)
{
	const struct inode *inode = file_inode(file);
	struct task_struct *task;
	struct agent *target;
	int err = 0;

	if (!proc_pid(inode))
		return 0;
	task = get_proc_task(inode);
	if (!task)
		return 0;	/* gone: there is nothing to read */
	rcu_read_lock();
	target = agent_get(__task_cred(task)->agent);
	rcu_read_unlock();
	put_task_struct(task);
	if (target != agent)
		err = decide_target(agent, target, file->f_mode & FMODE_WRITE);
	agent_put(target);
	return err;
}
