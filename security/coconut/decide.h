/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the hooks ask for a decision.
 */
#ifndef _SECURITY_COCONUT_DECIDE_H
#define _SECURITY_COCONUT_DECIDE_H

#include <linux/agent.h>
#include <linux/sched.h>
#include <linux/task_work.h>

#include "mapping.h"
#include "peer.h"
#include "setup.h"

/* No capability holds this right: asking for it is how a rule of ours refuses. */
#define COCONUT_RIGHT_NEVER	AGENT_RIGHT_NEVER

/**
 * struct coconut_task - one system call of one task
 * @work: runs before the task returns to user space
 * @agent: kernel/agent's
 * @armed: @work is queued; only the task itself looks and writes
 * @refused: a refusal was recorded since then, namely of
 * @class: this enum agent_class, and
 * @key: this target
 * @sandboxes: it makes a user namespace
 * @walks: how many walks that take mappings back had ended when its fork began
 * @mapping: what it has to look after when it ends
 * @connected: where it connected to last; kept from one call to the next
 */
struct coconut_task {
	struct callback_head work;
	struct agent_task agent;
	bool armed;
	bool refused;
	bool sandboxes;
	u8 class;
	u64 key;
	unsigned int walks;
	struct coconut_mapping mapping;
	struct coconut_peer connected;
};

static inline struct coconut_task *coconut_task(const struct task_struct *task)
{
	return task->security + coconut_blob_sizes.lbs_task;
}

struct coconut_task *coconut_task_arm(struct task_struct *task);

int coconut_decide(struct agent *agent, const struct agent_request *req, u64 *granted);
int coconut_decide_once(struct agent *agent, const struct agent_request *req, u64 key);
bool coconut_holds(struct agent *agent, const struct agent_request *req);
int coconut_refuse(struct agent *agent, u8 class, const char *object, bool atomic);

#endif /* _SECURITY_COCONUT_DECIDE_H */
