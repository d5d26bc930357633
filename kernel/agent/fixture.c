// SPDX-License-Identifier: GPL-2.0
/*
 * Agents for tests.
 */

#include <linux/cred.h>
#include <linux/sched/signal.h>

#include "agent.h"
#include "cap.h"
#include "fixture.h"
#include "quota.h"
#include "tree.h"

static void fixture_end(void *agent)
{
	agent_terminate(agent, AGENT_STATE_TERMINATED_REVOKED, SIGKILL);
	agent_put(agent);
}

/**
 * agent_fixture() - make and publish an agent
 * @test: ends it
 * @parent: where it stands
 *
 * Return: the agent, Attested, with a reference of the test's.
 */
struct agent *agent_fixture(struct kunit *test, struct agent *parent)
{
	struct agent *agent = agent_alloc(parent);
	u32 kind;

	KUNIT_ASSERT_NOT_NULL(test, agent);
	KUNIT_ASSERT_EQ(test, agent_tree_reserve(&agent->aid), 0);
	RCU_INIT_POINTER(agent->caps, cap_set_build(NULL, 0, NULL));
	agent->state = AGENT_STATE_ATTESTED;
	for (kind = 0; kind < AGENT_NR_QUOTAS; kind++)
		agent->quota[kind].limit = parent->quota[kind].limit;
	mutex_lock(&agent_tree_lock);
	KUNIT_EXPECT_EQ(test, agent_quota_child_new(parent), 0);
	agent_tree_publish(agent);
	mutex_unlock(&agent_tree_lock);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, fixture_end, agent), 0);
	return agent;
}

/**
 * agent_fixture_become() - act for an agent
 * @test: fails without memory
 * @agent: who current is until revert_creds()
 *
 * Return: for revert_creds().
 */
const struct cred *agent_fixture_become(struct kunit *test, struct agent *agent)
{
	struct cred *new = prepare_creds();
	const struct cred *old;

	KUNIT_ASSERT_NOT_NULL(test, new);
	agent_put(new->agent);
	new->agent = agent_get(agent);
	old = override_creds(new);
	put_cred(new);	/* the override holds it */
	return old;
}
