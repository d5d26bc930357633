// SPDX-License-Identifier: GPL-2.0
/*
 * Memory tiers of the caller's own memory. What is reported is what was achieved, counted
 * in the pages themselves, never what was asked for.
 */

#include <linux/agent.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>

#include "tier.h"
#include "tier_move.h"
#include "tier_object.h"

/**
 * struct tier_call - what goes with an operation
 * @do_range: does it to a range of memory that is mapped; NULL: to map it
 * @later: it may go on in the background
 * @tiers: those that it makes sense for, by bit
 */
struct tier_call {
	int (*do_range)(const struct tier_range *range, u8 tier, u32 op);
	bool later;
	u8 tiers;
};

#define TIER_ANY (BIT(AGENT_TIER_HBM) | BIT(AGENT_TIER_RAM) | BIT(AGENT_TIER_SSD))

static int tier_query(const struct tier_range *range, u8 tier, u32 op)
{
	return 0;	/* what was achieved is told after every operation */
}

static int tier_pin_range(const struct tier_range *range, u8 tier, u32 op)
{
	return tier_pin(range, tier);
}

static int tier_unpin_range(const struct tier_range *range, u8 tier, u32 op)
{
	return tier_unpin(range);
}

static const struct tier_call tier_calls[] = {
	[AGENT_TIER_MAP]	= { NULL, false, TIER_ANY },
	[AGENT_TIER_QUERY]	= { tier_query, false, TIER_ANY },
	[AGENT_TIER_MOVE]	= { tier_move, true, TIER_ANY },
	[AGENT_TIER_PROMOTE]	= { tier_move, true, TIER_ANY & ~BIT(AGENT_TIER_SSD) },
	[AGENT_TIER_DEMOTE]	= { tier_move, true, TIER_ANY & ~BIT(AGENT_TIER_HBM) },
	[AGENT_TIER_PIN]	= { tier_pin_range, false, TIER_ANY & ~BIT(AGENT_TIER_SSD) },
	[AGENT_TIER_UNPIN]	= { tier_unpin_range, false, TIER_ANY },
};

static struct agent *tier_owner(void)
{
	return agent_current() ?: &agent_boot;
}

/* ---- mapping ---- */

/* The pages are where they should be before there is anything to unmap on failure. */
static int tier_map(struct agent_memory_tier_args *args)
{
	struct tier_range range = { .last = (args->length >> PAGE_SHIFT) - 1 };
	unsigned long addr;
	int err = 0;

	range.file = tier_object_file(tier_owner(), args->tier, args->length);
	if (IS_ERR(range.file))
		return PTR_ERR(range.file);
	if (args->tier == AGENT_TIER_HBM)
		err = tier_move(&range, args->tier, AGENT_TIER_MOVE);
	if (!err) {
		addr = vm_mmap(range.file, 0, args->length, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
		err = IS_ERR_VALUE(addr) ? (long)addr : 0;
	}
	if (!err) {
		args->address = addr;
		args->achieved = tier_resident(&range, args->tier);
	}
	fput(range.file);
	return err;
}

/* ---- what is mapped ---- */

/* One mapping may have come apart, by mprotect(2) for one. */
static bool tier_continues(struct tier_range *range, struct vm_area_struct *vma,
			   unsigned long addr)
{
	const struct tier_object *obj = tier_object_of(vma->vm_file);
	pgoff_t index = linear_page_index(vma, addr);

	if (!obj || obj->agent != tier_owner())
		return false;
	if (!range->file) {
		range->file = get_file(vma->vm_file);
		range->first = index;
	} else if (range->file != vma->vm_file || index != range->last + 1) {
		return false;
	}
	range->last = index + ((vma->vm_end - addr) >> PAGE_SHIFT) - 1;
	return true;
}

static int tier_find_locked(const struct agent_memory_tier_args *args, struct tier_range *range)
{
	unsigned long end = args->address + args->length, addr = args->address;
	struct vm_area_struct *vma;

	for (; addr < end; addr = vma->vm_end) {
		vma = vma_lookup(current->mm, addr);
		if (!vma || !tier_continues(range, vma, addr))
			return -EFAULT;
	}
	range->last = range->first + (args->length >> PAGE_SHIFT) - 1;
	/* mremap(2) makes a mapping longer, not what it maps. */
	if (range->last >= tier_object_of(range->file)->size >> PAGE_SHIFT)
		return -EFAULT;
	return 0;
}

/* The file stays, whatever becomes of the mapping meanwhile. */
static int tier_find(const struct agent_memory_tier_args *args, struct tier_range *range)
{
	int err;

	if (mmap_read_lock_killable(current->mm))
		return -EINTR;
	err = tier_find_locked(args, range);
	mmap_read_unlock(current->mm);
	if (err && range->file)
		fput(range->file);
	return err;
}

static int tier_do_range(struct agent_memory_tier_args *args, struct eventfd_ctx *done)
{
	struct tier_range range = {};
	int err = tier_find(args, &range);

	if (err) {
		if (done)
			eventfd_ctx_put(done);
		return err;
	}
	if (done)
		err = tier_move_later(&range, args->tier, args->op, done);
	else
		err = tier_calls[args->op].do_range(&range, args->tier, args->op);
	args->achieved = tier_resident(&range, args->tier);
	fput(range.file);
	return err;
}

static int tier_in_background(struct agent_memory_tier_args *args)
{
	struct eventfd_ctx *done = eventfd_ctx_fdget(args->event_fd);

	return IS_ERR(done) ? PTR_ERR(done) : tier_do_range(args, done);
}

/* ---- the call ---- */

static int tier_valid(const struct agent_memory_tier_args *args)
{
	const struct tier_call *call = &tier_calls[args->op];
	u64 end;

	if (!args->length || !PAGE_ALIGNED(args->length))
		return -EINVAL;
	if (!(call->tiers & BIT(args->tier)) || (args->flags & AGENT_TIER_EVENT && !call->later))
		return -EINVAL;
	if (call->do_range && !PAGE_ALIGNED(args->address))
		return -EINVAL;
	if (check_add_overflow(call->do_range ? args->address : 0, args->length, &end) ||
	    end > TASK_SIZE)
		return -EINVAL;
	return agent_tier_there(args->tier) ? 0 : -ENODEV;
}

/**
 * agent_tier() - map, count, move or pin memory of current in a tier
 * @args: what to do, with a tier and an operation that there are; and what was achieved
 *
 * Context: may sleep.
 * Return: 0; -EINVAL; -ENODEV without such a tier; -EFAULT for memory that was not mapped
 * so, or by another agent; -EBADF; and what mapping, moving and pinning say.
 */
int agent_tier(struct agent_memory_tier_args *args)
{
	int err = tier_valid(args);

	args->achieved = 0;
	if (err)
		return err;
	if (!tier_calls[args->op].do_range)
		return tier_map(args);
	return args->flags & AGENT_TIER_EVENT ? tier_in_background(args) :
						tier_do_range(args, NULL);
}
