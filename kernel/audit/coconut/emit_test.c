// SPDX-License-Identifier: GPL-2.0
/*
 * What a record costs who makes it: from the question whether it may be made until the
 * sealer can see it, MAC and new key with it. No duration fails a test, as machines
 * differ; the figures are read by `make bench`.
 */

#include <linux/sort.h>
#include <linux/timekeeping.h>

#include "fixture.h"

#define EMIT_ROUNDS	9
#define EMIT_RECORDS	8192
/*
 * Then all is sealed, so that nobody waits for room. A burst meets one interrupt of the
 * sealer's timer, which takes User-Mode Linux ten times as long as a record, and is to
 * be longer than the hundred of which the slowest is told.
 */
#define EMIT_BURST	256
#define EMIT_AID	1

static const struct audit_config large = {
	.ring_slots = 4096,
	.log_bytes = SZ_16M,
	.epoch_records = 1024,
};

static u64 emit_one(struct audit_chain *chain)
{
	static const char object[] = "/usr/lib/x86_64-linux-gnu/libc.so.6";
	const struct audit_entry entry = {
		.aid = EMIT_AID,
		.event = AGENT_EVENT_ACCESS,
		.class = AGENT_CLASS_FS,
		.decision = AGENT_DECISION_ALLOWED,
		.capability = 1,
		.rights = AGENT_FS_READ_FILE,
		.object = object,
		.object_len = sizeof(object) - 1,
	};

	audit_chain_hold_back(chain, EMIT_AID);
	return audit_chain_add(chain, &entry);
}

static int emit_later(const void *a, const void *b)
{
	u32 one = *(const u32 *)a, other = *(const u32 *)b;

	return (one > other) - (one < other);
}

/* Durations of all, the shortest first. */
static void emit_round(struct kunit *test, struct audit_chain *chain, u32 *ns)
{
	u64 start, seq;
	int i;

	for (i = 0; i < EMIT_RECORDS; i++) {
		start = ktime_get_ns();
		seq = emit_one(chain);
		ns[i] = ktime_get_ns() - start;
		if (i % EMIT_BURST == EMIT_BURST - 1)
			KUNIT_ASSERT_EQ(test, audit_sealer_flush(chain, seq), 0);
	}
	sort(ns, EMIT_RECORDS, sizeof(*ns), emit_later, NULL);
}

static void emit_costs(struct kunit *test)
{
	struct audit_chain *chain = audit_test_chain(test, &large);
	u32 *ns = kunit_kcalloc(test, EMIT_RECORDS, sizeof(*ns), GFP_KERNEL);
	struct audit_stats stats;
	int round;

	KUNIT_ASSERT_NOT_NULL(test, ns);
	KUNIT_ASSERT_EQ(test, audit_sealer_start(chain), 0);
	for (round = 0; round < EMIT_ROUNDS; round++) {
		emit_round(test, chain, ns);
		kunit_info(test, "emit_ns median %u p99 %u most %u", ns[EMIT_RECORDS / 2],
			   ns[EMIT_RECORDS * 99 / 100], ns[EMIT_RECORDS - 1]);
	}
	audit_test_expect_whole(test, chain, EMIT_ROUNDS * EMIT_RECORDS);
	audit_chain_figures(chain, &stats);
	KUNIT_EXPECT_EQ(test, stats.waits, 0);
}

static struct kunit_case emit_cases[] = {
	KUNIT_CASE_SLOW(emit_costs),
	{}
};

static struct kunit_suite emit_suite = {
	.name = "audit_chain_emit",
	.test_cases = emit_cases,
};

kunit_test_suite(emit_suite);
