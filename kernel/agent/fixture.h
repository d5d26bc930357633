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

#endif /* _AGENT_FIXTURE_H */
