/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The audit chain: what the rest of the kernel may ask of it.
 */
#ifndef _LINUX_AUDIT_CHAIN_H
#define _LINUX_AUDIT_CHAIN_H

#include <linux/types.h>
#include <crypto/blake3.h>
#include <uapi/linux/agent.h>

#define AUDIT_CHAIN_OBJECT_MAX	256	/* bytes; longer objects keep their tail */

struct poll_table_struct;
struct file;

/**
 * struct audit_entry - what the caller knows of a record
 * @aid: the agent that acted
 * @event: enum agent_event
 * @class: enum agent_class
 * @decision: enum agent_decision
 * @capability: the capability that decided, 0 where none did
 * @rights: of @class, all that were asked for; 0 where none were
 * @result: 0 or a negative errno
 * @object: what it was done to, bytes, not terminated
 * @object_len: at most AUDIT_CHAIN_OBJECT_MAX
 * @urgent: to be sealed at once, not with its epoch; a denial is, whatever this says
 */
struct audit_entry {
	u64 aid;
	u16 event;
	u8 class;
	u8 decision;
	u64 capability;
	u64 rights;
	s32 result;
	u16 object_len;
	bool urgent;
	const void *object;
};

/* What the TPM does for the chain. */
enum audit_anchored {
	AUDIT_ANCHORED_NOT,	/* there is none */
	AUDIT_ANCHORED_PCR,	/* it takes heads; its root did not sign the BOOT record */
	AUDIT_ANCHORED_ROOT,	/* both */
	AUDIT_ANCHORED_LOST,	/* it does not answer any more */
};

/* Sequence number, times, boot, CPU and TID are the chain's to add. */
struct audit_stats {
	u64 recorded;		/* sequence numbers given out */
	u64 sealed;
	u64 in_flight;		/* recorded - sealed */
	u64 lost;		/* must be 0 */
	u64 waits;		/* a producer had to wait for room */
	u64 reserve_used;	/* records that drew on the reserve */
	u64 epochs;
	u64 persisted_seq;
	u64 oldest_seq;		/* first record still readable in memory */
	enum audit_anchored anchored;
	u64 tpm_counter;	/* when the chain was opened; 0: not counted */
	u64 tpm_extends;	/* heads that went into the PCR */
	u8 head[BLAKE3_OUT_SIZE];
};

#ifdef CONFIG_COCONUT_AUDIT

/*
 * Opens the chain: rings, keys, BOOT record, sealer. Once, from the init of the
 * agent core, before the first record; attest_key is the public key that the
 * BOOT record vouches for.
 */
void audit_chain_open(const u8 attest_key[32]);

/* May sleep until the agent's share of the ring has room. */
void audit_chain_throttle(u64 aid);
/* Any context but NMI. Returns the sequence number; 0: lost, and counted as such. */
u64 audit_chain_append(const struct audit_entry *entry);

void audit_chain_head(u8 head[BLAKE3_OUT_SIZE], u64 *last_seq);
void audit_chain_stats(struct audit_stats *stats);
const u8 *audit_chain_boot_id(void);		/* 16 bytes */
int audit_chain_take_seed(u8 seed[BLAKE3_KEY_SIZE]);	/* -EALREADY the second time */
int audit_chain_flush(void);			/* seal all that is recorded; may sleep */

/*
 * Readers; pos is a byte offset in the log as text since boot. At the end of the
 * log 0 with nonblock, else they wait. What was evicted is passed over.
 */
ssize_t audit_chain_log_read(char __user *buf, size_t len, loff_t *pos, bool nonblock);
/* Only the lines of one agent; pos as above, advanced past what was looked at. */
ssize_t audit_chain_log_read_aid(u64 aid, char __user *buf, size_t len, loff_t *pos);
__poll_t audit_chain_log_poll(struct file *file, struct poll_table_struct *wait, loff_t pos);
int audit_chain_persisted(u64 seq);
void audit_chain_persister(bool attached);
int audit_chain_link(const struct agent_audit_link *link);
int audit_chain_gap(u64 last_seq);
int audit_chain_close(void);			/* final seal; no agent acts after it */

/*
 * Walks the records of the log from first_seq on, those of the open epoch included;
 * fn may sleep, returns 0 to go on, else the walk ends with it.
 */
struct audit_record_view {
	u64 seq, aid;
	u16 event;
	u8 class, decision;
	const u8 *bytes;	/* the deterministic CBOR that is hashed */
	size_t len;
};

typedef int (*audit_chain_fn)(const struct audit_record_view *rec, void *arg);
int audit_chain_walk(u64 first_seq, u64 last_seq, audit_chain_fn fn, void *arg);

#else

static inline void audit_chain_throttle(u64 aid) {}
static inline u64 audit_chain_append(const struct audit_entry *entry) { return 0; }

#endif

#endif /* _LINUX_AUDIT_CHAIN_H */
