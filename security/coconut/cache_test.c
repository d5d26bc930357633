// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: cached decisions about open objects.
 */
#include <kunit/test.h>
#include <linux/agent.h>
#include <linux/atomic.h>

#include "cache.h"

#define R_READ	AGENT_FS_READ_FILE
#define R_WRITE	AGENT_FS_WRITE_FILE

static void init_agent(struct agent *agent, u64 stamp)
{
	atomic64_set(&agent->stamp, stamp);
}

static void cache_knows_whose_it_is(struct kunit *test)
{
	struct agent *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	struct agent *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	struct coconut_cache cache = {};

	KUNIT_ASSERT_NOT_NULL(test, a);
	KUNIT_ASSERT_NOT_NULL(test, b);
	init_agent(a, 16);
	init_agent(b, 32);
	KUNIT_EXPECT_FALSE(test, coconut_cache_covers(&cache, a, 0, R_READ));
	coconut_cache_store(&cache, 16, 0, R_READ);
	KUNIT_EXPECT_TRUE(test, coconut_cache_covers(&cache, a, 0, R_READ));
	KUNIT_EXPECT_FALSE(test, coconut_cache_covers(&cache, b, 0, R_READ));
	coconut_cache_store(&cache, 32, 0, R_WRITE);
	KUNIT_EXPECT_FALSE(test, coconut_cache_covers(&cache, a, 0, R_READ));
	KUNIT_EXPECT_TRUE(test, coconut_cache_covers(&cache, b, 0, R_WRITE));
}

static void cache_covers_no_more_than_was_found(struct kunit *test)
{
	struct agent *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	struct coconut_cache cache = {};

	KUNIT_ASSERT_NOT_NULL(test, a);
	init_agent(a, 16);
	coconut_cache_store(&cache, 16, 7, R_READ);
	KUNIT_EXPECT_TRUE(test, coconut_cache_covers(&cache, a, 7, R_READ));
	KUNIT_EXPECT_FALSE(test, coconut_cache_covers(&cache, a, 7, R_READ | R_WRITE));
	KUNIT_EXPECT_FALSE(test, coconut_cache_covers(&cache, a, 8, R_READ));
}

/* The stamp is read before the decision: one that a revoke overtook is never used. */
static void cache_ends_with_the_stamp(struct kunit *test)
{
	struct agent *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	struct coconut_cache cache = {};
	u64 stamp;

	KUNIT_ASSERT_NOT_NULL(test, a);
	init_agent(a, 16);
	stamp = atomic64_read(&a->stamp);
	coconut_cache_store(&cache, stamp, 0, R_READ);
	KUNIT_EXPECT_TRUE(test, coconut_cache_covers(&cache, a, 0, R_READ));
	init_agent(a, 32);
	KUNIT_EXPECT_FALSE(test, coconut_cache_covers(&cache, a, 0, R_READ));
	coconut_cache_store(&cache, stamp, 0, R_READ);
	KUNIT_EXPECT_FALSE(test, coconut_cache_covers(&cache, a, 0, R_READ));
}

static void cache_is_not_read_while_it_is_written(struct kunit *test)
{
	struct agent *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	struct coconut_cache cache = {};

	KUNIT_ASSERT_NOT_NULL(test, a);
	init_agent(a, 16);
	coconut_cache_store(&cache, 16, 0, R_READ);
	cache.seq++;
	KUNIT_EXPECT_FALSE(test, coconut_cache_covers(&cache, a, 0, R_READ));
	/* A second writer leaves it to the first. */
	coconut_cache_store(&cache, 16, 0, R_WRITE);
	cache.seq++;
	KUNIT_EXPECT_TRUE(test, coconut_cache_covers(&cache, a, 0, R_READ));
	KUNIT_EXPECT_FALSE(test, coconut_cache_covers(&cache, a, 0, R_WRITE));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(cache_knows_whose_it_is),
	KUNIT_CASE(cache_covers_no_more_than_was_found),
	KUNIT_CASE(cache_ends_with_the_stamp),
	KUNIT_CASE(cache_is_not_read_while_it_is_written),
	{}
};

static struct kunit_suite suite = {
	.name = "coconut_cache",
	.test_cases = cases,
};

kunit_test_suite(suite);
