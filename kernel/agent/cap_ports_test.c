// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of capabilities found by port: against looking at each of them.
 */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/socket.h>

#include "cap_testlib.h"

#define NR_SETS		24
#define PORTS		64	/* few, so that ranges meet */

/* A row: ranges, and which of them hold the port 100, as bits. */
static const struct {
	struct { u16 first, last; } ranges[4];
	u64 held;
} rows[] = {
	{ { { 100, 100 } }, 1 },
	{ { { 99, 99 }, { 101, 101 } }, 0 },
	{ { { 0, 65535 }, { 99, 99 }, { 100, 100 }, { 101, 65535 } }, 5 },
	{ { { 0, 100 }, { 100, 65535 }, { 1, 99 } }, 3 },
	{ { { 0, 65535 }, { 1, 65534 }, { 2, 65533 }, { 3, 65532 } }, 15 },
	{ { { 0, 65535 }, { 1, 2 }, { 3, 4 }, { 5, 6 } }, 1 },
	{ { { 90, 99 }, { 90, 100 }, { 90, 101 }, { 100, 101 } }, 14 },
};

static const struct agent_net_peer loopback = {
	.proto = AGENT_NET_TCP, .family = AF_INET, .port = 100, .addr = { 127, 0, 0, 1 },
};

static struct cap *make(struct kunit *test, u16 first, u16 last, u64 rights, u64 uses)
{
	const struct cap_spec spec = {
		.class = AGENT_CLASS_NET, .proto = AGENT_NET_TCP, .addr = 0x7f000001, .prefix = 32,
		.first = first, .last = last, .rights = rights, .uses = uses,
	};

	return cap_test_publish(test, cap_test_make(test, &spec), NULL);
}

static u64 ask(const struct cap_set *set, u16 port, u64 rights, u64 *cap_id, u64 *granted)
{
	struct agent_net_peer peer = loopback;
	const struct agent_request req = {
		.class = AGENT_CLASS_NET, .rights = rights, .net = &peer,
	};

	peer.port = port;
	return cap_set_rights(set, &agent_boot, &req, cap_id, granted);
}

static void cap_ports_rows(struct kunit *test)
{
	struct cap *caps[ARRAY_SIZE(rows[0].ranges)];
	u64 id;
	u32 i, nr;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (nr = 0; nr < ARRAY_SIZE(caps) && rows[i].ranges[nr].last; nr++)
			caps[nr] = make(test, rows[i].ranges[nr].first, rows[i].ranges[nr].last,
					BIT(nr), 0);
		KUNIT_EXPECT_EQ_MSG(test, rows[i].held,
				    ask(cap_test_set(test, caps, nr), 100, 15, &id, NULL),
				    "row %u", i);
	}
}

static u64 held_one_by_one(const struct cap_set *set, u16 port, u64 rights)
{
	struct agent_net_peer peer = loopback;
	u64 held = 0;
	u32 i;

	peer.port = port;
	for (i = 0; i < set->nr; i++)
		if (cap_net_matches(set->caps[i], &peer))
			held |= set->caps[i]->rights & rights;
	return held;
}

/* Sets of any size and shape, and every port that they could go wrong at. */
static void cap_ports_any(struct kunit *test)
{
	struct cap **caps = kunit_kcalloc(test, PORTS, sizeof(*caps), GFP_KERNEL);
	struct rnd_state chance;
	u64 id;
	u32 i, k;

	KUNIT_ASSERT_NOT_NULL(test, caps);
	prandom_seed_state(&chance, 1);
	for (i = 0; i < NR_SETS; i++) {
		const u32 nr = prandom_u32_state(&chance) % PORTS;
		const struct cap_set *set;

		for (k = 0; k < nr; k++) {
			const u16 first = prandom_u32_state(&chance) % PORTS;
			const u16 width = prandom_u32_state(&chance) % (k % 4 ? 3 : PORTS);

			caps[k] = make(test, first, first + width, BIT(k % 4), 0);
		}
		set = cap_test_set(test, caps, nr);
		for (k = 0; k < 2 * PORTS + 1; k++)
			KUNIT_ASSERT_EQ_MSG(test, ask(set, k, 15, &id, NULL),
					    held_one_by_one(set, k, 15), "set %u, port %u", i, k);
	}
}

/* As many as there can be: each is found, and its neighbours are not. */
static void cap_ports_many(struct kunit *test)
{
	struct cap **caps = kunit_kcalloc(test, AGENT_CAPS_MAX, sizeof(*caps), GFP_KERNEL);
	const struct cap_set *set;
	u64 id;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, caps);
	for (i = 0; i < AGENT_CAPS_MAX; i++)
		caps[i] = make(test, 2 * i, 2 * i, AGENT_NET_CONNECT, 0);
	set = cap_test_set(test, caps, AGENT_CAPS_MAX);
	for (i = 0; i < AGENT_CAPS_MAX; i++) {
		KUNIT_ASSERT_EQ(test, ask(set, 2 * i, 1, &id, NULL), 1ULL);
		KUNIT_ASSERT_EQ(test, id, caps[i]->id);
		KUNIT_ASSERT_EQ(test, ask(set, 2 * i + 1, 1, &id, NULL), 0ULL);
		KUNIT_ASSERT_EQ(test, id, 0ULL);
	}
}

/* A use is taken only where what has no limits leaves something missing. */
static void cap_ports_counted(struct kunit *test)
{
	struct cap *caps[] = { make(test, 1, 200, 3, 2), make(test, 100, 100, 1, 0) };
	const struct cap_set *set = cap_test_set(test, caps, ARRAY_SIZE(caps));
	u64 id, granted;
	int i;

	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, ask(set, 100, 1, &id, &granted), 1ULL);
	KUNIT_EXPECT_EQ(test, granted, 1ULL);
	KUNIT_EXPECT_EQ(test, id, caps[1]->id);
	KUNIT_EXPECT_EQ(test, ask(set, 100, 3, &id, &granted), 3ULL);
	KUNIT_EXPECT_EQ(test, id, caps[0]->id);
	KUNIT_EXPECT_EQ(test, ask(set, 101, 1, &id, &granted), 1ULL);
	KUNIT_EXPECT_EQ_MSG(test, ask(set, 101, 1, &id, &granted), 0ULL, "the third time");
	KUNIT_EXPECT_EQ(test, granted, 0ULL);
	KUNIT_EXPECT_EQ(test, ask(set, 100, 3, &id, &granted), 1ULL);
}

static struct kunit_case cap_ports_cases[] = {
	KUNIT_CASE(cap_ports_rows),
	KUNIT_CASE(cap_ports_any),
	KUNIT_CASE(cap_ports_many),
	KUNIT_CASE(cap_ports_counted),
	{}
};

static struct kunit_suite cap_ports_suite = {
	.name = "agent_cap_ports",
	.test_cases = cap_ports_cases,
};

kunit_test_suite(cap_ports_suite);

MODULE_DESCRIPTION("KUnit tests of capabilities found by port");
MODULE_LICENSE("GPL");
