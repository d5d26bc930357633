// SPDX-License-Identifier: GPL-2.0
/*
 * Unix sockets: classes net, fs and agent.
 *
 * Within one agent they are free. To reach another agent's takes the right to
 * send it messages. To reach one that was made outside takes its name: connect
 * on the path, or the abstract name. A socket without a name is reached only by
 * whoever was given an end of it.
 *
 * Each end is told who was at the other when they were connected (SO_PEERSEC):
 * brokers go by that.
 */
#include <linux/agent.h>
#include <linux/lsm_hooks.h>
#include <linux/sock_diag.h>
#include <linux/sockptr.h>
#include <linux/un.h>
#include <net/af_unix.h>
#include <net/sock.h>

#include "attr.h"
#include "decide.h"
#include "setup.h"
#include "socket.h"

#define SUN_PATH	offsetof(struct sockaddr_un, sun_path)

static void set_abstract(struct agent_net_peer *peer, const struct sockaddr_un *sun, int len)
{
	peer->proto = AGENT_NET_UNIX_ABSTRACT;
	peer->family = AF_UNIX;
	peer->name = sun->sun_path + 1;
	peer->name_len = len - SUN_PATH - 1;
}

/*
 * Called with unix_state_lock(@other) held, so @other keeps its path. *@lasts is whether
 * what allows it does not run out by itself.
 */
static int decide_by_name(struct agent *agent, struct sock *other, bool *lasts)
{
	/* Pairs with the release in unix_bind(). */
	const struct unix_address *addr = smp_load_acquire(&unix_sk(other)->addr);
	struct agent_net_peer peer = {};
	struct agent_request req = { .atomic = true };
	u64 granted = 0;
	int err;

	if (unix_sk(other)->path.dentry) {
		req.class = AGENT_CLASS_FS;
		req.rights = AGENT_FS_CONNECT;
		req.path = &unix_sk(other)->path;
	} else if (addr && addr->len > SUN_PATH) {
		set_abstract(&peer, addr->name, addr->len);
		req.class = AGENT_CLASS_NET;
		req.rights = AGENT_NET_CONNECT;
		req.net = &peer;
	} else {
		*lasts = true;
		return 0;
	}
	err = coconut_decide(agent, &req, &granted);
	*lasts = (granted & req.rights) == req.rights;
	return err;
}

static int decide_by_owner(struct agent *agent, const struct agent *owner, bool *lasts)
{
	u64 granted = 0;
	int err;

	err = coconut_decide(agent, &(struct agent_request){
		.class = AGENT_CLASS_AGENT,
		.rights = AGENT_AGENT_MESSAGE,
		.target = owner,
		.atomic = true,
	}, &granted);
	*lasts = granted & AGENT_AGENT_MESSAGE;
	return err;
}

static int decide_peer(struct agent *agent, struct sock *other, bool *lasts)
{
	const struct agent *owner = coconut_sock(other)->owner;

	*lasts = true;
	if (owner == agent)
		return 0;
	return owner ? decide_by_owner(agent, owner, lasts) :
		       decide_by_name(agent, other, lasts);
}

/* Called with unix_state_lock(@other) held. */
static int decide_stream(struct agent *agent, struct sock *sk, struct sock *other)
{
	u64 stamp = atomic64_read_acquire(&agent->stamp);
	bool lasts;
	int err = decide_peer(agent, other, &lasts);

	if (!err)
		coconut_sock_allowed(sk, stamp, COCONUT_ROLE_CONNECTED,
				     lasts ? AGENT_NET_CONNECT : 0);
	return err;
}

/*
 * @newsk is made by the client and belongs to whoever listens. The ends learn of
 * each other whoever they are: a broker outside asks about agents.
 */
static int coconut_unix_stream_connect(struct sock *sk, struct sock *other,
				       struct sock *newsk)
{
	struct agent *agent = agent_current();
	struct agent *owner = coconut_sock(other)->owner;
	int err = agent ? decide_stream(agent, sk, other) : 0;

	if (err)
		return err;
	coconut_sock(newsk)->owner = agent_get(owner);
	coconut_sock(newsk)->peer_aid = agent_aid(agent);
	coconut_sock(newsk)->has_peer = true;
	coconut_sock(sk)->peer_aid = agent_aid(owner);
	coconut_sock(sk)->has_peer = true;
	return 0;
}

static int coconut_socket_socketpair(struct socket *a, struct socket *b)
{
	u64 aid = agent_aid(agent_current());

	coconut_sock(a->sk)->peer_aid = aid;
	coconut_sock(a->sk)->has_peer = true;
	coconut_sock(b->sk)->peer_aid = aid;
	coconut_sock(b->sk)->has_peer = true;
	return 0;
}

/* Datagrams: asked at connect and at every send. Addresses are reused, cookies are not. */
static int coconut_unix_may_send(struct socket *sock, struct socket *other)
{
	struct agent *agent = agent_current();
	struct coconut_cache *cache;
	bool lasts;
	u64 cookie;
	u64 stamp;
	int err;

	if (!agent)
		return 0;
	cache = &coconut_sock(sock->sk)->cache;
	cookie = sock_gen_cookie(other->sk);
	if (coconut_cache_covers(cache, agent, cookie, AGENT_NET_SEND))
		return 0;
	stamp = atomic64_read_acquire(&agent->stamp);
	err = decide_peer(agent, other->sk, &lasts);
	if (!err && lasts)
		coconut_cache_store(cache, stamp, cookie, AGENT_NET_SEND);
	return err;
}

/**
 * coconut_unix_bind() - May an agent take this abstract name?
 * @agent: who wants to
 * @sk: the socket
 * @addr: as given by user space
 * @len: of @addr
 *
 * A path is made, and decided, as a file; a name that the kernel chooses is free.
 *
 * Return: 0 or the denial, recorded.
 */
int coconut_unix_bind(struct agent *agent, struct sock *sk, const struct sockaddr *addr,
		      int len)
{
	const struct sockaddr_un *sun = (const struct sockaddr_un *)addr;
	struct agent_net_peer peer = {};

	if (len <= (int)SUN_PATH || sun->sun_family != AF_UNIX || sun->sun_path[0])
		return 0;
	set_abstract(&peer, sun, len);
	return coconut_decide(agent, &(struct agent_request){
		.class = AGENT_CLASS_NET,
		.rights = AGENT_NET_BIND,
		.net = &peer,
	}, NULL);
}

/**
 * coconut_unix_use() - May an agent go on using this connection?
 * @agent: who wants to
 * @sk: the socket, made by whomever; datagrams are asked about elsewhere
 *
 * Return: 0 or the denial, recorded.
 */
int coconut_unix_use(struct agent *agent, struct sock *sk)
{
	struct coconut_sock *blob = coconut_sock(sk);
	struct sock *other;
	int err;

	if (READ_ONCE(blob->role) != COCONUT_ROLE_CONNECTED ||
	    coconut_cache_covers(&blob->cache, agent, COCONUT_ROLE_CONNECTED,
				 AGENT_NET_CONNECT))
		return 0;
	other = unix_peer_get(sk);
	if (!other)
		return 0;
	unix_state_lock(other);
	err = decide_stream(agent, sk, other);
	unix_state_unlock(other);
	sock_put(other);
	return err;
}

/*
 * The kernel's 32-bit security identifiers cannot hold an AID, so there is no
 * SCM_SECURITY: a datagram does not say whose it is.
 */
static int coconut_socket_getpeersec_stream(struct socket *sock, sockptr_t optval,
					    sockptr_t optlen, unsigned int len)
{
	const struct coconut_sock *blob = coconut_sock(sock->sk);
	char text[COCONUT_AID_TEXT];
	u32 size;
	int err = 0;

	if (!blob->has_peer)
		return -ENOPROTOOPT;
	size = coconut_aid_text(text, blob->peer_aid) + 1;
	if (size > len)
		err = -ERANGE;
	else if (copy_to_sockptr(optval, text, size))
		err = -EFAULT;
	if (copy_to_sockptr(optlen, &size, sizeof(size)))
		err = -EFAULT;
	return err;
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(unix_stream_connect, coconut_unix_stream_connect),
	LSM_HOOK_INIT(unix_may_send, coconut_unix_may_send),
	LSM_HOOK_INIT(socket_socketpair, coconut_socket_socketpair),
	LSM_HOOK_INIT(socket_getpeersec_stream, coconut_socket_getpeersec_stream),
};

/**
 * coconut_add_unix_hooks() - Mediate Unix sockets
 */
void __init coconut_add_unix_hooks(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &coconut_lsmid);
}
