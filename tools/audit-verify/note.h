/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signed notes (https://c2sp.org/signed-note): text, and Ed25519 signatures below it.
 */
#ifndef _AUDIT_VERIFY_NOTE_H
#define _AUDIT_VERIFY_NOTE_H

#include <crypto/ed25519.h>

#include "text.h"

#define NOTE_MAX	(1UL << 20)
#define NOTE_ID_SIZE	4

/**
 * struct note_key - who signs notes
 * @name: stands before each signature
 * @id: stands at its start
 * @public: verifies it
 */
struct note_key {
	struct text name;
	u8 id[NOTE_ID_SIZE];
	u8 public[ED25519_PUBLIC_SIZE];
};

const char *note_key_parse(struct text text, struct note_key *key);
const char *note_open(struct text note, const struct note_key *key, struct text *text);

#endif /* _AUDIT_VERIFY_NOTE_H */
