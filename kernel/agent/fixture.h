/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Agents for tests: published, without a manifest, a task or a capability.
 */
#ifndef _AGENT_FIXTURE_H
#define _AGENT_FIXTURE_H

#include <kunit/test.h>
#include <linux/agent.h>

/* With a reference, dropped with the test, which ends what is left of its subtree. */
struct agent *agent_fixture(struct kunit *test, struct agent *parent);

/* Until revert_creds() with what it returns: current acts for the agent. */
const struct cred *agent_fixture_become(struct kunit *test, struct agent *agent);

#endif /* _AGENT_FIXTURE_H */
