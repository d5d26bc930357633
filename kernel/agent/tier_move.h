/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Moving memory from tier to tier.
 */
#ifndef _AGENT_TIER_MOVE_H
#define _AGENT_TIER_MOVE_H

#include <linux/types.h>

struct eventfd_ctx;
struct file;

/**
 * struct tier_range - a part of an object
 * @file: the object's
 * @first: index of its first page
 * @last: of its last one
 */
struct tier_range {
	struct file *file;
	pgoff_t first;
	pgoff_t last;
};

u64 tier_resident(const struct tier_range *range, u8 tier);
int tier_move(const struct tier_range *range, u8 tier, u32 op);
int tier_move_later(const struct tier_range *range, u8 tier, u32 op, struct eventfd_ctx *done);

/* tier_pin.c */
int tier_pin(const struct tier_range *range, u8 tier);
int tier_unpin(const struct tier_range *range);

#endif /* _AGENT_TIER_MOVE_H */
