/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lines of a log, back to what the kernel wrote them from.
 */
#ifndef _AUDIT_VERIFY_PARSE_H
#define _AUDIT_VERIFY_PARSE_H

#include "line.h"

void parse_init(void);
bool parse_record(const char *line, size_t len, struct audit_record *rec,
		  u8 boot[AUDIT_BOOT_ID_SIZE]);
bool parse_seal(const char *line, size_t len, struct audit_seal *seal);
bool parse_u64(const char **at, const char *end, u64 *value);
bool parse_hex(const char **at, const char *end, u8 *out, size_t size);

#endif /* _AUDIT_VERIFY_PARSE_H */
