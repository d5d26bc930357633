// SPDX-License-Identifier: GPL-2.0
/*
 * LINK records: which boot came before, and where it ended.
 */

#include <inttypes.h>
#include <linux/string.h>

#include "boot.h"
#include "parse.h"

static bool parse_link(const struct audit_record *rec, u8 id[AUDIT_BOOT_ID_SIZE], u64 *last,
		       u8 head[BLAKE3_OUT_SIZE])
{
	const char *at = (const char *)rec->object, *end = at + rec->object_len;

	return parse_hex(&at, end, id, AUDIT_BOOT_ID_SIZE) && at < end && *at++ == ':' &&
	       parse_u64(&at, end, last) && at < end && *at++ == ':' &&
	       parse_hex(&at, end, head, BLAKE3_OUT_SIZE) && at == end;
}

/* What stands for the head of a boot of which no seal is left. */
static const u8 no_head[BLAKE3_OUT_SIZE];

/**
 * link_read - does the boot before stand where it should, and end where this says?
 * @v: of the boot that the record is of
 * @rec: "boot:last:head" is its object
 */
void link_read(struct verifier *v, const struct audit_record *rec)
{
	u8 id[AUDIT_BOOT_ID_SIZE], head[BLAKE3_OUT_SIZE];
	struct link *link = &v->boot.link;
	const struct boot_report *before;
	enum verdict found = INTACT;
	u64 last;

	if (!parse_link(rec, id, &last, head))
		return;
	link->any = true;
	memcpy(link->id, id, sizeof(id));
	if (v->report->nr < 2)
		return;
	before = &v->report->boots[v->report->nr - 2];
	if (!before->known || memcmp(id, before->boot, sizeof(id)))
		link->strange = true;
	else if (last > before->last_seq)
		found = TRUNCATED;
	else if (last != before->last_seq ||
		 memcmp(head, before->epochs ? before->head : no_head, sizeof(head)))
		found = TAMPERED;
	if (found > link->before) {
		link->before = found;
		link->last = last;
	}
}

/**
 * link_settle - take what LINK records say, once they are known to be true
 * @v: of the boot that they are of
 */
void link_settle(struct verifier *v)
{
	struct boot *boot = &v->boot;
	struct boot_report *before = boot->report - 1;

	if (boot->link.any) {
		boot->report->linked = true;
		memcpy(boot->report->link, boot->link.id, sizeof(boot->link.id));
	}
	if (boot->link.strange)
		report_worsen(boot->report, INCOMPLETE,
			      "the boot that it says came before it is not there");
	if (boot->link.before == TAMPERED)
		report_worsen(before, TAMPERED, "the next boot names another head for it");
	else if (boot->link.before == TRUNCATED)
		report_worsen(before, TRUNCATED, "the next boot says that it went on to record %"
			      PRIu64, boot->link.last);
}

/* A boot counts one up when it begins, and one more where it ends well. */
#define COUNTS_MAX	2

static void check_counter(const struct boot_report *before, struct boot_report *after)
{
	if (!before->rooted || !after->rooted ||
	    memcmp(before->anchor, after->anchor, sizeof(after->anchor)))
		return;
	if (after->counter <= before->counter)
		report_worsen(after, TAMPERED,
			      "the TPM had counted further when the boot before it began");
	else if (after->counter - before->counter > COUNTS_MAX)
		report_worsen(after, INCOMPLETE,
			      "the TPM counted %" PRIu64
			      " since the boot before it began: boots are missing between them",
			      after->counter - before->counter);
}

/**
 * link_check_counters - do boots of one TPM follow each other as it counted them?
 * @report: all boots
 */
void link_check_counters(struct report *report)
{
	size_t i;

	for (i = 0; i + 1 < report->nr; i++)
		check_counter(&report->boots[i], &report->boots[i + 1]);
}

/**
 * link_check_order - does a boot stand after the one that names it?
 * @report: all boots
 */
void link_check_order(struct report *report)
{
	size_t i;

	for (i = 0; i + 1 < report->nr; i++)
		if (report->boots[i].linked && report->boots[i + 1].known &&
		    !memcmp(report->boots[i].link, report->boots[i + 1].boot, AUDIT_BOOT_ID_SIZE))
			report_worsen(&report->boots[i], TAMPERED,
				      "the boot that it says came before it stands after it");
}
