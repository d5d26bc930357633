/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of a tier, for C programs that run inside guests.
 */
#ifndef TESTS_GUEST_TIER_H
#define TESTS_GUEST_TIER_H

#include "agent_call.h"

#define PAGE	4096UL
#define MIB	(1UL << 20)

/* Bytes achieved, or a negative errno. */
static inline long tier_call(struct agent_memory_tier_args *args)
{
	return syscall(NR_agent_memory_tier, args, sizeof(*args)) ? -errno : (long)args->achieved;
}

/* The same, of an operation on memory that is mapped. */
static inline long tier_do(uint32_t op, uint32_t tier, const void *at, size_t length)
{
	struct agent_memory_tier_args args = {
		.magic = AGENT_MAGIC,
		.op = op,
		.tier = tier,
		.address = (uintptr_t)at,
		.length = length,
	};

	return tier_call(&args);
}

/* Memory; or NULL with a negative errno in @got, which else has the bytes achieved. */
static inline void *tier_try_map(uint32_t tier, size_t length, long *got)
{
	struct agent_memory_tier_args args = {
		.magic = AGENT_MAGIC,
		.op = AGENT_TIER_MAP,
		.tier = tier,
		.length = length,
	};

	*got = tier_call(&args);
	return *got < 0 ? NULL : (void *)(uintptr_t)args.address;
}

static inline void *tier_map(uint32_t tier, size_t length)
{
	long got;
	void *at = tier_try_map(tier, length, &got);

	if (!at)
		die("map %zu bytes in tier %u", length, tier);
	return at;
}

#endif /* TESTS_GUEST_TIER_H */
