/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the chain says of itself.
 */
#ifndef TESTS_BENCH_STATS_H
#define TESTS_BENCH_STATS_H

#include "../guest/common/figures.h"

#define STATS		"/agent/audit/stats"

/* Until whoever keeps the log has told the kernel that all that is recorded now is safe. */
static inline void stats_wait_persisted(useconds_t look_us)
{
	uint64_t wanted = figure(STATS, "recorded ");

	while (figure(STATS, "persisted_seq ") < wanted)
		usleep(look_us);
}

#endif /* TESTS_BENCH_STATS_H */
