/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Uses of capabilities that wait for somebody's approval.
 */
#ifndef _AGENT_APPROVAL_H
#define _AGENT_APPROVAL_H

#include <linux/agent.h>

struct file;
struct poll_table_struct;

#define APPROVALS_MAX	1024	/* of the whole system */

/**
 * struct approval_use - what is to be approved
 * @agent: who wants it
 * @class: enum agent_class
 * @rights: of that class
 * @object: as a record has it, not terminated
 * @len: of @object, at most AUDIT_CHAIN_OBJECT_MAX
 * @atomic: the caller cannot wait: it asks, is denied, and may try again
 * @still: may it yet be approved? asked when capabilities have changed meanwhile
 * @arg: for @still
 */
struct approval_use {
	struct agent *agent;
	u8 class;
	u64 rights;
	const void *object;
	size_t len;
	bool atomic;
	bool (*still)(const void *arg);
	const void *arg;
};

bool approval_allowed(const struct approval_use *use);	/* only looks */
bool approval_given(const struct approval_use *use);	/* asks; for this one use */
int approval_answer(u64 id, bool allow);		/* by current */
void approval_ended(struct agent *agent);		/* nobody is left to do it */

/* What agentfs shows. */
void approval_show(struct seq_file *m);		/* sets m->poll_event */
unsigned int approval_poll(struct file *file, struct poll_table_struct *wait);

#endif /* _AGENT_APPROVAL_H */
