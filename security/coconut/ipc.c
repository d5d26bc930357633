// SPDX-License-Identifier: GPL-2.0
/*
 * System V shared memory, semaphores and message queues: class ipc.
 *
 * An object belongs to the agent whose task created it. No capability speaks of
 * those of others, so they are refused. POSIX queues: inode.c.
 *
 * Using an object passes ipc_permission. Commands that ownership decides
 * (setting, removing, locking) pass the control hooks only; those which pass both
 * stop at the first refusal, so there is one record.
 */
#include <linux/agent.h>
#include <linux/ipc.h>
#include <linux/lsm_hooks.h>

#include "decide.h"
#include "ipc.h"
#include "setup.h"

static struct coconut_ipc *coconut_ipc(const struct kern_ipc_perm *perm)
{
	return perm->security + coconut_blob_sizes.lbs_ipc;
}

static int coconut_ipc_alloc(struct kern_ipc_perm *perm)
{
	coconut_ipc(perm)->aid = agent_aid(agent_current());
	return 0;
}

/* Called under RCU, often with the object locked: atomic. */
static int coconut_ipc_permission(struct kern_ipc_perm *perm, short flag)
{
	struct agent *agent = agent_current();

	if (!agent || coconut_ipc(perm)->aid == agent->aid)
		return 0;
	return coconut_refuse(agent, AGENT_CLASS_IPC, "sysv", true);
}

/* @perm is NULL for the commands that ask about no object. */
static int coconut_ipc_control(struct kern_ipc_perm *perm, int cmd)
{
	return perm ? coconut_ipc_permission(perm, 0) : 0;
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(shm_alloc_security, coconut_ipc_alloc),
	LSM_HOOK_INIT(sem_alloc_security, coconut_ipc_alloc),
	LSM_HOOK_INIT(msg_queue_alloc_security, coconut_ipc_alloc),
	LSM_HOOK_INIT(ipc_permission, coconut_ipc_permission),
	LSM_HOOK_INIT(shm_shmctl, coconut_ipc_control),
	LSM_HOOK_INIT(sem_semctl, coconut_ipc_control),
	LSM_HOOK_INIT(msg_queue_msgctl, coconut_ipc_control),
};

/**
 * coconut_add_ipc_hooks() - Mediate System V objects
 */
void __init coconut_add_ipc_hooks(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &coconut_lsmid);
}
