/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is found of a log: the verdict on each boot, and on the whole.
 */
#ifndef _AUDIT_VERIFY_REPORT_H
#define _AUDIT_VERIFY_REPORT_H

#include "opening.h"
#include "record.h"

#define REASON_MAX	160
#define REASONS_MAX	8

/* From best to worst. */
enum verdict {
	INTACT,
	UNANCHORED,
	INCOMPLETE,
	TRUNCATED,
	TAMPERED,
};

/**
 * struct boot_report - what is found of one boot
 * @verdict: what its log is
 * @boot: boot id
 * @known: @boot could be read
 * @records: how many were checked
 * @epochs: how many seals were checked
 * @pruned: records that are not there any more, under seals that are
 * @first_seq: first record that there is
 * @last_seq: last record under a seal
 * @head: of the chain after @last_seq
 * @unsealed: records after the last seal
 * @lost: records that the kernel says it could not keep
 * @bad: the three below say something
 * @bad_seq: the first bad record
 * @bad_last: end of the range where it cannot be told closer
 * @bad_epoch: the epoch that it is in
 * @epoch_known: @bad_epoch says something
 * @anchored: the key of the first epoch was known beforehand
 * @macs: the MACs were checked
 * @final: there is a last seal
 * @counted: the boot record has a count of the TPM's
 * @counter: which
 * @rooted: the TPM's root signed the boot record
 * @anchor: public key of the root
 * @late: its first seals are not there
 * @other_seals: where the checkpoint ends, its seals are others
 * @recovered: its end outlived a reset in memory; not said of what was tampered with
 * @linked: it names a boot before
 * @link: which
 * @nr_reasons: of @reasons
 * @reasons: why it is no better
 */
struct boot_report {
	enum verdict verdict;
	u8 boot[AUDIT_BOOT_ID_SIZE];
	bool known;
	u64 records;
	u64 epochs;
	u64 pruned;
	u64 first_seq;
	u64 last_seq;
	u8 head[BLAKE3_OUT_SIZE];
	u64 unsealed;
	u64 lost;
	bool bad;
	u64 bad_seq;
	u64 bad_last;
	u64 bad_epoch;
	bool epoch_known;
	bool anchored;
	bool macs;
	bool final;
	bool counted;
	u64 counter;
	bool rooted;
	u8 anchor[ED25519_PUBLIC_SIZE];
	bool late;
	bool other_seals;
	bool recovered;
	bool linked;
	u8 link[AUDIT_BOOT_ID_SIZE];
	unsigned int nr_reasons;
	char reasons[REASONS_MAX][REASON_MAX];
};

/**
 * struct report - what is found of a log
 * @boots: in their order
 * @nr: how many
 */
struct report {
	struct boot_report *boots;
	size_t nr;
};

struct boot_report *report_boot(struct report *report);
__attribute__((__format__(printf, 3, 4)))
void report_worsen(struct boot_report *boot, enum verdict verdict, const char *form, ...);
void report_free(struct report *report);
int report_exit_code(const struct report *report);
void report_print(const struct report *report, bool json);

#endif /* _AUDIT_VERIFY_REPORT_H */
