// SPDX-License-Identifier: GPL-2.0
/*
 * Budgets that cgroup controllers keep: the limit is written to a control file, and what
 * was used is read from others when somebody asks.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/blkdev.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <linux/string.h>

#include "group.h"
#include "group_level.h"
#include "lane.h"
#include "quota.h"
#include "quota_group.h"

#define CPU_PERIOD_US		100000	/* short, so that who is stopped goes on soon */
#define CPU_QUOTA_LEAST_US	1000	/* of the controller */
#define LIMIT_TEXT		64

/* A number in a control file: that after a key, or the file's only one. */
struct quota_source {
	const char *file;
	const char *key;
};

static int apply_number(struct agent *agent, u32 kind, u64 limit);
static int apply_cpu(struct agent *agent, u32 kind, u64 limit);
static int apply_weight(struct agent *agent, u32 kind, u64 limit);
static int apply_ram(struct agent *agent, u32 kind, u64 limit);
static int apply_ram_min(struct agent *agent, u32 kind, u64 limit);
static int apply_io(struct agent *agent, u32 kind, u64 limit);

/*
 * What was used is counted for an agent with its descendants, and so is how often that was
 * over the agent's own limit: whose child has a lower one is not short of anything.
 *
 * @also: adds to @used
 * @over: what is put on record; without it @stalls
 * @refuses: what is over the limit fails, else it waits
 */
static const struct quota_control {
	enum group_control control;
	const char *file;
	int (*apply)(struct agent *agent, u32 kind, u64 limit);
	struct quota_source used, also, peak, stalls, over;
	bool refuses;
} controls[AGENT_NR_QUOTAS] = {
	[AGENT_QUOTA_CPU] = {
		GROUP_CPU, "cpu.max", apply_cpu,
		.used = { "cpu.stat", "usage_usec" }, .stalls = { "cpu.stat", "nr_throttled" },
	},
	[AGENT_QUOTA_CPU_WEIGHT] = { GROUP_CPU, "cpu.weight", apply_weight },
	[AGENT_QUOTA_RAM] = {
		GROUP_MEMORY, "memory.max", apply_ram,
		.used = { "memory.current" }, .peak = { "memory.peak" },
		.stalls = { "memory.events.local", "max" },
		.over = { "memory.events.local", "oom" },
		.refuses = true,
	},
	[AGENT_QUOTA_RAM_HIGH] = {
		GROUP_MEMORY, "memory.high", apply_number,
		.used = { "memory.current" }, .peak = { "memory.peak" },
		.stalls = { "memory.events.local", "high" },
	},
	[AGENT_QUOTA_RAM_MIN] = {
		GROUP_MEMORY, "memory.min", apply_ram_min, .used = { "memory.current" },
	},
	[AGENT_QUOTA_PIDS] = {
		GROUP_PIDS, "pids.max", apply_number,
		.used = { "pids.current" }, .peak = { "pids.peak" },
		.stalls = { "pids.events.local", "max" }, .refuses = true,
	},
	[AGENT_QUOTA_IO] = {
		GROUP_IO, "io.max", apply_io,
		.used = { "io.stat", "rbytes" }, .also = { "io.stat", "wbytes" },
	},
};

/**
 * quota_group_keeps() - is this kind of budget a controller's to keep?
 * @kind: enum agent_quota_kind
 *
 * Return: true if so.
 */
bool quota_group_keeps(u32 kind)
{
	return kind < AGENT_NR_QUOTAS && controls[kind].file;
}

/**
 * quota_group_enforced() - can this kind of budget be kept on this machine?
 * @kind: enum agent_quota_kind; one of those that controllers keep
 *
 * Context: may sleep.
 * Return: true if its controller is there.
 */
bool quota_group_enforced(u32 kind)
{
	return group_has(controls[kind].control);
}

static int apply_text(struct agent *agent, u32 kind, const char *text)
{
	int err = agent_group_write(agent, controls[kind].control, controls[kind].file, text);

	return err == -ERANGE ? -EINVAL : err;	/* more than the controller can count */
}

static int apply_number(struct agent *agent, u32 kind, u64 limit)
{
	char text[LIMIT_TEXT] = "max";

	if (limit != AGENT_QUOTA_UNLIMITED)
		snprintf(text, sizeof(text), "%llu", limit);
	return apply_text(agent, kind, text);
}

/* A limit is for a second; where its part of a period is too little, a period is one. */
static int apply_cpu(struct agent *agent, u32 kind, u64 limit)
{
	u64 parts = USEC_PER_SEC / CPU_PERIOD_US;
	char text[LIMIT_TEXT] = "max";

	if (limit < (u64)num_possible_cpus() * USEC_PER_SEC) {
		if (limit < parts * CPU_QUOTA_LEAST_US)
			parts = 1;
		snprintf(text, sizeof(text), "%llu %lu",
			 max_t(u64, div64_u64(limit, parts), CPU_QUOTA_LEAST_US),
			 (unsigned long)div64_u64(USEC_PER_SEC, parts));
	}
	return apply_text(agent, kind, text);
}

/* Among its children an agent's own tasks weigh what it does among others. */
static int apply_weight(struct agent *agent, u32 kind, u64 limit)
{
	char text[LIMIT_TEXT];

	if (limit == AGENT_QUOTA_UNLIMITED)
		limit = agent_lane_weight(agent->lane);
	snprintf(text, sizeof(text), "%llu", limit);
	return apply_text(agent, kind, text) ?:
	       agent_group_write_own(agent, GROUP_CPU, controls[kind].file, text);
}

/*
 * All of the agent's tasks end together: half an agent is of no use, and holds memory. Not
 * its children with them: each is limited too, and one of them all is chosen.
 */
static int apply_ram(struct agent *agent, u32 kind, u64 limit)
{
	const char *together = limit == AGENT_QUOTA_UNLIMITED ? "0" : "1";

	return agent_group_write_own(agent, GROUP_MEMORY, "memory.oom.group", together) ?:
	       apply_number(agent, kind, limit);
}

/* No more than there is: so the sum over any number of agents is a number. */
static int apply_ram_min(struct agent *agent, u32 kind, u64 limit)
{
	return agent_group_keep(agent, min_t(u64, limit, (u64)totalram_pages() << PAGE_SHIFT));
}

static int apply_io_disk(struct agent *agent, u32 kind, u64 limit, dev_t dev)
{
	char text[LIMIT_TEXT * 2];

	if (limit == AGENT_QUOTA_UNLIMITED)
		snprintf(text, sizeof(text), "%u:%u rbps=max wbps=max", MAJOR(dev), MINOR(dev));
	else
		snprintf(text, sizeof(text), "%u:%u rbps=%llu wbps=%llu", MAJOR(dev), MINOR(dev),
			 limit, limit);
	return apply_text(agent, kind, text);
}

/* Each disk that is there now; one that is going away needs no limit any more. */
static int apply_io(struct agent *agent, u32 kind, u64 limit)
{
	struct class_dev_iter iter;
	struct device *dev;
	int err = 0;

	limit = limit == AGENT_QUOTA_UNLIMITED ? limit : max(limit, 1ULL);
	class_dev_iter_init(&iter, &block_class, NULL, &disk_type);
	while (!err && (dev = class_dev_iter_next(&iter))) {
		err = apply_io_disk(agent, kind, limit, dev->devt);
		if (err == -ENODEV)
			err = 0;
	}
	class_dev_iter_exit(&iter);
	return err;
}

/**
 * quota_group_apply() - have a controller keep a limit
 * @agent: the agent
 * @kind: enum agent_quota_kind; one of those that controllers keep, or nothing happens
 *
 * Context: may sleep.
 * Return: 0; -EOPNOTSUPP where the machine does not have the controller; what that answers.
 */
int quota_group_apply(struct agent *agent, u32 kind)
{
	if (!quota_group_keeps(kind))
		return 0;
	return controls[kind].apply(agent, kind, READ_ONCE(agent->quota[kind].limit));
}

/* What a controller does with a group that nobody has spoken of. */
static u64 quota_group_default(u32 kind)
{
	return kind == AGENT_QUOTA_RAM_MIN ? 0 : AGENT_QUOTA_UNLIMITED;
}

/**
 * quota_group_spawned() - have controllers keep the limits of a new agent
 * @agent: with a group, and nobody in it
 *
 * Context: may sleep.
 * Return: as quota_group_apply().
 */
int quota_group_spawned(struct agent *agent)
{
	int err = 0;
	u32 kind;

	for (kind = 0; !err && kind < AGENT_NR_QUOTAS; kind++)
		if (agent->quota[kind].limit != quota_group_default(kind))
			err = quota_group_apply(agent, kind);
	return err;
}

/* The sum over all lines: disks have one each. */
static u64 source_sum(const char *text, const char *key)
{
	size_t len = strlen(key);
	u64 sum = 0, value;

	while ((text = strstr(text, key))) {
		text += len;
		if (*text != ' ' && *text != '=')
			continue;
		if (sscanf(text + 1, "%llu", &value) == 1)
			sum += value;
	}
	return sum;
}

static u64 source_read(struct agent *agent, const struct quota_source *source, char *buf)
{
	u64 value = 0;

	if (!source->file || agent_group_read(agent, source->file, buf, PAGE_SIZE) < 0)
		return 0;
	if (source->key)
		return source_sum(buf, source->key);
	return kstrtoull(buf, 10, &value) ? 0 : value;
}

/**
 * quota_group_refresh() - read what controllers counted of a budget
 * @agent: the agent; without a group its budget stays what it was last
 * @kind: enum agent_quota_kind
 *
 * Context: may sleep.
 */
void quota_group_refresh(struct agent *agent, u32 kind)
{
	struct agent_quota *quota = &agent->quota[kind];
	const struct quota_control *control;
	u64 used, peak, stalls, over;
	char *buf;

	if (!quota_group_keeps(kind) || !READ_ONCE(agent->group.cgroup))
		return;
	buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!buf)
		return;
	control = &controls[kind];
	used = source_read(agent, &control->used, buf) + source_read(agent, &control->also, buf);
	peak = source_read(agent, &control->peak, buf);
	stalls = source_read(agent, &control->stalls, buf);
	over = control->over.file ? source_read(agent, &control->over, buf) : stalls;
	kfree(buf);
	spin_lock_irq(&agent->lock);
	quota->used = used;
	quota->high_water = max3(quota->high_water, used, peak);
	quota->stalls = max(quota->stalls, stalls);
	spin_unlock_irq(&agent->lock);
	if (over)
		agent_quota_over(agent, kind, control->refuses);
}

/**
 * quota_group_last() - what controllers say of an agent that has ended
 * @agent: terminal, with its group
 *
 * Context: may sleep.
 */
void quota_group_last(struct agent *agent)
{
	u32 kind;

	for (kind = 0; kind < AGENT_NR_QUOTAS; kind++)
		quota_group_refresh(agent, kind);
}
