// SPDX-License-Identifier: GPL-2.0
/*
 * How the hooks ask for a decision.
 *
 * A hook under a lock may not wait until the chain has room for its record: the
 * reader that makes room may want that lock. Such a record draws on the chain's
 * reserve, and the task waits on its way back to user space instead, when it
 * holds nothing.
 */
#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/task_work.h>

#include "../../kernel/agent/cap.h"
#include "decide.h"

static void syscall_ends(struct callback_head *work)
{
	struct coconut_task *state = container_of(work, struct coconut_task, work);
	struct agent *agent = agent_current();

	state->armed = false;
	state->refused = false;
	state->sandboxes = false;
	if (!agent)
		return;
	coconut_mapping_end(agent, &state->mapping);
	audit_chain_throttle(agent->aid);
}

/**
 * coconut_task_arm() - Have work done before a task is in user space again
 * @task: current, or one that does not run yet
 *
 * Context: Any.
 * Return: Its state, or NULL where it does not go back there.
 */
struct coconut_task *coconut_task_arm(struct task_struct *task)
{
	struct coconut_task *state = coconut_task(task);

	if (task->flags & (PF_KTHREAD | PF_EXITING))
		return NULL;
	if (state->armed)
		return state;
	init_task_work(&state->work, syscall_ends);
	if (task_work_add(task, &state->work, TWA_RESUME))
		return NULL;
	state->armed = true;
	return state;
}

/* NULL: there is no system call whose end could be waited for. */
static struct coconut_task *arm(void)
{
	return in_task() ? coconut_task_arm(current) : NULL;
}

/**
 * coconut_decide() - Decide, and slow the agent down where the hook could not
 * @agent: who acts; not NULL
 * @req: what it wants
 * @granted: as in agent_decide(), or NULL
 *
 * Context: Any that @req->atomic admits.
 * Return: 0, or what agent_decide() refuses with.
 */
int coconut_decide(struct agent *agent, const struct agent_request *req, u64 *granted)
{
	if (req->atomic)
		arm();
	return agent_decide(agent, req, granted);
}

/**
 * coconut_decide_once() - Decide where one system call asks the same several times
 * @agent: who acts; not NULL
 * @req: what it wants
 * @key: what makes two requests of this class the same
 *
 * capable() is often asked for two capabilities either of which would do, and
 * kill(-1) asks for each task. It is one refused operation, so one record.
 *
 * Context: Any; @req->atomic is set.
 * Return: 0, or what agent_decide() refuses with.
 */
int coconut_decide_once(struct agent *agent, const struct agent_request *req, u64 key)
{
	struct coconut_task *state = arm();
	int err;

	if (state && state->refused && state->class == req->class && state->key == key)
		return -EPERM;	/* recorded a moment ago, in this same call */
	err = agent_decide(agent, req, NULL);
	if (err && state) {
		state->class = req->class;
		state->key = key;
		state->refused = true;
	}
	return err;
}

/**
 * coconut_refuse() - Refuse what no capability speaks of, with its record
 * @agent: who acts; not NULL
 * @class: enum agent_class
 * @object: what it wanted, for the record
 * @atomic: the caller may not sleep
 *
 * Return: What agent_decide() refuses with.
 */
int coconut_refuse(struct agent *agent, u8 class, const char *object, bool atomic)
{
	const struct agent_request req = {
		.class = class,
		.rights = COCONUT_RIGHT_NEVER,
		.object = object,
		.atomic = atomic,
	};

	return coconut_decide(agent, &req, NULL);
}

/**
 * coconut_holds() - Does an agent hold any of these rights? Without a record
 * @agent: who; not NULL
 * @req: what it would do
 *
 * Takes no use; what is used up but not withdrawn counts.
 *
 * Context: Any but NMI.
 * Return: True if so.
 */
bool coconut_holds(struct agent *agent, const struct agent_request *req)
{
	const struct cap_set *set;
	bool held;

	rcu_read_lock();
	set = rcu_dereference(agent->caps);
	held = set && cap_set_held(set, agent, req);
	rcu_read_unlock();
	return held;
}
