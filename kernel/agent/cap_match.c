// SPDX-License-Identifier: GPL-2.0
/*
 * What a set of capabilities says to a request.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "cap_internal.h"

static bool match_agent(const struct cap *cap, const struct agent *agent,
			const struct agent_request *req)
{
	const struct agent *target = req->target;

	/* A child that is not there yet: what matters is how many there are. */
	if (req->rights == AGENT_AGENT_SPAWN && !target)
		return !cap->agent.max || atomic_read(&agent->nr_children) < cap->agent.max;
	switch (cap->agent.who) {
	case AGENT_WHO_SELF:
		return target == agent;
	case AGENT_WHO_CHILDREN:
		return target && target != agent && agent_is_ancestor(agent, target);
	case AGENT_WHO_AID:
		return agent_aid(target) == cap->agent.aid;
	}
	return false;
}

static bool match_dev(const struct cap *cap, const struct agent_request *req)
{
	return req->object && !strcmp(cap->name, req->object) &&
	       req->cmd >= cap->ioctl_first && req->cmd <= cap->ioctl_last;
}

static bool match_exec(const struct cap *cap, const struct agent_request *req)
{
	return cap->by_digest && req->digest &&
	       !memcmp(cap->digest, req->digest, AGENT_DIGEST_SIZE);
}

static bool match_object(const struct cap *cap, const struct agent *agent,
			 const struct agent_request *req)
{
	switch (cap->class) {
	case AGENT_CLASS_NET:
		return req->net && cap_net_matches(cap, req->net);
	case AGENT_CLASS_EXEC:
		return match_exec(cap, req);
	case AGENT_CLASS_AGENT:
		return match_agent(cap, agent, req);
	case AGENT_CLASS_DEV:
		return match_dev(cap, req);
	case AGENT_CLASS_MEM:
		return cap->mem.tier == req->tier && req->bytes <= cap->mem.bytes;
	case AGENT_CLASS_SVC:
		return req->object &&
		       cap_pattern_matches(cap->name, req->object, strlen(req->object));
	}
	return false;
}

/*
 * Those without uses or rate first: nothing is spent on what was free. What does not
 * run out by itself goes to *@lasting: a use that was taken is for as long as what it
 * was taken for.
 */
static u64 match_list(const struct cap_set *set, const struct agent *agent,
		      const struct agent_request *req, u64 found, bool counted,
		      u64 *cap_id, u64 *lasting)
{
	u32 i;

	for (i = set->first[req->class]; i < set->first[req->class + 1]; i++) {
		struct cap *cap = set->caps[i];
		u64 more = cap->rights & req->rights & ~found;

		if (!more || counted != !!cap->counter || !match_object(cap, agent, req))
			continue;
		if (!cap_unlimited(cap) && !cap_use(cap, req->approved))
			continue;
		found |= more;
		if (!cap->limits.expires_ns)
			*lasting |= more;
		*cap_id = cap->id;
		if (found == req->rights)
			break;
	}
	return found;
}

/* Apart, so that files, which are asked about most, pay for none of it. */
static noinline u64 match_rights(const struct cap_set *set, const struct agent *agent,
				 const struct agent_request *req, u64 *cap_id, u64 *granted)
{
	u64 found = 0, lasting = 0;

	if (req->class == AGENT_CLASS_EXEC && req->path)
		found = cap_walk_rights(set, req, cap_id, granted);
	if (found == req->rights)
		return found;
	found = match_list(set, agent, req, found, false, cap_id, &lasting);
	if (found != req->rights)
		found = match_list(set, agent, req, found, true, cap_id, &lasting);
	if (granted && req->class != AGENT_CLASS_EXEC)
		*granted = lasting;
	return found;
}

/**
 * cap_set_rights - which of the rights asked for does a set give?
 * @set: held by the caller, by a reference or under RCU
 * @agent: whose it is
 * @req: the request
 * @cap_id: the capability that contributed last, 0 for none
 * @granted: NULL, or: all rights on the path that do not run out by themselves
 *
 * Rights add up over capabilities. A use is taken of a limited capability only
 * where the others leave something missing; classes without capabilities give
 * nothing.
 *
 * Context: any but NMI.
 * Return: those of @req->rights that were found.
 */
u64 cap_set_rights(const struct cap_set *set, const struct agent *agent,
		   const struct agent_request *req, u64 *cap_id, u64 *granted)
{
	if (req->class == AGENT_CLASS_NET && req->net && req->net->proto != AGENT_NET_UNIX_ABSTRACT)
		return cap_ports_rights(set, req, cap_id, granted);
	*cap_id = 0;
	if (granted)
		*granted = 0;
	/* Rights that no capability can have: nothing is spent on what is denied anyway. */
	if (req->rights & ~cap_class_rights(req->class))
		return 0;
	if (req->class != AGENT_CLASS_FS)
		return match_rights(set, agent, req, cap_id, granted);
	return req->path ? cap_walk_rights(set, req, cap_id, granted) : 0;
}

/**
 * cap_set_held - which of the rights asked for does a set speak of?
 * @set: held by the caller, by a reference or under RCU
 * @agent: whose it is
 * @req: the request; not of class exec
 *
 * What is used up but not withdrawn counts, and no use is taken: this is asked about
 * what goes on, not about one more operation.
 *
 * Context: any but NMI.
 * Return: those of @req->rights that were found.
 */
u64 cap_set_held(const struct cap_set *set, const struct agent *agent,
		 const struct agent_request *req)
{
	u64 found = 0;
	u32 i;

	if (req->class == AGENT_CLASS_FS)
		return cap_walk_held(set, req);
	for (i = set->first[req->class]; i < set->first[req->class + 1]; i++) {
		const struct cap *cap = set->caps[i];

		if (cap_usable(cap, req->approved) && match_object(cap, agent, req))
			found |= cap->rights & req->rights;
	}
	return found;
}

static u64 match_held(const struct cap_set *set, const struct agent *agent,
		      const struct agent_request *req)
{
	u64 found = 0;

	if ((req->class == AGENT_CLASS_FS || req->class == AGENT_CLASS_EXEC) && req->path)
		found = cap_walk_held(set, req);
	if (req->class != AGENT_CLASS_FS)
		found |= cap_set_held(set, agent, req);
	return found;
}

/**
 * cap_set_approvable - would a set give all the rights, if somebody approved?
 * @set: held by the caller, by a reference or under RCU
 * @agent: whose it is
 * @req: the request, which it does not give by itself
 *
 * What a capability without the constraint has run out of is not made good by asking.
 *
 * Context: any but NMI.
 * Return: true if it would, unless it is used up by then.
 */
bool cap_set_approvable(const struct cap_set *set, const struct agent *agent,
			const struct agent_request *req)
{
	struct agent_request asked = *req;

	if (req->rights & ~cap_class_rights(req->class))
		return false;
	asked.approved = false;
	if (match_held(set, agent, &asked) == req->rights)
		return false;
	asked.approved = true;
	return match_held(set, agent, &asked) == req->rights;
}

/**
 * cap_set_presentable - would cap_set_present() allow it, if somebody approved?
 * @set: held by the caller
 * @request: what is to be done
 * @any: it has to be approved whichever capability allows it
 *
 * Context: may sleep.
 * Return: true if it would, unless it is used up by then.
 */
bool cap_set_presentable(const struct cap_set *set, const struct cap *request, bool any)
{
	u32 i;

	for (i = set->first[request->class]; i < set->first[request->class + 1]; i++) {
		const struct cap *cap = set->caps[i];

		if (!any && !cap->limits.approval)
			continue;
		if (!(request->rights & ~cap->rights) && cap_usable(cap, true) &&
		    cap_object_subset(request, cap))
			return true;
	}
	return false;
}

/**
 * cap_set_present - does a request in the form of a capability lie within a set?
 * @set: held by the caller
 * @request: what is to be done; its limits are not looked at
 * @approved: somebody has approved of this use
 * @cap_id: the capability that allows it, 0 for none
 *
 * Context: may sleep.
 * Return: 0, or what a denial of that class returns.
 */
int cap_set_present(const struct cap_set *set, const struct cap *request, bool approved,
		    u64 *cap_id)
{
	int counted;
	u32 i;

	*cap_id = 0;
	for (counted = 0; counted < 2; counted++) {
		for (i = set->first[request->class]; i < set->first[request->class + 1]; i++) {
			struct cap *cap = set->caps[i];

			if (counted != !!cap->counter || request->rights & ~cap->rights)
				continue;
			if (!cap_object_subset(request, cap) || !cap_use(cap, approved))
				continue;
			*cap_id = cap->id;
			return 0;
		}
	}
	return cap_errno(request->class);
}
