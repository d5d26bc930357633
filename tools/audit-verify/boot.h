/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The boot of a log that is being read: what came so far, and what must come next.
 */
#ifndef _AUDIT_VERIFY_BOOT_H
#define _AUDIT_VERIFY_BOOT_H

#include "line.h"
#include "state.h"
#include "verify.h"

/**
 * struct link - what LINK records say
 * @before: the verdict on the boot before; INTACT: nothing bad
 * @last: then, the last record that it had
 * @strange: another boot was named than stands before
 * @id: which boot was named last
 * @any: one was
 */
struct link {
	enum verdict before;
	u64 last;
	bool strange;
	u8 id[AUDIT_BOOT_ID_SIZE];
	bool any;
};

/**
 * struct boot - the boot that is being read
 * @report: what is found of it; NULL before the first
 * @begun: its first line was seen
 * @named: @id is known
 * @id: boot id
 * @seq: of the record that comes next
 * @first: of the epoch's first record
 * @epoch: that is being read
 * @joined: the log starts with this epoch, which is not the boot's first
 * @trusted: the first seal is by a key that was given
 * @signed_by: @key is known
 * @key: that signs this epoch
 * @headed: @hashes.head is that of the chain; false before the first seal of a log that
 *	starts late
 * @event: of the last record in this epoch
 * @any: there is a record in this epoch
 * @lost: what this epoch's records say was lost
 * @link: what this epoch's records say of the boot before
 * @macs: keys of the CPUs
 * @hashes: head and tree
 * @seals: tree over the lines of its seals, where there is a checkpoint to be checked
 */
struct boot {
	struct boot_report *report;
	bool begun;
	bool named;
	u8 id[AUDIT_BOOT_ID_SIZE];
	u64 seq;
	u64 first;
	u64 epoch;
	bool joined;
	bool trusted;
	bool signed_by;
	u8 key[ED25519_PUBLIC_SIZE];
	bool headed;
	unsigned int event;
	bool any;
	u64 lost;
	struct link link;
	struct mac_keys macs;
	struct hashes hashes;
	struct tlog seals;
};

/**
 * struct verifier - a log that is being verified
 * @known: of it beforehand
 * @source: its lines
 * @report: what is found
 * @boot: that is being read
 */
struct verifier {
	const struct known *known;
	const struct source *source;
	struct report *report;
	struct boot boot;
};

/* ---- boot.c ---- */
bool bad_range(struct boot *boot, u64 first, u64 last, const char *why);
bool bad(struct boot *boot, const char *why);
bool bad_epoch(struct boot *boot, const char *why);
void boot_new(struct verifier *v);
void boot_name(struct boot *boot, const u8 id[AUDIT_BOOT_ID_SIZE]);
void boot_join(struct boot *boot, u64 seq);
bool boot_begin(struct verifier *v, const struct audit_record *rec,
		const u8 id[AUDIT_BOOT_ID_SIZE]);
void boot_close(struct verifier *v, bool last);

/* ---- epoch.c ---- */
void epoch_new(struct boot *boot);
bool epoch_record(struct verifier *v, const struct audit_record *rec);
bool epoch_seal(struct verifier *v, const char *line, size_t len);
void epoch_settle(struct verifier *v);

/* ---- link.c ---- */
void link_read(struct verifier *v, const struct audit_record *rec);
void link_settle(struct verifier *v);
void link_check_order(struct report *report);
void link_check_counters(struct report *report);

#endif /* _AUDIT_VERIFY_BOOT_H */
