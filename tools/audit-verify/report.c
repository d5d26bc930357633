// SPDX-License-Identifier: GPL-2.0
/*
 * What is found of a log, as text and as JSON; the JSON is that of `coconut audit verify`.
 */

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <linux/hex.h>
#include <linux/string.h>

#include "report.h"

/* The exit codes are those of Documentation/userspace-api/coconut/audit.rst. */
static const struct {
	const char *text;
	int exit_code;
} verdicts[] = {
	[INTACT]	= { "intact", 0 },
	[UNANCHORED]	= { "intact but unanchored", 10 },
	[INCOMPLETE]	= { "incomplete", 13 },
	[TRUNCATED]	= { "truncated", 11 },
	[TAMPERED]	= { "tampered", 12 },
};

/**
 * report_boot - begin with another boot
 * @report: gets one more; what pointed into it before does no longer
 *
 * Return: what is found of it so far, which is nothing.
 */
struct boot_report *report_boot(struct report *report)
{
	report->boots = reallocarray(report->boots, report->nr + 1, sizeof(*report->boots));
	if (!report->boots)
		err(1, "boots");
	memset(&report->boots[report->nr], 0, sizeof(*report->boots));
	return &report->boots[report->nr++];
}

/**
 * report_worsen - say that a boot is no better than so
 * @boot: which
 * @verdict: it is this at best
 * @form: why
 */
void report_worsen(struct boot_report *boot, enum verdict verdict, const char *form, ...)
{
	va_list arguments;

	if (verdict > boot->verdict)
		boot->verdict = verdict;
	if (boot->nr_reasons == REASONS_MAX)
		return;
	va_start(arguments, form);
	vsnprintf(boot->reasons[boot->nr_reasons++], REASON_MAX, form, arguments);
	va_end(arguments);
}

/**
 * report_free - give its memory back
 * @report: no longer used
 */
void report_free(struct report *report)
{
	free(report->boots);
}

/* Without a boot there is nothing that could be whole. */
static enum verdict overall(const struct report *report)
{
	enum verdict worst = report->nr ? INTACT : TRUNCATED;
	size_t i;

	for (i = 0; i < report->nr; i++)
		if (report->boots[i].verdict > worst)
			worst = report->boots[i].verdict;
	return worst;
}

/**
 * report_exit_code - what the program ends with
 * @report: all boots
 *
 * Return: the code of the worst verdict.
 */
int report_exit_code(const struct report *report)
{
	return verdicts[overall(report)].exit_code;
}

static const char *hex(const u8 *bytes, size_t size)
{
	static char text[2 * 32 + 1];

	*bin2hex(text, bytes, size) = '\0';
	return text;
}

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

/* Paths are in it: what is not plain does not reach the terminal or break the JSON. */
static void print_plain(const char *text)
{
	for (; *text; text++)
		putchar(*text < ' ' || *text > '~' || *text == '"' || *text == '\\' ? '?' : *text);
}

static void print_json_boot(const struct boot_report *boot)
{
	unsigned int i;

	printf("{\"verdict\": \"%s\", \"reasons\": [", verdicts[boot->verdict].text);
	for (i = 0; i < boot->nr_reasons; i++) {
		printf(i ? ", \"" : "\"");
		print_plain(boot->reasons[i]);
		putchar('"');
	}
	printf("], \"boot\": \"%s\"", boot->known ? hex(boot->boot, sizeof(boot->boot)) : "");
	printf(", \"records\": %lu, \"epochs\": %lu, \"pruned\": %lu", boot->records, boot->epochs,
	       boot->pruned);
	printf(", \"first_seq\": %lu, \"last_seq\": %lu", boot->first_seq, boot->last_seq);
	printf(", \"head\": \"%s\"", boot->epochs ? hex(boot->head, sizeof(boot->head)) : "");
	printf(", \"unsealed\": %lu, \"lost\": %lu", boot->unsealed, boot->lost);
	if (boot->bad)
		printf(", \"bad_seq\": %lu, \"bad_last\": %lu", boot->bad_seq, boot->bad_last);
	else
		printf(", \"bad_seq\": null, \"bad_last\": null");
	if (boot->epoch_known)
		printf(", \"epoch\": %lu", boot->bad_epoch);
	else
		printf(", \"epoch\": null");
	if (boot->counted)
		printf(", \"counter\": %lu", boot->counter);
	else
		printf(", \"counter\": null");
	printf(", \"anchor\": \"%s\"",
	       boot->rooted ? hex(boot->anchor, sizeof(boot->anchor)) : "");
	printf(", \"anchored\": %s, \"macs\": %s, \"final\": %s, \"recovered\": %s}",
	       truth(boot->anchored), truth(boot->macs), truth(boot->final),
	       truth(boot->recovered && boot->verdict != TAMPERED));
}

static void print_text_boot(const struct boot_report *boot)
{
	unsigned int i;

	printf("boot %s: %lu records, %lu epochs, last seal after record %lu\n",
	       boot->known ? hex(boot->boot, sizeof(boot->boot)) : "?", boot->records,
	       boot->epochs, boot->last_seq);
	if (boot->unsealed)
		printf("  %lu records after the last seal\n", boot->unsealed);
	if (boot->bad && boot->bad_last == boot->bad_seq)
		printf("  first bad: record %lu\n", boot->bad_seq);
	else if (boot->bad)
		printf("  first bad: one of the records %lu to %lu\n", boot->bad_seq,
		       boot->bad_last);
	for (i = 0; i < boot->nr_reasons; i++) {
		printf("  ");
		print_plain(boot->reasons[i]);
		putchar('\n');
	}
}

/**
 * report_print - write it to standard output
 * @report: all boots
 * @json: for programs
 */
void report_print(const struct report *report, bool json)
{
	enum verdict verdict = overall(report);
	size_t i;

	if (json)
		printf("{\"verdict\": \"%s\", \"exit_code\": %d, \"boots\": [",
		       verdicts[verdict].text, verdicts[verdict].exit_code);
	for (i = 0; i < report->nr; i++) {
		if (json && i)
			printf(", ");
		if (json)
			print_json_boot(&report->boots[i]);
		else
			print_text_boot(&report->boots[i]);
	}
	puts(json ? "]}" : verdicts[verdict].text);
}
