// SPDX-License-Identifier: GPL-2.0
/*
 * Keeping memory in the tier that it is in.
 */

#include <linux/agent.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/swap.h>

#include "tier_move.h"
#include "tier_object.h"

/**
 * tier_pin() - move a range, then keep the object that it is of where it is
 * @range: the range
 * @tier: AGENT_TIER_HBM or AGENT_TIER_RAM
 *
 * Its pages are not reclaimed, and no move is begun. The size counts as locked memory.
 *
 * Context: process; may sleep.
 * Return: 0; as tier_move(); -ENOMEM above RLIMIT_MEMLOCK, with the range moved.
 */
int tier_pin(const struct tier_range *range, u8 tier)
{
	struct tier_object *obj = tier_object_of(range->file);
	struct ucounts *ucounts = current_ucounts();
	int err = tier_move(range, tier, AGENT_TIER_MOVE);

	if (!err)
		err = down_killable(&obj->moving);
	if (err)
		return err;
	if (obj->pinned_by) {
		err = -EBUSY;
	} else if (!user_shm_lock(obj->size, ucounts)) {
		err = -ENOMEM;
	} else {
		obj->pinned_by = ucounts;
		mapping_set_unevictable(range->file->f_mapping);
	}
	up(&obj->moving);
	return err;
}

static void tier_evictable(struct address_space *mapping)
{
	struct folio_batch batch;
	pgoff_t index = 0;

	mapping_clear_unevictable(mapping);
	folio_batch_init(&batch);
	while (filemap_get_folios(mapping, &index, ULONG_MAX, &batch)) {
		check_move_unevictable_folios(&batch);
		folio_batch_release(&batch);
		cond_resched();
	}
}

/**
 * tier_unpin() - end what tier_pin() began; of what is not pinned, nothing
 * @range: a part of the object
 *
 * Context: process; may sleep.
 * Return: 0 or -EINTR.
 */
int tier_unpin(const struct tier_range *range)
{
	struct tier_object *obj = tier_object_of(range->file);
	int err = down_killable(&obj->moving);

	if (err)
		return err;
	if (obj->pinned_by) {
		user_shm_unlock(obj->size, obj->pinned_by);
		obj->pinned_by = NULL;
		tier_evictable(range->file->f_mapping);
	}
	up(&obj->moving);
	return 0;
}
