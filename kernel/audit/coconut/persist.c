// SPDX-License-Identifier: GPL-2.0
/*
 * Persisters: who reads the log to keep it, and how far that is done.
 *
 * While one is attached, nothing leaves memory that it has not acknowledged; when
 * it falls behind, producers are held back (throttle.c).
 */

#include <linux/errno.h>
#include <linux/jiffies.h>

#include "log.h"

/**
 * audit_log_held - must records stay until they are acknowledged
 * @log: the log
 *
 * Context: any.
 * Return: whether they must.
 */
bool audit_log_held(const struct audit_log *log)
{
	if (READ_ONCE(log->persisters))
		return true;
	return READ_ONCE(log->ever_held) && time_before(jiffies, READ_ONCE(log->held_until));
}

/**
 * audit_log_attach - a persister opened the log
 * @log: the log
 */
void audit_log_attach(struct audit_log *log)
{
	mutex_lock(&log->lock);
	WRITE_ONCE(log->persisters, log->persisters + 1);
	mutex_unlock(&log->lock);
}

/**
 * audit_log_detach - a persister closed the log
 * @log: the log
 */
void audit_log_detach(struct audit_log *log)
{
	mutex_lock(&log->lock);
	WRITE_ONCE(log->held_until, jiffies + log->hold);
	WRITE_ONCE(log->ever_held, true);
	if (!WARN_ON_ONCE(!log->persisters))
		WRITE_ONCE(log->persisters, log->persisters - 1);
	mutex_unlock(&log->lock);
}

static void settle_record(struct audit_log *log, const struct audit_record *rec)
{
	long size = audit_record_size(rec);

	atomic_long_sub(size, &audit_share_bucket(log->share, rec->aid)->log);
	atomic_long_sub(size, &log->unpersisted);
}

/**
 * audit_log_settle - take a sealed epoch's bytes off the shares
 * @log: the log, locked
 * @epoch: durable, or about to be evicted
 */
void audit_log_settle(struct audit_log *log, struct audit_epoch *epoch)
{
	const struct audit_chunk *chunk;
	u32 offset;

	lockdep_assert_held(&log->lock);
	if (epoch->persisted)
		return;
	epoch->persisted = true;
	for (chunk = epoch->chunks; chunk; chunk = chunk->next) {
		for (offset = 0; offset < chunk->used;) {
			const void *rec = chunk->data + offset;

			settle_record(log, rec);
			offset += audit_record_size(rec);
		}
	}
}

/**
 * audit_log_acknowledge - all records up to one are durable
 * @log: the log
 * @seq: its number; an older one than before changes nothing
 *
 * Return: 0, or -EINVAL where the log has no such record.
 */
int audit_log_acknowledge(struct audit_log *log, u64 seq)
{
	struct audit_epoch *epoch;

	if (seq > atomic64_read_acquire(&log->last_seq))
		return -EINVAL;

	mutex_lock(&log->lock);
	if (seq > log->persisted_seq)
		WRITE_ONCE(log->persisted_seq, seq);
	log->persisted_epoch = max(log->persisted_epoch, log->oldest);
	while (log->persisted_epoch < log->newest) {
		epoch = xa_load(&log->epochs, log->persisted_epoch);
		if (epoch->seal.last > log->persisted_seq)
			break;
		audit_log_settle(log, epoch);
		log->persisted_epoch++;
	}
	mutex_unlock(&log->lock);
	return 0;
}

/**
 * audit_log_persisted - is every sealed epoch acknowledged
 * @log: the log
 *
 * Return: whether each was acknowledged since it was sealed.
 */
bool audit_log_persisted(struct audit_log *log)
{
	bool persisted;

	mutex_lock(&log->lock);
	persisted = log->persisted_epoch == log->newest;
	mutex_unlock(&log->lock);
	return persisted;
}
