/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A reader's place in the log.
 */
#ifndef _AUDIT_COCONUT_CURSOR_H
#define _AUDIT_COCONUT_CURSOR_H

#include "log.h"

/**
 * struct audit_cursor - the line that a reader stands on
 * @log: the log
 * @epoch: where it is, with a reference
 * @chunk: of @epoch; NULL: on the seal, or @epoch is empty
 * @offset: of the record in @chunk
 * @text_pos: where the line begins
 * @end: how far the log went when the reader came; nothing beyond is looked at
 */
struct audit_cursor {
	struct audit_log *log;
	struct audit_epoch *epoch;
	struct audit_chunk *chunk;
	u32 offset;
	u64 text_pos;
	u64 end;
};

bool audit_cursor_seek_text(struct audit_cursor *cur, struct audit_log *log, u64 pos);
bool audit_cursor_seek_seq(struct audit_cursor *cur, struct audit_log *log, u64 seq);
void audit_cursor_close(struct audit_cursor *cur);

bool audit_cursor_at_end(const struct audit_cursor *cur);
const struct audit_record *audit_cursor_record(const struct audit_cursor *cur);
size_t audit_cursor_len(const struct audit_cursor *cur);
void audit_cursor_next(struct audit_cursor *cur);

#endif /* _AUDIT_COCONUT_CURSOR_H */
