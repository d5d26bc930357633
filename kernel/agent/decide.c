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

#include "approval.h"
#include "cap_internal.h"
#include "strike.h"

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

/* A file that the agent's own tree does not show: where it is in its file system. */
static bool object_nowhere(struct decide_object *o, const struct dentry *dentry)
{
	const char *type = dentry->d_sb->s_type->name;
	size_t room = min_t(size_t, strlen(type), 32) + 1;
	char *path = dentry_path_raw(dentry, o->buf + room, sizeof(o->buf) - room);

	if (IS_ERR(path) || !object_path_is(o, path))
		return false;
	path -= room;
	memcpy(path, type, room - 1);
	path[room - 1] = ':';
	o->start = path;
	o->len = min_t(size_t, o->len + room, AUDIT_CHAIN_OBJECT_MAX);
	return true;
}

/* None of these sleeps: with a directory locked they are fine. */
static bool object_path_at(struct decide_object *o, const struct agent *agent,
			   const struct path *path)
{
	const struct cap_set *set;
	struct path at = *path;
	bool known;

	rcu_read_lock();
	set = rcu_dereference(agent->caps);
	if (set)
		at.mnt = cap_home_shown(set->home, path);
	known = at.mnt ? object_path_is(o, d_absolute_path(&at, o->buf, sizeof(o->buf))) :
			 object_nowhere(o, path->dentry);
	rcu_read_unlock();
	return known || object_path_is(o, d_path(path, o->buf, sizeof(o->buf)));
}

/*
 * The path from the real root of the agent's own tree: a record must not depend on
 * its chroot, nor on what it mounted where.
 */
static void object_path(struct decide_object *o, const struct agent *agent,
			const struct path *path)
{
	o->buf[AUDIT_CHAIN_OBJECT_MAX] = 0;
	if (irqs_disabled() || in_interrupt() || !object_path_at(o, agent, path))
		object_inode(o, path->dentry);
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

static void object_of(struct decide_object *o, const struct agent *agent,
		      const struct agent_request *req)
{
	if (req->path)
		object_path(o, agent, req->path);
	else if (req->net)
		object_net(o, req->net);
	else if (req->target)
		object_target(o, req);
	else
		object_string(o, req->object ?: "");
}

/* ---- the decision ---- */

static noinline void decide_record(const struct agent *agent, const struct agent_request *req,
				   u8 decision, u64 cap_id)
{
	struct decide_object object;
	struct audit_entry entry = {
		.aid = agent->aid,
		.event = AGENT_EVENT_ACCESS,
		.class = req->class,
		.decision = decision,
		.capability = cap_id,
		.rights = req->rights,
		.result = decision == AGENT_DECISION_DENIED ? cap_errno(req->class) : 0,
	};

	object_of(&object, agent, req);
	entry.object = object.start;
	entry.object_len = object.len;
	audit_chain_append(&entry);
}

/* Several tasks of one agent may pass at once; each counts. */
static void decide_count(u64 *counter)
{
	u64 old = READ_ONCE(*counter);

	while (!try_cmpxchg64(counter, &old, old + 1))
		;
}

static bool decide_has_authority(const struct agent *agent)
{
	return !agent_suspended(agent) && !agent_is_terminal(agent);
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

/*
 * Recorded before the snapshot is let go of: a revocation waits for those who still read
 * the old one, so no use stands in the chain behind the record of its capability's end.
 */
static __always_inline bool decide_try(struct agent *agent, const struct agent_request *req,
				       bool recorded, u64 *granted)
{
	u64 cap_id = 0;
	bool allowed;

	rcu_read_lock();
	allowed = decide_allowed(agent, req, &cap_id, granted);
	if (allowed && recorded)
		decide_record(agent, req, AGENT_DECISION_ALLOWED, cap_id);
	rcu_read_unlock();
	return allowed;
}

/**
 * struct decide_asking - what somebody may approve of
 * @agent: who acts
 * @req: what is to be done
 */
struct decide_asking {
	const struct agent *agent;
	const struct agent_request *req;
};

static bool decide_approvable(const void *arg)
{
	const struct decide_asking *asking = arg;
	const struct cap_set *set;
	bool approvable;

	if (!asking->req->rights || !decide_has_authority(asking->agent))
		return false;
	rcu_read_lock();
	set = rcu_dereference(asking->agent->caps);
	approvable = set && cap_set_approvable(set, asking->agent, asking->req);
	rcu_read_unlock();
	return approvable;
}

static noinline bool decide_ask(struct agent *agent, const struct agent_request *req,
				bool (*ask)(const struct approval_use *use))
{
	const struct decide_asking asking = { .agent = agent, .req = req };
	struct decide_object object;
	struct approval_use use = {
		.agent = agent,
		.class = req->class,
		.rights = req->rights,
		.atomic = req->atomic,
		.still = decide_approvable,
		.arg = &asking,
	};

	object_of(&object, agent, req);
	use.object = object.start;
	use.len = object.len;
	return ask(&use);
}

/**
 * agent_lacks_approval() - would an operation be denied until somebody approves of it?
 * @agent: who acts; not NULL
 * @req: what is to be done; of classes fs and exec, and atomic
 *
 * Who needs several decisions for one operation looks before he begins: an approval is
 * good for one use, and must not go with an operation that is refused for another.
 *
 * Context: any but NMI.
 * Return: true if so; nothing is asked, taken or recorded.
 */
bool agent_lacks_approval(struct agent *agent, const struct agent_request *req)
{
	const struct decide_asking asking = { .agent = agent, .req = req };

	return decide_approvable(&asking) && !decide_ask(agent, req, approval_allowed);
}

/*
 * Somebody may approve of this one use. Decided anew then, for what would allow it can
 * have been withdrawn, or have run out, while the task waited.
 */
static bool decide_approved(struct agent *agent, const struct agent_request *req, u64 *granted)
{
	const struct decide_asking asking = { .agent = agent, .req = req };
	struct agent_request approved = *req;

	if (!decide_approvable(&asking) || !decide_ask(agent, req, approval_given))
		return false;
	approved.approved = true;
	return decide_try(agent, &approved, true, granted);
}

/*
 * A permissive agent passes where a capability could have let it. What none gives stays
 * refused, and so does reaching other agents: they did not agree to be tried out on.
 * Where somebody has to approve, that is still asked.
 */
static bool decide_permits(const struct agent *agent, const struct agent_request *req)
{
	static const u32 classes = BIT(AGENT_CLASS_FS) | BIT(AGENT_CLASS_EXEC) |
				   BIT(AGENT_CLASS_NET) | BIT(AGENT_CLASS_DEV) |
				   BIT(AGENT_CLASS_MEM);
	const struct decide_asking asking = { .agent = agent, .req = req };

	if (req->class == AGENT_CLASS_AGENT ? req->rights != AGENT_AGENT_SANDBOX :
					      !(BIT(req->class) & classes))
		return false;
	return agent->permissive && decide_has_authority(agent) &&
	       req->rights && !(req->rights & ~cap_class_rights(req->class)) &&
	       !decide_approvable(&asking);
}

/* What was asked for is kept with the open file: not each read of it is a record. */
static int decide_permit(struct agent *agent, const struct agent_request *req, u64 *granted)
{
	if (granted)
		*granted |= req->rights;
	decide_count(&agent->nr_permitted);
	decide_record(agent, req, AGENT_DECISION_PERMITTED, 0);
	return 0;
}

/**
 * agent_decide - decide on an operation of an agent, and record it
 * @agent: who acts; NULL, outside of every agent, is allowed everything
 * @req: what is to be done
 * @granted: NULL, or for all rights that the agent has on the path and that do not
 *	run out by themselves, for caching in an open file
 *
 * A permissive agent is let pass where it would be denied, but for what no capability
 * gives, and for other agents; the record says so.
 *
 * Where somebody has to approve, current waits for the answer, and with @req->atomic is
 * denied until there is one.
 *
 * Context: any but NMI; sleeps unless @req->atomic.
 * Return: 0, or -EACCES (fs, exec, net, dev) or -EPERM (all else).
 */
int agent_decide(struct agent *agent, const struct agent_request *req, u64 *granted)
{
	bool recorded;

	if (granted)
		*granted = agent ? 0 : U64_MAX;
	if (!agent)
		return 0;
	recorded = agent->audit_level >= AGENT_AUDIT_DECISIONS;
	/* Waits for room first: what is decided afterwards can be recorded. */
	if (recorded && !req->atomic)
		audit_chain_throttle(agent->aid);
	if (decide_try(agent, req, recorded, granted))
		return 0;
	if (!recorded && !req->atomic)
		audit_chain_throttle(agent->aid);
	if (decide_permits(agent, req))
		return decide_permit(agent, req, granted);
	if (decide_approved(agent, req, granted))
		return 0;
	if (granted)
		*granted = 0;
	decide_record(agent, req, AGENT_DECISION_DENIED, 0);
	agent_denied(agent);
	return cap_errno(req->class);
}
