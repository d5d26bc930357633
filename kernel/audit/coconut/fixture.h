/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the chain share.
 */
#ifndef _AUDIT_COCONUT_FIXTURE_H
#define _AUDIT_COCONUT_FIXTURE_H

#include <kunit/test.h>
#include <linux/sizes.h>

#include "chain.h"

/* 00 01 .. 0f */
extern const u8 audit_test_boot_id[AUDIT_BOOT_ID_SIZE];

/* A denial; its bytes, its MACs and its line stand in the suites of each. */
extern const struct audit_record audit_test_denial;

/* A chain that ends with the test; its sealer is not started. */
struct audit_chain *audit_test_chain(struct kunit *test, const struct audit_config *config);
/* A copy of a record, which ends with the test. */
struct audit_record *audit_test_copy(struct kunit *test, const struct audit_record *rec);
u64 audit_test_append(struct audit_chain *chain, u64 aid);
/* After a flush: recorded = sealed, none lost, and what is in the log has no gap. */
void audit_test_expect_whole(struct kunit *test, struct audit_chain *chain, u64 records);

#endif /* _AUDIT_COCONUT_FIXTURE_H */
