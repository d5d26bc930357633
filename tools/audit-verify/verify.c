// SPDX-License-Identifier: GPL-2.0
/*
 * Verifies a log, line by line, in memory that does not grow with it.
 *
 * Where a line is wrong the first bad record is known, and nothing after it is judged. What
 * is wrong with a seal is wrong with its epoch: which of the records it is cannot be told.
 */

#include <inttypes.h>
#include <linux/string.h>

#include "boot.h"
#include "parse.h"

#define SEAL_MARK	"{\"seal\":"
#define FIRST_MARK	"{\"seq\":1,\""
/* Lines between two looks at the clock. */
#define PROGRESS_LINES	65536

#define STARTS(line, len, mark) ((len) >= sizeof(mark) - 1 && !memcmp(line, mark, sizeof(mark) - 1))

static bool take_line(struct verifier *v, const char *line, size_t len)
{
	bool seal = STARTS(line, len, SEAL_MARK);
	struct boot *boot = &v->boot;
	u8 id[AUDIT_BOOT_ID_SIZE];
	struct audit_record rec;
	bool form = !seal && len <= SOURCE_LINE_MAX && parse_record(line, len, &rec, id);

	if (!boot->report ||
	    (boot->begun && STARTS(line, len, FIRST_MARK) &&
	     !(form && boot->named && !memcmp(id, boot->id, sizeof(id))))) {
		if (boot->report)
			boot_close(v, false);
		boot_new(v);
	}
	if (boot->report->final)
		return bad(boot, "something follows the last seal of the boot");
	if (seal)
		return epoch_seal(v, line, len);
	if (form && boot->begun)
		boot_name(boot, id);
	if (form && !boot->begun && !boot_begin(v, &rec, id))
		return false;
	boot->begun = true;
	if (!form)
		return bad(boot, "its line has not the one form");
	if (rec.seq != boot->seq)
		return bad(boot, "another record stands in its place");
	if (memcmp(id, boot->id, sizeof(id)))
		return bad(boot, "it is of another boot");
	return epoch_record(v, &rec);
}

/* Bytes without a line feed: what was being written when it ended. */
static bool take_cut(struct verifier *v, const char *line, size_t len)
{
	struct boot *boot = &v->boot;
	size_t mark = sizeof(FIRST_MARK) - 1;
	bool opens = !memcmp(line, FIRST_MARK, len < mark ? len : mark);

	if (!boot->report ||
	    (boot->begun && opens && (len >= mark || boot->report->final))) {
		if (boot->report)
			boot_close(v, false);
		boot_new(v);
	}
	boot->begun = true;
	if (boot->report->final)
		return bad(boot, "something follows the last seal of the boot");
	report_worsen(boot->report, TRUNCATED, "it is cut off in record %" PRIu64, boot->seq);
	return true;
}

/* After the line was taken: with it another boot may have begun. */
static bool note_recovered(struct verifier *v, bool taken)
{
	v->boot.report->recovered |= v->source->recovered;
	return taken;
}

static bool take(struct verifier *v, enum source_event event)
{
	switch (event) {
	case SOURCE_LINE:
		return note_recovered(v, take_line(v, v->source->line, v->source->len));
	case SOURCE_CUT:
		return note_recovered(v, take_cut(v, v->source->line, v->source->len));
	case SOURCE_PROBLEM:
		if (!v->boot.report)
			boot_new(v);
		return bad(&v->boot, v->source->problem);
	case SOURCE_OPENS:
		if (v->boot.report)
			boot_close(v, false);
		boot_new(v);
		return true;
	case SOURCE_END:
		break;
	}
	return false;
}

/**
 * verify - verify a log
 * @source: its files
 * @known: what is known of it
 * @report: written
 * @progress: called now and then
 */
void verify(struct source *source, const struct known *known, struct report *report,
	    verify_progress_fn progress)
{
	struct verifier v = { .known = known, .source = source, .report = report };
	enum source_event event;
	unsigned long lines = 0;

	hashes_init(&v.boot.hashes);
	do {
		event = source_next(source);
		if (!(++lines % PROGRESS_LINES))
			progress(source);
	} while (take(&v, event));
	if (event == SOURCE_END && v.boot.report)
		boot_close(&v, true);
	link_check_order(report);
	link_check_counters(report);
	checkpoint_judge(known->checkpoint, report);
	hashes_free(&v.boot.hashes);
	mac_keys_free(&v.boot.macs);
}
