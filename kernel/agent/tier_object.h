/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that agent_memory_tier() mapped.
 */
#ifndef _AGENT_TIER_OBJECT_H
#define _AGENT_TIER_OBJECT_H

#include <linux/agent.h>
#include <linux/fs.h>
#include <linux/semaphore.h>

struct ucounts;

/**
 * struct tier_object - memory of one mapping, and what is charged for it
 * @fops: those of its file, but for release(); by them an object is known
 * @below: the file's own
 * @agent: whose it is, referenced; constant
 * @moving: held from the check of a move to its end, by whatever task that is
 * @size: bytes; constant
 * @home: enum agent_tier it was mapped in; constant
 * @charged: bytes by tier; @moving, and whoever frees it
 * @pinned_by: who locks the memory of it, referenced; NULL: it may be moved; @moving
 * @path: keeps the memory while others hold pages of it, after the file was closed
 * @leaving: looks whether they still do
 */
struct tier_object {
	struct file_operations fops;
	const struct file_operations *below;
	struct agent *agent;
	struct semaphore moving;
	u64 size;
	u8 home;
	u64 charged[AGENT_NR_TIERS];
	struct ucounts *pinned_by;
	struct path path;
	struct delayed_work leaving;
};

/* Has a place on the spill volume: only then can memory be without it. */
static inline bool tier_object_spills(const struct tier_object *obj)
{
	return obj->home == AGENT_TIER_SSD;
}

struct file *tier_object_file(struct agent *agent, u8 tier, u64 size);
struct tier_object *tier_object_of(const struct file *file);
int tier_object_charge(struct tier_object *obj, u8 tier, u64 bytes);
void tier_object_settle(struct tier_object *obj, u8 tier, u64 bytes);

#endif /* _AGENT_TIER_OBJECT_H */
