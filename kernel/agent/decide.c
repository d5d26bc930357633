// SPDX-License-Identifier: GPL-2.0
/*
 * The one place where an operation of an agent is allowed or denied, and recorded.
 *
 * A denial that leaves no record is a defect of the same weight as a wrong one, so
 * both are made here and nowhere else.
 */
#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/irqflags.h>
#include <linux/kdev_t.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "cap.h"

/* ---- the object, as text for the record ---- */

/**
 * struct decide_object - what is written into the record
 * @start: first byte; not always in @buf
 * @len: how many
 * @buf: with room for a terminator
 */
struct decide_object {
	const char *start;
	size_t len;
	char buf[AUDIT_CHAIN_OBJECT_MAX + 1];
};

/* Where there is no path, or its locks cannot be taken. */
static void object_inode(struct decide_object *o, const struct dentry *dentry)
{
	const struct inode *inode = READ_ONCE(dentry->d_inode);
	dev_t dev = dentry->d_sb->s_dev;

	o->start = o->buf;
	o->len = scnprintf(o->buf, sizeof(o->buf), "%u:%u:%lu", MAJOR(dev), MINOR(dev),
			   inode ? inode->i_ino : 0);
}

static bool object_path_is(struct decide_object *o, const char *path)
{
	/*
	 * Too long: the buffer has been filled from its end, and holds the tail,
	 * which says more than the head would.
	 */
	if (path == ERR_PTR(-ENAMETOOLONG))
		path = o->buf;
	if (IS_ERR(path))
		return false;
	o->start = path;
	o->len = strnlen(path, o->buf + AUDIT_CHAIN_OBJECT_MAX - path);
	return o->len;
}

/* The path from the real root: a record must not depend on the agent's chroot. */
static void object_path(struct decide_object *o, const struct agent_request *req)
{
	o->buf[AUDIT_CHAIN_OBJECT_MAX] = 0;
	/* Neither sleeps: with a directory locked both are fine. */
	if (!irqs_disabled() && !in_interrupt()) {
		if (object_path_is(o, d_absolute_path(req->path, o->buf, sizeof(o->buf))))
			return;
		if (object_path_is(o, d_path(req->path, o->buf, sizeof(o->buf))))
			return;
	}
	object_inode(o, req->path->dentry);
}

static const char *object_proto(u8 proto)
{
	switch (proto) {
	case AGENT_NET_TCP:
		return "tcp";
	case AGENT_NET_UDP:
		return "udp";
	case AGENT_NET_UNIX_ABSTRACT:
		return "unix";
	}
	return "any";
}

static void object_net(struct decide_object *o, const struct agent_net_peer *peer)
{
	const char *proto = object_proto(peer->proto);
	size_t len;

	o->start = o->buf;
	if (peer->family == AF_INET) {
		o->len = scnprintf(o->buf, sizeof(o->buf), "%s/%pI4:%u", proto, peer->addr,
				   peer->port);
	} else if (peer->family == AF_INET6) {
		o->len = scnprintf(o->buf, sizeof(o->buf), "%s/[%pI6c]:%u", proto, peer->addr,
				   peer->port);
	} else {
		len = scnprintf(o->buf, sizeof(o->buf), "%s/@", proto);
		o->len = min_t(size_t, len + peer->name_len, AUDIT_CHAIN_OBJECT_MAX);
		memcpy(o->buf + len, peer->name, o->len - len);
	}
}

static void object_string(struct decide_object *o, const char *s)
{
	size_t len = strlen(s);

	o->len = min_t(size_t, len, AUDIT_CHAIN_OBJECT_MAX);
	o->start = s + len - o->len;
}

/* Whom, and where it is said, by which operation: "a:00017/ptrace". */
static void object_target(struct decide_object *o, const struct agent_request *req)
{
	o->start = o->buf;
	o->len = scnprintf(o->buf, sizeof(o->buf), "a:%05llu%s%s", req->target->aid,
			   req->object ? "/" : "", req->object ?: "");
}

static void object_of(struct decide_object *o, const struct agent_request *req)
{
	if (req->path)
		object_path(o, req);
	else if (req->net)
		object_net(o, req->net);
	else if (req->target)
		object_target(o, req);
	else
		object_string(o, req->object ?: "");
}

/* ---- the decision ---- */

static noinline void decide_record(const struct agent *agent, const struct agent_request *req,
				   u64 cap_id, int result)
{
	struct decide_object object;
	struct audit_entry entry = {
		.aid = agent->aid,
		.event = AGENT_EVENT_ACCESS,
		.class = req->class,
		.decision = result ? AGENT_DECISION_DENIED : AGENT_DECISION_ALLOWED,
		.capability = cap_id,
		.result = result,
	};

	object_of(&object, req);
	entry.object = object.start;
	entry.object_len = object.len;
	audit_chain_append(&entry);
}

/* Several tasks of one agent may be denied at once; each counts. */
static void decide_count_denial(struct agent *agent)
{
	u64 old = READ_ONCE(agent->nr_denials);

	while (!try_cmpxchg64(&agent->nr_denials, &old, old + 1))
		;
}

static bool decide_has_authority(const struct agent *agent)
{
	enum agent_state state = READ_ONCE(agent->state);

	return state != AGENT_STATE_QUARANTINED && state != AGENT_STATE_TERMINATED_CLEAN &&
	       state != AGENT_STATE_TERMINATED_REVOKED;
}

/* Under rcu_read_lock(). */
static bool decide_allowed(const struct agent *agent, const struct agent_request *req,
			   u64 *cap_id, u64 *granted)
{
	const struct cap_set *set;

	/* To need nothing is a mistake of the caller's, not a right. */
	if (!req->rights || !decide_has_authority(agent))
		return false;
	set = rcu_dereference(agent->caps);
	return set && cap_set_rights(set, agent, req, cap_id, granted) == req->rights;
}

/**
 * agent_decide - decide on an operation of an agent, and record it
 * @agent: who acts; NULL, outside of every agent, is allowed everything
 * @req: what is to be done
 * @granted: NULL, or for all rights that the agent has on the path and that do not
 *	run out by themselves, for caching in an open file
 *
 * Context: any but NMI; sleeps unless @req->atomic.
 * Return: 0, or -EACCES (fs, exec, net, dev) or -EPERM (all else).
 */
int agent_decide(struct agent *agent, const struct agent_request *req, u64 *granted)
{
	bool recorded, allowed;
	u64 cap_id = 0;

	if (granted)
		*granted = agent ? 0 : U64_MAX;
	if (!agent)
		return 0;
	recorded = agent->audit_level >= AGENT_AUDIT_DECISIONS;
	/* Waits for room first: what is decided afterwards can be recorded. */
	if (recorded && !req->atomic)
		audit_chain_throttle(agent->aid);
	/*
	 * Recorded before the snapshot is let go of: a revocation waits for those who
	 * still read the old one, so no use stands in the chain behind the record of
	 * its capability's end.
	 */
	rcu_read_lock();
	allowed = decide_allowed(agent, req, &cap_id, granted);
	if (allowed && recorded)
		decide_record(agent, req, cap_id, 0);
	rcu_read_unlock();
	if (allowed)
		return 0;
	if (granted)
		*granted = 0;
	if (!recorded && !req->atomic)
		audit_chain_throttle(agent->aid);
	decide_count_denial(agent);
	decide_record(agent, req, 0, cap_errno(req->class));
	return cap_errno(req->class);
}
