// SPDX-License-Identifier: GPL-2.0
/*
 * Queries of the audit chain: each agent reads what concerns itself and its own.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/capability.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "query.h"

#define QUERY_CHUNK	SZ_64K	/* at most in one call; next_seq says where to go on */

/**
 * struct query - one walk over the chain
 * @args: filter and results
 * @only: the one agent whose records are wanted, or NULL
 * @buf: what has been found
 * @size: room in it
 * @len: bytes in it
 * @seen_aid: the AID that was last looked up
 * @seen: may the caller see its records?
 * @seen_valid: has one been looked up?
 */
struct query {
	struct agent_audit_query_args *args;
	const struct agent *only;
	u8 *buf;
	size_t size;
	size_t len;
	u64 seen_aid;
	bool seen;
	bool seen_valid;
};

/* An agent that even the graveyard has forgotten is visible from outside only. */
static bool query_look_up(u64 aid)
{
	struct agent *agent = agent_lookup(aid);
	bool visible;

	if (!agent)
		return !agent_current();
	visible = agent_may_observe(agent_current(), agent);
	agent_put(agent);
	return visible;
}

/* Records of one agent come in runs: the last answer saves most look-ups. */
static bool query_visible(struct query *q, u64 aid)
{
	if (!q->seen_valid || q->seen_aid != aid) {
		q->seen = query_look_up(aid);
		q->seen_aid = aid;
		q->seen_valid = true;
	}
	return q->seen;
}

static bool query_matches(struct query *q, const struct audit_record_view *rec)
{
	const struct agent_audit_query_args *args = q->args;

	if (args->events && !(args->events & BIT_ULL(rec->event)))
		return false;
	if (args->decisions && !(args->decisions & BIT_ULL(rec->decision)))
		return false;
	if (q->only)
		return rec->aid == q->only->aid;
	return query_visible(q, rec->aid);
}

static int query_record(const struct audit_record_view *rec, void *arg)
{
	struct query *q = arg;

	if (fatal_signal_pending(current))
		return -EINTR;
	if (query_matches(q, rec)) {
		if (rec->len > q->size - q->len)
			return q->len ? 1 : -EMSGSIZE;
		memcpy(q->buf + q->len, rec->bytes, rec->len);
		q->len += rec->len;
		q->args->count++;
	}
	q->args->next_seq = rec->seq + 1;
	return 0;
}

static int query_walk(struct query *q)
{
	struct agent_audit_query_args *args = q->args;
	struct audit_stats stats;
	int ret;

	args->count = 0;
	args->next_seq = args->first_seq;
	ret = audit_chain_walk(args->first_seq, args->last_seq, query_record, q);
	if (ret < 0)
		return ret;
	audit_chain_stats(&stats);
	args->sealed_seq = stats.sealed;
	if (copy_to_user(u64_to_user_ptr(args->buf), q->buf, q->len))
		return -EFAULT;
	args->buf_len = q->len;
	return 0;
}

/* Outside every agent the whole chain is in view: that is the auditor's. */
static int query_permitted(void)
{
	if (agent_current() || capable(CAP_AUDIT_READ) || capable(CAP_SYS_ADMIN))
		return 0;
	return -EPERM;
}

/**
 * agent_query() - copy the records that match to user space
 * @args: filter, buffer and results
 * @agent: only this one's records, or NULL for all that current may see
 *
 * Context: may sleep.
 * Return: 0; -EPERM outside every agent without CAP_AUDIT_READ or CAP_SYS_ADMIN; -EINVAL
 * if the range is empty; -EMSGSIZE if the first record does not fit; -EFAULT; -EINTR;
 * -ENOMEM.
 */
int agent_query(struct agent_audit_query_args *args, struct agent *agent)
{
	struct query q = { .args = args, .only = agent };
	int err = query_permitted();

	if (err)
		return err;
	if (args->first_seq > args->last_seq)
		return -EINVAL;
	q.size = min_t(u64, args->buf_len, QUERY_CHUNK);
	q.buf = kvmalloc(q.size ?: 1, GFP_KERNEL_ACCOUNT);
	if (!q.buf)
		return -ENOMEM;
	err = query_walk(&q);
	kvfree(q.buf);
	return err;
}

static void query_seed_record(int err)
{
	struct audit_entry entry = {
		.event		= AGENT_EVENT_QUERY,
		.class		= AGENT_CLASS_LIFE,
		.decision	= err ? AGENT_DECISION_DENIED : AGENT_DECISION_ALLOWED,
		.result		= err,
		.object		= "seed",
		.object_len	= 4,
	};

	entry.aid = agent_aid(agent_current());
	audit_chain_append(&entry);
}

static int query_seed(struct agent_audit_query_args *args)
{
	char __user *buf = u64_to_user_ptr(args->buf);
	u8 seed[BLAKE3_KEY_SIZE];
	int err;

	if (agent_current() || !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (args->buf_len < sizeof(seed))
		return -EMSGSIZE;
	/* It is given out once: not to a page that cannot take it. */
	if (fault_in_writeable(buf, sizeof(seed)))
		return -EFAULT;
	err = audit_chain_take_seed(seed);
	if (!err && copy_to_user(buf, seed, sizeof(seed)))
		err = -EFAULT;
	memzero_explicit(seed, sizeof(seed));
	args->buf_len = BLAKE3_KEY_SIZE;
	return err;
}

/**
 * agent_query_seed() - give out the seed of the records' authentication codes
 * @args: a buffer of at least 32 bytes
 *
 * Once in each boot, and recorded: an auditor who holds it can tell forged records,
 * so nobody may read it unseen.
 *
 * Context: may sleep.
 * Return: 0; -EPERM unless outside every agent and with CAP_SYS_ADMIN; -EALREADY the
 * second time; -EMSGSIZE; -EFAULT.
 */
int agent_query_seed(struct agent_audit_query_args *args)
{
	int err = query_seed(args);

	query_seed_record(err);
	return err;
}
