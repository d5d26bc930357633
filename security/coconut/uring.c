// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: class uring.
 *
 * A ring may be made: what is submitted runs with the credential of its
 * submitter, so with its agent, and passes the hooks of what it does. Refused
 * is what would loosen that tie: a kernel thread that polls for submissions,
 * operations under another registered credential, and commands that go straight
 * to a driver.
 */
#include <linux/agent.h>
#include <linux/lsm_hooks.h>

#include "decide.h"
#include "setup.h"
#include "uring.h"

#ifdef CONFIG_IO_URING

static int refuse(const char *what)
{
	struct agent *agent = agent_current();

	return agent ? coconut_refuse(agent, AGENT_CLASS_URING, what, true) : 0;
}

static int coconut_uring_override_creds(const struct cred *new)
{
	return refuse("override_creds");
}

static int coconut_uring_sqpoll(void)
{
	return refuse("sqpoll");
}

static int coconut_uring_cmd(struct io_uring_cmd *cmd)
{
	return refuse("cmd");
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(uring_override_creds, coconut_uring_override_creds),
	LSM_HOOK_INIT(uring_sqpoll, coconut_uring_sqpoll),
	LSM_HOOK_INIT(uring_cmd, coconut_uring_cmd),
};

/**
 * coconut_add_uring_hooks() - Mediate io_uring
 */
void __init coconut_add_uring_hooks(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &coconut_lsmid);
}

#else /* CONFIG_IO_URING */

void __init coconut_add_uring_hooks(void)
{
}

#endif /* CONFIG_IO_URING */
