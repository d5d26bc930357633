// SPDX-License-Identifier: GPL-2.0
/*
 * What a task does to another: signals by class agent, the rest by class task.
 *
 * Tasks of one agent are one subject and do to each other what Linux allows.
 * Beyond it a signal needs a capability; tracing, and whatever else changes or
 * reads a task from outside (ptrace, pidfd_getfd, process_vm_*, /proc/PID/mem,
 * scheduling, limits, memory placement), is refused to agents: no capability
 * speaks of it. What a task outside every agent does to an agent is not our
 * concern, it is under nobody's manifest.
 *
 * Most hooks here run under RCU or a task's lock: atomic.
 */
#include <linux/agent.h>
#include <linux/cred.h>
#include <linux/lsm_hooks.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <uapi/linux/sched.h>

#include "decide.h"
#include "revoke.h"
#include "setup.h"
#include "task.h"

/* @target stays valid: it is @agent's own, or the caller is under RCU. */
static int decide_agent(struct agent *agent, const struct agent *target, u8 class,
			u64 rights, const char *what)
{
	if (target == agent)
		return 0;
	target = target ?: &agent_boot;
	return coconut_decide_once(agent, &(struct agent_request){
		.class = class,
		.rights = rights,
		.target = target,
		.object = what,
		.atomic = true,
	}, target->aid);
}

static int decide_task(struct agent *agent, const struct task_struct *task, u8 class,
		       u64 rights, const char *what)
{
	int err;

	rcu_read_lock();
	err = decide_agent(agent, __task_cred(task)->agent, class, rights, what);
	rcu_read_unlock();
	return err;
}

static int refuse_task(const struct task_struct *task, const char *what)
{
	struct agent *agent = agent_current();

	if (!agent)
		return 0;
	return decide_task(agent, task, AGENT_CLASS_TASK, COCONUT_RIGHT_NEVER, what);
}

/* Signal 0 too: whether a process exists is worth knowing. */
static int coconut_task_kill(struct task_struct *task, struct kernel_siginfo *info,
			     int sig, const struct cred *cred)
{
	struct agent *agent = cred ? cred_agent(cred) : agent_current();

	if (!agent)
		return 0;
	return decide_task(agent, task, AGENT_CLASS_AGENT, AGENT_AGENT_SIGNAL, "signal");
}

/*
 * The kernel asks with PTRACE_MODE_NOAUDIT what to show of a task, in
 * /proc/PID/stat for one: fields are blanked, nothing is refused, so nothing is
 * recorded.
 */
static int coconut_ptrace_access_check(struct task_struct *child, unsigned int mode)
{
	struct agent *agent = agent_current();

	if (agent && (mode & PTRACE_MODE_NOAUDIT)) {
		bool same;

		rcu_read_lock();
		same = __task_cred(child)->agent == agent;
		rcu_read_unlock();
		return same ? 0 : -EPERM;
	}
	return refuse_task(child, "ptrace");
}

/* The tracer is the one to hold back: that is @parent, and current asks for it. */
static int coconut_ptrace_traceme(struct task_struct *parent)
{
	struct agent *tracer;
	int err = 0;

	rcu_read_lock();
	tracer = __task_cred(parent)->agent;
	if (tracer)
		err = decide_agent(tracer, agent_current(), AGENT_CLASS_TASK,
				   COCONUT_RIGHT_NEVER, "ptrace");
	rcu_read_unlock();
	return err;
}

static int coconut_task_setnice(struct task_struct *task, int nice)
{
	return refuse_task(task, "nice");
}

static int coconut_task_setioprio(struct task_struct *task, int ioprio)
{
	return refuse_task(task, "ioprio");
}

static int coconut_task_setscheduler(struct task_struct *task)
{
	return refuse_task(task, "scheduler");
}

static int coconut_task_movememory(struct task_struct *task)
{
	return refuse_task(task, "move memory");
}

static int coconut_task_setpgid(struct task_struct *task, pid_t pgid)
{
	return refuse_task(task, "process group");
}

static int coconut_task_prlimit(const struct cred *cred, const struct cred *tcred,
				unsigned int flags)
{
	struct agent *agent = cred_agent(cred);

	if (!agent)
		return 0;
	return decide_agent(agent, cred_agent(tcred), AGENT_CLASS_TASK,
			    COCONUT_RIGHT_NEVER, "limits");
}

/*
 * clone3(2) takes the directory of a cgroup by any descriptor, O_PATH included: a
 * way out of what the agent was given to live on that writes to no file.
 */
static int coconut_task_alloc(struct task_struct *task, unsigned long clone_flags)
{
	struct agent *agent = agent_current();

	if (!agent)
		return 0;
	if (clone_flags & CLONE_INTO_CGROUP)
		return coconut_refuse(agent, AGENT_CLASS_TASK, "clone into a cgroup", false);
	coconut_revoke_fork(task);
	return 0;
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(task_alloc, coconut_task_alloc),
	LSM_HOOK_INIT(task_kill, coconut_task_kill),
	LSM_HOOK_INIT(ptrace_access_check, coconut_ptrace_access_check),
	LSM_HOOK_INIT(ptrace_traceme, coconut_ptrace_traceme),
	LSM_HOOK_INIT(task_setnice, coconut_task_setnice),
	LSM_HOOK_INIT(task_setioprio, coconut_task_setioprio),
	LSM_HOOK_INIT(task_setscheduler, coconut_task_setscheduler),
	LSM_HOOK_INIT(task_movememory, coconut_task_movememory),
	LSM_HOOK_INIT(task_setpgid, coconut_task_setpgid),
	LSM_HOOK_INIT(task_prlimit, coconut_task_prlimit),
};

/**
 * coconut_add_task_hooks() - Mediate what a task does to another
 */
void __init coconut_add_task_hooks(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &coconut_lsmid);
}
