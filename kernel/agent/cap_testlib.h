/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of capabilities share: a small tree of files, and capabilities
 * written down as C structures.
 */
#ifndef _AGENT_CAP_TESTLIB_H
#define _AGENT_CAP_TESTLIB_H

#include <kunit/test.h>

#include "cap_internal.h"

#define T	"/coconut-kunit"	/* a/b/c, a/b/d, a/e, f: directories */

#define SPEC_CARVES	2

/*
 * A capability as a test writes it. addr is IPv4 in host order, window in seconds;
 * exec without a path is a digest of 32 bytes proto; depth is one more than the
 * limit, so that 0 is none.
 */
struct cap_spec {
	u8 class;
	u64 rights;
	const char *path;
	const char *carve[SPEC_CARVES];
	const char *name;
	u8 proto, prefix, who, tier;
	u32 addr, first, last;
	u64 aid, max, bytes;
	u64 expires, uses;
	u32 rate, window;
	u16 depth;
	bool approval;
};

#define HIER(p, r, ...)	{ .class = AGENT_CLASS_FS, .path = (p), .rights = (r), ##__VA_ARGS__ }
#define SVC(n, ...)	{ .class = AGENT_CLASS_SVC, .name = (n), .rights = 1, ##__VA_ARGS__ }

int cap_test_tree_make(struct kunit_suite *suite);
void cap_test_tree_remove(struct kunit_suite *suite);
void cap_test_write(struct cbor_writer *w, const struct cap_spec *spec);
/* A capability that lives as long as the test. */
struct cap *cap_test_make(struct kunit *test, const struct cap_spec *spec);
/* Published under an id, derived from parent or from nothing. */
struct cap *cap_test_publish(struct kunit *test, const struct cap *cap, const struct cap *parent);
struct cap_set *cap_test_set(struct kunit *test, struct cap *const *caps, u32 nr);
void cap_test_path(struct kunit *test, const char *name, struct path *path);

#endif /* _AGENT_CAP_TESTLIB_H */
