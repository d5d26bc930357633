// SPDX-License-Identifier: GPL-2.0
/*
 * Memory tiers of the caller's own memory. What is reported is what was achieved,
 * counted in the page tables, never what was asked for.
 */

#include <linux/agent.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagewalk.h>

#include "tier.h"

static int tier_count_pmd(pmd_t *pmd, unsigned long addr, unsigned long next,
			  struct mm_walk *walk)
{
	spinlock_t *ptl = pmd_trans_huge_lock(pmd, walk->vma);
	u64 *bytes = walk->private;

	if (!ptl)
		return 0;
	if (pmd_present(*pmd))
		*bytes += next - addr;
	spin_unlock(ptl);
	walk->action = ACTION_CONTINUE;	/* counting splits no huge page */
	return 0;
}

static int tier_count_pte(pte_t *pte, unsigned long addr, unsigned long next,
			  struct mm_walk *walk)
{
	u64 *bytes = walk->private;

	if (pte_present(ptep_get(pte)))
		*bytes += next - addr;
	return 0;
}

static const struct mm_walk_ops tier_count_ops = {
	.pmd_entry	= tier_count_pmd,
	.pte_entry	= tier_count_pte,
	.walk_lock	= PGWALK_RDLOCK,
};

static int tier_resident(struct agent_memory_tier_args *args)
{
	struct mm_struct *mm = current->mm;
	int err;

	args->achieved = 0;
	if (mmap_read_lock_killable(mm))
		return -EINTR;
	err = walk_page_range(mm, args->address, args->address + args->length,
			      &tier_count_ops, &args->achieved);
	mmap_read_unlock(mm);
	return err;
}

static int tier_map(struct agent_memory_tier_args *args)
{
	unsigned long addr;

	addr = vm_mmap(NULL, 0, args->length, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (IS_ERR_VALUE(addr))
		return addr;
	args->address = addr;
	args->achieved = 0;
	return 0;
}

static int tier_move(struct agent_memory_tier_args *args)
{
	int err = __mm_populate(args->address, args->length, 0);

	return err ?: tier_resident(args);
}

static int tier_range(const struct agent_memory_tier_args *args)
{
	u64 end;

	if (!args->length || !PAGE_ALIGNED(args->length) || !PAGE_ALIGNED(args->address))
		return -EINVAL;
	if (check_add_overflow(args->address, args->length, &end) || end > TASK_SIZE)
		return -EINVAL;
	return 0;
}

/**
 * agent_tier() - map, count or move memory of current in a tier
 * @args: what to do, with a tier and an operation that there are; and what was achieved
 *
 * Context: may sleep.
 * Return: 0; -EINVAL; -ENODEV without such a tier; -ENOMEM; -EINTR; and on moving what
 * faulting in the pages says.
 */
int agent_tier(struct agent_memory_tier_args *args)
{
	int err = tier_range(args);

	if (err)
		return err;
	if (args->tier != AGENT_TIER_RAM)
		return -ENODEV;
	switch (args->op) {
	case AGENT_TIER_MAP:
		return tier_map(args);
	case AGENT_TIER_QUERY:
		return tier_resident(args);
	default:
		return tier_move(args);
	}
}
