/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The address that a task connected to last.
 *
 * Programs connect to the same server again and again. Where no capability of the
 * agent's for addresses has limits, and none of its uses is to be recorded, what was
 * decided about that address holds until the agent's stamp changes.
 *
 * Only the task itself looks and writes.
 */
#ifndef _SECURITY_COCONUT_PEER_H
#define _SECURITY_COCONUT_PEER_H

#include <linux/agent.h>
#include <net/ipv6.h>

#include "../../kernel/agent/cap.h"

/**
 * struct coconut_peer - one address, and who may connect to it
 * @stamp: of the agent that was allowed, read before it was decided; 0: none
 * @net: the address; no name
 */
struct coconut_peer {
	u64 stamp;
	struct agent_net_peer net;
};

static inline bool coconut_peer_is(const struct coconut_peer *last, const struct agent *agent,
				   u64 stamp, const struct agent_net_peer *net)
{
	return last->stamp == stamp && last->net.port == net->port &&
	       last->net.family == net->family && last->net.proto == net->proto &&
	       ipv6_addr_equal((const struct in6_addr *)last->net.addr,
			       (const struct in6_addr *)net->addr) &&
	       agent->audit_level < AGENT_AUDIT_DECISIONS;
}

static inline void coconut_peer_keep(struct coconut_peer *last, const struct agent *agent,
				     u64 stamp, const struct agent_net_peer *net)
{
	if (agent->permissive || !cap_ports_unlimited(agent))
		return;
	last->stamp = stamp;
	last->net = *net;
}

#endif /* _SECURITY_COCONUT_PEER_H */
