// SPDX-License-Identifier: GPL-2.0
/*
 * Budgets: whatever is charged, reserved, settled or let run out, no level is over
 * its limit and nothing stays reserved.
 */

#include <kunit/test.h>
#include <linux/agent.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/time64.h>

#include "fixture.h"
#include "quota.h"

#define TOKENS		AGENT_QUOTA_INFERENCE_TOKENS
#define LONG_NS		(60 * NSEC_PER_SEC)

static void expect_quota(struct kunit *test, struct agent *agent, u64 used, u64 reserved)
{
	struct agent_quota quota;

	agent_quota_get(agent, TOKENS, &quota);
	KUNIT_EXPECT_EQ(test, quota.used, used);
	KUNIT_EXPECT_EQ(test, quota.reserved, reserved);
	KUNIT_EXPECT_LE(test, quota.used + quota.reserved, quota.limit);
	KUNIT_EXPECT_GE(test, quota.high_water, quota.used + quota.reserved);
}

static void quota_test_debit(struct kunit *test)
{
	struct agent *agent = agent_fixture(test, &agent_boot);

	KUNIT_EXPECT_EQ(test, agent_quota_set(agent, TOKENS, 100), 0);
	KUNIT_EXPECT_EQ(test, agent_quota_debit(agent, TOKENS, 60), 0);
	KUNIT_EXPECT_EQ(test, agent_quota_debit(agent, TOKENS, 41), -EDQUOT);
	expect_quota(test, agent, 60, 0);
	KUNIT_EXPECT_EQ(test, agent_quota_debit(agent, TOKENS, 40), 0);
	KUNIT_EXPECT_EQ(test, agent_quota_debit(agent, TOKENS, U64_MAX), -EDQUOT);
	KUNIT_EXPECT_EQ(test, agent_quota_debit(agent, TOKENS, 0), 0);
	expect_quota(test, agent, 100, 0);
}

/* Children share their parent's budget: they do not multiply it. */
static void quota_test_ancestors(struct kunit *test)
{
	struct agent *top = agent_fixture(test, &agent_boot);
	struct agent *one = agent_fixture(test, top);
	struct agent *two = agent_fixture(test, top);

	KUNIT_EXPECT_EQ(test, agent_quota_set(top, TOKENS, 100), 0);
	KUNIT_EXPECT_EQ(test, agent_quota_debit(one, TOKENS, 70), 0);
	KUNIT_EXPECT_EQ(test, agent_quota_debit(two, TOKENS, 40), -EDQUOT);
	expect_quota(test, two, 0, 0);
	expect_quota(test, top, 70, 0);
	KUNIT_EXPECT_EQ(test, agent_quota_debit(two, TOKENS, 30), 0);
	expect_quota(test, top, 100, 0);
}

static void quota_test_set(struct kunit *test)
{
	struct agent *top = agent_fixture(test, &agent_boot);
	struct agent *child = agent_fixture(test, top);

	KUNIT_EXPECT_EQ(test, agent_quota_set(top, TOKENS, 100), 0);
	KUNIT_EXPECT_EQ(test, child->quota[TOKENS].limit, 100ULL);
	KUNIT_EXPECT_EQ(test, agent_quota_set(child, TOKENS, 101), -EPERM);
	KUNIT_EXPECT_EQ(test, agent_quota_set(child, TOKENS, AGENT_QUOTA_UNLIMITED), -EPERM);
	KUNIT_EXPECT_EQ(test, agent_quota_set(child, TOKENS, 50), 0);
	KUNIT_EXPECT_EQ(test, agent_quota_set(top, TOKENS, 80), 0);
	KUNIT_EXPECT_EQ(test, child->quota[TOKENS].limit, 50ULL);
	KUNIT_EXPECT_EQ(test, agent_quota_set(top, TOKENS, 20), 0);
	KUNIT_EXPECT_EQ(test, child->quota[TOKENS].limit, 20ULL);
	KUNIT_EXPECT_EQ(test, agent_quota_set(&agent_boot, TOKENS, 20), -EPERM);
}

static void quota_test_settle(struct kunit *test)
{
	struct agent *top = agent_fixture(test, &agent_boot);
	struct agent *agent = agent_fixture(test, top);
	u64 id;

	KUNIT_EXPECT_EQ(test, agent_quota_set(top, TOKENS, 100), 0);
	KUNIT_ASSERT_EQ(test, agent_quota_reserve(agent, TOKENS, 80, LONG_NS, &id), 0);
	expect_quota(test, top, 0, 80);
	KUNIT_EXPECT_EQ(test, agent_quota_settle(agent, TOKENS, id + 1, 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, agent_quota_settle(agent, AGENT_QUOTA_CHILDREN, id, 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, agent_quota_settle(agent, TOKENS, id, 30), 0);
	expect_quota(test, agent, 30, 0);
	expect_quota(test, top, 30, 0);
	KUNIT_EXPECT_EQ(test, agent_quota_settle(agent, TOKENS, id, 30), -ENOENT);
	/* More than was reserved: what fits counts. */
	KUNIT_ASSERT_EQ(test, agent_quota_reserve(agent, TOKENS, 10, LONG_NS, &id), 0);
	KUNIT_EXPECT_EQ(test, agent_quota_settle(agent, TOKENS, id, 500), -EDQUOT);
	expect_quota(test, agent, 100, 0);
	expect_quota(test, top, 100, 0);
}

static void quota_test_expiry(struct kunit *test)
{
	struct agent *agent = agent_fixture(test, &agent_boot);
	u64 id;

	KUNIT_EXPECT_EQ(test, agent_quota_set(agent, TOKENS, 100), 0);
	KUNIT_ASSERT_EQ(test, agent_quota_reserve(agent, TOKENS, 100, NSEC_PER_MSEC, &id), 0);
	KUNIT_EXPECT_EQ(test, agent_quota_debit(agent, TOKENS, 1), -EDQUOT);
	msleep(100);
	expect_quota(test, agent, 0, 0);
	KUNIT_EXPECT_EQ(test, agent_quota_settle(agent, TOKENS, id, 1), -ENOENT);
}

/* One timer serves all: what ends first need not have come first, nor be the last to end. */
static void quota_test_expiry_order(struct kunit *test)
{
	static const u64 lifetimes_ns[] = { LONG_NS, NSEC_PER_MSEC, 300 * NSEC_PER_MSEC };
	struct agent *agent = agent_fixture(test, &agent_boot);
	u64 ids[ARRAY_SIZE(lifetimes_ns)];
	unsigned int i;

	KUNIT_EXPECT_EQ(test, agent_quota_set(agent, TOKENS, 111), 0);
	for (i = 0; i < ARRAY_SIZE(ids); i++)
		KUNIT_ASSERT_EQ(test, agent_quota_reserve(agent, TOKENS, i == 0 ? 1 : i * 10,
							  lifetimes_ns[i], &ids[i]), 0);
	msleep(100);
	expect_quota(test, agent, 0, 21);
	msleep(400);
	expect_quota(test, agent, 0, 1);
	KUNIT_EXPECT_EQ(test, agent_quota_settle(agent, TOKENS, ids[2], 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, agent_quota_settle(agent, TOKENS, ids[0], 1), 0);
	expect_quota(test, agent, 1, 0);
}

static void quota_test_blocked(struct kunit *test)
{
	struct agent *agent = agent_fixture(test, &agent_boot);
	u64 id, other;

	agent->state = AGENT_STATE_ACTIVE;
	KUNIT_EXPECT_EQ(test, agent_quota_set(agent, TOKENS, 10), 0);
	KUNIT_ASSERT_EQ(test, agent_quota_reserve(agent, TOKENS, 10, LONG_NS, &id), 0);
	KUNIT_EXPECT_EQ(test, agent_quota_reserve(agent, TOKENS, 1, LONG_NS, &other), -EDQUOT);
	KUNIT_EXPECT_EQ(test, agent->state, AGENT_STATE_INFERENCE_BLOCKED);
	KUNIT_EXPECT_EQ(test, agent_quota_settle(agent, TOKENS, id, 10), 0);
	KUNIT_EXPECT_EQ(test, agent->state, AGENT_STATE_INFERENCE_BLOCKED);
	KUNIT_EXPECT_EQ(test, agent_quota_set(agent, TOKENS, 20), 0);
	KUNIT_EXPECT_EQ(test, agent->state, AGENT_STATE_ACTIVE);
}

/* What an ended agent had set aside is its ancestors' again; what it used is used. */
static void quota_test_end(struct kunit *test)
{
	struct agent *top = agent_fixture(test, &agent_boot);
	struct agent *agent = agent_fixture(test, top);
	u64 id;

	KUNIT_EXPECT_EQ(test, agent_quota_debit(agent, TOKENS, 5), 0);
	KUNIT_ASSERT_EQ(test, agent_quota_reserve(agent, TOKENS, 10, LONG_NS, &id), 0);
	expect_quota(test, top, 5, 10);
	KUNIT_EXPECT_EQ(test, agent_terminate(agent, AGENT_STATE_TERMINATED_REVOKED, 0), 0);
	expect_quota(test, top, 5, 0);
	KUNIT_EXPECT_EQ(test, agent_quota_reserve(agent, TOKENS, 1, LONG_NS, &id), -ESRCH);
	expect_quota(test, top, 5, 0);
}

#define RACERS		4
#define RACE_LIMIT	1000

struct racer {
	struct agent *agent;
	struct completion done;
	u64 got;
};

static int quota_race(void *arg)
{
	struct racer *racer = arg;
	u64 id;
	int i;

	for (i = 0; i < RACE_LIMIT; i++) {
		if (i % 3 == 0) {
			racer->got += !agent_quota_debit(racer->agent, TOKENS, 1);
		} else if (!agent_quota_reserve(racer->agent, TOKENS, 3, LONG_NS, &id)) {
			agent_quota_settle(racer->agent, TOKENS, id, 1);
			racer->got++;
		}
		cond_resched();
	}
	complete(&racer->done);
	return 0;
}

/* Zero tokens over quota, and not one lost, whoever races. */
static void quota_test_race(struct kunit *test)
{
	struct agent *top = agent_fixture(test, &agent_boot);
	struct racer racer[RACERS] = {};
	u64 got = 0;
	int i;

	KUNIT_EXPECT_EQ(test, agent_quota_set(top, TOKENS, RACE_LIMIT), 0);
	for (i = 0; i < RACERS; i++) {
		racer[i].agent = agent_fixture(test, top);
		init_completion(&racer[i].done);
	}
	for (i = 0; i < RACERS; i++)
		KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(quota_race, &racer[i],
							    "quota_race/%d", i)));
	for (i = 0; i < RACERS; i++) {
		wait_for_completion(&racer[i].done);
		got += racer[i].got;
	}
	expect_quota(test, top, got, 0);
}

static struct kunit_case quota_cases[] = {
	KUNIT_CASE(quota_test_debit),
	KUNIT_CASE(quota_test_ancestors),
	KUNIT_CASE(quota_test_set),
	KUNIT_CASE(quota_test_settle),
	KUNIT_CASE(quota_test_expiry),
	KUNIT_CASE_SLOW(quota_test_expiry_order),
	KUNIT_CASE(quota_test_blocked),
	KUNIT_CASE(quota_test_end),
	KUNIT_CASE_SLOW(quota_test_race),
	{}
};

static struct kunit_suite quota_suite = {
	.name		= "agent_quota",
	.test_cases	= quota_cases,
};

kunit_test_suite(quota_suite);
