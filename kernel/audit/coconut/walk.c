// SPDX-License-Identifier: GPL-2.0
/*
 * The log as records.
 */

#include <linux/sched/signal.h>

#include "chain.h"
#include "cursor.h"

static int visit_one(const struct audit_chain *chain, const struct audit_record *rec,
		     audit_chain_fn fn, void *arg)
{
	u8 bytes[AUDIT_RECORD_CBOR_MAX];
	struct audit_record_view view = {
		.seq = rec->seq,
		.aid = rec->aid,
		.event = rec->event,
		.class = rec->class,
		.decision = rec->decision,
		.bytes = bytes,
		.len = audit_record_encode(rec, chain->boot_id, bytes),
	};

	return fn(&view, arg);
}

/**
 * audit_chain_visit - show records to a function
 * @chain: the chain
 * @first_seq: from here on
 * @last_seq: to here
 * @fn: may sleep; what it returns, if not 0, ends it
 * @arg: for @fn
 *
 * Context: process, may sleep.
 * Return: 0, or what @fn returned; -EINTR where the task is being killed.
 */
int audit_chain_visit(struct audit_chain *chain, u64 first_seq, u64 last_seq,
		      audit_chain_fn fn, void *arg)
{
	const struct audit_record *rec;
	struct audit_cursor cur;
	int err = 0;

	if (!audit_cursor_seek_seq(&cur, &chain->log, first_seq))
		goto out;
	for (; !err && !audit_cursor_at_end(&cur); audit_cursor_next(&cur)) {
		rec = audit_cursor_record(&cur);
		if (!rec) {
			/* An epoch is looked through at a time. */
			cond_resched();
			err = fatal_signal_pending(current) ? -EINTR : 0;
			continue;
		}
		if (rec->seq > last_seq)
			break;
		err = visit_one(chain, rec, fn, arg);
	}
out:
	audit_cursor_close(&cur);
	return err;
}
