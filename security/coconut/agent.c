// SPDX-License-Identifier: GPL-2.0
/*
 * The agent calls: class agent.
 *
 * Subset, ancestry and signature have been checked when these hooks are asked,
 * and the call that asked writes the record of its outcome, whatever that is: a
 * second one from here would count one refusal twice. So here is the pure
 * question only.
 */
#include <linux/agent.h>
#include <linux/lsm_hooks.h>

#include "../../kernel/agent/cap.h"
#include "agent.h"
#include "setup.h"

/*
 * Stage 4 of agent_spawn: does the caller hold the capability to spawn at all?
 * Its use is taken when the agent is published.
 */
static int lsm_coconut_agent_spawn_hook(struct agent *parent, struct agent *agent,
					struct cap_set *caps)
{
	const struct cap_set *held;
	int err = -EPERM;
	u32 i;

	if (parent == &agent_boot)
		return 0;
	rcu_read_lock();
	held = rcu_dereference(parent->caps);
	for (i = 0; held && i < held->nr; i++)
		if (held->caps[i]->class == AGENT_CLASS_AGENT &&
		    held->caps[i]->rights & AGENT_AGENT_SPAWN)
			err = 0;
	rcu_read_unlock();
	return err;
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(agent_spawn, lsm_coconut_agent_spawn_hook),
};

/**
 * coconut_add_agent_hooks() - Mediate the agent calls
 */
void __init coconut_add_agent_hooks(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &coconut_lsmid);
}
