// SPDX-License-Identifier: GPL-2.0
/*
 * Capabilities for addresses, found by port.
 *
 * Their ranges of ports may overlap and lie within each other, so they stand in an
 * interval tree without pointers: sorted by where they begin, the middle one of each
 * stretch is its root, and each root knows where its whole stretch ends. Whoever asks
 * about a port passes by all that ends before it, and all that begins after it.
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "cap_internal.h"

/* What is left for later on the way down: once a level at most. */
#define PORTS_DEPTH	(const_ilog2(AGENT_CAPS_MAX) + 1)

/* So many are looked at one after the other: a tree of them would cost more. */
#define PORTS_FEW	4

static int ports_order(const void *a, const void *b)
{
	const struct cap_ports *pa = a, *pb = b;

	return pa->first != pb->first ? pa->first - pb->first : pa->cap - pb->cap;
}

/* Halves meet in the middle: no deeper than PORTS_DEPTH. */
static u16 ports_set_end(struct cap_ports *ports, u32 low, u32 high)
{
	u32 middle = low + (high - low) / 2;
	u16 end;

	if (low == high)
		return 0;
	end = ports[middle].last;
	end = max(end, ports_set_end(ports, low, middle));
	end = max(end, ports_set_end(ports, middle + 1, high));
	ports[middle].end = end;
	return end;
}

/**
 * cap_ports_index() - make the capabilities of class net of a set findable
 * @set: being built, its capabilities in order
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int cap_ports_index(struct cap_set *set)
{
	u32 i, first = set->first[AGENT_CLASS_NET], last = set->first[AGENT_CLASS_NET + 1];
	struct cap_ports *ports;

	if (first == last)
		return 0;
	ports = kvcalloc(last - first, sizeof(*ports), GFP_KERNEL_ACCOUNT);
	if (!ports)
		return -ENOMEM;
	set->ports = ports;
	for (i = first; i < last; i++) {
		const struct cap *cap = set->caps[i];

		if (cap->net.proto == AGENT_NET_UNIX_ABSTRACT)
			continue;
		ports[set->nr_ports++] = (struct cap_ports) {
			.first = cap->net.port_first,
			.last = cap->net.port_last,
			.cap = i,
		};
		set->ports_counted |= !!cap->counter;
		set->ports_limited |= !cap_unlimited(cap);
	}
	sort(ports, set->nr_ports, sizeof(*ports), ports_order, NULL);
	ports_set_end(ports, 0, set->nr_ports);
	return 0;
}

/**
 * struct ports_search - what was found so far
 * @req: who is asked about
 * @addr: the address, and
 * @family: its family, as capabilities speak of them
 * @found: rights
 * @lasting: of these, those that do not run out by themselves
 * @cap_id: the capability that contributed last
 */
struct ports_search {
	const struct agent_request *req;
	const u8 *addr;
	u8 family;
	u64 found;
	u64 lasting;
	u64 cap_id;
};

static void ports_take(struct ports_search *s, struct cap *cap)
{
	u64 more = cap->rights & s->req->rights & ~s->found;

	if (!more || !cap_net_covers(cap, s->req->net->proto, s->family, s->addr))
		return;
	if (!cap_unlimited(cap) && !cap_use(cap, s->req->approved))
		return;
	s->found |= more;
	s->cap_id = cap->id;
	if (!cap->limits.expires_ns)
		s->lasting |= more;
}

/* True: all that was asked for is found. */
static bool ports_look(struct ports_search *s, const struct cap_set *set,
		       const struct cap_ports *at, bool counted)
{
	if (at->last < s->req->net->port || counted != !!set->caps[at->cap]->counter)
		return false;
	ports_take(s, set->caps[at->cap]);
	return s->found == s->req->rights;
}

static void ports_scan(struct ports_search *s, const struct cap_set *set, bool counted)
{
	const struct cap_ports *at = set->ports, *end = at + set->nr_ports;

	for (; at < end && at->first <= s->req->net->port; at++)
		if (ports_look(s, set, at, counted))
			return;
}

static void ports_walk(struct ports_search *s, const struct cap_set *set, bool counted)
{
	struct { u16 low, high; } later[PORTS_DEPTH];
	u32 low = 0, high = set->nr_ports, nr_later = 0;
	u16 port = s->req->net->port;

	for (;;) {
		u32 middle = low + (high - low) / 2;
		const struct cap_ports *at = &set->ports[middle];

		if (low == high || at->end < port) {
			if (!nr_later--)
				return;
			low = later[nr_later].low;
			high = later[nr_later].high;
			continue;
		}
		if (at->first > port) {
			high = middle;
			continue;
		}
		if (ports_look(s, set, at, counted))
			return;
		later[nr_later].low = low;
		later[nr_later++].high = middle;
		low = middle + 1;
	}
}

static void ports_find(struct ports_search *s, const struct cap_set *set, bool counted)
{
	if (set->nr_ports <= PORTS_FEW)
		ports_scan(s, set, counted);
	else
		ports_walk(s, set, counted);
}

/**
 * cap_ports_rights() - which of the rights asked for does a set give to an address?
 * @set: held by the caller, by a reference or under RCU
 * @req: of class net, about an address and a port
 * @cap_id: the capability that contributed last, 0 for none
 * @granted: NULL, or: those found that do not run out by themselves
 *
 * Those without uses or rate first: nothing is spent on what was free.
 *
 * Context: any but NMI.
 * Return: those of @req->rights that were found.
 */
u64 cap_ports_rights(const struct cap_set *set, const struct agent_request *req,
		     u64 *cap_id, u64 *granted)
{
	struct ports_search s = { .req = req };

	s.family = cap_net_address(req->net, &s.addr);
	ports_find(&s, set, false);
	/* Rights that no capability can have: nothing is spent on what is denied anyway. */
	if (s.found != req->rights && set->ports_counted && !(req->rights & ~AGENT_NET_ALL))
		ports_find(&s, set, true);
	*cap_id = s.cap_id;
	if (granted)
		*granted = s.lasting;
	return s.found;
}

/**
 * cap_ports_unlimited() - does no use of any address ask, count or run out?
 * @agent: whose capabilities are meant
 *
 * Context: any but NMI.
 * Return: true if so: what it was allowed once it is allowed until its stamp changes.
 */
bool cap_ports_unlimited(const struct agent *agent)
{
	const struct cap_set *set;
	bool unlimited;

	rcu_read_lock();
	set = rcu_dereference(agent->caps);
	unlimited = set && !set->ports_limited;
	rcu_read_unlock();
	return unlimited;
}
