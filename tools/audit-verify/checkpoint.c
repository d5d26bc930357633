// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoints: a log that was put back to an older state has fewer seals than one that
 * somebody else kept says, and a log that was written anew has others.
 */

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <linux/string.h>

#include "checkpoint.h"
#include "note.h"
#include "parse.h"

#define SIZE_DIGITS	18

/* NAME/BOOT; a name may have slashes of its own. */
static bool parse_origin(struct text line, const struct note_key *key, u8 boot[AUDIT_BOOT_ID_SIZE])
{
	const char *at = line.at + key->name.len, *end = line.at + line.len;
	struct text name = { line.at, key->name.len };

	return line.len > name.len && text_equal(name, key->name) && *at++ == '/' &&
	       parse_hex(&at, end, boot, AUDIT_BOOT_ID_SIZE) && at == end;
}

/* Without leading zeros. */
static bool parse_size(struct text line, u64 *size)
{
	const char *at = line.at, *end = at + line.len;

	return line.len <= SIZE_DIGITS && parse_u64(&at, end, size) && at == end &&
	       (*line.at != '0' || line.len == 1);
}

static const char *parse(struct text text, const struct note_key *key,
			 struct checkpoint *checkpoint)
{
	struct text origin, size, root;
	size_t len;

	if (!text_cut(&text, '\n', &origin) || !text_cut(&text, '\n', &size) ||
	    !text_cut(&text, '\n', &root))
		return "no checkpoint: origin, size and root are asked for";
	if (!parse_origin(origin, key, checkpoint->boot) || !parse_size(size, &checkpoint->size))
		return "no checkpoint of a boot of this log";
	if (!text_base64(root, checkpoint->root, sizeof(checkpoint->root), &len) ||
	    len != sizeof(checkpoint->root))
		return "the root of a tree has 32 bytes";
	return NULL;
}

/* One byte more than a note may have, so that who judges it sees that it is too long. */
static struct text read_note(const char *path)
{
	char *bytes = malloc(NOTE_MAX + 1);
	FILE *file = fopen(path, "re");
	struct text note = { .at = bytes };

	if (!bytes || !file)
		err(1, "%s", path);
	note.len = fread(bytes, 1, NOTE_MAX + 1, file);
	if (ferror(file))
		err(1, "%s", path);
	fclose(file);
	return note;
}

/**
 * checkpoint_read - read a note that a key signed
 * @path: of the note
 * @key: of who signed it, NAME+ID+KEY
 * @checkpoint: written
 *
 * Return: why it is no checkpoint; NULL: it is one.
 */
const char *checkpoint_read(const char *path, const char *key, struct checkpoint *checkpoint)
{
	struct text note, text;
	struct note_key signer;
	const char *why = note_key_parse((struct text) { key, strlen(key) }, &signer);

	if (why)
		return why;
	note = read_note(path);
	why = note_open(note, &signer, &text);
	if (!why)
		why = parse(text, &signer, checkpoint);
	free((char *)note.at);
	return why;
}

static bool is_other(const struct checkpoint *checkpoint, const struct tlog *seals)
{
	u8 root[SHA256_SIZE];

	tlog_root(seals, root);
	return memcmp(root, checkpoint->root, sizeof(root));
}

/**
 * checkpoint_seal - a seal was found good
 * @checkpoint: what is checked
 * @seals: of the boot, up to the one before; this one joins them
 * @line: the seal
 * @len: bytes of @line
 * @boot: is told, where the checkpoint ends here, whether it is of other seals
 */
void checkpoint_seal(const struct checkpoint *checkpoint, struct tlog *seals,
		     const char *line, size_t len, struct boot_report *boot)
{
	tlog_add(seals, line, len);
	if (seals->nr == checkpoint->size)
		boot->other_seals = is_other(checkpoint, seals);
}

static struct boot_report *find(const struct checkpoint *checkpoint, struct report *report)
{
	size_t i;

	for (i = 0; i < report->nr; i++)
		if (report->boots[i].known &&
		    !memcmp(report->boots[i].boot, checkpoint->boot, sizeof(checkpoint->boot)))
			return &report->boots[i];
	return NULL;
}

static void add_missing(const struct checkpoint *checkpoint, struct report *report)
{
	struct boot_report *boot = report_boot(report);

	boot->known = true;
	memcpy(boot->boot, checkpoint->boot, sizeof(boot->boot));
	report_worsen(boot, TRUNCATED, "the checkpoint is of this boot, which is not there");
}

/**
 * checkpoint_judge - has the log come as far as the checkpoint says?
 * @checkpoint: NULL: there is none
 * @report: of the whole log; made worse where it has not
 */
void checkpoint_judge(const struct checkpoint *checkpoint, struct report *report)
{
	static const struct tlog nothing;
	struct boot_report *boot;

	if (!checkpoint)
		return;
	boot = find(checkpoint, report);
	if (!boot)
		add_missing(checkpoint, report);
	else if (boot->verdict == TAMPERED)
		return;
	else if (boot->late)
		report_worsen(boot, INCOMPLETE,
			      "without the boot's first seals no checkpoint is checked");
	else if (boot->epochs < checkpoint->size)
		report_worsen(boot, TRUNCATED,
			      "the checkpoint is of %" PRIu64 " seals, and %" PRIu64 " are there",
			      checkpoint->size, boot->epochs);
	else if (checkpoint->size ? boot->other_seals : is_other(checkpoint, &nothing))
		report_worsen(boot, TAMPERED, "the checkpoint is of other seals");
}
