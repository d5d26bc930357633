/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The files of a log, read as one stream of lines.
 */
#ifndef _AUDIT_VERIFY_SOURCE_H
#define _AUDIT_VERIFY_SOURCE_H

#include <linux/types.h>
#include <crypto/blake3.h>

#include "record.h"

/* Longer than any line that the kernel writes. */
#define SOURCE_LINE_MAX	2048

enum source_event {
	SOURCE_LINE,		/* a line with its line feed, or more than SOURCE_LINE_MAX bytes */
	SOURCE_CUT,		/* the last bytes, without a line feed */
	SOURCE_OPENS,		/* a shard 0: a boot opens */
	SOURCE_PROBLEM,		/* the files do not follow from each other */
	SOURCE_END,
};

/**
 * struct source - files being read
 * @paths: their names, NULL behind the last
 * @next: the next to open
 * @fd: of the file being read; -1: none
 * @unpacker: process that writes to @fd; 0: it is a file
 * @buf: what was read
 * @start: in @buf, where the next line begins
 * @end: in @buf, of what was read
 * @bytes: read so far of all files, unpacked
 * @any: there was something besides headers
 * @shards: a shard's header was seen
 * @number: of the shard
 * @boot: boot that it is of
 * @pruned: records were taken out of it
 * @whole: then, the digest that it had
 * @recovering: the shard says that it outlived a reset in memory
 * @recovered: and something stands in it
 * @at: where in chain.log what comes next stands
 * @digest: of the shard being read
 * @opens: a shard 0 was opened, and nobody was told
 * @boundary: then, where it begins in @buf
 * @problem: why the files do not follow from each other; empty: they do
 * @line: the line handed out
 * @len: its length
 */
struct source {
	char **paths;
	char **next;
	int fd;
	int unpacker;
	char *buf;
	size_t start;
	size_t end;
	u64 bytes;
	bool any;
	bool shards;
	u64 number;
	u8 boot[AUDIT_BOOT_ID_SIZE];
	bool pruned;
	u8 whole[BLAKE3_OUT_SIZE];
	bool recovering;
	bool recovered;
	u64 at;
	struct blake3_state digest;
	bool opens;
	size_t boundary;
	char problem[128];
	const char *line;
	size_t len;
};

void source_close(struct source *source);
void source_open(struct source *source, char **paths, int nr);
enum source_event source_next(struct source *source);

#endif /* _AUDIT_VERIFY_SOURCE_H */
