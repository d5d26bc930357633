/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock's three calls.
 */
#ifndef TESTS_BENCH_LANDLOCK_H
#define TESTS_BENCH_LANDLOCK_H

#include "../guest/common/agent_call.h"

#include <linux/landlock.h>
#include <sys/prctl.h>

static inline int landlock_new(const struct landlock_ruleset_attr *attr, size_t size)
{
	int set = syscall(SYS_landlock_create_ruleset, attr, size, 0);

	if (set < 0)
		die("landlock_create_ruleset");
	return set;
}

static inline void landlock_add(int set, enum landlock_rule_type type, const void *rule)
{
	if (syscall(SYS_landlock_add_rule, set, type, rule, 0))
		die("landlock_add_rule");
}

static inline void landlock_enter(int set)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_landlock_restrict_self, set, 0))
		die("landlock_restrict_self");
	close(set);
}

#endif /* TESTS_BENCH_LANDLOCK_H */
