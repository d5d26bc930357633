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
	fputs("usage: coconut-audit-verify [--key KEY]... [--seed FILE] [--live] [--json]\n"
	      "           [--checkpoint FILE --checkpoint-key KEY] FILE...\n"
	      "\n"
	      "Verifies a log of the audit chain: files, shards in order, or folders of them.\n"
	      "  --key KEY    public key of epoch 0, 64 hexadecimal digits or a file; one a boot\n"
	      "  --seed FILE  MAC seed of the boot, 64 hexadecimal digits\n"
	      "  --checkpoint FILE     the log must have come as far as this\n"
	      "  --checkpoint-key KEY  who signed it: NAME+ID+KEY, as checkpoint shows it\n"
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

static void misused(void)
{
	usage(stderr);
	exit(USAGE);
}

/**
 * struct wanted - what the command line asks for besides files
 * @known: of the log beforehand
 * @note: file of the checkpoint; NULL: none
 * @note_key: who signed it; NULL: not said
 * @json: a report for programs
 */
struct wanted {
	struct known known;
	const char *note;
	const char *note_key;
	bool json;
};

static void take_option(int option, struct wanted *wanted)
{
	static u8 seed[32];

	switch (option) {
	case 'k':
		add_key(&wanted->known, optarg);
		break;
	case 's':
		read_key_file(optarg, seed);
		wanted->known.seed = seed;
		break;
	case 'c':
		wanted->note = optarg;
		break;
	case 'n':
		wanted->note_key = optarg;
		break;
	case 'l':
		wanted->known.live = true;
		break;
	case 'j':
		wanted->json = true;
		break;
	case 'h':
		usage(stdout);
		exit(0);
	default:
		misused();
	}
}

static void parse_arguments(int argc, char **argv, struct wanted *wanted)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, 'k' },
		{ "seed", required_argument, NULL, 's' },
		{ "checkpoint", required_argument, NULL, 'c' },
		{ "checkpoint-key", required_argument, NULL, 'n' },
		{ "live", no_argument, NULL, 'l' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		take_option(option, wanted);
	if (optind == argc)
		misused();
	if (!wanted->note != !wanted->note_key) {
		warnx("--checkpoint and --checkpoint-key need each other");
		misused();
	}
}

static void read_checkpoint(struct wanted *wanted)
{
	static struct checkpoint checkpoint;
	const char *why;

	if (!wanted->note)
		return;
	why = checkpoint_read(wanted->note, wanted->note_key, &checkpoint);
	if (why)
		errx(1, "%s: %s", wanted->note, why);
	wanted->known.checkpoint = &checkpoint;
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
	struct wanted wanted = {};
	struct report report = {};
	struct source source;
	int exit_code;

	parse_init();
	parse_arguments(argc, argv, &wanted);
	read_checkpoint(&wanted);
	source_open(&source, argv + optind, argc - optind);
	verify(&source, &wanted.known, &report, show_progress);
	source_close(&source);
	if (isatty(STDERR_FILENO))
		fputs("\r         \r", stderr);
	report_print(&report, wanted.json);
	if (fflush(stdout) || ferror(stdout))
		err(1, "standard output");
	exit_code = report_exit_code(&report);
	report_free(&report);
	return exit_code;
}
