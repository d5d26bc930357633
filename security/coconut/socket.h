/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets: what inet.c and unix.c share.
 */
#ifndef _SECURITY_COCONUT_SOCKET_H
#define _SECURITY_COCONUT_SOCKET_H

#include <linux/agent.h>
#include <linux/net.h>
#include <net/sock.h>

#include "cache.h"
#include "setup.h"

/* By which right an agent has what it has of a socket. */
enum coconut_role {
	COCONUT_ROLE_NONE,		/* made, or handed over by somebody outside */
	COCONUT_ROLE_BOUND,
	COCONUT_ROLE_LISTENING,
	COCONUT_ROLE_ACCEPTED,		/* off a listening one */
	COCONUT_ROLE_CONNECTED,
};

/**
 * struct coconut_sock - blob of a socket
 * @cache: the last decision, its object a role or, for datagrams, the peer's cookie
 * @owner: whose task made it; holds a reference, constant; NULL: outside
 * @peer_aid: who was at the other end when it was connected; AF_UNIX
 * @has_peer: @peer_aid says something
 * @role: enum coconut_role; racing calls leave one of theirs
 */
struct coconut_sock {
	struct coconut_cache cache;
	struct agent *owner;
	u64 peer_aid;
	bool has_peer;
	u8 role;
};

static inline struct coconut_sock *coconut_sock(const struct sock *sk)
{
	return sk->sk_security + coconut_blob_sizes.lbs_sock;
}

/* A decision that allowed: what the socket is from now on. */
static inline void coconut_sock_allowed(struct sock *sk, u64 stamp, u8 role, u64 rights)
{
	WRITE_ONCE(coconut_sock(sk)->role, role);
	coconut_cache_store(&coconut_sock(sk)->cache, stamp, role, rights);
}

/* inet.c; @agent is not NULL, the socket AF_INET or AF_INET6 */
int coconut_inet_bind(struct agent *agent, struct sock *sk, const struct sockaddr *addr,
		      int len);
int coconut_inet_connect(struct agent *agent, struct sock *sk,
			 const struct sockaddr *addr, int len);
int coconut_inet_listen(struct agent *agent, struct sock *sk);
int coconut_inet_sendmsg(struct agent *agent, struct sock *sk, const struct msghdr *msg);
int coconut_inet_use(struct agent *agent, struct sock *sk);
bool coconut_inet_pending(struct agent *agent, const struct sock *sk);

/* unix.c; @agent is not NULL, the socket AF_UNIX */
int coconut_unix_bind(struct agent *agent, struct sock *sk, const struct sockaddr *addr,
		      int len);
int coconut_unix_use(struct agent *agent, struct sock *sk);
void __init coconut_add_unix_hooks(void);

void coconut_socket_revoked(struct agent *agent, struct file *file);
void __init coconut_add_socket_hooks(void);

#endif /* _SECURITY_COCONUT_SOCKET_H */
