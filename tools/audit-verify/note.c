// SPDX-License-Identifier: GPL-2.0
/*
 * Signed notes. Who hands one in is not believed: each byte is accounted for.
 */

#include <err.h>
#include <stdlib.h>
#include <linux/hex.h>
#include <linux/string.h>

#include "note.h"
#include "sha256.h"

#define SIGNATURES_MAX	100
#define ED25519_KIND	1
/* An em dash and a blank. */
#define DASH		"\xe2\x80\x94 "

/* The id follows from the name and the key. */
static void make_id(struct note_key *key)
{
	size_t len = key->name.len;
	u8 hash[SHA256_SIZE], *bytes = malloc(len + 2 + ED25519_PUBLIC_SIZE);

	if (!bytes)
		err(1, "key");
	memcpy(bytes, key->name.at, len);
	bytes[len] = '\n';
	bytes[len + 1] = ED25519_KIND;
	memcpy(bytes + len + 2, key->public, ED25519_PUBLIC_SIZE);
	sha256(bytes, len + 2 + ED25519_PUBLIC_SIZE, hash);
	memcpy(key->id, hash, sizeof(key->id));
	free(bytes);
}

/**
 * note_key_parse - read NAME+ID+KEY
 * @text: as `coconut audit checkpoint` shows it
 * @key: its name is in the memory of @text
 *
 * Return: why it is none; NULL: it is one.
 */
const char *note_key_parse(struct text text, struct note_key *key)
{
	u8 data[1 + ED25519_PUBLIC_SIZE];
	char id[2 * NOTE_ID_SIZE];
	struct text said;
	size_t len;

	if (!text_cut(&text, '+', &key->name) || !text_cut(&text, '+', &said) ||
	    !text_is_name(key->name) || !text_base64(text, data, sizeof(data), &len))
		return "no key: NAME+ID+KEY is asked for";
	if (data[0] != ED25519_KIND || len != sizeof(data))
		return "only Ed25519 keys are known here";
	memcpy(key->public, data + 1, sizeof(key->public));
	make_id(key);
	bin2hex(id, key->id, sizeof(key->id));
	if (!text_equal(said, (struct text) { id, sizeof(id) }))
		return "the key's id is not that of its name and bytes";
	return NULL;
}

/* The text ends with the line feed before the last empty line. */
static bool split(struct text note, struct text *text, struct text *below)
{
	size_t at;

	for (at = note.len; at >= 2; at--)
		if (note.at[at - 1] == '\n' && note.at[at - 2] == '\n') {
			*text = (struct text) { note.at, at - 1 };
			*below = (struct text) { note.at + at, note.len - at };
			return true;
		}
	return false;
}

static bool has_control(struct text text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if ((u8)text.at[i] < ' ' && text.at[i] != '\n')
			return true;
	return false;
}

/* Takes one line of signatures; *ours: it is by this key. */
static const char *read_signature(struct text line, const struct note_key *key, struct text text,
				  bool *ours)
{
	const struct ed25519_part part = { .data = text.at, .len = text.len };
	u8 data[NOTE_ID_SIZE + ED25519_SIGNATURE_SIZE];
	const size_t dash = strlen(DASH);
	struct text name;
	size_t len;

	if (line.len < dash || memcmp(line.at, DASH, dash))
		return "what stands below the note is no signature";
	line.at += dash;
	line.len -= dash;
	if (!text_cut(&line, ' ', &name) || !text_is_name(name) ||
	    !text_base64(line, data, sizeof(data), &len))
		return "what stands below the note is no signature";
	*ours = text_equal(name, key->name) && len >= NOTE_ID_SIZE &&
		!memcmp(data, key->id, NOTE_ID_SIZE);
	if (*ours && (len != sizeof(data) ||
		      ed25519_verify(data + NOTE_ID_SIZE, key->public, &part, 1)))
		return "the signature of the note is wrong";
	return NULL;
}

/**
 * note_open - the text of a note that a key signed; other signatures may stand there too
 * @note: the whole
 * @key: that must have signed it
 * @text: in the memory of @note
 *
 * Return: why it is no such note; NULL: it is one.
 */
const char *note_open(struct text note, const struct note_key *key, struct text *text)
{
	struct text below, line;
	unsigned int lines = 0;
	bool found = false;

	if (note.len > NOTE_MAX)
		return "the note is too long";
	if (!text_is_utf8(note) || !split(note, text, &below) || has_control(*text))
		return "a note is lines of text, an empty one, and signatures";
	while (text_cut(&below, '\n', &line)) {
		bool ours = false;
		const char *why = read_signature(line, key, *text, &ours);

		if (why)
			return why;
		if (++lines > SIGNATURES_MAX)
			return "the note has too many signatures";
		if (ours && found)
			return "the note is signed twice by one key";
		found |= ours;
	}
	if (below.len)
		return "the last line of the note is cut off";
	return found ? NULL : "the key that was named has not signed the note";
}
