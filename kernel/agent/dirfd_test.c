// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of agents' directories, with agentfs and without.
 */

#include <kunit/test.h>
#include <linux/agent.h>
#include <linux/err.h>

#include "args.h"
#include "dirfd.h"

static int fake_open(struct agent *agent)
{
	return 7;
}

static struct agent *fake_agent(int fd)
{
	return fd == 7 ? agent_get(&agent_boot) : ERR_PTR(-EBADF);
}

static const struct agent_fs_ops fake_ops = {
	.open_dir	= fake_open,
	.from_fd	= fake_agent,
};

/* Restores what agentfs registered, also where an assertion ends the test. */
static void dirfd_restore(void *ops)
{
	agent_set_fs_ops(ops);
}

static void dirfd_with(struct kunit *test, const struct agent_fs_ops *ops)
{
	const struct agent_fs_ops *before = agent_fs_ops();

	KUNIT_ASSERT_EQ(test, kunit_add_action(test, dirfd_restore, (void *)before), 0);
	agent_set_fs_ops(ops);
}

static void dirfd_without_agentfs(struct kunit *test)
{
	dirfd_with(test, NULL);
	KUNIT_EXPECT_EQ(test, agent_dirfd_open(&agent_boot), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(agent_dirfd_agent(0)), -EBADF);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(agent_args_agent(0, AGENT_BY_FD)), -EBADF);
}

static void dirfd_with_agentfs(struct kunit *test)
{
	struct agent *agent;

	dirfd_with(test, &fake_ops);
	KUNIT_EXPECT_EQ(test, agent_dirfd_open(&agent_boot), 7);
	agent = agent_args_agent(7, AGENT_BY_FD);
	KUNIT_ASSERT_FALSE(test, IS_ERR(agent));
	KUNIT_EXPECT_PTR_EQ(test, agent, &agent_boot);
	agent_put(agent);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(agent_dirfd_agent(8)), -EBADF);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(agent_dirfd_agent(7ULL | BIT_ULL(32))), -EBADF);
}

static struct kunit_case dirfd_cases[] = {
	KUNIT_CASE(dirfd_without_agentfs),
	KUNIT_CASE(dirfd_with_agentfs),
	{}
};

static struct kunit_suite dirfd_suite = {
	.name		= "agent_dirfd",
	.test_cases	= dirfd_cases,
};

kunit_test_suite(dirfd_suite);
