// SPDX-License-Identifier: GPL-2.0
/*
 * Source routes: class net, always refused.
 *
 * The address that a capability names is where a packet ends. An IPv6 routing
 * header makes it go to another one first, which may keep it. It is set on a
 * socket, comes in the control data of a message, or hides behind a flow label.
 * The IPv4 option of that kind takes CAP_NET_RAW, which kernel.c refuses.
 */
#include <linux/agent.h>
#include <linux/in6.h>
#include <linux/lsm_hooks.h>
#include <linux/socket.h>

#include "decide.h"
#include "route.h"
#include "setup.h"

static bool routes(int level, int name)
{
	if (level != SOL_IPV6)
		return false;
	switch (name) {
	case IPV6_RTHDR:
	case IPV6_RTHDRDSTOPTS:
	case IPV6_2292RTHDR:
	case IPV6_2292PKTOPTIONS:
	case IPV6_FLOWLABEL_MGR:
		return true;
	default:
		return false;
	}
}

static int coconut_socket_setsockopt(struct socket *sock, int level, int optname)
{
	struct agent *agent = agent_current();

	if (!agent || !routes(level, optname))
		return 0;
	return coconut_refuse(agent, AGENT_CLASS_NET, "source route", false);
}

/**
 * coconut_decide_route() - Does a message choose its own way?
 * @agent: who sends it; not NULL
 * @msg: its control data is in kernel memory
 *
 * Return: 0, or the denial, recorded.
 */
int coconut_decide_route(struct agent *agent, struct msghdr *msg)
{
	struct cmsghdr *cmsg;

	for_each_cmsghdr(cmsg, msg) {
		if (!CMSG_OK(msg, cmsg))
			return 0;	/* the protocol refuses it */
		if (routes(cmsg->cmsg_level, cmsg->cmsg_type))
			return coconut_refuse(agent, AGENT_CLASS_NET, "source route", false);
	}
	return 0;
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(socket_setsockopt, coconut_socket_setsockopt),
};

/**
 * coconut_add_route_hooks() - Refuse source routes
 */
void __init coconut_add_route_hooks(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &coconut_lsmid);
}
