// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the log: text at offsets, eviction, persisters.
 */

#include <linux/delay.h>
#include <linux/kthread.h>

#include "fixture.h"

static const struct audit_config narrow = {
	.ring_slots = 64,
	.log_bytes = SZ_64K,
	.epoch_records = 16,
};

static const struct audit_config wide = {
	.ring_slots = 256,
	.log_bytes = SZ_4M,
	.epoch_records = 16,
};

static struct audit_chain *running_chain(struct kunit *test, const struct audit_config *config)
{
	struct audit_chain *chain = audit_test_chain(test, config);

	KUNIT_ASSERT_EQ(test, audit_sealer_start(chain), 0);
	return chain;
}

static void append_many(struct audit_chain *chain, u64 aid, int count)
{
	while (count--) {
		audit_chain_hold_back(chain, aid);
		audit_test_append(chain, aid);
	}
}

static int flush(struct audit_chain *chain)
{
	return audit_sealer_flush(chain, atomic64_read(&chain->seq));
}

/* ---- text ---- */

struct text {
	char *data;
	size_t len;
	size_t size;
};

static int collect(void *arg, const char *data, size_t len)
{
	struct text *text = arg;

	if (text->len + len > text->size)
		return -ENOSPC;
	memcpy(text->data + text->len, data, len);
	text->len += len;
	return 0;
}

static struct text *text_alloc(struct kunit *test, size_t size)
{
	struct text *text = kunit_kzalloc(test, sizeof(*text), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	text->data = kunit_kmalloc(test, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, text->data);
	text->size = size;
	return text;
}

/* Reads in steps of one size until nothing more comes. */
static struct text *read_all(struct kunit *test, struct audit_chain *chain, size_t step,
			     const u64 *aid)
{
	struct text *text = text_alloc(test, SZ_128K);
	size_t before;
	u64 pos = 0;

	do {
		before = text->len;
		KUNIT_ASSERT_EQ(test, audit_chain_emit(chain, &pos, step, aid, collect, text), 0);
	} while (text->len > before);
	return text;
}

static unsigned int count_lines(const struct text *text, const char *begin)
{
	unsigned int lines = 0;
	size_t i, len = strlen(begin);

	for (i = 0; i + len <= text->len; i++)
		if ((!i || text->data[i - 1] == '\n') && !memcmp(text->data + i, begin, len))
			lines++;
	return lines;
}

/* However it is cut into reads, the text is the same. */
static void log_text(struct kunit *test)
{
	static const size_t steps[] = { 1, 7, 300, 4096, SZ_128K };
	struct audit_chain *chain = running_chain(test, &wide);
	struct text *whole, *again;
	size_t i;

	append_many(chain, 1, 100);
	KUNIT_ASSERT_EQ(test, flush(chain), 0);
	whole = read_all(test, chain, SZ_128K, NULL);
	KUNIT_EXPECT_EQ(test, count_lines(whole, "{\"seq\":"), 100);
	KUNIT_EXPECT_GE(test, count_lines(whole, "{\"seal\":"), 100 / wide.epoch_records);
	KUNIT_EXPECT_EQ(test, whole->data[whole->len - 1], '\n');

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		again = read_all(test, chain, steps[i], NULL);
		/* The log may have gone on by empty epochs meanwhile. */
		KUNIT_ASSERT_GE(test, again->len, whole->len);
		KUNIT_EXPECT_MEMEQ(test, again->data, whole->data, whole->len);
	}
}

static void log_text_of_one(struct kunit *test)
{
	struct audit_chain *chain = running_chain(test, &wide);
	struct text *text;
	u64 aid = 2;
	int i;

	for (i = 0; i < 50; i++)
		append_many(chain, 1 + i % 3, 1);
	KUNIT_ASSERT_EQ(test, flush(chain), 0);
	text = read_all(test, chain, 100000, &aid);
	KUNIT_EXPECT_EQ(test, count_lines(text, "{"), 17);
	KUNIT_EXPECT_EQ(test, count_lines(text, "{\"seq\":2,"), 1);
	KUNIT_EXPECT_EQ(test, count_lines(text, "{\"seal\":"), 0);
}

static int count_records(const struct audit_record_view *view, void *arg)
{
	(*(u64 *)arg)++;
	return 0;
}

static int stop_at_20(const struct audit_record_view *view, void *arg)
{
	return view->seq == 20 ? -ECANCELED : 0;
}

static void log_walk(struct kunit *test)
{
	struct audit_chain *chain = running_chain(test, &wide);
	u64 seen = 0;

	append_many(chain, 1, 100);
	KUNIT_ASSERT_EQ(test, flush(chain), 0);
	KUNIT_EXPECT_EQ(test, audit_chain_visit(chain, 31, 60, count_records, &seen), 0);
	KUNIT_EXPECT_EQ(test, seen, 30);
	seen = 0;
	KUNIT_EXPECT_EQ(test, audit_chain_visit(chain, 100, U64_MAX, count_records, &seen), 0);
	KUNIT_EXPECT_EQ(test, seen, 1);
	seen = 0;
	KUNIT_EXPECT_EQ(test, audit_chain_visit(chain, 101, U64_MAX, count_records, &seen), 0);
	KUNIT_EXPECT_EQ(test, seen, 0);
	KUNIT_EXPECT_EQ(test, audit_chain_visit(chain, 1, U64_MAX, stop_at_20, NULL), -ECANCELED);
}

/* ---- eviction and persisters ---- */

static void log_evicts(struct kunit *test)
{
	struct audit_chain *chain = running_chain(test, &narrow);
	struct audit_stats stats;

	append_many(chain, 1, 5000);
	audit_test_expect_whole(test, chain, 5000);
	audit_chain_figures(chain, &stats);
	KUNIT_EXPECT_GT(test, stats.oldest_seq, 1);
	/* Whole epochs only. */
	KUNIT_EXPECT_EQ(test, count_lines(read_all(test, chain, 4096, NULL), "{\"seq\":"),
			5000 - stats.oldest_seq + 1);
	KUNIT_EXPECT_LE(test, chain->log.bytes, narrow.log_bytes + SZ_32K);
}

struct held_producer {
	struct audit_chain *chain;
	struct completion done;
};

static int produce_held(void *data)
{
	struct held_producer *p = data;

	append_many(p->chain, 1, 5000);
	complete(&p->done);
	return 0;
}

static void acknowledge_all(struct kunit *test, struct audit_chain *chain)
{
	u64 last = atomic64_read(&chain->log.last_seq);

	KUNIT_EXPECT_EQ(test, audit_log_acknowledge(&chain->log, last), 0);
	audit_sealer_wake(chain);
	audit_chain_let_go(chain);
}

static void log_holds_back(struct kunit *test)
{
	struct audit_chain *chain = running_chain(test, &narrow);
	struct held_producer *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	unsigned long end = jiffies + 20 * HZ;
	struct audit_stats stats;
	u64 stalled;

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->chain = chain;
	init_completion(&p->done);
	audit_log_attach(&chain->log);
	KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(produce_held, p, "audit-held")));

	/* Nobody acknowledges: it stops at its share, and nothing is evicted. */
	msleep(300);
	audit_chain_figures(chain, &stats);
	stalled = stats.recorded;
	msleep(100);
	audit_chain_figures(chain, &stats);
	KUNIT_EXPECT_EQ(test, stats.recorded, stalled);
	KUNIT_EXPECT_LT(test, stats.recorded, 5000);
	KUNIT_EXPECT_GT(test, stats.waits, 0);
	KUNIT_EXPECT_EQ(test, stats.oldest_seq, 1);

	/* Another agent has its own share, and is not held back. */
	append_many(chain, 2, 10);

	/* Somebody does: it goes on, to the end. */
	while (!completion_done(&p->done) && time_before(jiffies, end)) {
		acknowledge_all(test, chain);
		msleep(20);
	}
	wait_for_completion(&p->done);
	audit_log_detach(&chain->log);
	audit_test_expect_whole(test, chain, 5010);
}

/* Who keeps the log went away: nothing leaves it until that is given up. */
static void log_holds_on(struct kunit *test)
{
	struct audit_config brief = narrow;
	struct audit_chain *chain;
	struct audit_stats stats;

	brief.hold = HZ;
	chain = running_chain(test, &brief);
	audit_log_attach(&chain->log);
	audit_log_detach(&chain->log);
	KUNIT_EXPECT_TRUE(test, audit_log_held(&chain->log));
	append_many(chain, 1, 10);
	msleep(1500);
	KUNIT_EXPECT_FALSE(test, audit_log_held(&chain->log));
	append_many(chain, 1, 5000);
	audit_test_expect_whole(test, chain, 5010);
	audit_chain_figures(chain, &stats);
	KUNIT_EXPECT_GT(test, stats.oldest_seq, 1);

	/* By itself it is longer than anybody takes to be started again. */
	chain = running_chain(test, &narrow);
	audit_log_attach(&chain->log);
	audit_log_detach(&chain->log);
	msleep(1500);
	KUNIT_EXPECT_TRUE(test, audit_log_held(&chain->log));
}

static void log_acknowledge(struct kunit *test)
{
	struct audit_chain *chain = running_chain(test, &wide);
	struct audit_stats stats;

	append_many(chain, 1, 40);
	KUNIT_ASSERT_EQ(test, flush(chain), 0);
	KUNIT_EXPECT_GT(test, atomic_long_read(&chain->log.unpersisted), 0);

	KUNIT_EXPECT_EQ(test, audit_log_acknowledge(&chain->log, 41), -EINVAL);
	KUNIT_EXPECT_EQ(test, audit_log_acknowledge(&chain->log, U64_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, audit_log_acknowledge(&chain->log, 40), 0);
	KUNIT_EXPECT_EQ(test, audit_log_acknowledge(&chain->log, 3), 0);
	audit_chain_figures(chain, &stats);
	KUNIT_EXPECT_EQ(test, stats.persisted_seq, 40);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&chain->log.unpersisted), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&audit_share_bucket(&chain->share, 1)->log), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&audit_share_bucket(&chain->share, 1)->ring), 0);
}

/* Who acknowledged a record before its seal was there has not kept the seal. */
static void log_acknowledge_seal(struct kunit *test)
{
	struct audit_chain *chain = running_chain(test, &wide);

	append_many(chain, 1, 3);
	while (atomic64_read(&chain->log.last_seq) < 3)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, audit_log_acknowledge(&chain->log, 3), 0);
	KUNIT_ASSERT_EQ(test, audit_sealer_finish(chain, 3), 0);
	KUNIT_EXPECT_FALSE(test, audit_log_persisted(&chain->log));
	KUNIT_EXPECT_EQ(test, audit_log_acknowledge(&chain->log, 3), 0);
	KUNIT_EXPECT_TRUE(test, audit_log_persisted(&chain->log));
}

static struct kunit_case log_cases[] = {
	KUNIT_CASE(log_text),
	KUNIT_CASE(log_text_of_one),
	KUNIT_CASE(log_walk),
	KUNIT_CASE(log_evicts),
	KUNIT_CASE_SLOW(log_holds_back),
	KUNIT_CASE_SLOW(log_holds_on),
	KUNIT_CASE(log_acknowledge),
	KUNIT_CASE(log_acknowledge_seal),
	{}
};

static struct kunit_suite log_suite = {
	.name = "audit_chain_log",
	.test_cases = log_cases,
};

kunit_test_suite(log_suite);
