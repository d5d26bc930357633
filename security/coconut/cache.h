/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The last decision about an open object, so that using it costs no walk.
 */
#ifndef _SECURITY_COCONUT_CACHE_H
#define _SECURITY_COCONUT_CACHE_H

#include <linux/types.h>

struct agent;

/**
 * struct coconut_cache - what one agent was found to hold on one open object
 * @seq: odd while somebody writes; readers that see it move decide anew
 * @stamp: whose decision, and in which of its epochs; 0: none
 * @object: which peer, where the object has several; else 0
 * @rights: those that do not run out by themselves
 */
struct coconut_cache {
	unsigned int seq;
	u64 stamp;
	u64 object;
	u64 rights;
};

bool coconut_cache_covers(const struct coconut_cache *cache,
			  const struct agent *agent, u64 object, u64 need);
void coconut_cache_store(struct coconut_cache *cache, u64 stamp, u64 object, u64 rights);

#endif /* _SECURITY_COCONUT_CACHE_H */
