/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Verifies a log, line by line.
 */
#ifndef _AUDIT_VERIFY_VERIFY_H
#define _AUDIT_VERIFY_VERIFY_H

#include "checkpoint.h"
#include "report.h"
#include "source.h"

/**
 * struct known - what is known of a log beforehand
 * @keys: public keys of epoch 0, any of which a boot may have
 * @nr_keys: how many
 * @seed: of the MACs; NULL: not known
 * @checkpoint: that it must have come as far as; NULL: there is none
 * @live: the last boot may lack its end
 */
struct known {
	u8 (*keys)[32];
	size_t nr_keys;
	const u8 *seed;
	const struct checkpoint *checkpoint;
	bool live;
};

typedef void (*verify_progress_fn)(const struct source *source);

void verify(struct source *source, const struct known *known, struct report *report,
	    verify_progress_fn progress);

#endif /* _AUDIT_VERIFY_VERIFY_H */
