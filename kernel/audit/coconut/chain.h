/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A chain: all that makes it up.
 */
#ifndef _AUDIT_COCONUT_CHAIN_H
#define _AUDIT_COCONUT_CHAIN_H

#include <linux/mutex.h>
#include <linux/percpu.h>

#include "log.h"
#include "ring.h"
#include "sealer.h"
#include "share.h"
#include "tpm.h"

/* What is decided is durable within a second: the rest of it is the disk's. */
#define AUDIT_EPOCH_PERIOD	(9 * HZ / 10)

/* On a machine under load whoever died is not back at once. */
#define AUDIT_HOLD		(60 * HZ)

/**
 * struct audit_config - how large a chain is
 * @ring_slots: records in each CPU's ring; a power of two
 * @log_bytes: memory that the log takes at most
 * @epoch_records: records that close an epoch
 * @epoch_period: jiffies after which an epoch is closed; 0: AUDIT_EPOCH_PERIOD
 * @hold: jiffies that a persister which went away is waited for; 0: AUDIT_HOLD
 */
struct audit_config {
	u32 ring_slots;
	size_t log_bytes;
	u32 epoch_records;
	unsigned long epoch_period;
	unsigned long hold;
};

/**
 * struct audit_chain - a chain
 * @open: it takes records; set once, with a release store
 * @boot_id: constant once @open
 * @seq: the last number given out
 * @unopened: records that came before @open or in an NMI, and are lost
 * @rings: one for each possible CPU
 * @share: what each agent holds
 * @log: what is retained
 * @sealer: who moves records from @rings to @log
 * @tpm: what anchors it
 * @seed_lock: @seed, @seed_taken, @linked, @gap, @closing
 * @seed: of the CPUs' keys; zeros once it was taken
 * @seed_taken: it was
 * @linked: the previous boot's head was named
 * @gap: it was said that the previous boot has no end
 * @closing: the SHUTDOWN record was made
 *
 * There is one; tests make others.
 */
struct audit_chain {
	bool open;
	u8 boot_id[AUDIT_BOOT_ID_SIZE];
	atomic64_t seq;
	atomic64_t unopened;
	struct audit_ring __percpu *rings;
	struct audit_share share;
	struct audit_log log;
	struct audit_sealer sealer;
	struct audit_tpm tpm;
	struct mutex seed_lock;		/* see above */
	u8 seed[BLAKE3_KEY_SIZE];
	bool seed_taken;
	bool linked;
	bool gap;
	bool closing;
};

/* ---- chain.c ---- */
int audit_chain_init(struct audit_chain *chain, const struct audit_config *config);
void audit_chain_destroy(struct audit_chain *chain);
u64 audit_chain_add(struct audit_chain *chain, const struct audit_entry *entry);
u64 audit_chain_lost(const struct audit_chain *chain);
bool audit_chain_crowded(const struct audit_chain *chain);

/* ---- throttle.c ---- */
void audit_chain_hold_back(struct audit_chain *chain, u64 aid);
void audit_chain_let_go(struct audit_chain *chain);

/* ---- read.c, walk.c, stats.c ---- */
typedef int (*audit_emit_fn)(void *arg, const char *text, size_t len);
int audit_chain_emit(struct audit_chain *chain, u64 *pos, size_t len, const u64 *aid,
		     audit_emit_fn emit, void *arg);
int audit_chain_visit(struct audit_chain *chain, u64 first_seq, u64 last_seq,
		      audit_chain_fn fn, void *arg);
void audit_chain_figures(struct audit_chain *chain, struct audit_stats *stats);

/* ---- boot.c ---- */
int audit_boot_record(struct audit_chain *chain, const u8 attest_key[32]);
int audit_boot_close(struct audit_chain *chain, const char *how);
int audit_boot_watch(void);

/* ---- init.c ---- */
extern struct audit_chain audit_chain_main;

#endif /* _AUDIT_COCONUT_CHAIN_H */
