// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the order of capabilities: a table, and its laws on capabilities
 * made at random.
 */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/string.h>

#include "cap_testlib.h"

#define NET(p, a, n, f, l) \
	{ .class = AGENT_CLASS_NET, .proto = (p), .addr = (a), .prefix = (n), .first = (f), \
	  .last = (l), .rights = 1 }
#define UNIX(n) \
	{ .class = AGENT_CLASS_NET, .proto = AGENT_NET_UNIX_ABSTRACT, .name = (n), .rights = 1 }
#define AGENT(w, i, m) \
	{ .class = AGENT_CLASS_AGENT, .who = (w), .aid = (i), .max = (m), .rights = 1 }
#define DIGEST(b)	{ .class = AGENT_CLASS_EXEC, .proto = (b), .rights = 1 }
#define EXEC(p)		{ .class = AGENT_CLASS_EXEC, .path = (p), .rights = 1 }
#define DEV(n, f, l) \
	{ .class = AGENT_CLASS_DEV, .name = (n), .first = (f), .last = (l), .rights = 1 }
#define MEM(t, b)	{ .class = AGENT_CLASS_MEM, .tier = (t), .bytes = (b), .rights = 1 }

static const struct {
	struct cap_spec a, b;
	bool subset, reverse;
} pairs[] = {
	{ HIER(T "/a/b", 1), HIER(T "/a", 1), true, false },
	{ HIER(T "/a", 1), HIER(T "/a/", 1), true, true },
	{ HIER(T "/a", 1), HIER(T "/a/b/../", 1), true, true },
	{ HIER(T "/a", 1), HIER(T "/a", 3), true, false },
	{ HIER(T "/a", 2), HIER(T "/a", 1), false, false },
	{ HIER(T "/f", 1), HIER(T "/a", 1), false, false },
	{ HIER(T, 1), HIER("/", 1), true, false },
	{ HIER(T "/a", 1, .carve = { T "/a/b" }), HIER(T "/a", 1), true, false },
	{ HIER(T "/a/b", 1), HIER(T "/a", 1, .carve = { T "/a/b" }), false, false },
	{ HIER(T "/a/b/c", 1), HIER(T "/a", 1, .carve = { T "/a/b" }), false, false },
	{ HIER(T "/a/e", 1), HIER(T "/a", 1, .carve = { T "/a/b" }), true, false },
	{ HIER(T "/a/b", 1, .carve = { T "/a/b/c" }), HIER(T "/a", 1, .carve = { T "/a/b/c" }),
	  true, false },
	{ HIER(T "/a", 1, .carve = { T "/a/b" }), HIER(T "/a", 1, .carve = { T "/a/b/c" }),
	  true, false },
	{ HIER(T "/a", 1, .carve = { T "/a/b/c", T "/a/b/d" }),
	  HIER(T "/a", 1, .carve = { T "/a/b" }), false, true },
	{ HIER(T, 1), EXEC(T), false, false },
	{ EXEC(T "/a"), EXEC(T), true, false },
	{ DIGEST(1), DIGEST(1), true, true },
	{ DIGEST(1), DIGEST(2), false, false },
	{ DIGEST(1), EXEC("/"), false, false },
	{ NET(1, 0x0a000000, 8, 80, 80), NET(1, 0, 0, 1, 1024), true, false },
	{ NET(1, 0x0a000000, 8, 80, 80), NET(0, 0x0a000000, 8, 80, 80), true, false },
	{ NET(2, 0x0a000000, 8, 80, 80), NET(1, 0x0a000000, 8, 80, 80), false, false },
	{ NET(1, 0x0a800000, 9, 80, 80), NET(1, 0x0a000000, 9, 80, 80), false, false },
	{ NET(1, 0x0a800000, 9, 80, 80), NET(1, 0x0a000000, 8, 80, 80), true, false },
	{ NET(1, 0, 0, 80, 443), NET(1, 0, 0, 81, 443), false, true },
	{ UNIX("a"), NET(0, 0, 0, 0, 65535), false, false },
	{ UNIX("abc"), UNIX("ab*"), true, false },
	{ UNIX("ab"), UNIX("ab*"), true, false },
	{ UNIX("a"), UNIX("ab*"), false, false },
	{ SVC("tool:*"), SVC("*"), true, false },
	{ SVC("tool:web"), SVC("tool:*"), true, false },
	{ SVC("tool:web*"), SVC("tool:web"), false, true },
	{ SVC("a*"), SVC("a**"), false, true },
	{ SVC("a*b"), SVC("a*"), true, false },
	{ SVC("a*"), SVC("a*b"), false, true },
	{ SVC("x", .uses = 3), SVC("x"), true, false },
	{ SVC("x", .uses = 3), SVC("x", .uses = 4), true, false },
	{ SVC("x", .expires = 3), SVC("x"), true, false },
	{ SVC("x", .expires = 3), SVC("x", .expires = 4), true, false },
	{ SVC("x", .rate = 3, .window = 10), SVC("x", .rate = 3, .window = 9), true, false },
	{ SVC("x", .rate = 3, .window = 10), SVC("x", .rate = 4, .window = 10), true, false },
	{ SVC("x", .rate = 3, .window = 10), SVC("x", .rate = 4, .window = 11), false, false },
	{ SVC("x", .depth = 1), SVC("x", .depth = 2), true, false },
	{ SVC("x", .depth = 200), SVC("x"), true, false },
	{ SVC("x", .approval = true), SVC("x"), true, false },
	{ AGENT(0, 0, 3), AGENT(0, 0, 0), true, false },
	{ AGENT(0, 0, 3), AGENT(0, 0, 4), true, false },
	{ AGENT(0, 0, 3), AGENT(1, 0, 3), false, false },
	{ { .class = AGENT_CLASS_AGENT, .who = 1, .rights = AGENT_AGENT_SIGNAL },
	  { .class = AGENT_CLASS_AGENT, .who = 1, .max = 4, .rights = AGENT_AGENT_ALL },
	  true, false },
	{ AGENT(2, 17, 0), AGENT(2, 18, 0), false, false },
	{ DEV("tty", 5, 6), DEV("tty", 5, 7), true, false },
	{ DEV("tty", 5, 6), DEV("gpu", 5, 6), false, false },
	{ MEM(1, 4096), MEM(1, 8192), true, false },
	{ MEM(1, 4096), MEM(2, 4096), false, false },
};

static void cap_subset_pairs(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		const struct cap *a = cap_test_make(test, &pairs[i].a);
		const struct cap *b = cap_test_make(test, &pairs[i].b);

		KUNIT_EXPECT_EQ_MSG(test, cap_subset(a, b), pairs[i].subset, "%s in %s", a->text,
				    b->text);
		KUNIT_EXPECT_EQ_MSG(test, cap_subset(b, a), pairs[i].reverse, "%s in %s", b->text,
				    a->text);
	}
}

/* A maximum counts in seconds; what runs counts by the clock. */
static void cap_subset_of_running(struct kunit *test)
{
	static const struct cap_spec spec = SVC("x", .expires = 100);
	const struct cap *max = cap_test_make(test, &spec);
	const struct cap *running = cap_test_publish(test, max, NULL);
	const struct cap *later = cap_test_make(test, &spec);

	KUNIT_EXPECT_TRUE(test, cap_subset(later, max));
	KUNIT_EXPECT_LT(test, running->limits.expires_ns, later->limits.expires_ns);
	KUNIT_EXPECT_FALSE(test, cap_subset(later, running));
}

/* ---- laws ---- */

#define NR_RANDOM	60

static const char *const paths[] = { T, T "/a", T "/a/b", T "/a/b/c", T "/a/e", T "/f" };
static const char *const names[] = { "*", "a*", "ab*", "ab", "abc", "b" };

static u32 pick(struct rnd_state *rnd, u32 n)
{
	return prandom_u32_state(rnd) % n;
}

static void random_object(struct rnd_state *rnd, struct cap_spec *spec)
{
	switch (pick(rnd, 5)) {
	case 0:
	case 1:
		spec->class = AGENT_CLASS_FS;
		spec->path = paths[pick(rnd, 3)];
		spec->rights = 1 + pick(rnd, 3);
		if (!pick(rnd, 2))
			spec->carve[0] = T "/a/b/c";
		break;
	case 2:
		spec->class = AGENT_CLASS_NET;
		spec->proto = pick(rnd, 3);
		spec->prefix = 8 * pick(rnd, 4);
		spec->addr = spec->prefix ? 0x0a010200 & (~0U << (32 - spec->prefix)) : 0;
		spec->first = pick(rnd, 3);
		spec->last = 3 + pick(rnd, 3);
		spec->rights = 1 + pick(rnd, 3);
		break;
	case 3:
		spec->class = AGENT_CLASS_NET;
		spec->proto = AGENT_NET_UNIX_ABSTRACT;
		spec->name = names[pick(rnd, ARRAY_SIZE(names))];
		spec->rights = 1;
		break;
	case 4:
		spec->class = AGENT_CLASS_SVC;
		spec->name = names[pick(rnd, ARRAY_SIZE(names))];
		spec->rights = 1;
		break;
	}
}

static void random_limits(struct rnd_state *rnd, struct cap_spec *spec)
{
	if (pick(rnd, 2))
		return;
	spec->uses = pick(rnd, 3);
	spec->expires = pick(rnd, 3) * 100;
	spec->rate = pick(rnd, 3);
	spec->window = spec->rate ? 1 + pick(rnd, 2) : 0;
	spec->depth = pick(rnd, 3);
	spec->approval = !pick(rnd, 8);
}

static struct cap **random_caps(struct kunit *test, u32 seed)
{
	struct cap **caps = kunit_kcalloc(test, NR_RANDOM, sizeof(*caps), GFP_KERNEL);
	struct rnd_state rnd;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, caps);
	prandom_seed_state(&rnd, seed);
	for (i = 0; i < NR_RANDOM; i++) {
		struct cap_spec spec = {};

		random_object(&rnd, &spec);
		random_limits(&rnd, &spec);
		caps[i] = cap_test_make(test, &spec);
	}
	return caps;
}

static void cap_subset_reflexive(struct kunit *test)
{
	struct cap **caps = random_caps(test, 1);
	int i;

	for (i = 0; i < NR_RANDOM; i++)
		KUNIT_EXPECT_TRUE_MSG(test, cap_subset(caps[i], caps[i]), "%s", caps[i]->text);
}

static void cap_subset_transitive(struct kunit *test)
{
	struct cap **caps = random_caps(test, 2);
	int i, j, k, chains = 0;

	for (i = 0; i < NR_RANDOM; i++)
		for (j = 0; j < NR_RANDOM; j++) {
			if (i == j || !cap_subset(caps[i], caps[j]))
				continue;
			for (k = 0; k < NR_RANDOM; k++) {
				if (!cap_subset(caps[j], caps[k]))
					continue;
				chains++;
				KUNIT_EXPECT_TRUE_MSG(test, cap_subset(caps[i], caps[k]),
						      "%s in %s in %s", caps[i]->text,
						      caps[j]->text, caps[k]->text);
			}
		}
	KUNIT_EXPECT_GT_MSG(test, chains, 100, "the capabilities made are too far apart");
}

static u64 rights_on(const struct cap_set *set, struct path *path, u64 rights)
{
	struct agent_request req = { .class = AGENT_CLASS_FS, .rights = rights, .path = path };
	u64 id;

	return cap_set_rights(set, &agent_boot, &req, &id, NULL);
}

/* What the narrower allows, the wider allows: the order means what it says. */
static void cap_subset_means_it(struct kunit *test)
{
	struct cap **caps = random_caps(test, 3);
	struct path path[ARRAY_SIZE(paths)];
	int i, j, p, compared = 0;

	for (p = 0; p < ARRAY_SIZE(paths); p++)
		cap_test_path(test, paths[p], &path[p]);
	for (i = 0; i < NR_RANDOM; i++)
		for (j = 0; j < NR_RANDOM; j++) {
			struct cap_set *a, *b;

			if (caps[i]->class != AGENT_CLASS_FS || caps[i]->counter ||
			    caps[j]->counter || !cap_subset(caps[i], caps[j]))
				continue;
			a = cap_test_set(test, &caps[i], 1);
			b = cap_test_set(test, &caps[j], 1);
			for (p = 0; p < ARRAY_SIZE(paths); p++, compared++)
				KUNIT_EXPECT_EQ_MSG(test, rights_on(a, &path[p], 3) &
						    ~rights_on(b, &path[p], 3), 0ULL,
						    "%s in %s on %s", caps[i]->text,
						    caps[j]->text, paths[p]);
		}
	KUNIT_EXPECT_GT(test, compared, 50);
}

static struct kunit_case cap_subset_cases[] = {
	KUNIT_CASE(cap_subset_pairs),
	KUNIT_CASE(cap_subset_of_running),
	KUNIT_CASE(cap_subset_reflexive),
	KUNIT_CASE(cap_subset_transitive),
	KUNIT_CASE(cap_subset_means_it),
	{}
};

static struct kunit_suite cap_subset_suite = {
	.name = "agent_cap_subset",
	.suite_init = cap_test_tree_make,
	.suite_exit = cap_test_tree_remove,
	.test_cases = cap_subset_cases,
};

kunit_test_suite(cap_subset_suite);

MODULE_DESCRIPTION("KUnit tests of the order of capabilities");
MODULE_LICENSE("GPL");
