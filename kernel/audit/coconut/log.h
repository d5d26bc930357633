/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The log: epochs in memory, read as text at byte offsets or as records.
 */
#ifndef _AUDIT_COCONUT_LOG_H
#define _AUDIT_COCONUT_LOG_H

#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "epoch.h"
#include "share.h"

/**
 * struct audit_log - what is retained
 * @lock: @epochs, @oldest, @newest, @persisters, @persisted_epoch; never held
 *	while an epoch's records are looked at
 * @epochs: by number, none missing from @oldest to @newest
 * @oldest: number of the first epoch still held
 * @newest: number of the open one
 * @open: the open one; the sealer's
 * @bytes: memory taken; written by the sealer
 * @cap: how much it should be at most; constant
 * @unpersisted: bytes of records that no persister acknowledged
 * @text_end: how long the log is as text since boot. Set with a release store
 *	after what it covers is written: readers that load it with acquire may read
 *	all before it without a lock
 * @last_seq: last record in the log; as @text_end
 * @oldest_seq: first record in the log; written under @lock
 * @persisted_seq: all up to it is durable; written under @lock
 * @persisted_epoch: first epoch whose bytes count in @unpersisted
 * @persisters: how many are attached
 * @hold: jiffies that a persister which went away may take to come back; constant
 * @held_until: jiffies until which a persister that went away may come back
 * @ever_held: a persister was attached before
 * @share: whose bytes they are
 * @wait: readers at the end
 */
struct audit_log {
	struct mutex lock;		/* see above */
	struct xarray epochs;
	u64 oldest;
	u64 newest;
	struct audit_epoch *open;
	size_t bytes;
	size_t cap;
	atomic_long_t unpersisted;
	atomic64_t text_end;
	atomic64_t last_seq;
	u64 oldest_seq;
	u64 persisted_seq;
	u64 persisted_epoch;
	unsigned int persisters;
	unsigned long hold;
	unsigned long held_until;
	bool ever_held;
	struct audit_share *share;
	wait_queue_head_t wait;
};

int audit_log_init(struct audit_log *log, size_t cap, unsigned long hold,
		   struct audit_share *share);
void audit_log_free(struct audit_log *log);

/* ---- the sealer ---- */
bool audit_log_make_room(struct audit_log *log);
bool audit_log_overdrawn(const struct audit_log *log);
int audit_log_append(struct audit_log *log, const struct audit_record *rec);
int audit_log_close(struct audit_log *log, const struct audit_seal *seal);
void audit_log_wake(struct audit_log *log);

/* ---- readers ---- */
struct audit_epoch *audit_log_find_text(struct audit_log *log, u64 pos);
struct audit_epoch *audit_log_find_seq(struct audit_log *log, u64 seq);
struct audit_epoch *audit_log_find_epoch(struct audit_log *log, u64 number);

/* ---- persisters ---- */
bool audit_log_held(const struct audit_log *log);
void audit_log_attach(struct audit_log *log);
void audit_log_detach(struct audit_log *log);
int audit_log_acknowledge(struct audit_log *log, u64 seq);
bool audit_log_persisted(struct audit_log *log);
void audit_log_settle(struct audit_log *log, struct audit_epoch *epoch);

#endif /* _AUDIT_COCONUT_LOG_H */
