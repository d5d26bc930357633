/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock of all figures that are times.
 */
#ifndef TESTS_BENCH_CLOCK_H
#define TESTS_BENCH_CLOCK_H

#include <time.h>

static inline double now_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e9 + at.tv_nsec;
}

#endif /* TESTS_BENCH_CLOCK_H */
