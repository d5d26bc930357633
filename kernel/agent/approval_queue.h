/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The queue of requests for approval, as those see it who show and test it.
 */
#ifndef _AGENT_APPROVAL_QUEUE_H
#define _AGENT_APPROVAL_QUEUE_H

#include <linux/agent.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

enum approval_state {
	APPROVAL_WAITING,
	APPROVAL_ALLOWED,
	APPROVAL_DENIED,
	APPROVAL_TIMEOUT,
	APPROVAL_WITHDRAWN,
};

/**
 * struct approval - a request
 * @link: in approvals; approvals_lock
 * @ref: the queue's, and that of whoever waits
 * @id: its number in this boot, from 1
 * @agent: who asks; holds a reference
 * @state: approvals_lock; moves once away from APPROVAL_WAITING
 * @class: enum agent_class
 * @rights: of that class
 * @atomic: nobody waits; it stays in the queue while it is allowed and not used
 * @pid: of the process that asked, in the first namespace
 * @comm: its name
 * @deadline_ns: CLOCK_BOOTTIME; approvals_lock
 * @len: of @object
 * @object: as a record has it
 */
struct approval {
	struct list_head link;
	refcount_t ref;
	u64 id;
	struct agent *agent;
	enum approval_state state;
	u8 class;
	u64 rights;
	bool atomic;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	u64 deadline_ns;
	size_t len;
	u8 object[] __counted_by(len);
};

extern struct list_head approvals;
extern spinlock_t approvals_lock;

u64 approval_deadline(void);
u64 approvals_expire_at(u64 now);
unsigned int approvals_changes(void);

#endif /* _AGENT_APPROVAL_QUEUE_H */
