// SPDX-License-Identifier: GPL-2.0
/*
 * Quarantine in the tree, and what denials lead to.
 */

#include <kunit/test.h>
#include <linux/agent.h>

#include "fixture.h"
#include "policy.h"
#include "strike.h"

/* What stands under a quarantined agent is suspended as often as it has such ancestors. */
static void quarantine_subtree(struct kunit *test)
{
	struct agent *top = agent_fixture(test, &agent_boot);
	struct agent *mid = agent_fixture(test, top);
	struct agent *leaf = agent_fixture(test, mid);
	struct agent *beside = agent_fixture(test, &agent_boot);
	int epoch = atomic_read(&leaf->epoch);

	KUNIT_EXPECT_EQ(test, agent_quarantine(top, "test"), 0);
	KUNIT_EXPECT_EQ(test, agent_quarantine(mid, "test"), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&top->suspended), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&leaf->suspended), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&leaf->epoch), epoch + 2);
	KUNIT_EXPECT_EQ(test, leaf->state, AGENT_STATE_ATTESTED);
	KUNIT_EXPECT_FALSE(test, agent_suspended(beside));
	KUNIT_EXPECT_TRUE(test, agent_suspended(agent_fixture(test, leaf)));
	KUNIT_EXPECT_EQ(test, agent_release(top), 0);
	KUNIT_EXPECT_FALSE(test, agent_suspended(top));
	KUNIT_EXPECT_TRUE(test, agent_suspended(leaf));
	KUNIT_EXPECT_EQ(test, agent_release(mid), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&leaf->suspended), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&leaf->epoch), epoch + 4);
}

static void quarantine_refused(struct kunit *test)
{
	struct agent *agent = agent_fixture(test, &agent_boot);

	KUNIT_EXPECT_EQ(test, agent_quarantine(&agent_boot, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, agent_release(agent), -EINVAL);
	KUNIT_EXPECT_EQ(test, agent_acknowledge(agent), -EINVAL);
	KUNIT_EXPECT_EQ(test, agent_quarantine(agent, "test"), 0);
	KUNIT_EXPECT_EQ(test, agent_quarantine(agent, "test"), -EALREADY);
	KUNIT_EXPECT_EQ(test, agent_acknowledge(agent), -EINVAL);
	KUNIT_EXPECT_EQ(test, agent_terminate(agent, AGENT_STATE_TERMINATED_REVOKED, 0), 0);
	KUNIT_EXPECT_EQ(test, agent_release(agent), -EINVAL);
	KUNIT_EXPECT_EQ(test, agent_quarantine(agent, "test"), -EINVAL);
}

static int policy_set(const char *name, u32 value)
{
	char line[64];

	scnprintf(line, sizeof(line), "%s %u", name, value);
	return agent_policy_set(line);
}

static const struct {
	u32 denials, strikes;	/* policy */
	enum agent_state from;
	u32 times;		/* denied */
	enum agent_state state;
	u32 struck;
} strikes[] = {
	{ 0, 0, AGENT_STATE_ACTIVE, 5, AGENT_STATE_ACTIVE, 0 },
	{ 0, 1, AGENT_STATE_ACTIVE, 5, AGENT_STATE_ACTIVE, 0 },
	{ 3, 0, AGENT_STATE_ACTIVE, 2, AGENT_STATE_ACTIVE, 0 },
	{ 3, 0, AGENT_STATE_ACTIVE, 3, AGENT_STATE_CAP_DENIED, 1 },
	{ 3, 0, AGENT_STATE_INFERENCE_BLOCKED, 3, AGENT_STATE_CAP_DENIED, 1 },
	{ 1, 0, AGENT_STATE_ACTIVE, 9, AGENT_STATE_CAP_DENIED, 9 },
	{ 1, 3, AGENT_STATE_ACTIVE, 2, AGENT_STATE_CAP_DENIED, 2 },
	{ 2, 3, AGENT_STATE_ACTIVE, 6, AGENT_STATE_QUARANTINED, 3 },
	{ 2, 3, AGENT_STATE_ACTIVE, 20, AGENT_STATE_QUARANTINED, 3 },
	{ 1, 1, AGENT_STATE_ATTESTED, 5, AGENT_STATE_ATTESTED, 0 },
};

static void quarantine_strikes(struct kunit *test)
{
	struct agent *agent;
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(strikes); i++) {
		agent = agent_fixture(test, &agent_boot);
		agent->state = strikes[i].from;
		KUNIT_ASSERT_EQ(test, policy_set("denials", strikes[i].denials), 0);
		KUNIT_ASSERT_EQ(test, policy_set("strikes", strikes[i].strikes), 0);
		for (n = 0; n < strikes[i].times; n++)
			agent_denied(agent);
		KUNIT_EXPECT_EQ_MSG(test, agent->state, strikes[i].state, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, agent->strikes, strikes[i].struck, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, agent->nr_denials, (u64)strikes[i].times, "row %u", i);
	}
	policy_set("denials", 0);
	policy_set("strikes", 0);
}

static struct kunit_case quarantine_cases[] = {
	KUNIT_CASE(quarantine_subtree),
	KUNIT_CASE(quarantine_refused),
	KUNIT_CASE(quarantine_strikes),
	{}
};

static struct kunit_suite quarantine_suite = {
	.name		= "agent_quarantine",
	.test_cases	= quarantine_cases,
};

kunit_test_suite(quarantine_suite);
