// SPDX-License-Identifier: GPL-2.0
/*
 * The sealer: from the rings to the log, in order, and closed into epochs.
 *
 * Numbers alone give the order. Each is on its way in some CPU's ring from the
 * moment that it is given out, so the sealer takes them one by one and waits for
 * the next: a gap can only be a record that is being written.
 */

#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include "chain.h"

#define SEALER_BATCH		256	/* records between two looks at the clock */
#define SEALER_NAP_NS		NSEC_PER_MSEC
#define SEALER_STALL		(HZ / 20 + 1)
#define SEALER_EARLY_NS		(5 * NSEC_PER_MSEC)	/* a flood of denials is sealed no faster */
#define SEALER_NICE		(-10)	/* everybody waits for it in the end */
#define SEALER_FLUSH_MAX	(5 * HZ)

/* ---- taking records ---- */

static const struct audit_record *sealer_peek(struct audit_chain *chain)
{
	struct audit_sealer *s = &chain->sealer;
	const struct audit_record *rec;
	unsigned int cpu;

	/* Records come in runs: look first where the last one was. */
	for_each_cpu_wrap(cpu, cpu_possible_mask, s->cpu) {
		rec = audit_ring_peek(per_cpu_ptr(chain->rings, cpu));
		if (rec && rec->seq == s->next) {
			s->cpu = cpu;
			return rec;
		}
	}
	return NULL;
}

/* head := BLAKE3(head || bytes); leaf := BLAKE3(0x00 || bytes) */
static void sealer_hash(struct audit_chain *chain, const struct audit_record *rec)
{
	struct audit_sealer *s = &chain->sealer;
	const u8 *const data[2] = { s->linked, s->leaf };
	u8 *bytes = s->linked + BLAKE3_OUT_SIZE;
	u8 hashes[2][BLAKE3_OUT_SIZE];
	size_t len;

	memcpy(s->linked, s->running, BLAKE3_OUT_SIZE);
	len = audit_record_encode(rec, chain->boot_id, bytes);
	s->leaf[0] = AUDIT_MERKLE_LEAF;
	memcpy(s->leaf + 1, bytes, len);
	blake3_vector_two(data, (const size_t[]){ BLAKE3_OUT_SIZE + len, 1 + len }, hashes);
	memcpy(s->running, hashes[0], BLAKE3_OUT_SIZE);
	audit_merkle_add(&s->tree, hashes[1]);
}

/* The last record was named: all before it goes into the log, room or not. */
static bool sealer_may_append(struct audit_chain *chain)
{
	return audit_log_make_room(&chain->log) ||
	       atomic64_read(&chain->sealer.final_seq);
}

static bool sealer_take(struct audit_chain *chain, const struct audit_record *rec)
{
	struct audit_sealer *s = &chain->sealer;

	if (!sealer_may_append(chain) || audit_log_append(&chain->log, rec)) {
		s->stalled = true;
		return false;
	}
	sealer_hash(chain, rec);
	atomic_dec(&audit_share_bucket(&chain->share, rec->aid)->ring);
	audit_ring_pop(per_cpu_ptr(chain->rings, s->cpu), rec);
	s->next++;
	s->count++;
	s->urgent |= rec->urgent;
	return true;
}

static bool sealer_past_final(struct audit_sealer *s)
{
	u64 final = atomic64_read(&s->final_seq);

	return final && s->next > final;
}

static unsigned int sealer_drain(struct audit_chain *chain)
{
	struct audit_sealer *s = &chain->sealer;
	const struct audit_record *rec;
	unsigned int taken = 0;

	s->stalled = false;
	while (taken < SEALER_BATCH && s->count < s->epoch_records && !sealer_past_final(s)) {
		rec = sealer_peek(chain);
		if (!rec || !sealer_take(chain, rec))
			break;
		taken++;
		cond_resched();	/* a batch takes milliseconds, for which nobody else would run */
	}
	return taken;
}

/* ---- closing epochs ---- */

static bool sealer_flush_due(struct audit_sealer *s)
{
	u64 flush = atomic64_read(&s->flush_seq);

	return flush > s->sealed_seq && s->next > flush;
}

/* A denial does not wait for the deadline; a full log takes no seals for it. */
static bool sealer_hurries(const struct audit_chain *chain)
{
	return chain->sealer.urgent && !audit_log_overdrawn(&chain->log);
}

static bool sealer_early_due(const struct audit_chain *chain)
{
	return sealer_hurries(chain) &&
	       ktime_get_ns() - chain->sealer.began_ns >= SEALER_EARLY_NS;
}

static bool sealer_epoch_due(struct audit_chain *chain)
{
	struct audit_sealer *s = &chain->sealer;

	if (s->count >= s->epoch_records || sealer_flush_due(s) || sealer_past_final(s) ||
	    sealer_early_due(chain))
		return true;
	return time_after_eq(jiffies, s->deadline) && !audit_log_overdrawn(&chain->log);
}

static void sealer_describe(struct audit_chain *chain, struct audit_seal *seal)
{
	struct audit_sealer *s = &chain->sealer;

	seal->epoch = s->epochs;
	seal->first = s->next - s->count;
	seal->last = s->next - 1;
	seal->count = s->count;
	audit_merkle_root(&s->tree, seal->root);
	memcpy(seal->head, s->running, sizeof(seal->head));
}

/* The key that signed is gone, so a seal is put into the log or waited for. */
static void sealer_put_seal(struct audit_chain *chain, const struct audit_seal *seal)
{
	while (audit_log_close(&chain->log, seal)) {
		schedule_timeout_idle(SEALER_STALL);
		if (kthread_should_stop())
			return;
	}
}

static void sealer_begin_epoch(struct audit_sealer *s)
{
	audit_merkle_init(&s->tree);
	s->count = 0;
	s->urgent = false;
	s->began_ns = ktime_get_ns();
	s->deadline = jiffies + s->epoch_period;
}

static void sealer_publish_head(struct audit_sealer *s, const struct audit_seal *seal)
{
	spin_lock(&s->lock);
	memcpy(s->head, seal->head, sizeof(s->head));
	WRITE_ONCE(s->sealed_seq, seal->last);
	s->sealed += seal->count;
	s->epochs++;
	spin_unlock(&s->lock);
}

static void sealer_close(struct audit_chain *chain)
{
	struct audit_sealer *s = &chain->sealer;
	bool final = sealer_past_final(s);
	struct audit_seal seal;

	sealer_describe(chain, &seal);
	audit_seal_sign(&seal, &s->key, final);
	sealer_put_seal(chain, &seal);
	sealer_publish_head(s, &seal);
	sealer_begin_epoch(s);
	if (final)
		WRITE_ONCE(s->closed, true);
	else
		audit_extend_notice(chain);
	wake_up_all(&s->wait);
}

/* A loss must stand in the chain itself, as soon as there is room to say it. */
static void sealer_tell_lost(struct audit_chain *chain)
{
	struct audit_sealer *s = &chain->sealer;
	u64 lost = audit_chain_lost(chain);
	char count[24];
	struct audit_entry entry = {
		.event = AGENT_EVENT_LOST,
		.class = AGENT_CLASS_LIFE,
		.result = -ENOBUFS,
		.object = count,
	};

	if (likely(lost == s->lost_told) || audit_chain_crowded(chain))
		return;
	entry.object_len = scnprintf(count, sizeof(count), "%llu", lost - s->lost_told);
	if (audit_chain_add(chain, &entry)) {
		pr_err_ratelimited("audit chain: %s records could not be kept\n", count);
		s->lost_told = lost;
	}
}

/* ---- sleeping and waking ---- */

static bool sealer_has_order(struct audit_chain *chain)
{
	return kthread_should_stop() || sealer_epoch_due(chain);
}

static bool sealer_half_full(struct audit_chain *chain)
{
	struct audit_ring *ring;
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		ring = per_cpu_ptr(chain->rings, cpu);
		if (audit_ring_used(ring) >= ring->size / 2)
			return true;
	}
	return false;
}

static void sealer_declare(struct audit_sealer *s, enum audit_sealer_state state)
{
	set_current_state(TASK_IDLE);
	atomic_set(&s->state, state);
	/*
	 * Pairs with the barrier in audit_sealer_notice(): either the producer sees
	 * that the sealer sleeps, or the sealer sees the record.
	 */
	smp_mb();
}

static void sealer_resume(struct audit_sealer *s)
{
	__set_current_state(TASK_RUNNING);
	atomic_set(&s->state, AUDIT_SEALER_BUSY);
}

/* Records came and more will: let some gather, at the cost of a millisecond. */
static void sealer_nap(struct audit_chain *chain)
{
	ktime_t nap = SEALER_NAP_NS;

	sealer_declare(&chain->sealer, AUDIT_SEALER_NAP);
	if (!sealer_has_order(chain) && !sealer_half_full(chain))
		schedule_hrtimeout(&nap, HRTIMER_MODE_REL);
	sealer_resume(&chain->sealer);
}

static void sealer_idle(struct audit_chain *chain)
{
	struct audit_sealer *s = &chain->sealer;

	sealer_declare(s, AUDIT_SEALER_IDLE);
	if (!sealer_has_order(chain) && !sealer_peek(chain))
		schedule_timeout(max_t(long, s->deadline - jiffies, 1));
	sealer_resume(s);
}

/* Who acknowledges wakes it; memory comes back by itself. */
static void sealer_stall(struct audit_chain *chain)
{
	set_current_state(TASK_IDLE);
	if (!kthread_should_stop())
		schedule_timeout(SEALER_STALL);
	__set_current_state(TASK_RUNNING);
}

static void sealer_wait_for_stop(void)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

static void sealer_turn(struct audit_chain *chain)
{
	struct audit_sealer *s = &chain->sealer;
	unsigned int taken = sealer_drain(chain);

	if (sealer_epoch_due(chain)) {
		sealer_close(chain);
		sealer_tell_lost(chain);
	}
	audit_log_wake(&chain->log);
	audit_chain_let_go(chain);

	if (taken == SEALER_BATCH)
		return;		/* there are more */
	if (s->stalled)
		sealer_stall(chain);
	else if (taken || sealer_hurries(chain))
		sealer_nap(chain);
	else
		sealer_idle(chain);
}

static int sealer_main(void *data)
{
	struct audit_chain *chain = data;

	set_user_nice(current, SEALER_NICE);
	while (!kthread_should_stop() && !chain->sealer.closed)
		sealer_turn(chain);
	sealer_wait_for_stop();
	return 0;
}

/* ---- what others call ---- */

static void sealer_kick(struct irq_work *work)
{
	struct audit_sealer *s = container_of(work, struct audit_sealer, kick);
	struct task_struct *task = READ_ONCE(s->task);

	if (task)
		wake_up_process(task);
}

/**
 * audit_sealer_init - prepare the sealer of a chain
 * @chain: the chain
 * @config: when it closes epochs
 */
void audit_sealer_init(struct audit_chain *chain, const struct audit_config *config)
{
	struct audit_sealer *s = &chain->sealer;

	s->next = 1;
	s->epoch_records = config->epoch_records;
	s->epoch_period = config->epoch_period ?: AUDIT_EPOCH_PERIOD;
	spin_lock_init(&s->lock);
	init_waitqueue_head(&s->wait);
	init_irq_work(&s->kick, sealer_kick);
	audit_seal_key_draw(&s->key);
	sealer_begin_epoch(s);
}

/**
 * audit_sealer_start - start the kthread
 * @chain: initialised
 *
 * Return: 0 or -errno.
 */
int audit_sealer_start(struct audit_chain *chain)
{
	struct task_struct *task = kthread_create(sealer_main, chain, "coconut-sealer");

	if (IS_ERR(task))
		return PTR_ERR(task);
	WRITE_ONCE(chain->sealer.task, task);
	wake_up_process(task);
	return 0;
}

/**
 * audit_sealer_stop - stop the kthread, if there is one
 * @chain: without producers
 */
void audit_sealer_stop(struct audit_chain *chain)
{
	struct audit_sealer *s = &chain->sealer;

	irq_work_sync(&s->kick);
	if (s->task)
		kthread_stop(s->task);
	s->task = NULL;
	memzero_explicit(&s->key, sizeof(s->key));
}

/**
 * audit_sealer_notice - a record was published
 * @chain: its chain
 * @used: records in its ring
 * @size: slots of its ring
 *
 * Context: any but NMI. Not a wake-up by itself, which would take a run queue lock
 * that the caller may hold.
 */
void audit_sealer_notice(struct audit_chain *chain, u32 used, u32 size)
{
	struct audit_sealer *s = &chain->sealer;
	int state;

	/* Pairs with the one in sealer_declare(). */
	smp_mb();
	state = atomic_read(&s->state);
	if (state == AUDIT_SEALER_BUSY || (state == AUDIT_SEALER_NAP && used < size / 2))
		return;
	/* Of many producers one does it. */
	if (atomic_cmpxchg(&s->state, state, AUDIT_SEALER_BUSY) == state)
		irq_work_queue(&s->kick);
}

/**
 * audit_sealer_wake - wake the sealer from where that is allowed
 * @chain: the chain
 *
 * Context: process.
 */
void audit_sealer_wake(struct audit_chain *chain)
{
	struct task_struct *task = READ_ONCE(chain->sealer.task);

	if (task)
		wake_up_process(task);
}

static void raise_to(atomic64_t *value, s64 to)
{
	s64 old = atomic64_read(value);

	while (old < to && !atomic64_try_cmpxchg(value, &old, to))
		;
}

static int sealer_wait(struct audit_chain *chain, u64 seq)
{
	struct audit_sealer *s = &chain->sealer;
	long left;

	audit_sealer_wake(chain);
	left = wait_event_killable_timeout(s->wait,
					   READ_ONCE(s->sealed_seq) >= seq ||
					   READ_ONCE(s->closed), SEALER_FLUSH_MAX);
	if (left < 0)
		return left;
	return READ_ONCE(s->sealed_seq) >= seq ? 0 : -ETIMEDOUT;
}

/**
 * audit_sealer_flush - seal all up to a record now
 * @chain: the chain
 * @seq: a number that was given out
 *
 * Context: process, may sleep.
 * Return: 0; -ETIMEDOUT where the log has no room for so long or is closed;
 * -ERESTARTSYS where the task is being killed.
 */
int audit_sealer_flush(struct audit_chain *chain, u64 seq)
{
	if (READ_ONCE(chain->sealer.sealed_seq) >= seq)
		return 0;
	raise_to(&chain->sealer.flush_seq, seq);
	return sealer_wait(chain, seq);
}

/**
 * audit_sealer_finish - make the final seal
 * @chain: the chain
 * @seq: the last record that it covers
 *
 * Context: process, may sleep.
 * Return: as audit_sealer_flush().
 */
int audit_sealer_finish(struct audit_chain *chain, u64 seq)
{
	atomic64_set(&chain->sealer.final_seq, seq);
	return sealer_wait(chain, seq);
}
