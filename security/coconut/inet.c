// SPDX-License-Identifier: GPL-2.0
/*
 * TCP and UDP: class net.
 *
 * Addresses are decided as the stack will use them: an IPv4 one in its IPv6
 * form as IPv4, and the unspecified one as the loopback that connecting to it
 * means. An address that is malformed is let through, for the protocol refuses
 * it. Binding to port 0 leaves the choice to the kernel and is decided as port 0.
 */
#include <linux/agent.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/inet.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "../../kernel/agent/cap.h"
#include "decide.h"
#include "socket.h"

static u8 protocol_of(const struct sock *sk)
{
	return sk->sk_type == SOCK_STREAM ? AGENT_NET_TCP : AGENT_NET_UDP;
}

static void set_v4(struct agent_net_peer *peer, __be32 addr, u16 port)
{
	peer->family = AF_INET;
	peer->port = port;
	memcpy(peer->addr, &addr, sizeof(addr));
}

static void set_v6(struct agent_net_peer *peer, const struct in6_addr *addr, u16 port)
{
	if (ipv6_addr_v4mapped(addr)) {
		set_v4(peer, addr->s6_addr32[3], port);
		return;
	}
	peer->family = AF_INET6;
	peer->port = port;
	memcpy(peer->addr, addr, sizeof(*addr));
}

/* False: the protocol will refuse this address. */
static bool set_address(struct agent_net_peer *peer, const struct sock *sk,
			const struct sockaddr *addr, int len)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
	const struct sockaddr_in *in = (const struct sockaddr_in *)addr;
	sa_family_t family;

	if (len < (int)offsetofend(struct sockaddr, sa_family))
		return false;
	family = addr->sa_family;
	/* IPv4 takes it for AF_INET, as old programs want it. */
	if (family == AF_UNSPEC && sk->sk_family == AF_INET)
		family = AF_INET;
	if (family == AF_INET && len >= (int)sizeof(*in))
		set_v4(peer, in->sin_addr.s_addr, ntohs(in->sin_port));
	else if (family == AF_INET6 && len >= SIN6_LEN_RFC2133)
		set_v6(peer, &in6->sin6_addr, ntohs(in6->sin6_port));
	else
		return false;
	return true;
}

/* To connect or send to the unspecified address is to do so to this host. */
static void set_loopback(struct agent_net_peer *peer, const struct sock *sk)
{
	if (!ipv6_addr_any((const struct in6_addr *)peer->addr))
		return;
	if (peer->family == AF_INET)
		set_v4(peer, htonl(INADDR_LOOPBACK), peer->port);
#if IS_ENABLED(CONFIG_IPV6)
	else if (ipv6_addr_v4mapped(&sk->sk_v6_rcv_saddr))
		set_v4(peer, htonl(INADDR_LOOPBACK), peer->port);
#endif
	else
		set_v6(peer, &in6addr_loopback, peer->port);
}

static void set_local(struct agent_net_peer *peer, const struct sock *sk)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		set_v6(peer, &sk->sk_v6_rcv_saddr, inet_sk(sk)->inet_num);
	else
#endif
		set_v4(peer, inet_sk(sk)->inet_rcv_saddr, inet_sk(sk)->inet_num);
}

static void set_remote(struct agent_net_peer *peer, const struct sock *sk)
{
	u16 port = ntohs(inet_sk(sk)->inet_dport);

#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		set_v6(peer, &sk->sk_v6_daddr, port);
	else
#endif
		set_v4(peer, inet_sk(sk)->inet_daddr, port);
}

static __always_inline int decide(struct agent *agent, const struct agent_net_peer *peer,
				  u64 right, u64 *granted)
{
	return coconut_decide(agent, &(struct agent_request){
		.class = AGENT_CLASS_NET,
		.rights = right,
		.net = peer,
	}, granted);
}

/* Decides, and keeps what was found for coconut_inet_use(). */
static __always_inline int decide_role(struct agent *agent, struct sock *sk,
				       const struct agent_net_peer *peer, u8 role, u64 right)
{
	u64 stamp = atomic64_read_acquire(&agent->stamp);
	u64 granted = 0;
	int err = decide(agent, peer, right, &granted);

	if (!err)
		coconut_sock_allowed(sk, stamp, role, granted);
	return err;
}

/**
 * coconut_inet_bind() - May an agent bind to this address?
 * @agent: who wants to
 * @sk: the socket
 * @addr: as given by user space
 * @len: of @addr
 *
 * Return: 0 or the denial, recorded.
 */
int coconut_inet_bind(struct agent *agent, struct sock *sk, const struct sockaddr *addr,
		      int len)
{
	struct agent_net_peer peer = { .proto = protocol_of(sk) };

	if (!set_address(&peer, sk, addr, len))
		return 0;
	return decide_role(agent, sk, &peer, COCONUT_ROLE_BOUND, AGENT_NET_BIND);
}

static int decide_connect(struct agent *agent, struct sock *sk,
			  const struct agent_net_peer *peer)
{
	struct coconut_peer *last = &coconut_task(current)->connected;
	u64 stamp = atomic64_read_acquire(&agent->stamp);
	int err;

	if (coconut_peer_is(last, agent, stamp, peer)) {
		coconut_sock_allowed(sk, stamp, COCONUT_ROLE_CONNECTED, AGENT_NET_CONNECT);
		return 0;
	}
	err = decide_role(agent, sk, peer, COCONUT_ROLE_CONNECTED, AGENT_NET_CONNECT);
	if (!err)
		coconut_peer_keep(last, agent, stamp, peer);
	return err;
}

/**
 * coconut_inet_connect() - May an agent connect to this address?
 * @agent: who wants to
 * @sk: the socket
 * @addr: as given by user space
 * @len: of @addr
 *
 * Return: 0 or the denial, recorded.
 */
int coconut_inet_connect(struct agent *agent, struct sock *sk,
			 const struct sockaddr *addr, int len)
{
	struct agent_net_peer peer = { .proto = protocol_of(sk) };

	/* AF_UNSPEC ends a connection. */
	if (len >= (int)offsetofend(struct sockaddr, sa_family) &&
	    addr->sa_family == AF_UNSPEC)
		return 0;
	if (!set_address(&peer, sk, addr, len))
		return 0;
	set_loopback(&peer, sk);
	return decide_connect(agent, sk, &peer);
}

/**
 * coconut_inet_listen() - May an agent listen where this socket is bound?
 * @agent: who wants to
 * @sk: the socket; not bound: the kernel will choose a port
 *
 * Return: 0 or the denial, recorded.
 */
int coconut_inet_listen(struct agent *agent, struct sock *sk)
{
	struct agent_net_peer peer = { .proto = protocol_of(sk) };

	set_local(&peer, sk);
	return decide_role(agent, sk, &peer, COCONUT_ROLE_LISTENING, AGENT_NET_LISTEN);
}

static noinline int decide_use(struct agent *agent, struct sock *sk, u8 role, u64 right)
{
	struct agent_net_peer peer = { .proto = protocol_of(sk) };

	if (role == COCONUT_ROLE_CONNECTED)
		set_remote(&peer, sk);
	else
		set_local(&peer, sk);
	return decide_role(agent, sk, &peer, role, right);
}

/**
 * coconut_inet_use() - May an agent go on using this socket?
 * @agent: who wants to
 * @sk: the socket, made by whomever
 *
 * Return: 0 or the denial, recorded.
 */
int coconut_inet_use(struct agent *agent, struct sock *sk)
{
	static const u64 right_of[] = {
		[COCONUT_ROLE_BOUND] = AGENT_NET_BIND,
		[COCONUT_ROLE_LISTENING] = AGENT_NET_LISTEN,
		[COCONUT_ROLE_ACCEPTED] = AGENT_NET_LISTEN,
		[COCONUT_ROLE_CONNECTED] = AGENT_NET_CONNECT,
	};
	u8 role = READ_ONCE(coconut_sock(sk)->role);

	if (role == COCONUT_ROLE_NONE ||
	    coconut_cache_covers(&coconut_sock(sk)->cache, agent, role, right_of[role]))
		return 0;
	return decide_use(agent, sk, role, right_of[role]);
}

/**
 * coconut_inet_pending() - Is a connection being made that is no longer allowed?
 * @agent: who makes it
 * @sk: a TCP socket
 *
 * No record, and no use is taken: nothing is refused yet.
 *
 * Return: True if so.
 */
bool coconut_inet_pending(struct agent *agent, const struct sock *sk)
{
	struct agent_net_peer peer = { .proto = AGENT_NET_TCP };
	const struct agent_request req = {
		.class = AGENT_CLASS_NET,
		.rights = AGENT_NET_CONNECT,
		.net = &peer,
		.approved = true,
	};
	struct cap_set *set;
	u64 held;

	if (READ_ONCE(coconut_sock(sk)->role) != COCONUT_ROLE_CONNECTED)
		return false;
	set = agent->permissive ? NULL : agent_caps_get(agent);
	if (!set)
		return false;
	set_remote(&peer, sk);
	held = cap_set_held(set, agent, &req);
	cap_set_put(set);
	return !held;
}

/**
 * coconut_inet_sendmsg() - May an agent send this message?
 * @agent: who wants to
 * @sk: the socket
 * @msg: to whom, where it says so
 *
 * Return: 0 or the denial, recorded.
 */
int coconut_inet_sendmsg(struct agent *agent, struct sock *sk, const struct msghdr *msg)
{
	struct agent_net_peer peer = { .proto = protocol_of(sk) };

	if (!msg->msg_name)
		return coconut_inet_use(agent, sk);
	if (peer.proto == AGENT_NET_TCP) {
		/* Fast open connects without passing socket_connect; else the name is ignored. */
		if (msg->msg_flags & MSG_FASTOPEN)
			return coconut_inet_connect(agent, sk, msg->msg_name,
						    msg->msg_namelen);
		return coconut_inet_use(agent, sk);
	}
	if (!set_address(&peer, sk, msg->msg_name, msg->msg_namelen))
		return coconut_inet_use(agent, sk);
	set_loopback(&peer, sk);
	return decide(agent, &peer, AGENT_NET_SEND, NULL);
}
