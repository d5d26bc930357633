// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets: class net.
 *
 * An agent may make sockets of AF_UNIX, TCP and UDP, for whom they speak with is
 * decided at bind, connect, listen and send; and NETLINK_ROUTE ones, which C
 * libraries read addresses with and which take CAP_NET_ADMIN to change anything.
 * Every other family reaches past the addresses that capabilities speak of.
 *
 * What goes through is counted here too, against the budgets of class net.
 *
 * A socket that an agent bound or connected is decided again when it is used by
 * another agent or in another epoch. One that was made outside and handed over
 * is the authority of whoever did that.
 */
#include <linux/agent.h>
#include <linux/agent_net.h>
#include <linux/fs.h>
#include <linux/in.h>
#include <linux/lsm_hooks.h>
#include <linux/netlink.h>
#include <linux/socket.h>
#include <net/tcp.h>

#include "decide.h"
#include "route.h"
#include "setup.h"
#include "socket.h"

static bool mediated(int family, int type, int protocol)
{
	switch (family) {
	case AF_UNIX:
		return true;
	case AF_INET:
	case AF_INET6:
		if (type == SOCK_STREAM)
			return protocol == IPPROTO_IP || protocol == IPPROTO_TCP;
		return type == SOCK_DGRAM &&
		       (protocol == IPPROTO_IP || protocol == IPPROTO_UDP);
	case AF_NETLINK:
		return protocol == NETLINK_ROUTE;
	default:
		return false;
	}
}

static int coconut_socket_create(int family, int type, int protocol, int kern)
{
	struct agent *agent = agent_current();
	char what[48];

	if (kern || !agent || mediated(family, type, protocol))
		return 0;
	snprintf(what, sizeof(what), "socket/%d/%d/%d", family, type, protocol);
	return coconut_refuse(agent, AGENT_CLASS_NET, what, false);
}

static int coconut_socket_post_create(struct socket *sock, int family, int type,
				      int protocol, int kern)
{
	if (!kern)
		coconut_sock(sock->sk)->owner = agent_get(agent_current());
	return 0;
}

static bool is_inet(const struct sock *sk)
{
	return sk->sk_family == AF_INET || sk->sk_family == AF_INET6;
}

static int coconut_socket_bind(struct socket *sock, struct sockaddr *addr, int len)
{
	struct agent *agent = agent_current();

	if (!agent)
		return 0;
	if (is_inet(sock->sk))
		return coconut_inet_bind(agent, sock->sk, addr, len);
	if (sock->sk->sk_family == AF_UNIX)
		return coconut_unix_bind(agent, sock->sk, addr, len);
	return 0;
}

/* AF_UNIX is decided when the other end has been found: unix.c. */
static int coconut_socket_connect(struct socket *sock, struct sockaddr *addr, int len)
{
	struct agent *agent = agent_current();

	if (!agent || !is_inet(sock->sk))
		return 0;
	return coconut_inet_connect(agent, sock->sk, addr, len);
}

static int coconut_socket_listen(struct socket *sock, int backlog)
{
	struct agent *agent = agent_current();

	if (!agent || !is_inet(sock->sk))
		return 0;
	return coconut_inet_listen(agent, sock->sk);
}

static int use(struct socket *sock)
{
	struct agent *agent = agent_current();

	if (!agent)
		return 0;
	if (is_inet(sock->sk))
		return coconut_inet_use(agent, sock->sk);
	if (sock->sk->sk_family == AF_UNIX)
		return coconut_unix_use(agent, sock->sk);
	return 0;
}

static int coconut_socket_accept(struct socket *sock, struct socket *newsock)
{
	return use(sock);
}

static int coconut_socket_sendmsg(struct socket *sock, struct msghdr *msg, int size)
{
	struct agent *agent = agent_current();

	if (!agent || !is_inet(sock->sk))
		return use(sock);
	return coconut_decide_route(agent, msg) ?:
	       coconut_inet_sendmsg(agent, sock->sk, msg) ?: agent_net_send(agent, size);
}

static int coconut_socket_recvmsg(struct socket *sock, struct msghdr *msg, int size,
				  int flags)
{
	struct agent *agent = agent_current();
	int err = use(sock);

	if (err || !agent || !is_inet(sock->sk))
		return err;
	return agent_net_wait(agent);
}

/* A packet is its socket's, whoever is interrupted for it. */
static int coconut_socket_sock_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	struct agent *owner = coconut_sock(sk)->owner;

	return owner && is_inet(sk) ? agent_net_arrived(owner, skb->len) : 0;
}

/**
 * coconut_socket_revoked() - Break off a connection that is being made and not allowed
 * @agent: whose task has it; something was withdrawn from it
 * @file: any open file
 *
 * Whoever waits for it tries again, is refused, and that is recorded. Where nobody
 * waits it is decided, and so recorded, here. The socket's error says EACCES.
 *
 * Context: May sleep.
 */
void coconut_socket_revoked(struct agent *agent, struct file *file)
{
	struct socket *sock = sock_from_file(file);
	struct sock *sk = sock ? sock->sk : NULL;

	if (!sk || !sk_is_tcp(sk) || inet_sk_state_load(sk) != TCP_SYN_SENT ||
	    !coconut_inet_pending(agent, sk))
		return;
	if (file->f_flags & O_NONBLOCK && !coconut_inet_use(agent, sk))
		return;
	tcp_abort(sk, EACCES);
}

static void coconut_sk_free_security(struct sock *sk)
{
	agent_put(coconut_sock(sk)->owner);
}

/* A connection that arrived: what comes off a listening socket is its owner's. */
static void coconut_sk_clone_security(const struct sock *sk, struct sock *newsk)
{
	const struct coconut_sock *from = coconut_sock(sk);
	struct coconut_sock *to = coconut_sock(newsk);

	to->owner = agent_get(from->owner);
	if (READ_ONCE(from->role) == COCONUT_ROLE_LISTENING)
		to->role = COCONUT_ROLE_ACCEPTED;
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(socket_create, coconut_socket_create),
	LSM_HOOK_INIT(socket_post_create, coconut_socket_post_create),
	LSM_HOOK_INIT(socket_bind, coconut_socket_bind),
	LSM_HOOK_INIT(socket_connect, coconut_socket_connect),
	LSM_HOOK_INIT(socket_listen, coconut_socket_listen),
	LSM_HOOK_INIT(socket_accept, coconut_socket_accept),
	LSM_HOOK_INIT(socket_sendmsg, coconut_socket_sendmsg),
	LSM_HOOK_INIT(socket_recvmsg, coconut_socket_recvmsg),
	LSM_HOOK_INIT(socket_sock_rcv_skb, coconut_socket_sock_rcv_skb),
	LSM_HOOK_INIT(sk_free_security, coconut_sk_free_security),
	LSM_HOOK_INIT(sk_clone_security, coconut_sk_clone_security),
};

/**
 * coconut_add_socket_hooks() - Mediate sockets
 */
void __init coconut_add_socket_hooks(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &coconut_lsmid);
	coconut_add_unix_hooks();
}
