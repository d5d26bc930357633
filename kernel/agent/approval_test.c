// SPDX-License-Identifier: GPL-2.0
/*
 * The queue of requests for approval: rooms, answers, time. Nobody waits here.
 */

#include <kunit/test.h>
#include <linux/agent.h>
#include <linux/timekeeping.h>

#include "approval.h"
#include "approval_queue.h"
#include "fixture.h"
#include "policy.h"

static bool still(const void *arg)
{
	return true;
}

static bool ask(struct agent *agent, u64 rights, const char *object)
{
	const struct approval_use use = {
		.agent = agent,
		.class = AGENT_CLASS_FS,
		.rights = rights,
		.object = object,
		.len = strlen(object),
		.atomic = true,
		.still = still,
	};

	return approval_given(&use);
}

/* The newest request of an agent that waits for its answer; 0: none does. */
static u64 waiting(const struct agent *agent, u32 *nr)
{
	const struct approval *a;
	unsigned long flags;
	u64 id = 0;

	*nr = 0;
	spin_lock_irqsave(&approvals_lock, flags);
	list_for_each_entry(a, &approvals, link) {
		if (a->agent != agent || a->state != APPROVAL_WAITING)
			continue;
		id = a->id;
		++*nr;
	}
	spin_unlock_irqrestore(&approvals_lock, flags);
	return id;
}

static void policy(struct kunit *test, const char *text)
{
	char line[64];

	strscpy(line, text);
	KUNIT_ASSERT_EQ(test, agent_policy_set(line), 0);
}

static int approval_init(struct kunit *test)
{
	policy(test, "approval_seconds 300");
	policy(test, "approval_queue 16");
	policy(test, "approval_rate 60");
	return 0;
}

static void approval_exit(struct kunit *test)
{
	approval_init(test);
}

static void approval_once(struct kunit *test)
{
	struct agent *agent = agent_fixture(test, &agent_boot);
	struct agent *other = agent_fixture(test, &agent_boot);
	u32 nr;
	u64 id;

	KUNIT_EXPECT_FALSE(test, ask(agent, AGENT_FS_MAKE_DIR, "/x"));
	KUNIT_EXPECT_FALSE_MSG(test, ask(agent, AGENT_FS_MAKE_DIR, "/x"), "again");
	id = waiting(agent, &nr);
	KUNIT_EXPECT_EQ_MSG(test, nr, 1U, "it asks once");
	KUNIT_EXPECT_EQ(test, approval_answer(id, true), 0);
	KUNIT_EXPECT_EQ_MSG(test, approval_answer(id, true), -ENOENT, "answered");
	KUNIT_EXPECT_FALSE_MSG(test, ask(other, AGENT_FS_MAKE_DIR, "/x"), "somebody else");
	KUNIT_EXPECT_FALSE_MSG(test, ask(agent, AGENT_FS_REMOVE_DIR, "/x"), "something else");
	KUNIT_EXPECT_FALSE_MSG(test, ask(agent, AGENT_FS_MAKE_DIR, "/x/y"), "elsewhere");
	KUNIT_EXPECT_TRUE(test, ask(agent, AGENT_FS_MAKE_DIR, "/x"));
	KUNIT_EXPECT_FALSE_MSG(test, ask(agent, AGENT_FS_MAKE_DIR, "/x"), "used up");
}

static void approval_denied(struct kunit *test)
{
	struct agent *agent = agent_fixture(test, &agent_boot);
	u32 nr;

	ask(agent, AGENT_FS_MAKE_DIR, "/x");
	KUNIT_EXPECT_EQ(test, approval_answer(waiting(agent, &nr), false), 0);
	waiting(agent, &nr);
	KUNIT_EXPECT_EQ(test, nr, 0U);
	KUNIT_EXPECT_EQ(test, agent->nr_waiting, 0U);
	KUNIT_EXPECT_EQ(test, approval_answer(0, false), -ENOENT);
	KUNIT_EXPECT_EQ(test, approval_answer(U64_MAX, false), -ENOENT);
}

/* An account is that of the whole subtree, and nobody else's. */
static void approval_bounded(struct kunit *test)
{
	struct agent *top = agent_fixture(test, &agent_boot);
	struct agent *child = agent_fixture(test, top);
	struct agent *other = agent_fixture(test, &agent_boot);
	char object[16];
	u32 i, nr, more;

	policy(test, "approval_queue 4");
	for (i = 0; i < 20; i++) {
		scnprintf(object, sizeof(object), "/%u", i);
		ask(i % 2 ? top : child, AGENT_FS_MAKE_DIR, object);
	}
	waiting(top, &nr);
	waiting(child, &more);
	KUNIT_EXPECT_EQ(test, nr + more, 4U);
	ask(other, AGENT_FS_MAKE_DIR, "/x");
	waiting(other, &nr);
	KUNIT_EXPECT_EQ(test, nr, 1U);
	approval_ended(child);
	waiting(child, &nr);
	KUNIT_EXPECT_EQ(test, nr, 0U);
	KUNIT_EXPECT_EQ(test, top->nr_waiting, 2U);
}

static void approval_rated(struct kunit *test)
{
	struct agent *agent = agent_fixture(test, &agent_boot);
	u32 i, nr;

	policy(test, "approval_rate 3");
	for (i = 0; i < 10; i++) {
		ask(agent, AGENT_FS_MAKE_DIR, "/x");
		approval_answer(waiting(agent, &nr), false);
	}
	KUNIT_EXPECT_EQ(test, agent->nr_asked, 3U);
	agent->asked_since_ns = ktime_get_boottime_ns() - 60 * NSEC_PER_SEC;
	ask(agent, AGENT_FS_MAKE_DIR, "/x");
	waiting(agent, &nr);
	KUNIT_EXPECT_EQ_MSG(test, nr, 1U, "a minute later");
}

static void approval_expires(struct kunit *test)
{
	struct agent *agent = agent_fixture(test, &agent_boot);
	u64 now = ktime_get_boottime_ns();
	u32 nr;

	ask(agent, AGENT_FS_MAKE_DIR, "/x");
	ask(agent, AGENT_FS_MAKE_DIR, "/y");
	approval_answer(waiting(agent, &nr), true);
	KUNIT_EXPECT_NE(test, approvals_expire_at(now), 0ULL);
	KUNIT_EXPECT_EQ(test, agent->nr_waiting, 2U);
	KUNIT_EXPECT_EQ(test, approvals_expire_at(now + 400 * NSEC_PER_SEC), 0ULL);
	KUNIT_EXPECT_EQ_MSG(test, agent->nr_waiting, 0U, "allowed and unused too");
	KUNIT_EXPECT_FALSE(test, ask(agent, AGENT_FS_MAKE_DIR, "/y"));
}

static struct kunit_case approval_cases[] = {
	KUNIT_CASE(approval_once),
	KUNIT_CASE(approval_denied),
	KUNIT_CASE(approval_bounded),
	KUNIT_CASE(approval_rated),
	KUNIT_CASE(approval_expires),
	{}
};

static struct kunit_suite approval_suite = {
	.name		= "agent_approval",
	.init		= approval_init,
	.exit		= approval_exit,
	.test_cases	= approval_cases,
};

kunit_test_suite(approval_suite);
