// SPDX-License-Identifier: GPL-2.0
/*
 * Each system call of an agent whose audit level asks for it.
 *
 * Recorded before it is made: what a call that takes the kernel over, or never returns,
 * was called with is in the chain, under a key that is gone by then. Recorded once more
 * with what came of it. A task has a flag for it, so that the others do not pay.
 */

#include <linux/agent.h>
#include <linux/agent_call.h>
#include <linux/audit_chain.h>
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/sprintf.h>
#include <linux/thread_info.h>

#include <asm/syscall.h>

#include "call.h"

#define CALL_ARGS	6
#define CALL_OBJECT_MAX	(32 + CALL_ARGS * 17)

/**
 * agent_call_watch() - record the system calls of a task from here on
 * @task: current, or not yet running; it stays so, and whatever it forks
 * @agent: whose task it is
 *
 * Context: any.
 */
void agent_call_watch(struct task_struct *task, const struct agent *agent)
{
	if (agent->audit_level >= AGENT_AUDIT_SYSCALLS)
		set_task_syscall_work(task, SYSCALL_AGENT);
}

/* A number has another meaning by way of another table. */
static const char *call_table(void)
{
	return in_compat_syscall() ? "compat:" : "";
}

static void call_record(const struct agent *agent, u16 event, const char *object, int len,
			int err)
{
	const struct audit_entry entry = {
		.aid		= agent->aid,
		.event		= event,
		.class		= AGENT_CLASS_LIFE,
		.decision	= AGENT_DECISION_NONE,
		.result		= err,
		.object		= object,
		.object_len	= len,
	};

	audit_chain_throttle(agent->aid);
	audit_chain_append(&entry);
}

/**
 * agent_call_begins() - a system call of an agent is about to be made
 * @regs: of current
 * @nr: the call that is made, after ptrace and seccomp have had their say
 *
 * Context: process, may sleep; no lock is held.
 */
void agent_call_begins(struct pt_regs *regs, long nr)
{
	const struct agent *agent = agent_current();
	char object[CALL_OBJECT_MAX];
	unsigned long a[CALL_ARGS];
	int len;

	if (!agent)
		return;
	syscall_get_arguments(current, regs, a);
	len = scnprintf(object, sizeof(object), "%s%ld %lx %lx %lx %lx %lx %lx", call_table(), nr,
			a[0], a[1], a[2], a[3], a[4], a[5]);
	call_record(agent, AGENT_EVENT_SYSCALL, object, len, 0);
}

/**
 * agent_call_requested() - an agent has submitted a request to io_uring
 * @opcode: what is to be done, as the kernel has read it
 * @user_data: by which the agent knows its completion
 *
 * What else the entry in the ring says the agent can change while it is read: it stands
 * in the records of what is decided. What came of it the agent is told in the ring.
 *
 * Context: process, may sleep; the lock of the ring is held.
 */
void agent_call_requested(u8 opcode, u64 user_data)
{
	const struct agent *agent = agent_current();
	char object[CALL_OBJECT_MAX];
	int len;

	if (!agent)
		return;
	len = scnprintf(object, sizeof(object), "uring:%u %llx", opcode, user_data);
	call_record(agent, AGENT_EVENT_SYSCALL, object, len, 0);
}

/* Numbers that never reach a program: the call was broken off, and may begin anew. */
static int call_error(unsigned long value)
{
	switch ((long)value) {
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK:
		return -EINTR;
	}
	return IS_ERR_VALUE(value) ? (long)value : 0;
}

/**
 * agent_call_ends() - a system call of an agent has returned
 * @regs: of current
 *
 * A new task gets here by the call that made it, and nobody by one that does not return.
 *
 * Context: process, may sleep; no lock is held.
 */
void agent_call_ends(struct pt_regs *regs)
{
	const struct agent *agent = agent_current();
	unsigned long value = regs_return_value(regs);
	long nr = syscall_get_nr(current, regs);
	int err = call_error(value);
	char object[CALL_OBJECT_MAX];
	int len;

	if (!agent)
		return;
	len = err ? scnprintf(object, sizeof(object), "%s%ld", call_table(), nr) :
		    scnprintf(object, sizeof(object), "%s%ld %lx", call_table(), nr, value);
	call_record(agent, AGENT_EVENT_RETURN, object, len, err);
}
