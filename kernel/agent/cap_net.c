// SPDX-License-Identifier: GPL-2.0
/*
 * Capabilities for the network: a protocol, an address prefix and a range of ports,
 * or an abstract unix name.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "cap_internal.h"

static unsigned int net_addr_len(u8 family)
{
	return family == AF_INET6 ? 16 : 4;
}

/* Both are of whole words, however short the prefix. */
static bool net_prefix_equal(const u8 *a, const u8 *b, unsigned int bits)
{
	for (; bits >= 32; bits -= 32, a += 4, b += 4)
		if (get_unaligned_be32(a) != get_unaligned_be32(b))
			return false;
	return !bits || !((get_unaligned_be32(a) ^ get_unaligned_be32(b)) >> (32 - bits));
}

/* Bits past the prefix mean nothing, so they are not there: one form for one meaning. */
static bool net_prefix_clean(const u8 *addr, unsigned int len, unsigned int bits)
{
	unsigned int i;

	for (i = bits; i < len * 8; i++)
		if (addr[i / 8] & (0x80 >> i % 8))
			return false;
	return true;
}

static int net_decode_unix(struct cbor_reader *r, struct cap *cap)
{
	size_t len;
	const u8 *bytes = cbor_read_bytes(r, &len);
	char *name;

	if (r->error)
		return -EBADMSG;
	/* sun_path less its leading NUL */
	if (len > 107)
		return -EINVAL;
	name = cap_string(bytes, len);
	if (IS_ERR(name))
		return PTR_ERR(name);
	cap->net.family = AF_UNIX;
	cap->net.name = name;
	return 0;
}

static int net_decode_inet(struct cbor_reader *r, struct cap *cap)
{
	u64 family, prefix, first, last;
	const u8 *addr;
	size_t len;

	family = cbor_read_uint(r);
	addr = cbor_read_bytes(r, &len);
	prefix = cbor_read_uint(r);
	first = cbor_read_uint(r);
	last = cbor_read_uint(r);
	if (r->error)
		return -EBADMSG;
	if ((family != AF_INET && family != AF_INET6) || len != net_addr_len(family))
		return -EINVAL;
	if (prefix > len * 8 || !net_prefix_clean(addr, len, prefix))
		return -EINVAL;
	if (last > U16_MAX || first > last)
		return -EINVAL;
	cap->net.family = family;
	memcpy(cap->net.addr, addr, len);
	cap->net.prefix = prefix;
	cap->net.port_first = first;
	cap->net.port_last = last;
	return 0;
}

/**
 * cap_net_decode - read a network object
 * @r: reader
 * @cap: what to fill in
 *
 * Return: 0, -EBADMSG, -EINVAL or -ENOMEM.
 */
int cap_net_decode(struct cbor_reader *r, struct cap *cap)
{
	size_t n = cbor_read_array(r);
	u64 proto = cbor_read_uint(r);

	if (r->error)
		return -EBADMSG;
	if (proto > AGENT_NET_UNIX_ABSTRACT || n != (proto == AGENT_NET_UNIX_ABSTRACT ? 2 : 6))
		return -EINVAL;
	cap->net.proto = proto;
	if (proto == AGENT_NET_UNIX_ABSTRACT)
		return net_decode_unix(r, cap);
	return net_decode_inet(r, cap);
}

/**
 * cap_net_encode - write a network object
 * @w: writer
 * @cap: capability
 */
void cap_net_encode(struct cbor_writer *w, const struct cap *cap)
{
	if (cap->net.proto == AGENT_NET_UNIX_ABSTRACT) {
		cbor_write_array(w, 2);
		cbor_write_uint(w, cap->net.proto);
		cbor_write_bytes(w, cap->net.name, strlen(cap->net.name));
		return;
	}
	cbor_write_array(w, 6);
	cbor_write_uint(w, cap->net.proto);
	cbor_write_uint(w, cap->net.family);
	cbor_write_bytes(w, cap->net.addr, net_addr_len(cap->net.family));
	cbor_write_uint(w, cap->net.prefix);
	cbor_write_uint(w, cap->net.port_first);
	cbor_write_uint(w, cap->net.port_last);
}

static bool net_proto_covers(u8 wide, u8 narrow)
{
	if (wide == AGENT_NET_ANY)
		return narrow != AGENT_NET_UNIX_ABSTRACT;
	return wide == narrow;
}

/**
 * cap_net_subset - does network object @a lie within @b?
 * @a: the narrower
 * @b: the wider
 *
 * Return: true if so.
 */
bool cap_net_subset(const struct cap *a, const struct cap *b)
{
	if (!net_proto_covers(b->net.proto, a->net.proto))
		return false;
	if (a->net.proto == AGENT_NET_UNIX_ABSTRACT)
		return cap_pattern_subset(a->net.name, b->net.name);
	return a->net.family == b->net.family && a->net.prefix >= b->net.prefix &&
	       net_prefix_equal(a->net.addr, b->net.addr, b->net.prefix) &&
	       a->net.port_first >= b->net.port_first && a->net.port_last <= b->net.port_last;
}

/**
 * cap_net_address - the address of a peer, as capabilities speak of it
 * @peer: in network order
 * @addr: set to it
 *
 * An IPv4 address in IPv6 clothes is an IPv4 address: else a capability for the
 * IPv6 Internet would open the way to every IPv4 one through a dual-stack socket.
 *
 * Return: its family.
 */
u8 cap_net_address(const struct agent_net_peer *peer, const u8 **addr)
{
	static const u8 mapped[12] = { [10] = 0xff, [11] = 0xff };

	*addr = peer->addr;
	if (peer->family != AF_INET6 || memcmp(peer->addr, mapped, sizeof(mapped)))
		return peer->family;
	*addr = peer->addr + sizeof(mapped);
	return AF_INET;
}

/**
 * cap_net_covers - does a capability speak of this address, whatever the port?
 * @cap: net, of addresses
 * @proto: enum agent_net_proto
 * @family: of the address, see cap_net_address()
 * @addr: in network order
 *
 * Return: true if so.
 */
bool cap_net_covers(const struct cap *cap, u8 proto, u8 family, const u8 *addr)
{
	return net_proto_covers(cap->net.proto, proto) && family == cap->net.family &&
	       net_prefix_equal(addr, cap->net.addr, cap->net.prefix);
}

/**
 * cap_net_matches - does a capability speak of this peer?
 * @cap: net
 * @peer: address in network order, port in host order
 *
 * Return: true if so.
 */
bool cap_net_matches(const struct cap *cap, const struct agent_net_peer *peer)
{
	const u8 *addr;
	u8 family;

	if (peer->proto == AGENT_NET_UNIX_ABSTRACT)
		return cap->net.proto == AGENT_NET_UNIX_ABSTRACT &&
		       cap_pattern_matches(cap->net.name, peer->name, peer->name_len);
	if (cap->net.proto == AGENT_NET_UNIX_ABSTRACT)
		return false;
	family = cap_net_address(peer, &addr);
	return cap_net_covers(cap, peer->proto, family, addr) &&
	       peer->port >= cap->net.port_first && peer->port <= cap->net.port_last;
}
