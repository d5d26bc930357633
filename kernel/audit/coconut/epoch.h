/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The records of an epoch in memory.
 */
#ifndef _AUDIT_COCONUT_EPOCH_H
#define _AUDIT_COCONUT_EPOCH_H

#include <linux/kref.h>
#include <linux/types.h>

#include "line.h"

/**
 * struct audit_chunk - records one after the other
 * @next: younger chunk of the same epoch; set once, with a release store
 * @text_pos: where the line of its first record begins in the log; constant
 * @first: number of its first record; constant
 * @used: bytes of @data; the sealer's, others use READ_ONCE()
 * @size: bytes that @data has; constant
 * @data: struct audit_record, each as long as audit_record_size() says
 */
struct audit_chunk {
	struct audit_chunk *next;
	u64 text_pos;
	u64 first;
	u32 used;
	u32 size;
	u8 data[] __aligned(8);
};

/**
 * struct audit_epoch - an epoch; the unit of eviction
 * @ref: the log's, and one for each reader that stands in it
 * @number: from 0; constant
 * @first: number of its first record, if it has one; constant
 * @text_pos: where its first line begins in the log; constant
 * @chunks: oldest; set once, with a release store
 * @youngest: where the sealer appends; the sealer's
 * @count: records; the sealer's
 * @bytes: memory that it takes; the sealer's
 * @persisted: its bytes were taken off the shares; log->lock
 * @seal: constant once the end of the log has passed its line
 */
struct audit_epoch {
	struct kref ref;
	u64 number;
	u64 first;
	u64 text_pos;
	struct audit_chunk *chunks;
	struct audit_chunk *youngest;
	u32 count;
	size_t bytes;
	bool persisted;
	struct audit_seal seal;
};

struct audit_epoch *audit_epoch_alloc(void);
struct audit_epoch *audit_epoch_get(struct audit_epoch *epoch);
void audit_epoch_put(struct audit_epoch *epoch);
struct audit_record *audit_epoch_append(struct audit_epoch *epoch,
					const struct audit_record *rec, u64 text_pos);

#endif /* _AUDIT_COCONUT_EPOCH_H */
