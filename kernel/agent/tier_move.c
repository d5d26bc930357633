// SPDX-License-Identifier: GPL-2.0
/*
 * Moving memory from tier to tier.
 *
 * A move has three parts. All that may be refused is refused by the first: the bytes are
 * charged and the pages to move to are taken, so that nothing stops half way for want of
 * either. The second brings in what is missing, and lets the kernel's page migration move
 * the pages, mapped and written to as they are; or has them written out. The third gives
 * back what was charged and taken beyond what was achieved.
 */

#include <linux/agent.h>
#include <linux/eventfd.h>
#include <linux/fadvise.h>
#include <linux/file.h>
#include <linux/memcontrol.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/workqueue.h>

#include "tier_move.h"
#include "tier_nodes.h"
#include "tier_object.h"

#define MOVE_BATCH	512	/* pages off the LRU at once */
#define MOVE_PASSES	3	/* what somebody holds just now may be free the next time */

/**
 * struct tier_move - a move, from its check to its end
 * @range: what is moved; its file is referenced
 * @obj: of that file
 * @tier: to where
 * @fill: what is not in memory is brought in
 * @later: nobody waits; else current does
 * @from: nodes whose pages move
 * @pool: pages to move to, not used yet
 * @memcg: is charged for what is brought in, referenced
 * @done: told at the end, referenced; or NULL
 * @work: does the second and third part where nobody waits
 */
struct tier_move {
	struct tier_range range;
	struct tier_object *obj;
	u8 tier;
	bool fill;
	bool later;
	nodemask_t from;
	struct list_head pool;
	struct mem_cgroup *memcg;
	struct eventfd_ctx *done;
	struct work_struct work;
};

static struct tier_range tier_whole(const struct tier_move *move)
{
	return (struct tier_range){
		.file = move->range.file,
		.last = (move->obj->size >> PAGE_SHIFT) - 1,
	};
}

static u64 tier_pages(const struct tier_range *range)
{
	return range->last - range->first + 1;
}

/* ---- what is where ---- */

static u64 folio_pages_within(const struct folio *folio, const struct tier_range *range)
{
	pgoff_t first = max(folio->index, range->first);
	pgoff_t last = min(folio_next_index((struct folio *)folio) - 1, range->last);

	return last - first + 1;
}

static u64 tier_count(const struct tier_range *range, const nodemask_t *nodes)
{
	struct folio_batch batch;
	pgoff_t index = range->first;
	u64 pages = 0;
	unsigned int i;

	folio_batch_init(&batch);
	while (filemap_get_folios(range->file->f_mapping, &index, range->last, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++)
			if (node_isset(folio_nid(batch.folios[i]), *nodes))
				pages += folio_pages_within(batch.folios[i], range);
		folio_batch_release(&batch);
		cond_resched();
	}
	return pages;
}

static u64 tier_count_in(const struct tier_range *range, u8 tier)
{
	nodemask_t nodes;

	tier_nodes(tier, &nodes);
	return tier_count(range, &nodes);
}

/**
 * tier_resident() - how much of a range is in a tier
 * @range: the range
 * @tier: enum agent_tier. SSD: what has a place on the spill volume and is not in memory
 *
 * Context: process; may sleep.
 * Return: bytes.
 */
u64 tier_resident(const struct tier_range *range, u8 tier)
{
	if (tier != AGENT_TIER_SSD)
		return tier_count_in(range, tier) << PAGE_SHIFT;
	if (!tier_object_spills(tier_object_of(range->file)))
		return 0;
	return (tier_pages(range) - tier_count(range, &node_states[N_MEMORY])) << PAGE_SHIFT;
}

/* ---- the first part: what may be refused ---- */

/* Pages to move to: of HBM what is free, for nobody else's are pushed out for them. */
static gfp_t tier_gfp(u8 tier)
{
	const gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_NOWARN | __GFP_NOMEMALLOC;

	return tier == AGENT_TIER_HBM ? gfp & ~__GFP_RECLAIM : gfp | __GFP_RETRY_MAYFAIL;
}

static void tier_empty_pool(struct tier_move *move)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &move->pool, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}

static int tier_fill_pool(struct tier_move *move, u64 pages)
{
	unsigned long got;
	nodemask_t nodes;

	tier_nodes(move->tier, &nodes);
	for (; pages; pages -= got) {
		got = __alloc_pages_bulk(tier_gfp(move->tier), numa_mem_id(), &nodes,
					 min_t(u64, pages, MOVE_BATCH), &move->pool, NULL);
		if (!got)
			return -ENOSPC;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/* Pages of the range that will have come into the tier. */
static u64 tier_coming(const struct tier_move *move)
{
	if (move->tier == AGENT_TIER_SSD)
		return 0;
	if (move->fill)
		return tier_pages(&move->range) - tier_count_in(&move->range, move->tier);
	return tier_count(&move->range, &move->from);
}

/* Pages of the range that will have been moved. */
static u64 tier_going(const struct tier_move *move)
{
	if (move->tier == AGENT_TIER_HBM)
		return tier_coming(move);
	return tier_count(&move->range, &move->from);
}

static int tier_charge(struct tier_move *move)
{
	const struct tier_range whole = tier_whole(move);
	u64 bytes = (tier_count_in(&whole, move->tier) + tier_coming(move)) << PAGE_SHIFT;
	u64 charged = move->obj->charged[move->tier];

	if (move->tier == AGENT_TIER_SSD || bytes <= charged)
		return 0;
	return tier_object_charge(move->obj, move->tier, bytes - charged);
}

/* A tier in which it was mapped is charged whole for as long as it exists; but not HBM. */
static void tier_settle(const struct tier_move *move)
{
	const struct tier_range whole = tier_whole(move);
	u8 tier;

	for (tier = AGENT_TIER_HBM; tier <= AGENT_TIER_RAM; tier++)
		if (tier == AGENT_TIER_HBM || tier != move->obj->home)
			tier_object_settle(move->obj, tier,
					   tier_count_in(&whole, tier) << PAGE_SHIFT);
}

static int tier_prepare(struct tier_move *move)
{
	int err;

	if (move->obj->pinned_by)
		return -EBUSY;
	if (move->tier == AGENT_TIER_SSD && !tier_object_spills(move->obj))
		return -EOPNOTSUPP;
	err = tier_charge(move);
	if (err)
		return err;
	err = tier_fill_pool(move, tier_going(move));
	if (err) {
		tier_empty_pool(move);
		tier_settle(move);
	}
	return err;
}

/* ---- the second part: what takes its time ---- */

/* Nobody would get to see what is still to do. */
static bool tier_stopped(const struct tier_move *move)
{
	cond_resched();
	if (move->later)
		return file_count(move->range.file) == 1;
	return fatal_signal_pending(current);
}

static struct folio *tier_bring(const struct tier_move *move, pgoff_t index)
{
	struct address_space *mapping = move->range.file->f_mapping;

	if (tier_object_spills(move->obj))
		return read_mapping_folio(mapping, index, move->range.file);
	return shmem_read_folio(mapping, index);
}

static int tier_fill(const struct tier_move *move)
{
	const struct tier_range *range = &move->range;
	loff_t start = (loff_t)range->first << PAGE_SHIFT;
	struct folio *folio;
	pgoff_t index;

	if (tier_count(range, &node_states[N_MEMORY]) == tier_pages(range))
		return 0;
	if (tier_object_spills(move->obj))
		vfs_fadvise(range->file, start, (loff_t)tier_pages(range) << PAGE_SHIFT,
			    POSIX_FADV_WILLNEED);
	for (index = range->first; index <= range->last; index = folio_next_index(folio)) {
		if (tier_stopped(move))
			return -EINTR;
		folio = tier_bring(move, index);
		if (IS_ERR(folio))
			return PTR_ERR(folio);
		folio_put(folio);
	}
	return 0;
}

static struct folio *tier_from_pool(struct folio *src, unsigned long private)
{
	struct list_head *pool = (struct list_head *)private;
	struct folio *dst;

	/* Without a page as large as this one it is split. */
	if (folio_test_large(src) || list_empty(pool))
		return NULL;
	dst = list_first_entry(pool, struct folio, lru);
	list_del(&dst->lru);
	return dst;
}

static void tier_to_pool(struct folio *dst, unsigned long private)
{
	list_add(&dst->lru, (struct list_head *)private);
}

/* Off the LRU what there is from *index on, some of it; false: something could not be. */
static bool tier_isolate(const struct tier_move *move, pgoff_t *index, struct list_head *list)
{
	struct folio_batch batch;
	unsigned int i, taken = 0;
	bool all = true;

	folio_batch_init(&batch);
	while (taken < MOVE_BATCH &&
	       filemap_get_folios(move->range.file->f_mapping, index, move->range.last, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++) {
			if (!node_isset(folio_nid(batch.folios[i]), move->from))
				continue;
			if (isolate_folio_to_list(batch.folios[i], list))
				taken++;
			else
				all = false;
		}
		folio_batch_release(&batch);
	}
	return all;
}

/* Once through the range; true: nothing has stayed behind. */
static bool tier_pass(struct tier_move *move)
{
	pgoff_t index = move->range.first, from;
	bool all = true;
	LIST_HEAD(list);

	do {
		from = index;
		all &= tier_isolate(move, &index, &list);
		if (list_empty(&list))
			continue;
		migrate_pages(&list, tier_from_pool, tier_to_pool, (unsigned long)&move->pool,
			      MIGRATE_SYNC, MR_SYSCALL, NULL);
		all &= list_empty(&list);
		putback_movable_pages(&list);
		INIT_LIST_HEAD(&list);
	} while (index != from && index <= move->range.last && !tier_stopped(move));
	return all;
}

static void tier_migrate(struct tier_move *move)
{
	int pass;

	for (pass = 0; pass < MOVE_PASSES && !list_empty(&move->pool); pass++) {
		lru_add_drain_all();	/* pages that wait for the LRU cannot be moved */
		if (tier_pass(move) || tier_stopped(move))
			return;
	}
}

/* What is written to meanwhile stays, in part: it would be in memory at once again. */
static int tier_page_out(const struct tier_move *move)
{
	struct address_space *mapping = move->range.file->f_mapping;
	pgoff_t first, last;
	int err;

	for (first = move->range.first; first <= move->range.last; first = last + 1) {
		last = min(first + MOVE_BATCH - 1, move->range.last);
		err = filemap_write_and_wait_range(mapping, (loff_t)first << PAGE_SHIFT,
						   ((loff_t)(last + 1) << PAGE_SHIFT) - 1);
		if (err)
			return -EIO;	/* to have promised too many blocks is to fail too */
		invalidate_inode_pages2_range(mapping, first, last);
		if (tier_stopped(move))
			return -EINTR;
	}
	return 0;
}

static int tier_run(struct tier_move *move)
{
	struct mem_cgroup *old = set_active_memcg(move->memcg);
	int err = 0;

	if (move->fill)
		err = tier_fill(move);
	if (!err && !list_empty(&move->pool))
		tier_migrate(move);
	if (!err && move->tier == AGENT_TIER_SSD)
		err = tier_page_out(move);
	set_active_memcg(old);
	return err;
}

/* ---- the third part, and all of them ---- */

static void tier_finish(struct tier_move *move)
{
	tier_empty_pool(move);
	tier_settle(move);
	up(&move->obj->moving);
}

static void tier_move_free(struct tier_move *move)
{
	if (move->done)
		eventfd_ctx_put(move->done);
	mem_cgroup_put(move->memcg);
	fput(move->range.file);
	kfree(move);
}

static struct tier_move *tier_move_new(const struct tier_range *range, u8 tier, u32 op)
{
	struct tier_move *move = kzalloc(sizeof(*move), GFP_KERNEL_ACCOUNT);

	if (!move)
		return NULL;
	move->range = *range;
	get_file(range->file);
	move->obj = tier_object_of(range->file);
	move->tier = tier;
	INIT_LIST_HEAD(&move->pool);
	move->memcg = get_mem_cgroup_from_mm(current->mm);
	/* In RAM a promotion leaves what is faster, and a demotion what is slower. */
	move->fill = tier != AGENT_TIER_SSD && op != AGENT_TIER_DEMOTE;
	if (tier == AGENT_TIER_HBM)
		tier_nodes(AGENT_TIER_RAM, &move->from);
	else if (tier == AGENT_TIER_RAM && op != AGENT_TIER_PROMOTE)
		tier_nodes(AGENT_TIER_HBM, &move->from);
	return move;
}

/**
 * tier_move() - move a range, and wait for it
 * @range: the range
 * @tier: where to, a tier that there is
 * @op: AGENT_TIER_MOVE, _PROMOTE or _DEMOTE
 *
 * Context: process; may sleep.
 * Return: 0, and what stayed behind is for tier_resident() to tell; -ENOMEM; -EBUSY if it is
 * pinned; -EOPNOTSUPP if it does not spill; -EPERM, -EDQUOT, -ENOSPC, with nothing moved;
 * -EINTR; -EIO.
 */
int tier_move(const struct tier_range *range, u8 tier, u32 op)
{
	struct tier_move *move = tier_move_new(range, tier, op);
	int err;

	if (!move)
		return -ENOMEM;
	err = down_killable(&move->obj->moving);
	if (!err) {
		err = tier_prepare(move);
		if (!err) {
			err = tier_run(move);
			tier_finish(move);
		} else {
			up(&move->obj->moving);
		}
	}
	tier_move_free(move);
	return err;
}

static void tier_move_work(struct work_struct *work)
{
	struct tier_move *move = container_of(work, struct tier_move, work);

	tier_run(move);		/* how it ended is for a query to tell */
	tier_finish(move);
	eventfd_signal(move->done);
	tier_move_free(move);
}

/**
 * tier_move_later() - check a move, and let it go on without the caller
 * @range: the range
 * @tier: where to, a tier that there is
 * @op: AGENT_TIER_MOVE, _PROMOTE or _DEMOTE
 * @done: is told at the end; taken over
 *
 * The pages of a range that nobody has mapped any more are not moved on.
 *
 * Context: process; may sleep.
 * Return: 0 and @done will be told; or as tier_move() with nothing moved, -EBUSY also if
 * an earlier move is under way.
 */
int tier_move_later(const struct tier_range *range, u8 tier, u32 op, struct eventfd_ctx *done)
{
	struct tier_move *move = tier_move_new(range, tier, op);
	int err;

	if (!move) {
		eventfd_ctx_put(done);
		return -ENOMEM;
	}
	move->done = done;
	move->later = true;
	err = down_trylock(&move->obj->moving) ? -EBUSY : 0;
	if (!err) {
		err = tier_prepare(move);
		if (err)
			up(&move->obj->moving);
	}
	if (err) {
		tier_move_free(move);
		return err;
	}
	INIT_WORK(&move->work, tier_move_work);
	queue_work(system_unbound_wq, &move->work);
	return 0;
}
