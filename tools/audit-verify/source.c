// SPDX-License-Identifier: GPL-2.0
/*
 * The files of a log, read as one stream of lines: plain logs, shards, packed shards, or
 * folders of them. Memory is one buffer, whatever the files hold.
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "parse.h"
#include "source.h"

#define BUF_SIZE	(4UL << 20)
#define HEADER_MARK	"{\"shard\":"
#define HEADER_MAX	384

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);

	return len >= tail && !strcmp(text + len - tail, end);
}

/* ---- names of files ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **append(char **paths, size_t *nr, const char *path)
{
	paths = reallocarray(paths, *nr + 2, sizeof(*paths));
	if (paths)
		paths[*nr] = strdup(path);
	if (!paths || !paths[*nr])
		err(1, "%s", path);
	paths[++*nr] = NULL;
	return paths;
}

/* Of a shard that was being packed when the power went there are both forms: one counts. */
static size_t drop_doubles(char **paths, size_t nr)
{
	bool *twice = calloc(nr, sizeof(*twice));
	size_t i, kept = 0;

	if (!twice)
		err(1, "names");
	for (i = 0; i < nr; i++) {
		char *plain = strdup(paths[i]);

		if (!plain)
			err(1, "names");
		if (ends_with(plain, ".zst")) {
			plain[strlen(plain) - 4] = '\0';
			twice[i] = bsearch(&plain, paths, nr, sizeof(*paths), by_name);
		}
		free(plain);
	}
	for (i = 0; i < nr; i++)
		if (twice[i])
			free(paths[i]);
		else
			paths[kept++] = paths[i];
	free(twice);
	return kept;
}

static char **append_folder(char **paths, size_t *nr, const char *folder)
{
	static const char *const names[] = { "*.log", "*.log.zst", "*.jsonl", "*.jsonl.zst" };
	size_t first = *nr, i, j;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char pattern[4096];
		glob_t found;

		if (snprintf(pattern, sizeof(pattern), "%s/%s", folder, names[i]) >= 4096)
			errx(1, "%s: too long", folder);
		if (!glob(pattern, 0, NULL, &found))
			for (j = 0; j < found.gl_pathc; j++)
				paths = append(paths, nr, found.gl_pathv[j]);
		globfree(&found);
	}
	if (*nr == first)
		errx(1, "%s: no logs in it", folder);
	qsort(paths + first, *nr - first, sizeof(*paths), by_name);
	*nr = first + drop_doubles(paths + first, *nr - first);
	paths[*nr] = NULL;
	return paths;
}

/**
 * source_open - begin to read
 * @source: written
 * @paths: files, or folders of them
 * @nr: how many
 */
void source_open(struct source *source, char **paths, int nr)
{
	size_t found = 0;
	int i;

	memset(source, 0, sizeof(*source));
	for (i = 0; i < nr; i++) {
		struct stat status;

		if (stat(paths[i], &status))
			err(1, "%s", paths[i]);
		source->paths = S_ISDIR(status.st_mode) ?
			append_folder(source->paths, &found, paths[i]) :
			append(source->paths, &found, paths[i]);
	}
	source->next = source->paths;
	source->fd = -1;
	source->buf = malloc(BUF_SIZE);
	if (!source->buf)
		err(1, "buffer");
}

/* ---- shards ---- */

static int problem(struct source *source, const char *what)
{
	const char *path = source->next[-1], *slash = strrchr(path, '/');

	snprintf(source->problem, sizeof(source->problem), "%s: %s", slash ? slash + 1 : path,
		 what);
	return -1;
}

/* The first line of a shard; pycoconut/shard.py says what the fields mean. */
struct header {
	u64 number;
	u8 boot[AUDIT_BOOT_ID_SIZE];
	u64 at;
	u8 after[AUDIT_BOOT_ID_SIZE];
	u8 prev[BLAKE3_OUT_SIZE];
	bool recovered;
	bool pruned;
	u8 whole[BLAKE3_OUT_SIZE];
};

static bool take_text(const char **at, const char *end, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(end - *at) < len || memcmp(*at, text, len))
		return false;
	*at += len;
	return true;
}

/* Without leading zeros, of at most 19 digits. */
static bool take_number(const char **at, const char *end, u64 *value)
{
	const char *start = *at;

	return parse_u64(at, end, value) && *at - start <= 19 &&
	       (*start != '0' || *at - start == 1);
}

static bool parse_header(const char *at, const char *end, struct header *header)
{
	memset(header, 0, sizeof(*header));
	if (!take_text(&at, end, HEADER_MARK) || !take_number(&at, end, &header->number) ||
	    !take_text(&at, end, ",\"boot\":\"") ||
	    !parse_hex(&at, end, header->boot, sizeof(header->boot)) ||
	    !take_text(&at, end, "\",\"at\":") || !take_number(&at, end, &header->at) ||
	    !take_text(&at, end, ",\"after\":\"") ||
	    !parse_hex(&at, end, header->after, sizeof(header->after)) ||
	    !take_text(&at, end, "\",\"prev\":\"") ||
	    !parse_hex(&at, end, header->prev, sizeof(header->prev)))
		return false;
	if (!take_text(&at, end, "\""))
		return false;
	header->recovered = take_text(&at, end, ",\"recovered\":true");
	header->pruned = take_text(&at, end, ",\"pruned\":\"");
	if (header->pruned && (!parse_hex(&at, end, header->whole, sizeof(header->whole)) ||
			       !take_text(&at, end, "\"")))
		return false;
	return take_text(&at, end, "}\n") && at == end;
}

/* What is wrong with what a header says of itself. */
static const char *strange(const struct header *header)
{
	static const u8 zeros[BLAKE3_OUT_SIZE];
	bool first = !memcmp(header->after, zeros, sizeof(header->after));

	if (first != !memcmp(header->prev, zeros, sizeof(header->prev)) ||
	    (first && header->number))
		return "it names half a shard before it";
	if (header->number && memcmp(header->after, header->boot, sizeof(header->boot)))
		return "it names another boot before it";
	if (!header->number && header->at)
		return "shard 0 starts with its boot, and says that it does not";
	return NULL;
}

/* What is wrong with where a header stands. */
static const char *misplaced(struct source *source, const struct header *header)
{
	static const u8 none[AUDIT_BOOT_ID_SIZE];
	bool same = !memcmp(header->boot, source->boot, sizeof(header->boot));
	u8 digest[BLAKE3_OUT_SIZE];

	if (!source->shards)
		return header->number && source->any ? "a shard follows what is none" : NULL;
	if (!header->number && same)
		return "shard 0 stands there twice";
	if (!memcmp(header->after, none, sizeof(none)))
		return NULL;
	if (header->number && (header->number != source->number + 1 || !same))
		return "it does not follow the shard before";
	if (header->number && !source->pruned && header->at != source->at)
		return "it says that it starts elsewhere";
	if (!header->number && memcmp(header->after, source->boot, sizeof(source->boot)))
		return "the boot that it names before it is not there";
	blake3_final(&source->digest, digest);
	if (memcmp(source->pruned ? source->whole : digest, header->prev, sizeof(digest)))
		return "the shard before was changed, or is not the last";
	return NULL;
}

/* Does a shard follow from what came before it? */
static int take_header(struct source *source, const char *line, size_t len)
{
	struct header header;
	const char *why;

	if (!parse_header(line, line + len, &header))
		return problem(source, "not the header of a shard");
	why = strange(&header);
	if (!why)
		why = misplaced(source, &header);
	if (why)
		return problem(source, why);
	source->opens = !source->shards || !header.number;
	source->boundary = source->end;
	source->shards = true;
	source->number = header.number;
	source->at = header.at;
	source->pruned = header.pruned;
	source->recovering = header.recovered;
	source->recovered = false;
	memcpy(source->whole, header.whole, sizeof(header.whole));
	memcpy(source->boot, header.boot, sizeof(header.boot));
	blake3_init(&source->digest);
	blake3_update(&source->digest, line, len);
	return 0;
}

static void take_body(struct source *source, const char *data, size_t len)
{
	if (source->shards) {
		blake3_update(&source->digest, data, len);
		source->recovered |= source->recovering && len;
		source->at += len;
	}
	source->any |= len > 0;
	source->end += len;
}

/* ---- files ---- */

static int unpack(struct source *source, const char *path)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		err(1, "pipe");
	source->unpacker = fork();
	if (source->unpacker < 0)
		err(1, "fork");
	if (!source->unpacker) {
		dup2(ends[1], STDOUT_FILENO);
		execlp("zstd", "zstd", "-dcq", "--", path, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	return ends[0];
}

static size_t read_some(struct source *source, char *to, size_t room)
{
	ssize_t done;

	do {
		done = read(source->fd, to, room);
	} while (done < 0 && errno == EINTR);
	if (done < 0)
		err(1, "%s", source->next[-1]);
	source->bytes += done;
	return done;
}

static void close_file(struct source *source)
{
	int status;

	close(source->fd);
	source->fd = -1;
	if (!source->unpacker)
		return;
	if (waitpid(source->unpacker, &status, 0) < 0)
		err(1, "zstd");
	source->unpacker = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		errx(1, "%s: packed, and there is no zstd", source->next[-1]);
	if (status)
		problem(source, "zstd cannot read it to its end");
}

/*
 * A file that holds nothing but the start of a header was cut off when it was made: that is
 * no header yet, and is handed out as the cut line that it is.
 */
static bool header_begun(const char *head, size_t len)
{
	size_t mark = strlen(HEADER_MARK);

	return len < HEADER_MAX && !memchr(head, '\n', len) &&
	       !memcmp(head, HEADER_MARK, len < mark ? len : mark);
}

static void open_file(struct source *source)
{
	const char *path = *source->next++;
	char head[HEADER_MAX], *line_feed;
	size_t len = 0, got, skip = 0;

	if (ends_with(path, ".zst"))
		source->fd = unpack(source, path);
	else
		source->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (source->fd < 0)
		err(1, "%s", path);
	while (len < sizeof(head) && (got = read_some(source, head + len, sizeof(head) - len)))
		len += got;
	line_feed = memchr(head, '\n', len);
	if (len >= strlen(HEADER_MARK) && !memcmp(head, HEADER_MARK, strlen(HEADER_MARK)) &&
	    !header_begun(head, len)) {
		skip = line_feed ? line_feed + 1 - head : (ptrdiff_t)len;
		if (take_header(source, head, skip))
			return;
	} else if (source->shards && !header_begun(head, len)) {
		problem(source, "a file without the header of a shard");
		return;
	}
	memcpy(source->buf + source->end, head + skip, len - skip);
	take_body(source, head + skip, len - skip);
}

/* More into the buffer; false where there is no more. */
static bool fill(struct source *source)
{
	size_t got;

	if (source->problem[0])
		return false;
	memmove(source->buf, source->buf + source->start, source->end - source->start);
	source->end -= source->start;
	source->start = 0;
	if (source->fd < 0) {
		if (!*source->next)
			return false;
		open_file(source);
		return true;
	}
	got = read_some(source, source->buf + source->end, BUF_SIZE - HEADER_MAX - source->end);
	if (!got)
		close_file(source);
	take_body(source, source->buf + source->end, got);
	return true;
}

/* The bytes before @end are the last of their boot, or of all. */
static enum source_event cut(struct source *source, size_t end, enum source_event otherwise)
{
	source->len = end - source->start;
	if (!source->len)
		return otherwise;
	source->start = end;
	return SOURCE_CUT;
}

/* What is handed out when no line is to be had. */
static enum source_event at_end(struct source *source)
{
	if (source->problem[0])
		return SOURCE_PROBLEM;
	return cut(source, source->end, SOURCE_END);
}

/* A shard 0 was opened: no line goes on in it. */
static enum source_event at_boundary(struct source *source)
{
	enum source_event event = cut(source, source->boundary, SOURCE_OPENS);

	source->opens = event != SOURCE_OPENS;
	return event;
}

/**
 * source_next - what comes next
 * @source: files
 *
 * Return: which kind; of a line, whole or cut, @source->line and @source->len are its bytes
 * until the next call.
 */
enum source_event source_next(struct source *source)
{
	while (!source->opens) {
		char *line = source->buf + source->start;
		size_t there = source->end - source->start;
		char *line_feed = memchr(line, '\n', there);

		source->line = line;
		source->len = line_feed ? (size_t)(line_feed + 1 - line) : there;
		if (line_feed || there > SOURCE_LINE_MAX) {
			source->start += source->len;
			return SOURCE_LINE;
		}
		if (!fill(source))
			return at_end(source);
	}
	return at_boundary(source);
}

/**
 * source_close - give back files and memory
 * @source: wherever it stands
 */
void source_close(struct source *source)
{
	char **path;

	if (source->fd >= 0)
		close_file(source);
	for (path = source->paths; *path; path++)
		free(*path);
	free(source->paths);
	free(source->buf);
}
