/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text that people and other programs write: UTF-8, and base64 in it.
 */
#ifndef _AUDIT_VERIFY_TEXT_H
#define _AUDIT_VERIFY_TEXT_H

#include <linux/types.h>

/**
 * struct text - bytes in somebody else's memory
 * @at: the first
 * @len: how many
 */
struct text {
	const char *at;
	size_t len;
};

bool text_is_utf8(struct text text);
bool text_is_name(struct text text);
bool text_equal(struct text one, struct text two);
bool text_cut(struct text *rest, char at, struct text *before);
bool text_base64(struct text text, u8 *out, size_t room, size_t *len);

#endif /* _AUDIT_VERIFY_TEXT_H */
