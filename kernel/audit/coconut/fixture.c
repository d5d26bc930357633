// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests of the chain share.
 */

#include "fixture.h"

const u8 audit_test_boot_id[AUDIT_BOOT_ID_SIZE] = {
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
	0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
};

const struct audit_record audit_test_denial = {
	.seq = 23,
	.mono = 1234567890123,
	.real = 1763664000123456789,
	.aid = 17,
	.capability = 24,
	.rights = AGENT_FS_READ_FILE | AGENT_FS_READ_DIR,
	.cpu = 3,
	.tid = 4242,
	.result = -13,
	.event = AGENT_EVENT_ACCESS,
	.object_len = 10,
	.class = AGENT_CLASS_FS,
	.decision = AGENT_DECISION_DENIED,
	.object = "/data/\xff\"x\\",
};

static void destroy_chain(void *chain)
{
	audit_chain_destroy(chain);
}

/**
 * audit_test_chain - a chain that ends with the test
 * @test: the test
 * @config: how large
 *
 * Return: the chain; its sealer is not started.
 */
struct audit_chain *audit_test_chain(struct kunit *test, const struct audit_config *config)
{
	struct audit_chain *chain = kunit_kzalloc(test, sizeof(*chain), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, chain);
	KUNIT_ASSERT_EQ(test, audit_chain_init(chain, config), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, destroy_chain, chain), 0);
	return chain;
}

/**
 * audit_test_copy - a copy of a record, which ends with the test
 * @test: the test
 * @rec: the record
 *
 * Return: the copy.
 */
struct audit_record *audit_test_copy(struct kunit *test, const struct audit_record *rec)
{
	struct audit_record *copy = kunit_kmalloc(test, sizeof(*copy), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, copy);
	*copy = *rec;
	return copy;
}

/**
 * audit_test_append - make a record
 * @chain: the chain
 * @aid: of this agent
 *
 * Return: its number.
 */
u64 audit_test_append(struct audit_chain *chain, u64 aid)
{
	static const char object[] = "/data/a";
	struct audit_entry entry = {
		.aid = aid,
		.event = AGENT_EVENT_ACCESS,
		.class = AGENT_CLASS_FS,
		.decision = AGENT_DECISION_ALLOWED,
		.capability = 1,
		.object = object,
		.object_len = sizeof(object) - 1,
	};

	return audit_chain_add(chain, &entry);
}

static int expect_next(const struct audit_record_view *view, void *arg)
{
	u64 *next = arg;

	return view->seq == (*next)++ ? 0 : -EILSEQ;
}

/**
 * audit_test_expect_whole - nothing is missing
 * @test: the test
 * @chain: a chain to which nobody adds, with its sealer started
 * @records: how many it was given
 */
void audit_test_expect_whole(struct kunit *test, struct audit_chain *chain, u64 records)
{
	struct audit_stats stats;
	u64 next;

	KUNIT_EXPECT_EQ(test, audit_sealer_flush(chain, atomic64_read(&chain->seq)), 0);
	audit_chain_figures(chain, &stats);
	KUNIT_EXPECT_EQ(test, stats.recorded, records);
	KUNIT_EXPECT_EQ(test, stats.sealed, records);
	KUNIT_EXPECT_EQ(test, stats.in_flight, 0);
	KUNIT_EXPECT_EQ(test, stats.lost, 0);

	next = stats.oldest_seq;
	KUNIT_EXPECT_EQ(test, audit_chain_visit(chain, 1, U64_MAX, expect_next, &next), 0);
	KUNIT_EXPECT_EQ(test, next, records + 1);
}
