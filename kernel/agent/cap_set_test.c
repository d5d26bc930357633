// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of sets of capabilities: what they say to requests.
 */
#include <kunit/test.h>
#include <linux/file.h>
#include <linux/shmem_fs.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "cap_testlib.h"

#define CAPS_MAX	3

/* Capabilities, a path, and the rights found on it when all are asked for. */
static const struct walk {
	struct cap_spec caps[CAPS_MAX];
	const char *path;
	u64 rights;
} walks[] = {
	{ { }, T "/a", 0 },
	{ { HIER(T "/a", 1) }, T "/a", 1 },
	{ { HIER(T "/a", 1) }, T "/a/b/c", 1 },
	{ { HIER(T "/a", 1) }, T "/f", 0 },
	{ { HIER(T "/a", 1) }, T, 0 },
	{ { HIER("/", 1) }, T "/a/b/c", 1 },
	{ { HIER("/", 1) }, "/", 1 },
	{ { HIER(T, 1), HIER(T "/a", 2), HIER(T "/a/b", 4) }, T "/a/b/c", 7 },
	{ { HIER(T, 1), HIER(T "/a", 2), HIER(T "/a/b", 4) }, T "/a/e", 3 },
	{ { HIER(T, 1), HIER(T, 2) }, T, 3 },
	{ { HIER(T, 1, .carve = { T "/a" }) }, T "/a", 0 },
	{ { HIER(T, 1, .carve = { T "/a" }) }, T "/a/b/c", 0 },
	{ { HIER(T, 1, .carve = { T "/a" }) }, T "/f", 1 },
	{ { HIER(T, 1, .carve = { T "/a/b", T "/f" }) }, T "/a/b/c", 0 },
	{ { HIER(T, 1, .carve = { T "/a/b", T "/f" }) }, T "/a/e", 1 },
	{ { HIER(T, 1, .carve = { T "/a/b", T "/f" }) }, T "/f", 0 },
	{ { HIER(T, 3, .carve = { T "/a" }), HIER(T "/a/b", 1) }, T "/a/b/c", 1 },
	{ { HIER(T, 1, .carve = { T "/a" }), HIER(T, 2) }, T "/a/b", 2 },
	{ { { .class = AGENT_CLASS_EXEC, .path = T, .rights = 1 } }, T "/a", 0 },
	{ { HIER(T, 1, .approval = true) }, T, 0 },
	{ { HIER(T, 1, .approval = true), HIER(T "/a", 2) }, T "/a", 2 },
};

static struct cap_set *make_set(struct kunit *test, const struct cap_spec *specs, u32 max)
{
	struct cap *caps[CAPS_MAX];
	u32 nr;

	for (nr = 0; nr < max && specs[nr].class; nr++)
		caps[nr] = cap_test_publish(test, cap_test_make(test, &specs[nr]), NULL);
	return cap_test_set(test, caps, nr);
}

static u64 ask(const struct cap_set *set, const struct agent_request *req, u64 *granted)
{
	u64 id;

	return cap_set_rights(set, &agent_boot, req, &id, granted);
}

static void cap_set_walks(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(walks); i++) {
		const struct cap_set *set = make_set(test, walks[i].caps, CAPS_MAX);
		struct path path;
		struct agent_request req = { .class = AGENT_CLASS_FS, .rights = AGENT_FS_ALL,
					     .path = &path };
		u64 granted;

		cap_test_path(test, walks[i].path, &path);
		KUNIT_EXPECT_EQ_MSG(test, ask(set, &req, NULL), walks[i].rights, "walk %d", i);
		req.rights = 1;
		KUNIT_EXPECT_EQ_MSG(test, ask(set, &req, NULL), walks[i].rights & 1, "walk %d", i);
		KUNIT_EXPECT_EQ_MSG(test, ask(set, &req, &granted), walks[i].rights & 1,
				    "walk %d", i);
		KUNIT_EXPECT_EQ_MSG(test, granted, walks[i].rights, "walk %d", i);
		req.atomic = true;
		KUNIT_EXPECT_EQ_MSG(test, ask(set, &req, NULL), walks[i].rights & 1, "walk %d", i);
	}
}

/* The table of inodes, full: each of many capabilities is found, and nothing else is. */
static void cap_set_many(struct kunit *test)
{
	static const char *const names[] = { T, T "/a", T "/a/b", T "/a/b/c", T "/a/e", T "/f" };
	struct cap **caps = kunit_kcalloc(test, AGENT_CAPS_MAX, sizeof(*caps), GFP_KERNEL);
	struct cap_set *set;
	struct path path;
	struct agent_request req = { .class = AGENT_CLASS_FS, .rights = AGENT_FS_ALL,
				     .path = &path };
	int i;

	KUNIT_ASSERT_NOT_NULL(test, caps);
	for (i = 0; i < AGENT_CAPS_MAX; i++) {
		const struct cap_spec spec = HIER(names[i % ARRAY_SIZE(names)], BIT(i % 17));

		caps[i] = cap_test_publish(test, cap_test_make(test, &spec), NULL);
	}
	set = cap_test_set(test, caps, AGENT_CAPS_MAX);
	cap_test_path(test, T "/a/b/c", &path);
	KUNIT_EXPECT_EQ(test, ask(set, &req, NULL), AGENT_FS_ALL);
	cap_test_path(test, "/", &path);
	KUNIT_EXPECT_EQ(test, ask(set, &req, NULL), 0ULL);
	KUNIT_EXPECT_PTR_EQ(test, cap_set_build(caps, AGENT_CAPS_MAX + 1, NULL), ERR_PTR(-E2BIG));
}

static void cap_set_reports(struct kunit *test)
{
	static const struct cap_spec specs[CAPS_MAX] = { HIER(T, 1), HIER(T "/a", 2) };
	const struct cap_set *set = make_set(test, specs, CAPS_MAX);
	struct path path;
	struct agent_request req = { .class = AGENT_CLASS_FS, .path = &path };
	u64 id;

	cap_test_path(test, T "/a/b", &path);
	req.rights = 1;
	cap_set_rights(set, &agent_boot, &req, &id, NULL);
	KUNIT_EXPECT_EQ(test, id, set->caps[0]->id);
	req.rights = 2;
	cap_set_rights(set, &agent_boot, &req, &id, NULL);
	KUNIT_EXPECT_EQ(test, id, set->caps[1]->id);
	req.rights = 4;
	cap_set_rights(set, &agent_boot, &req, &id, NULL);
	KUNIT_EXPECT_EQ(test, id, 0ULL);
}

/* A use is taken only where something is missing, and of what has it. */
static void cap_set_counts(struct kunit *test)
{
	static const struct cap_spec specs[CAPS_MAX] = {
		HIER(T "/a", 3, .uses = 2), HIER(T, 1), HIER(T, 4, .expires = 1000),
	};
	const struct cap_set *set = make_set(test, specs, CAPS_MAX);
	struct path path;
	struct agent_request req = { .class = AGENT_CLASS_FS, .path = &path };
	u64 granted;
	int i;

	cap_test_path(test, T "/a/b", &path);
	req.rights = 1;
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, ask(set, &req, NULL), 1ULL);
	req.rights = 3;
	KUNIT_EXPECT_EQ(test, ask(set, &req, &granted), 3ULL);
	KUNIT_EXPECT_EQ_MSG(test, granted, 3ULL, "what expires is not granted for long");
	req.rights = 2 | BIT_ULL(63);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ_MSG(test, ask(set, &req, NULL), 0ULL, "never, and nothing spent");
	req.rights = 7;
	KUNIT_EXPECT_EQ(test, ask(set, &req, NULL), 7ULL);
	KUNIT_EXPECT_EQ_MSG(test, ask(set, &req, NULL), 5ULL, "the third time");
}

static void cap_set_exempts(struct kunit *test)
{
	struct file *file = shmem_kernel_file_setup("kunit", PAGE_SIZE, 0);
	const struct cap_set *set = cap_test_set(test, NULL, 0);
	struct agent_request req = { .class = AGENT_CLASS_FS, .rights = 3 };
	u64 granted;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	req.path = &file->f_path;
	KUNIT_EXPECT_EQ(test, ask(set, &req, &granted), 3ULL);
	KUNIT_EXPECT_EQ(test, granted, AGENT_FS_ALL);
	req.class = AGENT_CLASS_EXEC;
	req.rights = AGENT_EXEC_RUN;
	KUNIT_EXPECT_EQ_MSG(test, ask(set, &req, NULL), 0ULL, "memory is no program");
	fput(file);
}

static void cap_set_exec(struct kunit *test)
{
	static const struct cap_spec specs[CAPS_MAX] = {
		{ .class = AGENT_CLASS_EXEC, .path = T "/a", .rights = 1 },
		{ .class = AGENT_CLASS_EXEC, .proto = 7, .rights = 1 },
		HIER(T, 1),
	};
	const struct cap_set *set = make_set(test, specs, CAPS_MAX);
	u8 digest[AGENT_DIGEST_SIZE];
	struct path path;
	struct agent_request req = { .class = AGENT_CLASS_EXEC, .rights = 1, .path = &path };

	cap_test_path(test, T "/a/b", &path);
	KUNIT_EXPECT_EQ_MSG(test, ask(set, &req, NULL), 1ULL, "by where it is");
	cap_test_path(test, T "/f", &path);
	KUNIT_EXPECT_EQ(test, ask(set, &req, NULL), 0ULL);
	memset(digest, 7, sizeof(digest));
	req.digest = digest;
	KUNIT_EXPECT_EQ_MSG(test, ask(set, &req, NULL), 1ULL, "by what it is");
	digest[31] = 8;
	KUNIT_EXPECT_EQ(test, ask(set, &req, NULL), 0ULL);
}

#define NET(p, a, n, f, l) \
	{ .class = AGENT_CLASS_NET, .proto = (p), .addr = (a), .prefix = (n), .first = (f), \
	  .last = (l), .rights = AGENT_NET_CONNECT }

static const struct {
	struct cap_spec cap;
	struct agent_net_peer peer;
	bool match;
} peers[] = {
	{ NET(1, 0x7f000001, 32, 80, 443), { 1, AF_INET, 80, { 127, 0, 0, 1 } }, true },
	{ NET(1, 0x7f000001, 32, 80, 443), { 1, AF_INET, 443, { 127, 0, 0, 1 } }, true },
	{ NET(1, 0x7f000001, 32, 80, 443), { 1, AF_INET, 444, { 127, 0, 0, 1 } }, false },
	{ NET(1, 0x7f000001, 32, 80, 443), { 1, AF_INET, 79, { 127, 0, 0, 1 } }, false },
	{ NET(1, 0x7f000001, 32, 80, 443), { 1, AF_INET, 80, { 127, 0, 0, 2 } }, false },
	{ NET(1, 0x7f000001, 32, 80, 443), { 2, AF_INET, 80, { 127, 0, 0, 1 } }, false },
	{ NET(0, 0x0a000000, 8, 0, 65535), { 2, AF_INET, 53, { 10, 255, 0, 1 } }, true },
	{ NET(0, 0x0a000000, 7, 0, 65535), { 2, AF_INET, 53, { 11, 0, 0, 1 } }, true },
	{ NET(0, 0x0a000000, 7, 0, 65535), { 2, AF_INET, 53, { 12, 0, 0, 1 } }, false },
	{ NET(0, 0, 0, 0, 65535), { 1, AF_INET6, 53, { [15] = 1 } }, false },
	{ NET(0, 0x0a000000, 8, 0, 65535),
	  { 1, AF_INET6, 53, { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1 } }, true },
	{ { .class = AGENT_CLASS_NET, .proto = 3, .name = "ab*", .rights = 1 },
	  { 3, AF_UNIX, .name = "ab\0c", .name_len = 4 }, true },
	{ { .class = AGENT_CLASS_NET, .proto = 3, .name = "ab", .rights = 1 },
	  { 3, AF_UNIX, .name = "ab\0c", .name_len = 4 }, false },
	{ { .class = AGENT_CLASS_NET, .proto = 3, .name = "ab", .rights = 1 },
	  { 3, AF_UNIX, .name = "ab", .name_len = 2 }, true },
	{ NET(0, 0, 0, 0, 65535), { 3, AF_UNIX, .name = "ab", .name_len = 2 }, false },
};

static void cap_set_net(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(peers); i++) {
		const struct cap_set *set = make_set(test, &peers[i].cap, 1);
		struct agent_request req = { .class = AGENT_CLASS_NET, .net = &peers[i].peer,
					     .rights = AGENT_NET_CONNECT };

		KUNIT_EXPECT_EQ_MSG(test, ask(set, &req, NULL), (u64)peers[i].match, "peer %d", i);
		req.net = NULL;
		KUNIT_EXPECT_EQ(test, ask(set, &req, NULL), 0ULL);
	}
}

/* Classes that have no capabilities, and requests that say nothing. */
static void cap_set_denies(struct kunit *test)
{
	const struct cap_spec root = HIER("/", AGENT_FS_ALL);
	const struct cap_set *set = make_set(test, &root, 1);
	struct agent_request req = { .rights = 1 };
	int class;

	for (class = 0; class < 256; class++) {
		req.class = class;
		KUNIT_EXPECT_EQ_MSG(test, ask(set, &req, NULL), 0ULL, "class %d", class);
	}
}

static void cap_set_decides(struct kunit *test)
{
	static const struct cap_spec specs[CAPS_MAX] = { HIER(T, 1), SVC("x") };
	struct agent *agent = kunit_kzalloc(test, sizeof(*agent), GFP_KERNEL);
	struct path path;
	struct agent_request req = { .class = AGENT_CLASS_FS, .rights = 1, .path = &path };
	u64 granted;

	KUNIT_ASSERT_NOT_NULL(test, agent);
	cap_test_path(test, T "/a", &path);
	agent->aid = 4242;
	agent->state = AGENT_STATE_ACTIVE;
	KUNIT_EXPECT_EQ_MSG(test, agent_decide(agent, &req, NULL), -EACCES, "without a set");
	rcu_assign_pointer(agent->caps, make_set(test, specs, CAPS_MAX));
	KUNIT_EXPECT_EQ(test, agent_decide(agent, &req, &granted), 0);
	KUNIT_EXPECT_EQ(test, granted, 1ULL);
	req.rights = 3;
	KUNIT_EXPECT_EQ(test, agent_decide(agent, &req, &granted), -EACCES);
	KUNIT_EXPECT_EQ(test, granted, 0ULL);
	req.rights = 0;
	KUNIT_EXPECT_EQ(test, agent_decide(agent, &req, NULL), -EACCES);
	req.rights = 1;
	agent->state = AGENT_STATE_QUARANTINED;
	KUNIT_EXPECT_EQ(test, agent_decide(agent, &req, NULL), -EACCES);
	agent->state = AGENT_STATE_ACTIVE;
	req = (struct agent_request) { .class = AGENT_CLASS_SVC, .rights = 1, .object = "y" };
	KUNIT_EXPECT_EQ(test, agent_decide(agent, &req, NULL), -EPERM);
	KUNIT_EXPECT_EQ(test, agent->nr_denials, 5ULL);
	KUNIT_EXPECT_EQ(test, agent_decide(NULL, &req, NULL), 0);
}

static void cap_set_presents(struct kunit *test)
{
	static const struct cap_spec specs[CAPS_MAX] = { SVC("tool:*"), SVC("http:a", .uses = 1) };
	static const struct {
		struct cap_spec request;
		int err;
	} rows[] = {
		{ SVC("tool:web"), 0 },
		{ SVC("tool:*"), 0 },
		{ SVC("too"), -EPERM },
		{ SVC("*"), -EPERM },
		{ SVC("http:a"), 0 },
		{ SVC("http:a"), -EPERM },
		{ HIER(T, 1), -EACCES },
	};
	const struct cap_set *set = make_set(test, specs, CAPS_MAX);
	int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 id;
		int err = cap_set_present(set, cap_test_make(test, &rows[i].request), false, &id);

		KUNIT_EXPECT_EQ_MSG(test, err, rows[i].err, "row %d", i);
		KUNIT_EXPECT_EQ(test, !id, !!rows[i].err);
	}
}

static void cap_set_covers_and_finds(struct kunit *test)
{
	static const struct cap_spec specs[CAPS_MAX] = { SVC("a*", .depth = 1), SVC("ab*") };
	static const struct cap_spec abc = SVC("abc"), ac = SVC("ac");
	const struct cap_set *set = make_set(test, specs, CAPS_MAX);
	struct cap *cap;

	cap = cap_set_covers(set, cap_test_make(test, &abc));
	KUNIT_ASSERT_NOT_NULL(test, cap);
	KUNIT_EXPECT_STREQ_MSG(test, cap->name, "ab*", "the first one may not be delegated");
	cap_put(cap);
	KUNIT_EXPECT_NULL(test, cap_set_covers(set, cap_test_make(test, &ac)));
	cap = cap_set_find(set, set->caps[1]->id);
	KUNIT_EXPECT_PTR_EQ(test, cap, set->caps[1]);
	cap_put(cap);
	KUNIT_EXPECT_NULL(test, cap_set_find(set, 0));
}

/* The digest is of the capabilities, in order of their ids, and of nothing else. */
static void cap_set_digests(struct kunit *test)
{
	static const struct cap_spec a = HIER(T, 1), b = SVC("x");
	struct cap *caps[2], *swapped[2];

	caps[0] = cap_test_publish(test, cap_test_make(test, &b), NULL);
	caps[1] = cap_test_publish(test, cap_test_make(test, &a), NULL);
	swapped[0] = caps[1];
	swapped[1] = caps[0];
	KUNIT_EXPECT_MEMEQ(test, cap_test_set(test, caps, 2)->digest,
			   cap_test_set(test, swapped, 2)->digest, AGENT_DIGEST_SIZE);
	KUNIT_EXPECT_MEMNEQ(test, cap_test_set(test, caps, 2)->digest,
			    cap_test_set(test, caps, 1)->digest, AGENT_DIGEST_SIZE);
}

static struct kunit_case cap_set_cases[] = {
	KUNIT_CASE(cap_set_walks),
	KUNIT_CASE(cap_set_many),
	KUNIT_CASE(cap_set_reports),
	KUNIT_CASE(cap_set_counts),
	KUNIT_CASE(cap_set_exempts),
	KUNIT_CASE(cap_set_exec),
	KUNIT_CASE(cap_set_net),
	KUNIT_CASE(cap_set_denies),
	KUNIT_CASE(cap_set_decides),
	KUNIT_CASE(cap_set_presents),
	KUNIT_CASE(cap_set_covers_and_finds),
	KUNIT_CASE(cap_set_digests),
	{}
};

static struct kunit_suite cap_set_suite = {
	.name = "agent_cap_set",
	.suite_init = cap_test_tree_make,
	.suite_exit = cap_test_tree_remove,
	.test_cases = cap_set_cases,
};

kunit_test_suite(cap_set_suite);

MODULE_DESCRIPTION("KUnit tests of sets of capabilities");
MODULE_LICENSE("GPL");
