// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of how records enter the chain: many producers, every context, full rings.
 */

#include <linux/irq_work.h>
#include <linux/kthread.h>

#include "fixture.h"

#define PRODUCERS	4
#define EACH		25000
#define EACH_UNTHROTTLED	8000	/* a spill takes them all: no luck of the scheduler's */

static const struct audit_config small = {
	.ring_slots = 64,
	.log_bytes = SZ_64M,
	.epoch_records = 1024,
};

/* ---- many producers ---- */

struct producer {
	struct audit_chain *chain;
	u64 aid;
	bool throttled;
	int records;
	struct completion done;
};

static int produce(void *data)
{
	struct producer *p = data;
	int i;

	for (i = 0; i < p->records; i++) {
		if (p->throttled)
			audit_chain_hold_back(p->chain, p->aid);
		audit_test_append(p->chain, p->aid);
		if (i % 64 == 0)
			cond_resched();
	}
	complete(&p->done);
	return 0;
}

static void run_producers(struct kunit *test, struct audit_chain *chain, bool throttled)
{
	struct producer *p = kunit_kcalloc(test, PRODUCERS, sizeof(*p), GFP_KERNEL);
	struct task_struct *task;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (i = 0; i < PRODUCERS; i++) {
		p[i].chain = chain;
		p[i].aid = i + 1;
		p[i].throttled = throttled;
		p[i].records = throttled ? EACH : EACH_UNTHROTTLED;
		init_completion(&p[i].done);
		task = kthread_run(produce, &p[i], "audit-producer/%d", i);
		if (IS_ERR(task)) {
			KUNIT_FAIL(test, "no kthread");
			complete(&p[i].done);
		}
	}
	for (i = 0; i < PRODUCERS; i++)
		wait_for_completion(&p[i].done);
}

static void ring_producers(struct kunit *test)
{
	struct audit_chain *chain = audit_test_chain(test, &small);
	u64 start = ktime_get_ns();
	struct audit_stats stats;

	KUNIT_ASSERT_EQ(test, audit_sealer_start(chain), 0);
	run_producers(test, chain, true);
	audit_test_expect_whole(test, chain, PRODUCERS * EACH);

	audit_chain_figures(chain, &stats);
	kunit_info(test, "%d records in %llu ms, %llu waits, %llu from the reserve",
		   PRODUCERS * EACH, div_u64(ktime_get_ns() - start, NSEC_PER_MSEC),
		   stats.waits, stats.reserve_used);
	KUNIT_EXPECT_GT(test, stats.waits, 0);
}

/* Who cannot be held back overruns the ring; nothing is lost of it all the same. */
static void ring_unthrottled(struct kunit *test)
{
	struct audit_chain *chain = audit_test_chain(test, &small);

	KUNIT_ASSERT_EQ(test, audit_sealer_start(chain), 0);
	run_producers(test, chain, false);
	audit_test_expect_whole(test, chain, PRODUCERS * EACH_UNTHROTTLED);
}

/* ---- contexts ---- */

struct interrupter {
	struct irq_work work;
	struct audit_chain *chain;
};

static void append_in_interrupt(struct irq_work *work)
{
	struct interrupter *i = container_of(work, struct interrupter, work);

	audit_test_append(i->chain, 2);
}

static int expect_tid(const struct audit_record *rec)
{
	return rec->aid == 2 ? rec->tid == 0 : rec->tid == task_pid_nr(current);
}

/* Records of interrupts come between those of the task that they interrupt. */
static void ring_interrupts(struct kunit *test)
{
	struct audit_chain *chain = audit_test_chain(test, &small);
	struct interrupter *i = kunit_kzalloc(test, sizeof(*i), GFP_KERNEL);
	const struct audit_record *rec;
	int n, bad = 0;

	KUNIT_ASSERT_NOT_NULL(test, i);
	i->chain = chain;
	init_irq_work(&i->work, append_in_interrupt);
	for (n = 0; n < 8; n++) {
		audit_test_append(chain, 1);
		irq_work_queue(&i->work);
		audit_test_append(chain, 1);
		irq_work_sync(&i->work);
	}

	preempt_disable();
	rec = audit_ring_peek(this_cpu_ptr(chain->rings));
	if (rec)
		bad = !expect_tid(rec);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, bad, 0);

	KUNIT_ASSERT_EQ(test, audit_sealer_start(chain), 0);
	audit_test_expect_whole(test, chain, 3 * 8);
}

static void ring_atomic(struct kunit *test)
{
	struct audit_chain *chain = audit_test_chain(test, &small);
	unsigned long flags;
	int i;

	KUNIT_ASSERT_EQ(test, audit_sealer_start(chain), 0);
	local_irq_save(flags);
	for (i = 0; i < 1000; i++)
		audit_test_append(chain, 1);
	local_irq_restore(flags);
	audit_test_expect_whole(test, chain, 1000);
}

/* ---- full rings ---- */

/* Before there is a sealer, as at early boot; what does not fit is kept elsewhere. */
static void ring_spill(struct kunit *test)
{
	struct audit_chain *chain = audit_test_chain(test, &small);
	struct audit_stats stats;
	int i;

	for (i = 0; i < 1000; i++)
		KUNIT_ASSERT_EQ(test, audit_test_append(chain, 1), i + 1);

	audit_chain_figures(chain, &stats);
	KUNIT_EXPECT_EQ(test, stats.recorded, 1000);
	KUNIT_EXPECT_EQ(test, stats.in_flight, 1000);
	KUNIT_EXPECT_EQ(test, stats.lost, 0);
	KUNIT_EXPECT_GT(test, stats.reserve_used, 0);

	KUNIT_ASSERT_EQ(test, audit_sealer_start(chain), 0);
	audit_test_expect_whole(test, chain, 1000);
}

struct loss {
	u64 next;
	u64 told;
};

static int find_loss(const struct audit_record_view *view, void *arg)
{
	struct loss *loss = arg;

	if (view->seq != loss->next++)
		return -EILSEQ;
	if (view->event == AGENT_EVENT_LOST)
		loss->told = view->seq;
	return 0;
}

/* When nothing is left to keep it in, a loss is counted, and told in the chain. */
static void ring_loss(struct kunit *test)
{
	struct audit_chain *chain = audit_test_chain(test, &small);
	struct loss loss = { .next = 1 };
	struct audit_stats stats;
	u64 kept = 0, lost = 0;

	while (lost < 5) {
		if (audit_test_append(chain, 1))
			kept++;
		else
			lost++;
	}
	audit_chain_figures(chain, &stats);
	KUNIT_EXPECT_EQ(test, stats.recorded, kept);
	KUNIT_EXPECT_EQ(test, stats.lost, 5);

	KUNIT_ASSERT_EQ(test, audit_sealer_start(chain), 0);
	KUNIT_EXPECT_EQ(test, audit_sealer_flush(chain, kept), 0);
	KUNIT_EXPECT_EQ(test, audit_sealer_flush(chain, kept + 1), 0);
	KUNIT_EXPECT_EQ(test, audit_chain_visit(chain, 1, U64_MAX, find_loss, &loss), 0);
	KUNIT_EXPECT_EQ(test, loss.told, kept + 1);
}

/* ---- a chain that is not open ---- */

static void ring_unopened(struct kunit *test)
{
	struct audit_chain *chain = kunit_kzalloc(test, sizeof(*chain), GFP_KERNEL);
	struct audit_stats stats;

	KUNIT_ASSERT_NOT_NULL(test, chain);
	KUNIT_EXPECT_EQ(test, audit_test_append(chain, 1), 0);
	audit_chain_hold_back(chain, 1);
	audit_chain_figures(chain, &stats);
	KUNIT_EXPECT_EQ(test, stats.lost, 1);
}

static struct kunit_case ring_cases[] = {
	KUNIT_CASE_SLOW(ring_producers),
	KUNIT_CASE_SLOW(ring_unthrottled),
	KUNIT_CASE(ring_interrupts),
	KUNIT_CASE(ring_atomic),
	KUNIT_CASE(ring_spill),
	KUNIT_CASE(ring_loss),
	KUNIT_CASE(ring_unopened),
	{}
};

static struct kunit_suite ring_suite = {
	.name = "audit_chain_ring",
	.test_cases = ring_cases,
};

kunit_test_suite(ring_suite);
