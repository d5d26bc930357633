// SPDX-License-Identifier: GPL-2.0
/*
 * A reader's place in the log.
 *
 * A cursor never looks beyond the end that it loaded with acquire when it was
 * placed, so that all it sees is written and will not change.
 */

#include "cursor.h"

/**
 * audit_cursor_at_end - is there nothing more to read
 * @cur: the cursor
 *
 * Return: whether it is so.
 */
bool audit_cursor_at_end(const struct audit_cursor *cur)
{
	return cur->text_pos >= cur->end;
}

/**
 * audit_cursor_record - the record that the cursor stands on
 * @cur: the cursor, not at the end
 *
 * Return: the record, or NULL: it stands on the seal of @cur->epoch.
 */
const struct audit_record *audit_cursor_record(const struct audit_cursor *cur)
{
	if (!cur->chunk)
		return NULL;
	return (const struct audit_record *)(cur->chunk->data + cur->offset);
}

/**
 * audit_cursor_len - how long the line under the cursor is
 * @cur: the cursor, not at the end
 *
 * Return: its length, the line feed included.
 */
size_t audit_cursor_len(const struct audit_cursor *cur)
{
	const struct audit_record *rec = audit_cursor_record(cur);

	return rec ? rec->text_len : audit_line_seal_len(&cur->epoch->seal);
}

static void cursor_enter_epoch(struct audit_cursor *cur, struct audit_epoch *epoch)
{
	cur->epoch = epoch;
	/* Pairs with the release in epoch_grow(). */
	cur->chunk = smp_load_acquire(&epoch->chunks);
	cur->offset = 0;
	cur->text_pos = epoch->text_pos;
}

static void cursor_leave_epoch(struct audit_cursor *cur)
{
	struct audit_epoch *left = cur->epoch;

	cursor_enter_epoch(cur, audit_log_find_epoch(cur->log, left->number + 1));
	audit_epoch_put(left);
}

/* A chunk that began after the end was loaded holds nothing to be read. */
static struct audit_chunk *cursor_next_chunk(const struct audit_cursor *cur)
{
	/* Pairs with the release in epoch_grow(). */
	struct audit_chunk *next = smp_load_acquire(&cur->chunk->next);

	return next && next->text_pos < cur->end ? next : NULL;
}

/**
 * audit_cursor_next - go on to the next line
 * @cur: the cursor, not at the end
 *
 * Context: process, may sleep.
 */
void audit_cursor_next(struct audit_cursor *cur)
{
	const struct audit_record *rec = audit_cursor_record(cur);

	cur->text_pos += audit_cursor_len(cur);
	if (audit_cursor_at_end(cur))
		return;
	if (!rec) {
		cursor_leave_epoch(cur);
		return;
	}
	cur->offset += audit_record_size(rec);
	/* Not at the end, so what comes is another record, a chunk or the seal. */
	if (cur->offset < READ_ONCE(cur->chunk->used))
		return;
	cur->chunk = cursor_next_chunk(cur);
	cur->offset = 0;
}

static void cursor_open(struct audit_cursor *cur, struct audit_log *log)
{
	cur->log = log;
	/* Pairs with the release in audit_log_append() and audit_log_close(). */
	cur->end = atomic64_read_acquire(&log->text_end);
}

/**
 * audit_cursor_seek_text - stand on the line that holds a byte of the log
 * @cur: to be closed by audit_cursor_close(), whatever is returned
 * @log: the log
 * @pos: offset since boot; one that was evicted becomes the first that is held
 *
 * Context: process, may sleep.
 * Return: false where @pos is not before the end.
 */
bool audit_cursor_seek_text(struct audit_cursor *cur, struct audit_log *log, u64 pos)
{
	struct audit_chunk *next;

	cursor_open(cur, log);
	cursor_enter_epoch(cur, audit_log_find_text(log, pos));
	if (pos >= cur->end)
		return false;

	while (cur->chunk && (next = cursor_next_chunk(cur)) && next->text_pos <= pos) {
		cur->chunk = next;
		cur->text_pos = next->text_pos;
	}
	while (!audit_cursor_at_end(cur) && cur->text_pos + audit_cursor_len(cur) <= pos)
		audit_cursor_next(cur);
	return !audit_cursor_at_end(cur);
}

/**
 * audit_cursor_seek_seq - stand on the first record from a number on
 * @cur: to be closed by audit_cursor_close(), whatever is returned
 * @log: the log
 * @seq: its number
 *
 * Context: process, may sleep.
 * Return: false where there is none yet.
 */
bool audit_cursor_seek_seq(struct audit_cursor *cur, struct audit_log *log, u64 seq)
{
	const struct audit_record *rec;
	struct audit_chunk *next;

	cursor_open(cur, log);
	cursor_enter_epoch(cur, audit_log_find_seq(log, seq));
	while (cur->chunk && (next = cursor_next_chunk(cur)) && next->first <= seq) {
		cur->chunk = next;
		cur->text_pos = next->text_pos;
	}
	for (; !audit_cursor_at_end(cur); audit_cursor_next(cur)) {
		rec = audit_cursor_record(cur);
		if (rec && rec->seq >= seq)
			return true;
	}
	return false;
}

/**
 * audit_cursor_close - give up the place
 * @cur: the cursor
 */
void audit_cursor_close(struct audit_cursor *cur)
{
	audit_epoch_put(cur->epoch);
}
