/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sealer: from the rings to the log, in order, and closed into epochs.
 */
#ifndef _AUDIT_COCONUT_SEALER_H
#define _AUDIT_COCONUT_SEALER_H

#include <linux/irq_work.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "merkle.h"
#include "seal.h"

struct audit_chain;
struct audit_config;
struct task_struct;

/* How a producer is to treat the sealer. */
enum audit_sealer_state {
	AUDIT_SEALER_BUSY,	/* it looks at the rings by itself */
	AUDIT_SEALER_NAP,	/* it will soon: wake it if a ring is half full */
	AUDIT_SEALER_IDLE,	/* wake it */
};

/**
 * struct audit_sealer - the sealer of a chain
 * @task: the kthread
 * @state: enum audit_sealer_state
 * @kick: wakes @task from where a wake-up is not allowed
 * @cpu: whose ring had the last record; its own
 * @next: number of the next record to take; its own
 * @count: records in the open epoch; its own
 * @tree: of the open epoch; its own
 * @running: head after the last record taken; its own
 * @linked: the head before a record and its bytes; its own
 * @leaf: a first byte and the same bytes; its own
 * @key: of the open epoch; its own
 * @lost_told: how many lost records have a record of that; its own
 * @stalled: there was no room in the log or no memory; its own
 * @urgent: a record in the open epoch is not to wait for the deadline; its own
 * @began_ns: monotonic time at which the open epoch began; its own
 * @deadline: jiffies at which the open epoch closes; its own
 * @epoch_records: records that close an epoch; constant
 * @epoch_period: jiffies after which an epoch is closed; constant
 * @flush_seq: seal up to here at once
 * @final_seq: last record that is ever sealed; 0: not yet known
 * @closed: the final seal is made
 * @lock: @head, @sealed_seq and @epochs, as one
 * @head: head after the last sealed record
 * @sealed_seq: the last sealed record
 * @epochs: sealed epochs
 * @sealed: records that were sealed, counted one by one
 * @wait: for a seal
 */
struct audit_sealer {
	struct task_struct *task;
	atomic_t state;
	struct irq_work kick;

	unsigned int cpu;
	u64 next;
	u64 count;
	struct audit_merkle tree;
	u8 running[BLAKE3_OUT_SIZE];
	u8 linked[BLAKE3_OUT_SIZE + AUDIT_RECORD_CBOR_MAX];
	u8 leaf[1 + AUDIT_RECORD_CBOR_MAX];
	struct audit_seal_key key;
	u64 lost_told;
	bool stalled;
	bool urgent;
	u64 began_ns;
	unsigned long deadline;
	u32 epoch_records;
	unsigned long epoch_period;

	atomic64_t flush_seq;
	atomic64_t final_seq;
	bool closed;

	spinlock_t lock;		/* see above */
	u8 head[BLAKE3_OUT_SIZE];
	u64 sealed_seq;
	u64 epochs;
	u64 sealed;
	wait_queue_head_t wait;
};

void audit_sealer_init(struct audit_chain *chain, const struct audit_config *config);
int audit_sealer_start(struct audit_chain *chain);
void audit_sealer_stop(struct audit_chain *chain);

void audit_sealer_notice(struct audit_chain *chain, u32 used, u32 size);
void audit_sealer_wake(struct audit_chain *chain);
int audit_sealer_flush(struct audit_chain *chain, u64 seq);
int audit_sealer_finish(struct audit_chain *chain, u64 seq);

#endif /* _AUDIT_COCONUT_SEALER_H */
