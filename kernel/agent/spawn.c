// SPDX-License-Identifier: GPL-2.0
/*
 * From a signed manifest to an agent: decode, verify, narrow, judge, record, publish.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/capability.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "agent.h"
#include "cap.h"
#include "cbor.h"
#include "lane.h"
#include "manifest.h"
#include "quota.h"
#include "spawn.h"
#include "state.h"
#include "tree.h"

/**
 * struct spawning - an agent on its way
 * @parent: who spawns; current's agent, which current's credential holds
 * @parent_caps: the snapshot that the new capabilities were derived from; NULL: boot agent
 * @agent: the new one; from its allocation on it owns what it is given
 * @caps: its capabilities; the agent's from there on
 * @manifest: decoded; the agent's from its allocation on
 */
struct spawning {
	struct agent *parent;
	struct cap_set *parent_caps;
	struct agent *agent;
	struct cap_set *caps;
	struct manifest *manifest;
};

static void spawn_record(const char *object, int err)
{
	struct audit_entry entry = {
		.aid		= agent_aid(agent_current()),
		.event		= AGENT_EVENT_SPAWN,
		.class		= AGENT_CLASS_LIFE,
		.decision	= err ? AGENT_DECISION_DENIED : AGENT_DECISION_ALLOWED,
		.result		= err,
		.object		= object,
		.object_len	= strlen(object),
	};

	audit_chain_append(&entry);
}

/**
 * agent_spawn_failed() - record that nothing was spawned
 * @name: the name in the manifest, or "" where it was not read
 * @err: why
 */
void agent_spawn_failed(const char *name, int err)
{
	spawn_record(name, err);
}

/*
 * May the parent spawn at all, and one more? What it holds now counts. With @take
 * a use goes where uses are counted, and first where they are not.
 */
static int spawn_right(struct agent *parent, bool take)
{
	struct cap_set *set = agent_caps_get(parent);
	int counted, err = -EPERM;
	struct cap *cap;
	u32 i;

	if (!set)
		return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
	for (counted = 0; counted < 2; counted++) {
		for (i = 0; err && i < set->nr; i++) {
			cap = set->caps[i];
			if (cap->class != AGENT_CLASS_AGENT || counted != !!cap->counter ||
			    !(cap->rights & AGENT_AGENT_SPAWN))
				continue;
			if (cap->agent.max && atomic_read(&parent->nr_children) >= cap->agent.max)
				err = -EDQUOT;
			else if (take ? cap_use(cap, false) : cap_usable(cap, false))
				err = 0;
		}
	}
	cap_set_put(set);
	return err;
}

/* The new agent's own copy, derived from the capability of the parent that covers it. */
static struct cap *spawn_derive(const struct spawning *s, const struct cap *want)
{
	struct cap *parent = NULL, *cap;

	if (s->parent_caps) {
		parent = cap_set_covers(s->parent_caps, want);
		if (!parent)
			return ERR_PTR(-EPERM);
	}
	cap = cap_derive(want, parent);
	cap_put(parent);
	return cap ?: ERR_PTR(-ENOMEM);
}

static int spawn_derive_all(struct spawning *s, struct cap *const *want, u32 nr)
{
	struct cap **caps = kvcalloc(nr ?: 1, sizeof(*caps), GFP_KERNEL_ACCOUNT);
	int err = 0;
	u32 i;

	if (!caps)
		return -ENOMEM;
	for (i = 0; i < nr && !err; i++) {
		caps[i] = spawn_derive(s, want[i]);
		if (IS_ERR(caps[i])) {
			err = PTR_ERR(caps[i]);
			caps[i] = NULL;
		}
	}
	if (!err) {
		s->caps = cap_set_build(caps, nr, cap_home_of(s->parent_caps));
		err = PTR_ERR_OR_ZERO(s->caps);
	}
	for (i = 0; i < nr; i++)
		cap_put(caps[i]);
	kvfree(caps);
	return err;
}

static int spawn_cap_set(struct spawning *s, const struct agent_spawn *spawn)
{
	struct cbor_reader reader;
	struct cap **caps;
	int err;
	u32 nr, i;

	cbor_reader_init(&reader, spawn->cap_set, spawn->cap_set_len);
	err = caps_decode(&reader, &caps, &nr);
	if (err)
		return err;
	if (!cbor_done(&reader))
		err = -EBADMSG;
	for (i = 0; i < nr && !err; i++)
		if (!manifest_allows(s->manifest, caps[i]))
			err = -EINVAL;
	if (!err)
		err = spawn_derive_all(s, caps, nr);
	caps_free(caps, nr);
	return err;
}

/*
 * What an agent is for others is bounded like what it may do: a child is of the same
 * tenant, has no better lane, and is recorded no less. Else a manifest that was signed
 * for somebody else would be a way out of one's own. So would a permissive child of one
 * that is held to its capabilities.
 */
static bool spawn_within_parent(const struct agent *parent, const struct manifest *manifest)
{
	if (parent == &agent_boot)
		return true;
	return !strcmp(manifest->tenant, parent->tenant) && manifest->lane <= parent->lane &&
	       manifest->audit_level >= parent->audit_level &&
	       (parent->permissive || !manifest->permissive);
}

static int spawn_caps(struct spawning *s, const struct agent_spawn *spawn)
{
	if (spawn->cap_set)
		return spawn_cap_set(s, spawn);
	return spawn_derive_all(s, s->manifest->caps, s->manifest->nr_caps);
}

static int spawn_object(struct spawning *s)
{
	struct agent *agent = agent_alloc(s->parent);
	struct manifest *manifest = s->manifest;
	u64 last_seq;

	if (!agent)
		return -ENOMEM;
	agent->manifest = manifest;
	RCU_INIT_POINTER(agent->caps, s->caps);
	strscpy(agent->name, manifest->name);
	strscpy(agent->tenant, manifest->tenant);
	agent->lane = manifest->lane;
	agent->audit_level = manifest->audit_level;
	agent->permissive = manifest->permissive;
	memcpy(agent->manifest_digest, manifest->digest, sizeof(agent->manifest_digest));
	memcpy(agent->authorizer, manifest->authorizer, sizeof(agent->authorizer));
	audit_chain_head(agent->head_at_spawn, &last_seq);
	agent->spawned_ns = ktime_get_ns();
	s->agent = agent;
	return agent_tree_reserve(&agent->aid);
}

/* A capability that was withdrawn from the parent meanwhile is not handed on. */
static int spawn_still_covered(const struct spawning *s)
{
	struct cap_set *now;
	struct cap *cap;
	int err = 0;
	u32 i;

	if (!s->parent_caps || rcu_access_pointer(s->parent->caps) == s->parent_caps)
		return 0;
	now = agent_caps_get(s->parent);
	for (i = 0; i < s->caps->nr && !err; i++) {
		cap = cap_set_find(now, s->caps->caps[i]->parent_id);
		err = cap ? 0 : -EPERM;
		cap_put(cap);
	}
	cap_set_put(now);
	return err;
}

/*
 * May the parent have one more? Asked before anything is made for it, so that whoever may
 * not has no group divided for nothing; and again with agent_tree_lock, which counts.
 */
static int spawn_admit(const struct spawning *s)
{
	if (agent_is_terminal(s->parent))
		return -ESRCH;
	if (agent_suspended(s->parent))
		return -EPERM;
	if (s->agent->depth > AGENT_DEPTH_MAX)
		return -EDQUOT;
	return spawn_right(s->parent, false);
}

static int spawn_account(struct spawning *s)
{
	int err = spawn_admit(s);

	if (!err)
		err = spawn_still_covered(s);
	if (!err)
		err = agent_quota_inherit(s->agent, s->manifest);
	if (!err)
		err = agent_quota_child_new(s->parent);
	return err;
}

static void spawn_append(const struct agent *agent)
{
	char object[AGENT_NAME_MAX + 48];

	scnprintf(object, sizeof(object), "a:%05llu %s%s", agent->aid, agent->name,
		  agent->permissive ? " permissive" : "");
	spawn_record(object, 0);
}

/* The last stages: record, publish. Nothing fails once it is recorded. */
static int spawn_publish(struct spawning *s)
{
	struct agent *agent = s->agent;
	int err;

	mutex_lock(&agent_tree_lock);
	err = spawn_account(s);
	if (err)
		goto unlock;
	/* Last, so that only an agent that is there has cost a use. */
	err = spawn_right(s->parent, true);
	if (err) {
		agent_quota_child_gone(s->parent);
		goto unlock;
	}
	spawn_append(agent);
	agent_transition(agent, AGENT_STATE_ATTESTED, NULL);
	agent_tree_publish(agent);
unlock:
	mutex_unlock(&agent_tree_lock);
	return err;
}

static int spawn_stages(struct spawning *s, const struct agent_spawn *spawn)
{
	int err;

	if (!s->parent_caps && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	s->manifest = manifest_parse(spawn->manifest, spawn->manifest_len);
	if (IS_ERR(s->manifest))
		return PTR_ERR(s->manifest);
	if (!spawn_within_parent(s->parent, s->manifest))
		return -EPERM;
	err = spawn_caps(s, spawn);
	if (err)
		return err;
	err = spawn_object(s);
	if (err)
		return err;
	err = security_agent_spawn(s->parent, s->agent, s->caps);
	if (!err)
		err = spawn_admit(s);
	if (!err)
		err = sched_register_aid(s->agent);
	if (!err)
		err = spawn_publish(s);
	if (err)
		agent_tree_release(s->agent->aid);
	return err;
}

static void spawn_unwind(struct spawning *s)
{
	if (s->agent) {
		agent_put(s->agent);
		return;
	}
	if (!IS_ERR_OR_NULL(s->caps))
		cap_set_put(s->caps);
	if (!IS_ERR_OR_NULL(s->manifest))
		manifest_free(s->manifest);
}

/**
 * agent_spawn_dispatch() - make an agent of a manifest
 * @spawn: what was asked for
 *
 * Whatever fails leaves nothing behind but its record.
 *
 * Context: may sleep.
 * Return: the agent, Attested, with a reference; or as an ERR_PTR() the errors of
 * agent_spawn(2).
 */
struct agent *agent_spawn_dispatch(const struct agent_spawn *spawn)
{
	struct spawning s = { .parent = agent_current() ?: &agent_boot };
	int err;

	s.parent_caps = agent_caps_get(s.parent);
	err = spawn_stages(&s, spawn);
	if (err) {
		agent_spawn_failed(IS_ERR_OR_NULL(s.manifest) ? "" : s.manifest->name, err);
		spawn_unwind(&s);
	}
	if (s.parent_caps)
		cap_set_put(s.parent_caps);
	return err ? ERR_PTR(err) : s.agent;
}
