// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that agent_memory_tier() mapped.
 *
 * It is the pages of a file without a name, of shared memory or of the spill volume. Each
 * mapping of it holds the file, whoever has it: children after a fork, and pieces that
 * munmap(2) and mremap(2) left. So what is charged for it goes when the last of them has
 * gone, and at no time before.
 */

#include <linux/agent.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/workqueue.h>

#include "quota.h"
#include "spill.h"
#include "tier_object.h"

#define LEAVING_AGAIN	HZ	/* until it is looked again who holds pages */

/* RAM has a budget too, which the memory controller keeps. */
static const struct {
	const char *name;
	bool budget;
	u32 kind;
} tiers[AGENT_NR_TIERS] = {
	[AGENT_TIER_HBM]	= { "hbm", true, AGENT_QUOTA_HBM },
	[AGENT_TIER_RAM]	= { "ram" },
	[AGENT_TIER_SSD]	= { "ssd", true, AGENT_QUOTA_SSD },
};

static int tier_release(struct inode *inode, struct file *file);

/**
 * tier_object_of() - what a file is the memory of
 * @file: any file, or NULL
 *
 * Context: any.
 * Return: the object, which lives as long as the file; NULL: another file.
 */
struct tier_object *tier_object_of(const struct file *file)
{
	if (!file || file->f_op->release != tier_release)
		return NULL;
	return container_of((void *)file->f_op, struct tier_object, fops);
}

/* ---- charges ---- */

static int tier_decide(u8 tier, u64 bytes)
{
	char text[32];
	const struct agent_request req = {
		.class = AGENT_CLASS_MEM,
		.rights = AGENT_MEM_USE,
		.tier = tier,
		.bytes = bytes,
		.object = text,
	};

	scnprintf(text, sizeof(text), "%s/%llu", tiers[tier].name, bytes);
	return agent_decide(agent_current(), &req, NULL);
}

/**
 * tier_object_charge() - charge more bytes of a tier to who has an object
 * @obj: the object
 * @tier: enum agent_tier
 * @bytes: how many more
 *
 * Before anything is moved. A capability is for all bytes that the agent has in the tier:
 * they are counted first, so that of two calls at once one sees the other.
 *
 * Context: process; may sleep, for an approval too. @obj->moving is held.
 * Return: 0; -EPERM if no capability covers it; -EDQUOT if the budget does not.
 */
int tier_object_charge(struct tier_object *obj, u8 tier, u64 bytes)
{
	struct agent *agent = obj->agent;
	int err;

	err = tier_decide(tier, atomic64_add_return(bytes, &agent->tier_bytes[tier]));
	if (!err && tiers[tier].budget)
		err = agent_quota_charge(agent, tiers[tier].kind, bytes, false);
	if (err)
		atomic64_sub(bytes, &agent->tier_bytes[tier]);
	else
		obj->charged[tier] += bytes;
	return err;
}

/**
 * tier_object_settle() - give back what is charged beyond what is there
 * @obj: the object
 * @tier: enum agent_tier
 * @bytes: of it that are in the tier
 *
 * Context: any. @obj->moving is held, or nobody else has @obj.
 */
void tier_object_settle(struct tier_object *obj, u8 tier, u64 bytes)
{
	u64 over;

	if (obj->charged[tier] <= bytes)
		return;
	over = obj->charged[tier] - bytes;
	obj->charged[tier] = bytes;
	atomic64_sub(over, &obj->agent->tier_bytes[tier]);
	if (tiers[tier].budget)
		agent_quota_release(obj->agent, tiers[tier].kind, 0, over);
}

/* ---- the end ---- */

static void tier_free(struct tier_object *obj)
{
	u8 tier;

	for (tier = 0; tier < AGENT_NR_TIERS; tier++)
		tier_object_settle(obj, tier, 0);
	if (obj->pinned_by)
		user_shm_unlock(obj->size, obj->pinned_by);
	agent_put(obj->agent);
	kfree(obj);
}

static bool tier_held_elsewhere(struct address_space *mapping)
{
	struct folio_batch batch;
	bool held = false;
	pgoff_t index = 0;
	unsigned int i;

	folio_batch_init(&batch);
	while (!held && filemap_get_folios(mapping, &index, ULONG_MAX, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++)
			held |= folio_ref_count(batch.folios[i]) >
				folio_expected_ref_count(batch.folios[i]) + 1;
		folio_batch_release(&batch);
		cond_resched();
	}
	return held;
}

/* Lists of pages that wait for the LRU hold them too. */
static bool tier_held_after_drain(struct address_space *mapping)
{
	if (!tier_held_elsewhere(mapping))
		return false;
	lru_add_drain_all();
	return tier_held_elsewhere(mapping);
}

static void tier_leaves(struct work_struct *work)
{
	struct tier_object *obj = container_of(to_delayed_work(work), struct tier_object, leaving);
	struct address_space *mapping = d_inode(obj->path.dentry)->i_mapping;

	if (tier_held_after_drain(mapping)) {
		queue_delayed_work(system_unbound_wq, &obj->leaving, LEAVING_AGAIN);
		return;
	}
	path_put(&obj->path);
	tier_free(obj);
}

/*
 * No mapping is left. Pages that somebody pinned, for a pipe or for io_uring, stay taken
 * up: until they have been let go of all of it is kept and charged, or pinning would be
 * a way to have memory that nobody answers for.
 */
static int tier_release(struct inode *inode, struct file *file)
{
	struct tier_object *obj = tier_object_of(file);

	file->f_op = obj->below;
	if (file->f_op->release)
		file->f_op->release(inode, file);
	if (!tier_held_after_drain(inode->i_mapping)) {
		tier_free(obj);
		return 0;
	}
	obj->path = file->f_path;
	path_get(&obj->path);
	queue_delayed_work(system_unbound_wq, &obj->leaving, LEAVING_AGAIN);
	return 0;
}

/* ---- the beginning ---- */

static struct tier_object *tier_object_new(struct agent *agent, u8 tier, u64 size)
{
	struct tier_object *obj = kzalloc(sizeof(*obj), GFP_KERNEL_ACCOUNT);

	if (!obj)
		return NULL;
	obj->agent = agent_get(agent);
	obj->size = size;
	obj->home = tier;
	sema_init(&obj->moving, 1);
	INIT_DELAYED_WORK(&obj->leaving, tier_leaves);
	return obj;
}

static struct file *tier_file(u8 tier, u64 size)
{
	struct file *file;

	if (tier == AGENT_TIER_SSD)
		return spill_file(size);
	/* Pages are accounted as they come, as those of every mapping. */
	file = shmem_kernel_file_setup("agent_tier", size, VM_NORESERVE);
	/* The kernel's own mount of shmem has no limit: what is missing is memory for an inode. */
	return file == ERR_PTR(-ENOSPC) ? ERR_PTR(-ENOMEM) : file;
}

/**
 * tier_object_file() - memory in a tier that nobody has mapped yet
 * @agent: whose it is
 * @tier: enum agent_tier; for HBM the charge, the pages are not there yet
 * @size: bytes, a multiple of the page size
 *
 * Context: process; may sleep.
 * Return: its file, or ERR_PTR: -ENOMEM; what charging says; what the spill volume says.
 */
struct file *tier_object_file(struct agent *agent, u8 tier, u64 size)
{
	struct tier_object *obj = tier_object_new(agent, tier, size);
	struct file *file;
	int err;

	if (!obj)
		return ERR_PTR(-ENOMEM);
	err = tier_object_charge(obj, tier, size);
	file = err ? ERR_PTR(err) : tier_file(tier, size);
	if (IS_ERR(file)) {
		tier_free(obj);
		return file;
	}
	obj->below = file->f_op;
	obj->fops = *file->f_op;
	obj->fops.release = tier_release;
	file->f_op = &obj->fops;
	return file;
}
