// SPDX-License-Identifier: GPL-2.0
/*
 * Uses of capabilities that wait for somebody's approval.
 *
 * Who may sleep waits here, until it is answered, nobody has answered in time, it is
 * killed, or what it wants could not be approved any more. Who may not is denied and
 * leaves its request behind: once that is allowed, the same use is let through, once.
 * Whatever is not allowed is denied, and whatever is allowed is decided again.
 *
 * An agent and all beneath it share one account, so that no flood of requests, by
 * however many children, keeps others from asking, or fills memory.
 *
 * Each request is one ASK record and one ANSWER record.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/cred.h>
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "approval.h"
#include "approval_queue.h"
#include "policy.h"
#include "strike.h"

#define MINUTE_NS	(60 * NSEC_PER_SEC)

/*
 * The machine is suspended all the same. What the task may hold belongs to its own agent:
 * who waits for that wakes up no sooner.
 */
#define APPROVAL_WAITS	(TASK_KILLABLE | TASK_FREEZABLE_UNSAFE)

LIST_HEAD(approvals);				/* in order of id; approvals_lock */
DEFINE_SPINLOCK(approvals_lock);		/* outside of it: agent->lock is not taken */
static unsigned int approvals_nr;		/* approvals_lock */
static u64 approvals_last_id;			/* approvals_lock */
static unsigned int approvals_moves;		/* approvals_lock */
static DECLARE_WAIT_QUEUE_HEAD(approvals_moved);

static void approvals_expire(struct work_struct *work);
static DECLARE_DELAYED_WORK(approvals_expiry, approvals_expire);

/* Who pays: what the boot agent has spawned, for itself and for all beneath it. */
static struct agent *approval_account(struct agent *agent)
{
	while (agent->parent && agent->parent != &agent_boot)
		agent = agent->parent;
	return agent;
}

/* ---- records ---- */

static void record(const struct approval *a, u64 aid, u16 event, int result,
		   const char *object, size_t len)
{
	struct audit_entry entry = {
		.aid		= aid,
		.event		= event,
		.class		= a->class,
		.decision	= AGENT_DECISION_NONE,
		.rights		= a->rights,
		.result		= result,
		.object		= object,
		.object_len	= min_t(size_t, len, AUDIT_CHAIN_OBJECT_MAX),
	};

	audit_chain_append(&entry);
}

/* As with all objects that are too long, the tail is what is kept. */
static noinline void record_ask(const struct approval *a)
{
	char object[AUDIT_CHAIN_OBJECT_MAX];
	size_t head = scnprintf(object, sizeof(object), "%llu ", a->id);
	size_t len = min_t(size_t, a->len, sizeof(object) - head);

	memcpy(object + head, a->object + a->len - len, len);
	record(a, a->agent->aid, AGENT_EVENT_ASK, 0, object, head + len);
}

static const struct {
	const char *word;
	int result;
} answers[] = {
	[APPROVAL_ALLOWED]	= { "allow", 0 },
	[APPROVAL_DENIED]	= { "deny", -EPERM },
	[APPROVAL_TIMEOUT]	= { "timeout", -ETIMEDOUT },
	[APPROVAL_WITHDRAWN]	= { "withdrawn", -ECANCELED },
};

/* The name of a program stands last: it can be anything. */
static void record_answer(const struct approval *a, enum approval_state answer)
{
	char object[128];
	size_t len = scnprintf(object, sizeof(object), "%llu a:%05llu %s", a->id, a->agent->aid,
			       answers[answer].word);

	if (answer == APPROVAL_ALLOWED || answer == APPROVAL_DENIED)
		len += scnprintf(object + len, sizeof(object) - len, " uid %u pid %d %.*s",
				 from_kuid(&init_user_ns, current_uid()),
				 task_tgid_nr(current), TASK_COMM_LEN, current->comm);
	record(a, 0, AGENT_EVENT_ANSWER, answers[answer].result, object, len);
}

/* ---- the queue ---- */

static void approvals_touch(void)
{
	lockdep_assert_held(&approvals_lock);
	approvals_moves++;
	wake_up_all(&approvals_moved);
}

static void approval_put(struct approval *a)
{
	if (!refcount_dec_and_test(&a->ref))
		return;
	agent_put(a->agent);
	kfree(a);
}

/* The queue's reference goes with it: the caller has one of its own, or is done with it. */
static void approval_unlink(struct approval *a)
{
	lockdep_assert_held(&approvals_lock);
	list_del_init(&a->link);
	approvals_nr--;
	approval_account(a->agent)->nr_waiting--;
	approvals_touch();
	approval_put(a);
}

/* One that cannot wait keeps its place while it is allowed, until it is used. */
static void approval_settle(struct approval *a, enum approval_state answer)
{
	lockdep_assert_held(&approvals_lock);
	record_answer(a, answer);
	WRITE_ONCE(a->state, answer);
	wake_up_all(&a->agent->wait);
	if (answer != APPROVAL_ALLOWED || !a->atomic) {
		approval_unlink(a);
		return;
	}
	a->deadline_ns = approval_deadline();
	approvals_touch();
}

/**
 * approval_deadline() - until when a request made now is answered, or denied
 *
 * Return: CLOCK_BOOTTIME, ns.
 */
u64 approval_deadline(void)
{
	return ktime_get_boottime_ns() +
	       agent_policy(AGENT_POLICY_APPROVAL_SECONDS) * NSEC_PER_SEC;
}

/**
 * approvals_expire_at() - deny what has waited too long
 * @now: CLOCK_BOOTTIME, ns
 *
 * Return: how long until the next one has, in ns; 0: there is none.
 */
u64 approvals_expire_at(u64 now)
{
	struct approval *a, *next;
	unsigned long flags;
	u64 first = U64_MAX;

	spin_lock_irqsave(&approvals_lock, flags);
	list_for_each_entry_safe(a, next, &approvals, link) {
		if (a->deadline_ns > now)
			first = min(first, a->deadline_ns);
		else if (a->state == APPROVAL_ALLOWED)
			approval_unlink(a);
		else
			approval_settle(a, APPROVAL_TIMEOUT);
	}
	spin_unlock_irqrestore(&approvals_lock, flags);
	return first == U64_MAX ? 0 : first - now;
}

static void approvals_expire(struct work_struct *work)
{
	u64 next = approvals_expire_at(ktime_get_boottime_ns());

	if (next)
		mod_delayed_work(system_wq, &approvals_expiry, nsecs_to_jiffies(next) + 1);
}

/* ---- asking ---- */

static bool account_has_room(struct agent *account)
{
	u64 now = ktime_get_boottime_ns();

	lockdep_assert_held(&approvals_lock);
	if (now - account->asked_since_ns >= MINUTE_NS) {
		account->asked_since_ns = now;
		account->nr_asked = 0;
	}
	return approvals_nr < APPROVALS_MAX &&
	       account->nr_waiting < agent_policy(AGENT_POLICY_APPROVAL_QUEUE) &&
	       account->nr_asked < agent_policy(AGENT_POLICY_APPROVAL_RATE);
}

static struct approval *approval_make(const struct approval_use *use, bool atomic)
{
	struct approval *a = kzalloc(struct_size(a, object, use->len),
				     atomic ? GFP_ATOMIC | __GFP_NOWARN : GFP_KERNEL_ACCOUNT);

	if (!a)
		return NULL;
	refcount_set(&a->ref, 1);
	a->agent = agent_get(use->agent);
	a->class = use->class;
	a->rights = use->rights;
	a->atomic = atomic;
	a->pid = task_tgid_nr(current);
	strscpy(a->comm, current->comm);	/* whose lock is not for all contexts */
	a->deadline_ns = approval_deadline();
	a->len = use->len;
	memcpy(a->object, use->object, use->len);
	return a;
}

/* False: too many wait, or have been made of late. */
static bool approval_queue(struct approval *a)
{
	struct agent *account = approval_account(a->agent);

	lockdep_assert_held(&approvals_lock);
	if (!account_has_room(account))
		return false;
	a->id = ++approvals_last_id;
	refcount_inc(&a->ref);
	list_add_tail(&a->link, &approvals);
	approvals_nr++;
	account->nr_waiting++;
	account->nr_asked++;
	record_ask(a);
	approvals_touch();
	return true;
}

static bool approval_is(const struct approval *a, const struct approval_use *use)
{
	return a->atomic && a->agent == use->agent && a->class == use->class &&
	       a->rights == use->rights && a->len == use->len &&
	       !memcmp(a->object, use->object, use->len);
}

/* The same use, asked for before by somebody who could not wait. */
static struct approval *approval_find(const struct approval_use *use)
{
	struct approval *a;

	lockdep_assert_held(&approvals_lock);
	list_for_each_entry(a, &approvals, link)
		if (approval_is(a, use))
			return a;
	return NULL;
}

/**
 * approval_allowed() - has somebody allowed a use that could not wait?
 * @use: what is wanted
 *
 * Context: any but NMI.
 * Return: true if so; it stays allowed, until it is used or its time is over.
 */
bool approval_allowed(const struct approval_use *use)
{
	const struct approval *a;
	unsigned long flags;
	bool allowed;

	spin_lock_irqsave(&approvals_lock, flags);
	a = approval_find(use);
	allowed = a && a->state == APPROVAL_ALLOWED;
	spin_unlock_irqrestore(&approvals_lock, flags);
	return allowed;
}

/* True: it was allowed; it is used up now. */
static bool approval_take(const struct approval_use *use, bool *waits)
{
	struct approval *a;
	unsigned long flags;
	bool allowed;

	spin_lock_irqsave(&approvals_lock, flags);
	a = approval_find(use);
	allowed = a && a->state == APPROVAL_ALLOWED;
	*waits = a && !allowed;
	if (allowed)
		approval_unlink(a);
	spin_unlock_irqrestore(&approvals_lock, flags);
	return allowed;
}

/* Referenced; NULL: there is no room, or no memory. */
static struct approval *approval_begin(const struct approval_use *use, bool atomic)
{
	struct approval *a = approval_make(use, atomic);
	unsigned long flags;
	bool queued;

	if (!a)
		return NULL;
	spin_lock_irqsave(&approvals_lock, flags);
	queued = approval_queue(a);
	spin_unlock_irqrestore(&approvals_lock, flags);
	if (!queued) {
		approval_put(a);
		return NULL;
	}
	/* It looks itself which request is due first. */
	mod_delayed_work(system_wq, &approvals_expiry, 0);
	return a;
}

static void approval_withdraw(struct approval *a)
{
	unsigned long flags;

	spin_lock_irqsave(&approvals_lock, flags);
	if (a->state == APPROVAL_WAITING)
		approval_settle(a, APPROVAL_WITHDRAWN);
	spin_unlock_irqrestore(&approvals_lock, flags);
}

static bool approval_wait(struct approval *a, const struct approval_use *use)
{
	struct agent *agent = use->agent;
	int epoch, err = 0;

	do {
		epoch = atomic_read(&agent->epoch);
		if (err || !use->still(use->arg)) {
			approval_withdraw(a);
			break;
		}
		err = wait_event_state(agent->wait,
				       READ_ONCE(a->state) != APPROVAL_WAITING ||
				       atomic_read(&agent->epoch) != epoch, APPROVAL_WAITS);
	} while (READ_ONCE(a->state) == APPROVAL_WAITING);
	return READ_ONCE(a->state) == APPROVAL_ALLOWED;
}

/* io_uring's own threads go on with other requests; and nobody waits while he exits. */
static bool approval_may_wait(const struct approval_use *use)
{
	return !use->atomic && in_task() &&
	       !(current->flags & (PF_KTHREAD | PF_EXITING | PF_IO_WORKER | PF_USER_WORKER));
}

/**
 * approval_given() - ask whether one use of what needs approval is allowed
 * @use: what is wanted; could be approved when this is called
 *
 * Context: sleeps, killably, for as long as policy lets a request wait; not with
 * @use->atomic.
 * Return: true if somebody allowed it. It has to be decided again: what allowed it may
 * be gone.
 */
bool approval_given(const struct approval_use *use)
{
	bool wait = approval_may_wait(use), waits, given = false;
	struct approval *a;

	if (approval_take(use, &waits))
		return true;
	if (waits && !wait)
		return false;
	if (wait)
		audit_chain_throttle(use->agent->aid);
	a = approval_begin(use, !wait);
	if (!a)
		return false;
	if (wait)
		given = approval_wait(a, use);
	approval_put(a);
	return given;
}

/* ---- answering ---- */

static struct approval *approval_waiting(u64 id)
{
	struct approval *a;

	lockdep_assert_held(&approvals_lock);
	list_for_each_entry(a, &approvals, link)
		if (a->id == id && a->state == APPROVAL_WAITING)
			return a;
	return NULL;
}

/**
 * approval_answer() - allow or deny a request
 * @id: its number
 * @allow: allow it, this once
 *
 * Who may is the caller's to ask: an operator, never an agent.
 *
 * Context: process.
 * Return: 0; -ENOENT if no such request waits.
 */
int approval_answer(u64 id, bool allow)
{
	struct agent *agent = NULL;
	struct approval *a;
	unsigned long flags;

	spin_lock_irqsave(&approvals_lock, flags);
	a = approval_waiting(id);
	if (a) {
		agent = agent_get(a->agent);
		approval_settle(a, allow ? APPROVAL_ALLOWED : APPROVAL_DENIED);
	}
	spin_unlock_irqrestore(&approvals_lock, flags);
	if (!agent)
		return -ENOENT;
	if (allow)
		agent_approved(agent);
	agent_put(agent);
	return 0;
}

/**
 * approval_ended() - drop what an agent has asked for
 * @agent: terminal, so that it asks for no more
 *
 * Its tasks that wait withdraw their own requests as they are killed.
 *
 * Context: process.
 */
void approval_ended(struct agent *agent)
{
	struct approval *a, *next;
	unsigned long flags;

	spin_lock_irqsave(&approvals_lock, flags);
	list_for_each_entry_safe(a, next, &approvals, link) {
		if (a->agent != agent)
			continue;
		if (a->state == APPROVAL_WAITING)
			approval_settle(a, APPROVAL_WITHDRAWN);
		else
			approval_unlink(a);
	}
	spin_unlock_irqrestore(&approvals_lock, flags);
}

/**
 * approval_poll() - wait for the queue to change
 * @file: reads the queue; its private_data is a seq_file
 * @wait: as of poll
 *
 * Return: how often it has changed, to be compared with what was read last.
 */
unsigned int approval_poll(struct file *file, struct poll_table_struct *wait)
{
	poll_wait(file, &approvals_moved, wait);
	return approvals_changes();
}

/**
 * approvals_changes() - how often has the queue changed?
 *
 * Return: a number that wraps.
 */
unsigned int approvals_changes(void)
{
	return READ_ONCE(approvals_moves);
}
