/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets: class net; Unix ones also fs and agent. As security/coconut/socket.c,
 * inet.c and unix.c, less what needs memory in each socket: one that was bound or
 * connected is not decided again when another uses it.
 */

#define AF_UNSPEC	0
#define AF_UNIX		1
#define AF_INET		2
#define AF_INET6	10
#define AF_NETLINK	16
#define SOCK_STREAM	1
#define SOCK_DGRAM	2
#define IPPROTO_IP	0
#define IPPROTO_TCP	6
#define IPPROTO_UDP	17
#define NETLINK_ROUTE	0
#define MSG_FASTOPEN	0x20000000

#define LOOPBACK4	0x0100007f		/* as they are in memory */
#define LOOPBACK6	0x0100000000000000ULL
#define MAPPED		0xffff0000

struct peer {
	u64 address[2];
	u16 port;
	u8 proto;
	u8 family;
	u8 pad[4];
};

static __always_inline bool mediated(int family, int type, int protocol)
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
	}
	return false;
}

LSM_PROBE(socket_create, int family, int type, int protocol, int kern)
{
	u64 policy = current_policy();

	if (kern || !policy || mediated(family, type, protocol))
		return 0;
	return REFUSE(policy, CLASS_NET, "socket");
}

LSM_PROBE(socket_post_create, struct socket *sock, int family, int type, int protocol, int kern)
{
	u64 policy = current_policy();
	u64 sk;

	if (kern || !policy)
		return 0;
	sk = READ(u64, number(sock), socket_sk);
	owners.update(&sk, &policy);
	return 0;
}

LSM_PROBE(sk_free_security, struct sock *arg)
{
	u64 sk = number(arg);

	owners.delete(&sk);
	return 0;
}

/* ---- addresses ---- */

static __always_inline u16 family_of(u64 sk)
{
	return READ(u16, sk, sock_skc_family);
}

static __always_inline struct peer peer_of(u64 sk)
{
	struct peer peer = {
		.proto = READ(u16, sk, sock_sk_type) == SOCK_STREAM ? NET_TCP : NET_UDP,
	};

	return peer;
}

static __always_inline void set_v4(struct peer *peer, u32 address)
{
	peer->family = AF_INET;
	peer->address[0] = address;
	peer->address[1] = 0;
}

static __always_inline void set_v6(struct peer *peer, u64 high, u64 low)
{
	if (!high && (u32)low == MAPPED) {
		set_v4(peer, low >> 32);
		return;
	}
	peer->family = AF_INET6;
	peer->address[0] = high;
	peer->address[1] = low;
}

/* False: the protocol will refuse this address. */
static __always_inline bool set_address(struct peer *peer, u64 sk, u64 addr, int len)
{
	u16 family;

	if (len < 2)
		return false;
	bpf_probe_read_kernel(&family, sizeof(family), (void *)addr);
	if (family == AF_UNSPEC && family_of(sk) == AF_INET)
		family = AF_INET;
	if (family == AF_INET && len >= 16) {
		u32 v4 = 0;

		bpf_probe_read_kernel(&v4, sizeof(v4), (void *)(addr + 4));
		set_v4(peer, v4);
	} else if (family == AF_INET6 && len >= 24) {
		u64 v6[2] = {};

		bpf_probe_read_kernel(v6, sizeof(v6), (void *)(addr + 8));
		set_v6(peer, v6[0], v6[1]);
	} else {
		return false;
	}
	bpf_probe_read_kernel(&peer->port, sizeof(peer->port), (void *)(addr + 2));
	peer->port = __builtin_bswap16(peer->port);
	return true;
}

/* To connect or send to the unspecified address is to do so to this host. */
static __always_inline void set_loopback(struct peer *peer, u64 sk)
{
	u64 v6[2] = {};

	if (peer->address[0] || peer->address[1])
		return;
	bpf_probe_read_kernel(v6, sizeof(v6), (void *)INSIDE(sk, sock_skc_v6_rcv_saddr));
	if (peer->family == AF_INET || (!v6[0] && (u32)v6[1] == MAPPED))
		set_v4(peer, LOOPBACK4);
	else
		set_v6(peer, 0, LOOPBACK6);
}

static __always_inline void set_local(struct peer *peer, u64 sk)
{
	if (family_of(sk) == AF_INET6) {
		u64 v6[2] = {};

		bpf_probe_read_kernel(v6, sizeof(v6), (void *)INSIDE(sk, sock_skc_v6_rcv_saddr));
		set_v6(peer, v6[0], v6[1]);
	} else {
		set_v4(peer, READ(u32, sk, sock_skc_rcv_saddr));
	}
	peer->port = READ(u16, sk, sock_skc_num);
}

static __always_inline u64 rights_on_address(u64 policy, const struct peer *peer)
{
	struct rule_key key = { .policy = policy };
	u64 found = 0;
	int i;

#pragma clang loop unroll(disable)
	for (i = 0; i < RULES_MAX; i++) {
		struct address_rule *rule;
		u64 differs;

		key.index = i;
		rule = address_rules.lookup(&key);
		if (!rule)
			break;
		differs = ((peer->address[0] ^ rule->address[0]) & rule->mask[0]) |
			  ((peer->address[1] ^ rule->address[1]) & rule->mask[1]) |
			  (peer->family ^ rule->family);
		if (rule->proto != NET_ANY)
			differs |= peer->proto ^ rule->proto;
		if (!differs && peer->port >= rule->first && peer->port <= rule->last)
			found |= rule->rights;
	}
	return found;
}

static __always_inline int decide_address(u64 policy, const struct peer *peer, u64 need)
{
	struct denial *d;

	if (!(need & ~rights_on_address(policy, peer)))
		return 0;
	d = denials.ringbuf_reserve(sizeof(struct denial));
	if (!d)
		return no_room(CLASS_NET);
	fill(d, policy, CLASS_NET, need, FORM_ADDRESS);
	bpf_probe_read_kernel(d->object, sizeof(*peer), peer);
	d->len = sizeof(*peer);
	denials.ringbuf_submit(d, 0);
	return -EACCES;
}

/* ---- names ---- */

struct name {
	u64 word[NAME_WORDS];
	u64 room[2];		/* so that all that 7 bits can count would fit */
};

/* @size: of the socket address with the name; at most 110. */
static __always_inline u32 read_name(struct name *name, u64 sun, u32 size)
{
	u64 len = size - 3;

	if (len > 107)
		len = 107;
	__builtin_memset(name, 0, sizeof(*name));
	/* The verifier has to see at the call that it fits. */
	len = masked(len, 127);
	bpf_probe_read_kernel(name->word, len, (void *)(sun + 3));
	return len;
}

static __always_inline u64 rights_on_name(u64 policy, const struct name *name, u32 len)
{
	struct rule_key key = { .policy = policy };
	u64 found = 0;
	int i, j;

#pragma clang loop unroll(disable)
	for (i = 0; i < RULES_MAX; i++) {
		struct name_rule *rule;
		u64 differs = 0;

		key.index = i;
		rule = name_rules.lookup(&key);
		if (!rule)
			break;
#pragma unroll
		for (j = 0; j < NAME_WORDS; j++)
			differs |= (name->word[j] ^ rule->name[j]) & rule->mask[j];
		if (differs || len < rule->len || (!rule->wild && len != rule->len))
			continue;
		found |= rule->rights;
	}
	return found;
}

static __always_inline int decide_name_of(u64 policy, u64 sun, u32 size, u64 need)
{
	struct denial *d;
	struct name name;
	u32 len = read_name(&name, sun, size);

	if (!(need & ~rights_on_name(policy, &name, len)))
		return 0;
	d = denials.ringbuf_reserve(sizeof(struct denial));
	if (!d)
		return no_room(CLASS_NET);
	fill(d, policy, CLASS_NET, need, FORM_NAME);
	bpf_probe_read_kernel(d->object, sizeof(name.word), name.word);
	d->len = len;
	denials.ringbuf_submit(d, 0);
	return -EACCES;
}

/* ---- hooks ---- */

static __always_inline bool is_inet(u64 sk)
{
	u16 family = family_of(sk);

	return family == AF_INET || family == AF_INET6;
}

static __always_inline int bind_unix(u64 policy, u64 sun, int len)
{
	u16 family = 0;
	u8 first = 1;

	if (len <= 2)
		return 0;
	bpf_probe_read_kernel(&family, sizeof(family), (void *)sun);
	bpf_probe_read_kernel(&first, sizeof(first), (void *)(sun + 2));
	if (family != AF_UNIX || first)
		return 0;
	return decide_name_of(policy, sun, len, NET_BIND);
}

LSM_PROBE(socket_bind, struct socket *sock, struct sockaddr *addr, int len)
{
	u64 policy = current_policy();
	struct peer peer;
	u64 sk;

	if (!policy)
		return 0;
	sk = READ(u64, number(sock), socket_sk);
	if (family_of(sk) == AF_UNIX)
		return bind_unix(policy, number(addr), len);
	peer = peer_of(sk);
	if (!is_inet(sk) || !set_address(&peer, sk, number(addr), len))
		return 0;
	return decide_address(policy, &peer, NET_BIND);
}

static __always_inline int connect_inet(u64 policy, u64 sk, u64 addr, int len)
{
	struct peer peer = peer_of(sk);
	u16 family = 0;

	bpf_probe_read_kernel(&family, sizeof(family), (void *)addr);
	/* AF_UNSPEC ends a connection. */
	if (len >= 2 && family == AF_UNSPEC)
		return 0;
	if (!set_address(&peer, sk, addr, len))
		return 0;
	set_loopback(&peer, sk);
	return decide_address(policy, &peer, NET_CONNECT);
}

LSM_PROBE(socket_connect, struct socket *sock, struct sockaddr *addr, int len)
{
	u64 policy = current_policy();
	u64 sk;

	if (!policy)
		return 0;
	sk = READ(u64, number(sock), socket_sk);
	return is_inet(sk) ? connect_inet(policy, sk, number(addr), len) : 0;
}

LSM_PROBE(socket_listen, struct socket *sock, int backlog)
{
	u64 policy = current_policy();
	struct peer peer;
	u64 sk;

	if (!policy)
		return 0;
	sk = READ(u64, number(sock), socket_sk);
	if (!is_inet(sk))
		return 0;
	peer = peer_of(sk);
	set_local(&peer, sk);
	return decide_address(policy, &peer, NET_LISTEN);
}

LSM_PROBE(socket_sendmsg, struct socket *sock, struct msghdr *arg, int size)
{
	u64 policy = current_policy();
	u64 sk, name, message;
	struct peer peer;
	int len;

	if (!policy)
		return 0;
	sk = READ(u64, number(sock), socket_sk);
	message = number(arg);
	name = READ(u64, message, msghdr_msg_name);
	if (!name || !is_inet(sk))
		return 0;
	len = READ(int, message, msghdr_msg_namelen);
	peer = peer_of(sk);
	if (peer.proto == NET_TCP) {
		if (READ(u32, message, msghdr_msg_flags) & MSG_FASTOPEN)
			return connect_inet(policy, sk, name, len);
		return 0;
	}
	if (!set_address(&peer, sk, name, len))
		return 0;
	set_loopback(&peer, sk);
	return decide_address(policy, &peer, NET_SEND);
}

/* ---- Unix sockets of others ---- */

static __always_inline int decide_owner(u64 policy, u64 owner)
{
	struct denial *d = denials.ringbuf_reserve(sizeof(struct denial));

	if (!d)
		return no_room(CLASS_AGENT);
	fill(d, policy, CLASS_AGENT, AGENT_MESSAGE, FORM_TARGET);
	bpf_probe_read_kernel(d->object, sizeof(owner), &owner);
	d->len = sizeof(owner);
	denials.ringbuf_submit(d, 0);
	return -EPERM;
}

static __always_inline int decide_other(u64 policy, u64 other)
{
	u64 *owner = owners.lookup(&other);
	struct spot at;
	u64 address;
	u32 len;

	if (owner)
		return *owner == policy ? 0 : decide_owner(policy, *owner);
	at = spot_of(INSIDE(other, unix_sock_path));
	if (at.dentry)
		return decide_at(policy, at, CLASS_FS, FS_CONNECT);
	address = READ(u64, other, unix_sock_addr);
	len = address ? READ(u32, address, unix_address_len) : 0;
	if (len <= 2)
		return 0;
	return decide_name_of(policy, INSIDE(address, unix_address_name), len, NET_CONNECT);
}

LSM_PROBE(unix_stream_connect, struct sock *sk, struct sock *arg, struct sock *made)
{
	u64 policy = current_policy();
	u64 other = number(arg);
	u64 fresh = number(made);
	u64 *owner;
	int err = policy ? decide_other(policy, other) : 0;

	if (err)
		return err == -EPERM ? -EPERM : -EACCES;
	owner = owners.lookup(&other);
	if (owner) {
		u64 whose = *owner;

		owners.update(&fresh, &whose);
	}
	return 0;
}

LSM_PROBE(unix_may_send, struct socket *sock, struct socket *other)
{
	u64 policy = current_policy();

	return policy ? decide_other(policy, READ(u64, number(other), socket_sk)) : 0;
}
