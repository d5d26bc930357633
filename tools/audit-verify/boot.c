// SPDX-License-Identifier: GPL-2.0
/*
 * The boot of a log that is being read: how it begins, how it ends, what is wrong with it.
 */

#include <inttypes.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "boot.h"

/**
 * bad_range - say that a boot was tampered with
 * @boot: which
 * @first: the first record that may be bad
 * @last: the last of which the first bad one may be
 * @why: what is wrong
 *
 * Return: false, which ends the reading.
 */
bool bad_range(struct boot *boot, u64 first, u64 last, const char *why)
{
	struct boot_report *report = boot->report;

	report_worsen(report, TAMPERED, "%s", why);
	report->bad = true;
	report->bad_seq = first;
	report->bad_last = last;
	report->bad_epoch = boot->epoch;
	report->epoch_known = !boot->joined;
	report->unsealed = 0;
	return false;
}

/**
 * bad - the record that should come next is bad
 * @boot: of which
 * @why: what is wrong
 *
 * Return: false.
 */
bool bad(struct boot *boot, const char *why)
{
	return bad_range(boot, boot->seq, boot->seq, why);
}

/**
 * bad_epoch - a record of this epoch is bad, and which cannot be told
 * @boot: of which
 * @why: what is wrong
 *
 * Return: false.
 */
bool bad_epoch(struct boot *boot, const char *why)
{
	u64 last = boot->seq - 1;

	return bad_range(boot, boot->first, last > boot->first ? last : boot->first, why);
}

/**
 * boot_name - learn the boot's id
 * @boot: keeps the first one it is told
 * @id: of a shard's header or of a record
 */
void boot_name(struct boot *boot, const u8 id[AUDIT_BOOT_ID_SIZE])
{
	if (boot->named)
		return;
	boot->named = true;
	boot->report->known = true;
	memcpy(boot->id, id, sizeof(boot->id));
	memcpy(boot->report->boot, id, sizeof(boot->id));
}

/**
 * boot_new - begin with another boot
 * @v: reads it from now on
 */
void boot_new(struct verifier *v)
{
	struct mac_keys macs = v->boot.macs;
	struct hashes hashes = v->boot.hashes;

	memset(&v->boot, 0, sizeof(v->boot));
	v->boot.macs = macs;
	v->boot.hashes = hashes;
	v->boot.hashes.nr = 0;
	v->boot.hashes.waiting.nr = 0;
	memset(v->boot.hashes.head, 0, sizeof(v->boot.hashes.head));
	v->boot.report = report_boot(v->report);
	v->boot.seq = 1;
	v->boot.headed = true;
	if (v->source->shards)
		boot_name(&v->boot, v->source->boot);
	epoch_new(&v->boot);
}

static bool is_known(const struct known *known, const u8 key[ED25519_PUBLIC_SIZE])
{
	size_t i;

	for (i = 0; i < known->nr_keys; i++)
		if (!memcmp(known->keys[i], key, ED25519_PUBLIC_SIZE))
			return true;
	return false;
}

/**
 * boot_join - the log starts later than the boot: nothing says what came before
 * @boot: of which
 * @seq: first record that there is
 */
void boot_join(struct boot *boot, u64 seq)
{
	boot->seq = seq;
	boot->report->first_seq = seq;
	boot->joined = true;
	boot->headed = false;
	epoch_new(boot);
	report_worsen(boot->report, INCOMPLETE,
		      "the log starts with record %" PRIu64 "; what came before is not in it", seq);
}

/* What the record says that the TPM said; that it did is for its signature to show. */
static void read_anchor(struct boot_report *report, const struct audit_opening *opening,
			size_t len)
{
	report->counted = len >= AUDIT_OPENING_COUNTED;
	if (report->counted)
		report->counter = get_unaligned_be64(opening->counter);
	report->rooted = len == AUDIT_OPENING_ANCHORED;
	if (report->rooted)
		memcpy(report->anchor, opening->anchor, sizeof(report->anchor));
}

static bool is_anchored(const struct boot *boot, const struct audit_opening *opening)
{
	const struct ed25519_part parts[] = {
		{ .data = AUDIT_OPENING_CONTEXT, .len = strlen(AUDIT_OPENING_CONTEXT) },
		{ .data = boot->id, .len = sizeof(boot->id) },
		{ .data = opening, .len = AUDIT_OPENING_SIGNED },
	};

	return !ed25519_verify(opening->signature, opening->anchor, parts, 3);
}

/* The BOOT record holds the key of epoch 0. */
static bool open_first(struct verifier *v, const struct audit_record *rec)
{
	const struct audit_opening *opening = (const struct audit_opening *)rec->object;
	size_t len = rec->object_len;
	struct boot *boot = &v->boot;

	boot->report->first_seq = 1;
	if (v->known->seed) {
		mac_keys_init(&boot->macs, v->known->seed);
		boot->report->macs = true;
	}
	if (rec->event != AGENT_EVENT_BOOT ||
	    (len != AUDIT_OPENING_KEYS && len != AUDIT_OPENING_COUNTED &&
	     len != AUDIT_OPENING_ANCHORED))
		return bad(boot, "the first record is not that of a boot, with its keys");
	memcpy(boot->key, opening->seal_key, sizeof(boot->key));
	boot->signed_by = true;
	read_anchor(boot->report, opening, len);
	if (boot->report->rooted && !is_anchored(boot, opening))
		return bad(boot, "the TPM's root did not sign the keys of this boot");
	if (!v->known->nr_keys)
		return true;
	if (!is_known(v->known, boot->key) &&
	    !(boot->report->rooted && is_known(v->known, opening->anchor)))
		return bad(boot, "the boot's key is not one that was given");
	boot->report->anchored = true;
	return true;
}

/**
 * boot_begin - take from the first record what the rest must agree with
 * @v: of its boot
 * @rec: the record
 * @id: its boot id
 *
 * Return: false where it is bad.
 */
bool boot_begin(struct verifier *v, const struct audit_record *rec,
		const u8 id[AUDIT_BOOT_ID_SIZE])
{
	struct boot *boot = &v->boot;

	boot->begun = true;
	boot_name(boot, id);
	if (rec->seq == 1)
		return open_first(v, rec);
	if (!rec->seq || rec->seq > S64_MAX)
		return bad(boot, "a number that no record has");
	boot_join(boot, rec->seq);
	return true;
}

/**
 * boot_close - the verdict on a boot that nothing bad was found in
 * @v: of the boot
 * @last: no other follows
 */
void boot_close(struct verifier *v, bool last)
{
	struct boot *boot = &v->boot;
	struct boot_report *report = boot->report;

	report->unsealed = boot->seq - boot->first;
	epoch_settle(v);
	if (last && v->known->live)
		;
	else if (report->unsealed)
		report_worsen(report, TRUNCATED, "%" PRIu64 " records at its end are under no seal",
			      report->unsealed);
	else if (!report->final)
		report_worsen(report, TRUNCATED, "it ends without the last seal of the boot");
	if (report->pruned)
		report_worsen(report, INCOMPLETE,
			      "%" PRIu64 " records were pruned; their seals are there",
			      report->pruned);
	if (report->lost)
		report_worsen(report, INCOMPLETE, "the kernel could not keep %" PRIu64 " records",
			      report->lost);
	if (!report->anchored)
		report_worsen(report, UNANCHORED,
			      "no key was given to compare that of the boot record with");
}
