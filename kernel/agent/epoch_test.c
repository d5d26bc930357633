// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: epochs and their stamps.
 */
#include <kunit/test.h>
#include <linux/agent.h>

#include "epoch.h"
#include "fixture.h"

static void epoch_moves_with_its_stamp(struct kunit *test)
{
	struct agent *agent = agent_fixture(test, &agent_boot);
	u64 stamp = atomic64_read(&agent->stamp);
	int epoch = atomic_read(&agent->epoch);

	KUNIT_EXPECT_NE(test, stamp, 0ULL);
	agent_epoch_move(agent);
	KUNIT_EXPECT_EQ(test, atomic_read(&agent->epoch), epoch + 1);
	KUNIT_EXPECT_GT(test, (u64)atomic64_read(&agent->stamp), stamp);
}

/* A file says by the stamp alone whose decision it keeps. */
static void epoch_stamps_are_of_one_agent(struct kunit *test)
{
	struct agent *a = agent_fixture(test, &agent_boot);
	struct agent *b = agent_fixture(test, &agent_boot);
	int i;

	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_NE(test, atomic64_read(&a->stamp), atomic64_read(&b->stamp));
		KUNIT_EXPECT_EQ(test, atomic64_read(&a->stamp) % AGENT_STAMP_STEP, 0LL);
		agent_epoch_move(i & 1 ? a : b);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(epoch_moves_with_its_stamp),
	KUNIT_CASE(epoch_stamps_are_of_one_agent),
	{}
};

static struct kunit_suite suite = {
	.name = "agent_epoch",
	.test_cases = cases,
};

kunit_test_suite(suite);
