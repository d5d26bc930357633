// SPDX-License-Identifier: GPL-2.0
/*
 * Verifies many logs in one process, for tests: on each line of standard input, between
 * tabs, the keys (hexadecimal, one after the other), the seed, "live" or nothing, a checkpoint's
 * file and key or twice nothing, and files. A report as JSON, on a line of its own, answers
 * each; where the checkpoint is none, why.
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <linux/string.h>

#include "parse.h"
#include "verify.h"

#define FILES_MAX	64

static void no_progress(const struct source *source)
{
}

static void bytes_of(const char *text, u8 *out, size_t size)
{
	const char *end = text + strlen(text);

	if (!parse_hex(&text, end, out, size) || text != end)
		errx(2, "not %zu bytes in hexadecimal", size);
}

static bool read_checkpoint(char **line, struct checkpoint *checkpoint, struct known *known)
{
	const char *path = strsep(line, "\t"), *key = strsep(line, "\t"), *why;

	if (!*path)
		return true;
	known->checkpoint = checkpoint;
	why = checkpoint_read(path, key, checkpoint);
	if (why)
		printf("{\"refused\": \"%s\"}\n", why);
	return !why;
}

static void verify_one(char *line)
{
	struct known known = {};
	struct report report = {};
	struct checkpoint checkpoint;
	char *files[FILES_MAX];
	struct source source;
	u8 keys[16][32], seed[32];
	char *word = strsep(&line, "\t");
	int nr = 0;

	known.keys = keys;
	known.nr_keys = strlen(word) / 64;
	if (known.nr_keys > 16)
		errx(2, "too many keys");
	bytes_of(word, keys[0], 32 * known.nr_keys);
	word = strsep(&line, "\t");
	if (*word) {
		bytes_of(word, seed, sizeof(seed));
		known.seed = seed;
	}
	known.live = !strcmp(strsep(&line, "\t"), "live");
	if (!read_checkpoint(&line, &checkpoint, &known))
		return;
	while (nr < FILES_MAX && (word = strsep(&line, "\t")))
		files[nr++] = word;
	source_open(&source, files, nr);
	verify(&source, &known, &report, no_progress);
	source_close(&source);
	report_print(&report, true);
	report_free(&report);
}

int main(void)
{
	size_t size = 0;
	char *line = NULL;
	ssize_t len;

	parse_init();
	while ((len = getline(&line, &size, stdin)) > 0) {
		line[len - 1] = '\0';
		verify_one(line);
		fflush(stdout);
	}
	free(line);
	return 0;
}
