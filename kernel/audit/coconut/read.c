// SPDX-License-Identifier: GPL-2.0
/*
 * The log as text.
 */

#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "chain.h"
#include "cursor.h"

/* Lines on their way to a reader: a copy to user space costs more than a line. */
struct text_buffer {
	size_t used;
	char data[4 * AUDIT_LINE_MAX];
};

static size_t cursor_format(const struct audit_chain *chain, const struct audit_cursor *cur,
			    char *buf)
{
	const struct audit_record *rec = audit_cursor_record(cur);

	return rec ? audit_line_record(rec, chain->boot_id, buf) :
		     audit_line_seal(&cur->epoch->seal, buf);
}

static bool cursor_is_of(const struct audit_cursor *cur, const u64 *aid)
{
	const struct audit_record *rec = audit_cursor_record(cur);

	return !aid || (rec && rec->aid == *aid);
}

static int buffer_flush(struct text_buffer *buffer, audit_emit_fn emit, void *arg)
{
	int err = buffer->used ? emit(arg, buffer->data, buffer->used) : 0;

	buffer->used = 0;
	return err;
}

/* Adds what of the line comes from *pos on, at most len bytes. */
static size_t buffer_add(const struct audit_chain *chain, struct text_buffer *buffer,
			 const struct audit_cursor *cur, u64 *pos, size_t len)
{
	char *line = buffer->data + buffer->used;
	size_t skip = *pos > cur->text_pos ? *pos - cur->text_pos : 0;
	size_t size = cursor_format(chain, cur, line) - skip;

	if (skip)
		memmove(line, line + skip, size);
	size = min(size, len);
	buffer->used += size;
	*pos = cur->text_pos + skip + size;
	return size;
}

static int emit_lines(struct audit_chain *chain, struct audit_cursor *cur, u64 *pos,
		      size_t len, const u64 *aid, struct text_buffer *buffer,
		      audit_emit_fn emit, void *arg)
{
	size_t done = 0, size;
	u64 from = *pos;
	int err;

	for (; !audit_cursor_at_end(cur) && done < len; audit_cursor_next(cur)) {
		if (!cursor_is_of(cur, aid)) {
			from = cur->text_pos + audit_cursor_len(cur);
			cond_resched();
			continue;
		}
		size = buffer_add(chain, buffer, cur, &from, len - done);
		done += size;
		if (buffer->used <= sizeof(buffer->data) - AUDIT_LINE_MAX)
			continue;
		err = buffer_flush(buffer, emit, arg);
		if (err)
			return err;
		*pos = from;
		if (fatal_signal_pending(current))
			return 0;
		cond_resched();
	}
	err = buffer_flush(buffer, emit, arg);
	if (!err)
		*pos = from;
	return err;
}

/**
 * audit_chain_emit - hand out text of the log
 * @chain: the chain
 * @pos: offset since boot; set past what was handed out or passed over
 * @len: bytes at most
 * @aid: only the records of this agent, or NULL: all lines
 * @emit: is given the text piece by piece; what it returns, if not 0, ends it
 * @arg: for @emit
 *
 * Context: process, may sleep.
 * Return: 0, -ENOMEM, or what @emit returned; pieces before it are handed out.
 */
int audit_chain_emit(struct audit_chain *chain, u64 *pos, size_t len, const u64 *aid,
		     audit_emit_fn emit, void *arg)
{
	struct text_buffer *buffer = kmalloc(sizeof(*buffer), GFP_KERNEL);
	struct audit_cursor cur;
	int err = 0;

	if (!buffer)
		return -ENOMEM;
	buffer->used = 0;
	if (audit_cursor_seek_text(&cur, &chain->log, *pos))
		err = emit_lines(chain, &cur, pos, len, aid, buffer, emit, arg);
	audit_cursor_close(&cur);
	kfree(buffer);
	return err;
}
