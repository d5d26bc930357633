// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the seals: each verifies under the key that the one before named, and
 * covers the records of its epoch.
 */

#include <linux/delay.h>

#include "fixture.h"

static const struct audit_config eights = {
	.ring_slots = 64,
	.log_bytes = SZ_4M,
	.epoch_records = 8,
};

static bool verifies(const struct audit_seal *seal, const u8 *public)
{
	char line[AUDIT_SEAL_LINE_MAX];
	struct ed25519_part part = {
		.data = line,
		.len = audit_line_seal_signed(seal, line),
	};

	return !ed25519_verify(seal->sig, public, &part, 1);
}

static void seal_key_evolves(struct kunit *test)
{
	struct audit_seal seal = { .epoch = 0, .first = 1, .last = 8, .count = 8 };
	struct audit_seal_key key, before;

	audit_seal_key_draw(&key);
	before = key;
	audit_seal_sign(&seal, &key, false);
	KUNIT_EXPECT_TRUE(test, verifies(&seal, before.public));
	KUNIT_EXPECT_FALSE(test, verifies(&seal, key.public));
	KUNIT_EXPECT_MEMEQ(test, seal.next, key.public, sizeof(seal.next));
	KUNIT_EXPECT_MEMNEQ(test, key.seed, before.seed, sizeof(key.seed));

	seal.count++;
	KUNIT_EXPECT_FALSE(test, verifies(&seal, before.public));
}

static void seal_final(struct kunit *test)
{
	static const struct audit_seal_key none;
	struct audit_seal seal = { .epoch = 9, .first = 73, .last = 73, .count = 1 };
	struct audit_seal_key key, before;

	audit_seal_key_draw(&key);
	before = key;
	audit_seal_sign(&seal, &key, true);
	KUNIT_EXPECT_TRUE(test, verifies(&seal, before.public));
	KUNIT_EXPECT_MEMEQ(test, seal.next, none.public, sizeof(seal.next));
	KUNIT_EXPECT_MEMEQ(test, &key, &none, sizeof(key));
}

/* What an auditor does, over the structures of the log. */
struct auditor {
	struct kunit *test;
	struct audit_chain *chain;
	struct audit_merkle tree;
	u8 public[ED25519_PUBLIC_SIZE];
	u8 head[BLAKE3_OUT_SIZE];
	u8 buf[BLAKE3_OUT_SIZE + AUDIT_RECORD_CBOR_MAX];
	u64 next;
	u64 count;
};

static int audit_record_of(const struct audit_record_view *view, void *arg)
{
	struct auditor *a = arg;
	u8 *bytes = a->buf + BLAKE3_OUT_SIZE;
	u8 leaf[BLAKE3_OUT_SIZE];

	KUNIT_EXPECT_EQ(a->test, view->seq, a->next);
	a->next++;
	a->count++;
	memcpy(a->buf, a->head, sizeof(a->head));
	memcpy(bytes, view->bytes, view->len);
	blake3(a->buf, sizeof(a->head) + view->len, a->head);
	bytes[-1] = AUDIT_MERKLE_LEAF;
	blake3(bytes - 1, view->len + 1, leaf);
	audit_merkle_add(&a->tree, leaf);
	return 0;
}

static void audit_epoch_of(struct auditor *a, const struct audit_seal *seal, u64 number)
{
	u8 root[BLAKE3_OUT_SIZE];

	audit_merkle_init(&a->tree);
	a->count = 0;
	KUNIT_EXPECT_EQ(a->test, seal->epoch, number);
	KUNIT_EXPECT_EQ(a->test, seal->first, a->next);
	if (seal->count)
		audit_chain_visit(a->chain, seal->first, seal->last, audit_record_of, a);
	KUNIT_EXPECT_EQ(a->test, seal->count, a->count);
	KUNIT_EXPECT_EQ(a->test, seal->last, a->next - 1);

	audit_merkle_root(&a->tree, root);
	KUNIT_EXPECT_MEMEQ(a->test, seal->root, root, sizeof(root));
	KUNIT_EXPECT_MEMEQ(a->test, seal->head, a->head, sizeof(a->head));
	KUNIT_EXPECT_TRUE(a->test, verifies(seal, a->public));
	memcpy(a->public, seal->next, sizeof(a->public));
}

static struct auditor *auditor(struct kunit *test, struct audit_chain *chain)
{
	struct auditor *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->test = test;
	a->chain = chain;
	a->next = 1;
	memcpy(a->public, chain->sealer.key.public, sizeof(a->public));
	return a;
}

static void audit_all(struct auditor *a)
{
	struct audit_epoch *epoch;
	u64 number;

	for (number = 0; number < a->chain->sealer.epochs; number++) {
		epoch = audit_log_find_epoch(&a->chain->log, number);
		audit_epoch_of(a, &epoch->seal, number);
		audit_epoch_put(epoch);
	}
}

static void seal_chain(struct kunit *test)
{
	struct audit_chain *chain = audit_test_chain(test, &eights);
	struct auditor *a = auditor(test, chain);
	static const u8 none[ED25519_PUBLIC_SIZE];
	struct audit_stats stats;
	int i;

	KUNIT_ASSERT_EQ(test, audit_sealer_start(chain), 0);
	for (i = 0; i < 100; i++)
		audit_test_append(chain, 1);
	KUNIT_EXPECT_EQ(test, audit_sealer_flush(chain, 100), 0);
	for (i = 0; i < 3; i++)
		audit_test_append(chain, 1);
	KUNIT_EXPECT_EQ(test, audit_sealer_finish(chain, 103), 0);

	audit_all(a);
	KUNIT_EXPECT_EQ(test, a->next, 104);
	KUNIT_EXPECT_MEMEQ(test, a->public, none, sizeof(none));
	audit_chain_figures(chain, &stats);
	KUNIT_EXPECT_MEMEQ(test, stats.head, a->head, sizeof(a->head));
	KUNIT_EXPECT_GE(test, stats.epochs, 14);
}

/* After the final seal nothing is sealed, and the boot agent does not wait for it. */
static void seal_closed(struct kunit *test)
{
	struct audit_chain *chain = audit_test_chain(test, &eights);
	struct audit_stats stats;
	int i;

	KUNIT_ASSERT_EQ(test, audit_sealer_start(chain), 0);
	audit_test_append(chain, 1);
	KUNIT_ASSERT_EQ(test, audit_sealer_finish(chain, 1), 0);
	for (i = 0; i < 100; i++) {
		audit_chain_hold_back(chain, 0);
		audit_test_append(chain, 1);
	}
	KUNIT_EXPECT_EQ(test, audit_sealer_flush(chain, 101), -ETIMEDOUT);
	audit_chain_figures(chain, &stats);
	KUNIT_EXPECT_EQ(test, stats.sealed, 1);
	KUNIT_EXPECT_EQ(test, stats.in_flight, 100);
	KUNIT_EXPECT_EQ(test, stats.lost, 0);
}

/* As long as any test: what is sealed before did not wait for it. */
static const struct audit_config hours = {
	.ring_slots = 1024,
	.log_bytes = SZ_4M,
	.epoch_records = 4096,
	.epoch_period = 3600 * HZ,
};

static u64 append_denial(struct audit_chain *chain)
{
	struct audit_entry entry = {
		.aid = 1,
		.event = AGENT_EVENT_ACCESS,
		.class = AGENT_CLASS_FS,
		.decision = AGENT_DECISION_DENIED,
		.result = -EACCES,
	};

	return audit_chain_add(chain, &entry);
}

static void expect_sealed(struct kunit *test, struct audit_chain *chain, u64 seq)
{
	struct audit_sealer *s = &chain->sealer;

	KUNIT_EXPECT_GT(test, wait_event_timeout(s->wait, READ_ONCE(s->sealed_seq) >= seq,
						 30 * HZ), 0);
}

/* A denial takes what came before it along, and what comes after waits as ever. */
static void seal_denial(struct kunit *test)
{
	struct audit_chain *chain = audit_test_chain(test, &hours);
	u64 denial;

	KUNIT_ASSERT_EQ(test, audit_sealer_start(chain), 0);
	audit_test_append(chain, 1);
	denial = append_denial(chain);
	expect_sealed(test, chain, denial);
	audit_test_append(chain, 1);
	msleep(100);
	KUNIT_EXPECT_EQ(test, READ_ONCE(chain->sealer.sealed_seq), denial);
	denial = append_denial(chain);
	expect_sealed(test, chain, denial);
	audit_test_expect_whole(test, chain, denial);
}

/* Many denials are no reason for as many seals. */
static void seal_denials(struct kunit *test)
{
	struct audit_chain *chain = audit_test_chain(test, &hours);
	u64 began = ktime_get_ns(), last = 0, most;
	int i;

	KUNIT_ASSERT_EQ(test, audit_sealer_start(chain), 0);
	for (i = 0; i < 20000; i++) {
		audit_chain_hold_back(chain, 1);
		last = append_denial(chain);
		if (i % 64 == 0)
			cond_resched();
	}
	expect_sealed(test, chain, last);
	most = (ktime_get_ns() - began) / (5 * NSEC_PER_MSEC) + 20000 / hours.epoch_records + 2;
	KUNIT_EXPECT_LE(test, READ_ONCE(chain->sealer.epochs), most);
}

static struct kunit_case seal_cases[] = {
	KUNIT_CASE(seal_key_evolves),
	KUNIT_CASE(seal_final),
	KUNIT_CASE(seal_chain),
	KUNIT_CASE(seal_closed),
	KUNIT_CASE(seal_denial),
	KUNIT_CASE(seal_denials),
	{}
};

static struct kunit_suite seal_suite = {
	.name = "audit_chain_seal",
	.test_cases = seal_cases,
};

kunit_test_suite(seal_suite);
