// SPDX-License-Identifier: GPL-2.0
/*
 * coconut-audit-verify: the second verifier of the audit chain, which shares no code with
 * the first, `coconut audit verify`; what it is built of is the kernel's.
 */

#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/string.h>

#include "parse.h"
#include "verify.h"

#define USAGE	2

static void usage(FILE *to)
{
	fputs("usage: coconut-audit-verify [--key KEY]... [--seed FILE] [--live] [--json] FILE...\n"
	      "\n"
	      "Verifies a log of the audit chain: files, shards in order, or folders of them.\n"
	      "  --key KEY    public key of epoch 0, 64 hexadecimal digits or a file; one a boot\n"
	      "  --seed FILE  MAC seed of the boot, 64 hexadecimal digits\n"
	      "  --live       the log has no end yet\n"
	      "  --json       a report for programs\n"
	      "Exit codes: 0 intact, 10 intact but unanchored, 11 truncated, 12 tampered,\n"
	      "13 incomplete, 1 it could not be read, 2 the command line is wrong.\n", to);
}

/* 64 digits, and what may stand behind them in a file: a label or a line feed. */
static bool read_key(const char *text, size_t len, u8 key[32])
{
	const char *at = text, *end = text + len;

	return parse_hex(&at, end, key, 32) && (at == end || *at == ' ' || *at == '\n');
}

static void read_key_file(const char *path, u8 key[32])
{
	char text[128];
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file)
		err(1, "%s", path);
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	if (!read_key(text, len, key))
		errx(1, "%s: 64 hexadecimal digits are asked for", path);
}

static void add_key(struct known *known, const char *text)
{
	known->keys = reallocarray(known->keys, known->nr_keys + 1, sizeof(*known->keys));
	if (!known->keys)
		err(1, "keys");
	if (strlen(text) != 64 || !read_key(text, 64, known->keys[known->nr_keys]))
		read_key_file(text, known->keys[known->nr_keys]);
	known->nr_keys++;
}

static bool parse_arguments(int argc, char **argv, struct known *known)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, 'k' },
		{ "seed", required_argument, NULL, 's' },
		{ "live", no_argument, NULL, 'l' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	static u8 seed[32];
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 'k':
			add_key(known, optarg);
			break;
		case 's':
			read_key_file(optarg, seed);
			known->seed = seed;
			break;
		case 'l':
			known->live = true;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(USAGE);
		}
	if (optind == argc) {
		usage(stderr);
		exit(USAGE);
	}
	return json;
}

/* Packed files are longer than they look: then it says how much, and not of how much. */
static void show_progress(const struct source *source)
{
	static u64 whole;
	char **path;

	if (!isatty(STDERR_FILENO))
		return;
	for (path = source->paths; !whole && *path; path++) {
		struct stat status;

		if (!stat(*path, &status))
			whole += status.st_size;
	}
	if (source->bytes <= whole)
		fprintf(stderr, "\r%3d %%", (int)(100 * source->bytes / whole));
	else
		fprintf(stderr, "\r%lu MiB", (unsigned long)(source->bytes >> 20));
}

int main(int argc, char **argv)
{
	struct known known = {};
	struct report report = {};
	struct source source;
	bool json = parse_arguments(argc, argv, &known);
	int exit_code;

	parse_init();
	source_open(&source, argv + optind, argc - optind);
	verify(&source, &known, &report, show_progress);
	source_close(&source);
	if (isatty(STDERR_FILENO))
		fputs("\r         \r", stderr);
	report_print(&report, json);
	if (fflush(stdout) || ferror(stdout))
		err(1, "standard output");
	exit_code = report_exit_code(&report);
	report_free(&report);
	return exit_code;
}
