// SPDX-License-Identifier: GPL-2.0
/*
 * The log: epochs in memory, read as text at byte offsets or as records.
 *
 * Only the sealer appends and evicts. Readers find an epoch under the lock, take a
 * reference, and read it without: what lies before text_end never changes.
 */

#include <linux/slab.h>

#include "log.h"

/**
 * audit_log_init - an empty log with an open epoch
 * @log: zeroed
 * @cap: bytes that it should take at most
 * @hold: jiffies that a persister which went away may take to come back
 * @share: where the bytes of each agent are counted
 *
 * Return: 0 or -ENOMEM.
 */
int audit_log_init(struct audit_log *log, size_t cap, unsigned long hold,
		   struct audit_share *share)
{
	mutex_init(&log->lock);
	xa_init(&log->epochs);
	init_waitqueue_head(&log->wait);
	log->cap = cap;
	log->hold = hold;
	log->share = share;
	log->oldest_seq = 1;

	log->open = audit_epoch_alloc();
	if (!log->open)
		return -ENOMEM;
	log->open->first = 1;
	log->bytes = log->open->bytes;
	return xa_err(xa_store(&log->epochs, 0, log->open, GFP_KERNEL));
}

/**
 * audit_log_free - drop all epochs
 * @log: without sealer and readers
 */
void audit_log_free(struct audit_log *log)
{
	struct audit_epoch *epoch;
	unsigned long number;

	xa_for_each(&log->epochs, number, epoch)
		audit_epoch_put(epoch);
	xa_destroy(&log->epochs);
}

/* ---- eviction ---- */

static bool log_may_evict(const struct audit_log *log, const struct audit_epoch *epoch)
{
	if (epoch->number == log->newest)
		return false;
	/*
	 * An empty epoch is durable with the record before it: acknowledgements name
	 * records. By the time that it is the oldest in a full log, its seal has
	 * been there to be read for as long as the log reaches back.
	 */
	return !audit_log_held(log) || epoch->seal.last <= log->persisted_seq;
}

static bool log_evict_oldest(struct audit_log *log)
{
	struct audit_epoch *epoch = NULL;

	mutex_lock(&log->lock);
	epoch = xa_load(&log->epochs, log->oldest);
	if (log_may_evict(log, epoch)) {
		audit_log_settle(log, epoch);
		xa_erase(&log->epochs, log->oldest++);
		WRITE_ONCE(log->oldest_seq, epoch->seal.last + 1);
		WRITE_ONCE(log->bytes, log->bytes - epoch->bytes);
	} else {
		epoch = NULL;
	}
	mutex_unlock(&log->lock);

	audit_epoch_put(epoch);
	return epoch;
}

/**
 * audit_log_make_room - evict what may be evicted, if it is time
 * @log: the log
 *
 * Context: the sealer, may sleep.
 * Return: whether records may be appended.
 */
bool audit_log_make_room(struct audit_log *log)
{
	while (log->bytes >= log->cap)
		if (!log_evict_oldest(log))
			return false;
	return true;
}

/**
 * audit_log_overdrawn - is the log so full that not even a seal should be added
 * @log: the log
 *
 * A persister that stalls for days must not cost all memory in empty epochs.
 *
 * Return: whether it is.
 */
bool audit_log_overdrawn(const struct audit_log *log)
{
	return log->bytes >= log->cap + log->cap / 8;
}

/* ---- appending ---- */

/**
 * audit_log_append - keep a record in the open epoch
 * @log: the log
 * @rec: the next record by number
 *
 * Context: the sealer, may sleep.
 * Return: 0 or -ENOMEM.
 */
int audit_log_append(struct audit_log *log, const struct audit_record *rec)
{
	struct audit_epoch *epoch = log->open;
	struct audit_bucket *bucket = audit_share_bucket(log->share, rec->aid);
	u64 end = atomic64_read(&log->text_end);
	size_t before = epoch->bytes;
	struct audit_record *copy;

	copy = audit_epoch_append(epoch, rec, end);
	if (!copy)
		return -ENOMEM;
	copy->text_len = audit_line_record_len(copy);

	WRITE_ONCE(log->bytes, log->bytes + epoch->bytes - before);
	atomic_long_add(audit_record_size(rec), &bucket->log);
	atomic_long_add(audit_record_size(rec), &log->unpersisted);

	atomic64_set_release(&log->last_seq, rec->seq);
	/* Pairs with the acquire of readers: the record is theirs from here on. */
	atomic64_set_release(&log->text_end, end + copy->text_len);
	return 0;
}

/**
 * audit_log_close - close the open epoch and open the next
 * @log: the log
 * @seal: of the open epoch
 *
 * Context: the sealer, may sleep.
 * Return: 0 or -ENOMEM: nothing was changed.
 */
int audit_log_close(struct audit_log *log, const struct audit_seal *seal)
{
	struct audit_epoch *next = audit_epoch_alloc(), *epoch = log->open;
	u64 end = atomic64_read(&log->text_end) + audit_line_seal_len(seal);
	int err;

	if (!next)
		return -ENOMEM;
	next->number = epoch->number + 1;
	next->first = seal->last + 1;
	next->text_pos = end;

	mutex_lock(&log->lock);
	err = xa_err(xa_store(&log->epochs, next->number, next, GFP_KERNEL));
	if (!err) {
		epoch->seal = *seal;
		log->open = next;
		log->newest = next->number;
		WRITE_ONCE(log->bytes, log->bytes + next->bytes);
		/* As in audit_log_append(). */
		atomic64_set_release(&log->text_end, end);
	}
	mutex_unlock(&log->lock);

	if (err)
		audit_epoch_put(next);
	return err;
}

/**
 * audit_log_wake - tell readers that the log grew
 * @log: the log
 */
void audit_log_wake(struct audit_log *log)
{
	if (wq_has_sleeper(&log->wait))
		wake_up_interruptible_all(&log->wait);
}

/* ---- finding ---- */

static bool starts_at_or_before(const struct audit_epoch *epoch, u64 pos)
{
	return epoch->text_pos <= pos;
}

static bool counts_from_or_before(const struct audit_epoch *epoch, u64 seq)
{
	return epoch->first <= seq;
}

/* The last epoch that begins in time, else the oldest. */
static struct audit_epoch *log_find(struct audit_log *log, u64 value,
				    bool (*begins)(const struct audit_epoch *, u64))
{
	struct audit_epoch *epoch;
	u64 low, high;

	mutex_lock(&log->lock);
	low = log->oldest;
	high = log->newest;
	while (low < high) {
		u64 middle = high - (high - low) / 2;

		if (begins(xa_load(&log->epochs, middle), value))
			low = middle;
		else
			high = middle - 1;
	}
	epoch = audit_epoch_get(xa_load(&log->epochs, low));
	mutex_unlock(&log->lock);
	return epoch;
}

/**
 * audit_log_find_text - the epoch that holds a byte of the log
 * @log: the log
 * @pos: its offset since boot
 *
 * Return: the epoch, or the oldest where that was evicted; with a reference.
 */
struct audit_epoch *audit_log_find_text(struct audit_log *log, u64 pos)
{
	return log_find(log, pos, starts_at_or_before);
}

/**
 * audit_log_find_seq - the epoch that holds a record
 * @log: the log
 * @seq: its number
 *
 * Return: as audit_log_find_text().
 */
struct audit_epoch *audit_log_find_seq(struct audit_log *log, u64 seq)
{
	return log_find(log, seq, counts_from_or_before);
}

/**
 * audit_log_find_epoch - an epoch by its number
 * @log: the log
 * @number: at most one above that of an epoch which was sealed
 *
 * Return: as audit_log_find_text().
 */
struct audit_epoch *audit_log_find_epoch(struct audit_log *log, u64 number)
{
	struct audit_epoch *epoch;

	mutex_lock(&log->lock);
	epoch = audit_epoch_get(xa_load(&log->epochs, max(number, log->oldest)));
	mutex_unlock(&log->lock);
	return epoch;
}
