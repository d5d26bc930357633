// SPDX-License-Identifier: GPL-2.0
/*
 * The tree: names, ancestors, walks, and how whole subtrees end.
 */

#include <kunit/test.h>
#include <linux/agent.h>
#include <linux/sched/signal.h>

#include "cap.h"
#include "fixture.h"
#include "tree.h"

static void tree_test_aids(struct kunit *test)
{
	struct agent *first = agent_fixture(test, &agent_boot);
	struct agent *second = agent_fixture(test, &agent_boot);
	u64 released;

	KUNIT_EXPECT_GT(test, second->aid, first->aid);
	KUNIT_ASSERT_EQ(test, agent_tree_reserve(&released), 0);
	KUNIT_EXPECT_NULL(test, agent_lookup(released));
	agent_tree_release(released);
	KUNIT_EXPECT_NULL(test, agent_lookup(released));
	/* Never given out again. */
	KUNIT_EXPECT_GT(test, agent_fixture(test, &agent_boot)->aid, released);
}

static void tree_test_lookup(struct kunit *test)
{
	struct agent *agent = agent_fixture(test, &agent_boot), *found;
	u64 aid = agent->aid;

	found = agent_lookup(aid);
	KUNIT_EXPECT_PTR_EQ(test, found, agent);
	agent_put(found);
	found = agent_next(&aid);
	KUNIT_EXPECT_PTR_EQ(test, found, agent);
	KUNIT_EXPECT_EQ(test, aid, agent->aid);
	agent_put(found);
	aid = U64_MAX;
	KUNIT_EXPECT_NULL(test, agent_next(&aid));
	found = agent_lookup(0);
	KUNIT_EXPECT_PTR_EQ(test, found, &agent_boot);
	agent_put(found);
}

static void tree_test_ancestors(struct kunit *test)
{
	struct agent *top = agent_fixture(test, &agent_boot);
	struct agent *left = agent_fixture(test, top);
	struct agent *right = agent_fixture(test, top);
	struct agent *leaf = agent_fixture(test, left);
	const struct {
		struct agent *anc, *agent;
		bool is;
	} cases[] = {
		{ NULL, leaf, true }, { &agent_boot, top, true }, { NULL, NULL, true },
		{ top, top, true }, { top, leaf, true }, { left, leaf, true },
		{ right, leaf, false }, { leaf, left, false }, { left, right, false },
		{ top, NULL, false }, { top, &agent_boot, false },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ_MSG(test, agent_is_ancestor(cases[i].anc, cases[i].agent),
				    cases[i].is, "case %d", i);
		/* Without a capability nobody sees more. */
		KUNIT_EXPECT_EQ_MSG(test, agent_may_observe(cases[i].anc, cases[i].agent),
				    cases[i].is, "case %d", i);
	}
}

static void tree_test_walk(struct kunit *test)
{
	struct agent *top = agent_fixture(test, &agent_boot);
	struct agent *left = agent_fixture(test, top);
	struct agent *leaf = agent_fixture(test, left);
	struct agent *right = agent_fixture(test, top);
	struct agent *const order[] = { top, left, leaf, right, NULL };
	struct agent *pos = NULL;
	int i;

	agent_fixture(test, &agent_boot);	/* a sibling of the root is not in it */
	mutex_lock(&agent_tree_lock);
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		pos = agent_tree_next(top, pos);
		KUNIT_EXPECT_PTR_EQ(test, pos, order[i]);
		if (!pos)
			break;
	}
	KUNIT_EXPECT_PTR_EQ(test, agent_tree_leaf(top), leaf);
	KUNIT_EXPECT_PTR_EQ(test, agent_tree_leaf(right), right);
	mutex_unlock(&agent_tree_lock);
}

static void tree_test_end(struct kunit *test)
{
	struct agent *top = agent_fixture(test, &agent_boot);
	struct agent *child = agent_fixture(test, top);
	struct agent *leaf = agent_fixture(test, child);
	struct agent *other = agent_fixture(test, &agent_boot), *found;
	int epoch = atomic_read(&leaf->epoch);

	KUNIT_EXPECT_EQ(test, atomic_read(&top->nr_children), 1);
	KUNIT_EXPECT_EQ(test, agent_terminate(top, AGENT_STATE_TERMINATED_REVOKED, SIGKILL), 0);
	KUNIT_EXPECT_EQ(test, top->state, AGENT_STATE_TERMINATED_REVOKED);
	KUNIT_EXPECT_EQ(test, leaf->state, AGENT_STATE_TERMINATED_REVOKED);
	KUNIT_EXPECT_GT(test, atomic_read(&leaf->epoch), epoch);
	KUNIT_EXPECT_EQ(test, atomic_read(&top->nr_children), 0);
	KUNIT_EXPECT_EQ(test, top->quota[AGENT_QUOTA_CHILDREN].used, 0ULL);
	KUNIT_EXPECT_FALSE(test, agent_is_terminal(other));
	found = agent_lookup(leaf->aid);	/* in the graveyard */
	KUNIT_EXPECT_PTR_EQ(test, found, leaf);
	agent_put(found);
}

static void tree_test_clean_needs_no_task(struct kunit *test)
{
	struct agent *agent = agent_fixture(test, &agent_boot);

	agent->state = AGENT_STATE_ACTIVE;
	atomic_set(&agent->nr_tasks, 1);
	KUNIT_EXPECT_EQ(test, agent_terminate(agent, AGENT_STATE_TERMINATED_CLEAN, 0), -EBUSY);
	KUNIT_EXPECT_FALSE(test, agent_is_terminal(agent));
	atomic_set(&agent->nr_tasks, 0);
	KUNIT_EXPECT_EQ(test, agent_terminate(agent, AGENT_STATE_TERMINATED_CLEAN, 0), 0);
	KUNIT_EXPECT_EQ(test, agent->state, AGENT_STATE_TERMINATED_CLEAN);
}

static void tree_test_graveyard(struct kunit *test)
{
	struct agent *top = agent_fixture(test, &agent_boot), *found;
	struct agent *first = agent_fixture(test, top);
	ktime_t start;
	int i;

	for (i = 0; i < 1100; i++)
		agent_fixture(test, top);
	start = ktime_get();
	KUNIT_EXPECT_EQ(test, agent_terminate(top, AGENT_STATE_TERMINATED_REVOKED, SIGKILL), 0);
	/* A subtree of a thousand is no reason to wait. */
	KUNIT_EXPECT_LT(test, ktime_ms_delta(ktime_get(), start), 1000LL);
	KUNIT_EXPECT_NULL(test, agent_lookup(first->aid));
	KUNIT_EXPECT_TRUE(test, agent_is_terminal(first));
	found = agent_lookup(top->aid);
	KUNIT_EXPECT_PTR_EQ(test, found, top);
	agent_put(found);
}

static struct kunit_case tree_cases[] = {
	KUNIT_CASE(tree_test_aids),
	KUNIT_CASE(tree_test_lookup),
	KUNIT_CASE(tree_test_ancestors),
	KUNIT_CASE(tree_test_walk),
	KUNIT_CASE(tree_test_end),
	KUNIT_CASE(tree_test_clean_needs_no_task),
	KUNIT_CASE(tree_test_graveyard),
	{}
};

static struct kunit_suite tree_suite = {
	.name		= "agent_tree",
	.test_cases	= tree_cases,
};

kunit_test_suite(tree_suite);
