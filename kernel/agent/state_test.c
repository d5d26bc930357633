// SPDX-License-Identifier: GPL-2.0
/*
 * The state machine: every pair of states, every guard.
 */

#include <kunit/test.h>
#include <linux/agent.h>

#include "fixture.h"
#include "state.h"

/* Row: from; column: to; both in the order of enum agent_state. */
static const char *const edges[AGENT_NR_STATES] = {
	"-A------",	/* Spawning: attested */
	"--A--Q-R",	/* Attested */
	"---IDQCR",	/* Active */
	"--A-DQCR",	/* Inference-blocked */
	"--A--QCR",	/* Cap-denied */
	"-AA----R",	/* Quarantined: no clean end without a judgement */
	"--------",	/* Terminated-clean: nothing leads out */
	"--------",	/* Terminated-revoked */
};

static void state_test_edges(struct kunit *test)
{
	int from, to;

	for (from = 0; from < AGENT_NR_STATES; from++)
		for (to = 0; to < AGENT_NR_STATES; to++)
			KUNIT_EXPECT_EQ_MSG(test, agent_state_edge(from, to),
					    edges[from][to] != '-', "%s to %s",
					    agent_state_name(from), agent_state_name(to));
}

static void state_test_names(struct kunit *test)
{
	int state;

	for (state = 0; state < AGENT_NR_STATES; state++) {
		KUNIT_EXPECT_NOT_NULL(test, agent_state_name(state));
		KUNIT_EXPECT_NOT_NULL(test, agent_state_status(state));
	}
	KUNIT_EXPECT_STREQ(test, agent_state_status(AGENT_STATE_ATTESTED), "READY");
	KUNIT_EXPECT_STREQ(test, agent_state_status(AGENT_STATE_INFERENCE_BLOCKED),
			   "INF_BLOCKED");
}

static int state_take(struct agent *agent, enum agent_state from, enum agent_state to)
{
	unsigned long flags;
	int err;

	agent->state = from;
	spin_lock_irqsave(&agent->lock, flags);
	err = agent_transition_locked(agent, to, "test");
	spin_unlock_irqrestore(&agent->lock, flags);
	return err;
}

static const struct {
	enum agent_state from, to;
	int tasks;
	u64 tokens;
	int err;
	const char *what;
} guards[] = {
	{ AGENT_STATE_SPAWNING, AGENT_STATE_ATTESTED, 0, 1, -EBUSY, "no manifest" },
	{ AGENT_STATE_ATTESTED, AGENT_STATE_ACTIVE, 0, 1, -EBUSY, "no task" },
	{ AGENT_STATE_ATTESTED, AGENT_STATE_ACTIVE, 1, 1, 0, "a task" },
	{ AGENT_STATE_ACTIVE, AGENT_STATE_TERMINATED_CLEAN, 1, 1, -EBUSY, "a task left" },
	{ AGENT_STATE_ACTIVE, AGENT_STATE_INFERENCE_BLOCKED, 1, 1, 0, "a refused reservation" },
	{ AGENT_STATE_INFERENCE_BLOCKED, AGENT_STATE_ACTIVE, 1, 0, -EBUSY, "no tokens" },
	{ AGENT_STATE_INFERENCE_BLOCKED, AGENT_STATE_ACTIVE, 1, 1, 0, "tokens" },
	{ AGENT_STATE_QUARANTINED, AGENT_STATE_ACTIVE, 0, 1, -EBUSY, "nothing to thaw" },
	{ AGENT_STATE_QUARANTINED, AGENT_STATE_ATTESTED, 0, 1, 0, "never entered" },
	{ AGENT_STATE_QUARANTINED, AGENT_STATE_TERMINATED_CLEAN, 0, 1, -EINVAL, "no such edge" },
	{ AGENT_STATE_ACTIVE, AGENT_STATE_ACTIVE, 1, 1, -EALREADY, "there already" },
	{ AGENT_STATE_ACTIVE, AGENT_STATE_SPAWNING, 1, 1, -EINVAL, "no way back" },
};

static void state_test_guards(struct kunit *test)
{
	struct agent *agent = agent_fixture(test, &agent_boot);
	int i, err;

	for (i = 0; i < ARRAY_SIZE(guards); i++) {
		atomic_set(&agent->nr_tasks, guards[i].tasks);
		agent->quota[AGENT_QUOTA_INFERENCE_TOKENS].limit = guards[i].tokens;
		err = state_take(agent, guards[i].from, guards[i].to);
		KUNIT_EXPECT_EQ_MSG(test, err, guards[i].err, "%s", guards[i].what);
		KUNIT_EXPECT_EQ_MSG(test, agent->state, err ? guards[i].from : guards[i].to,
				    "%s", guards[i].what);
	}
	atomic_set(&agent->nr_tasks, 0);
	agent->state = AGENT_STATE_ATTESTED;
}

static void state_test_terminal(struct kunit *test)
{
	struct agent *agent = agent_fixture(test, &agent_boot);

	KUNIT_EXPECT_EQ(test, agent_transition(agent, AGENT_STATE_TERMINATED_REVOKED, NULL),
			-EINVAL);
	KUNIT_EXPECT_FALSE(test, agent_is_terminal(agent));
	KUNIT_EXPECT_EQ(test, agent_terminate(agent, AGENT_STATE_TERMINATED_REVOKED, 0), 0);
	KUNIT_EXPECT_TRUE(test, agent_is_terminal(agent));
	KUNIT_EXPECT_GT(test, agent->ended_ns, 0ULL);
	KUNIT_EXPECT_EQ(test, agent_terminate(agent, AGENT_STATE_TERMINATED_REVOKED, 0),
			-EALREADY);
	KUNIT_EXPECT_EQ(test, agent_terminate(&agent_boot, AGENT_STATE_TERMINATED_REVOKED, 0),
			-EINVAL);
}

static struct kunit_case state_cases[] = {
	KUNIT_CASE(state_test_edges),
	KUNIT_CASE(state_test_names),
	KUNIT_CASE(state_test_guards),
	KUNIT_CASE(state_test_terminal),
	{}
};

static struct kunit_suite state_suite = {
	.name		= "agent_state",
	.test_cases	= state_cases,
};

kunit_test_suite(state_suite);
