// SPDX-License-Identifier: GPL-2.0
/*
 * Namespaces of an agent's own: class agent, right sandbox.
 *
 * What is started in an agent may want a sandbox inside it: bwrap, a browser, a
 * container. An agent with the right makes user namespaces, and with the Linux
 * capabilities that it has there all others; none of them gives it more than it
 * had. Files are decided by where its first mount namespace shows them, sockets by
 * their addresses, tasks by whose they are.
 *
 * Every agent starts in the initial user namespace, since to enter one takes a
 * capability in it. So a task of an agent that is in another is in one that its
 * agent, or an agent above it, made.
 */
#include <linux/agent.h>
#include <linux/mnt_namespace.h>
#include <linux/nsproxy.h>
#include <linux/user_namespace.h>

#include "../../fs/mount.h"
#include "decide.h"
#include "sandbox.h"

/**
 * coconut_decide_sandbox() - May an agent do this in namespaces of its own?
 * @agent: who wants to; not NULL
 * @what: what, for the record
 *
 * Context: may sleep.
 * Return: 0, or the denial, recorded.
 */
int coconut_decide_sandbox(struct agent *agent, const char *what)
{
	return coconut_decide(agent, &(struct agent_request){
		.class = AGENT_CLASS_AGENT,
		.rights = AGENT_AGENT_SANDBOX,
		.target = agent,
		.object = what,
	}, NULL);
}

/**
 * coconut_make_sandbox() - May an agent make a user namespace?
 * @agent: current's; not NULL
 *
 * Context: may sleep.
 * Return: 0, or the denial, recorded.
 */
int coconut_make_sandbox(struct agent *agent)
{
	int err = coconut_decide_sandbox(agent, "userns");
	struct coconut_task *state;

	if (err)
		return err;
	state = coconut_task_arm(current);
	if (state)
		state->sandboxes = true;
	return 0;
}

/*
 * unshare(2) and clone(2) ask for capabilities in the namespace that they have just
 * made before anybody is in it.
 */
static bool makes(const struct cred *cred, const struct user_namespace *ns)
{
	return cred == current_cred() && coconut_task(current)->sandboxes &&
	       ns->parent == cred->user_ns;
}

/* Withdrawn, it counts no longer; used up, for what it made it does. */
static bool holds(struct agent *agent)
{
	const struct agent_request req = {
		.class = AGENT_CLASS_AGENT,
		.rights = AGENT_AGENT_SANDBOX,
		.target = agent,
		.approved = true,
	};

	return coconut_holds(agent, &req) && !agent_suspended(agent);
}

/**
 * coconut_sandboxed() - Is this in a user namespace that the agent may rule in?
 * @agent: whose task it is; not NULL
 * @cred: the task's credential
 * @ns: where it wants a Linux capability
 *
 * Context: any.
 * Return: true if so.
 */
bool coconut_sandboxed(struct agent *agent, const struct cred *cred, struct user_namespace *ns)
{
	if (!makes(cred, ns) &&
	    (cred->user_ns == &init_user_ns || !in_userns(cred->user_ns, ns)))
		return false;
	return agent->permissive || holds(agent);
}

/**
 * coconut_own_mounts() - Is current's mount namespace one that an agent made?
 *
 * Return: true if so.
 */
bool coconut_own_mounts(void)
{
	return current->nsproxy->mnt_ns->user_ns != &init_user_ns;
}
