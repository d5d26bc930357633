// SPDX-License-Identifier: GPL-2.0
/*
 * Reads a line loosely, then has the kernel's own code write it again: a line that does
 * not come out as it went in is none. So what the one form of a line is stands in the
 * kernel alone, and a slip of this reader can refuse a line and never let one pass.
 */

#include <linux/string.h>

#include "parse.h"

#define NAMES_MAX	64

/* A name of an event, class or decision as a line has it; by its number. */
struct name {
	char text[16];
	size_t len;
};

static struct name event_names[NAMES_MAX], class_names[NAMES_MAX], decision_names[NAMES_MAX];

/* ---- pieces ---- */

static bool take(const char **at, const char *end, const char *text, size_t len)
{
	if ((size_t)(end - *at) < len || memcmp(*at, text, len))
		return false;
	*at += len;
	return true;
}

#define TAKE(at, end, text)	take(at, end, text, sizeof(text) - 1)

/**
 * parse_u64 - read a decimal number
 * @at: where it begins; moved past its digits
 * @end: of the text
 * @value: what it is
 *
 * Return: false where there is no digit, or it is 2^64 or more.
 */
bool parse_u64(const char **at, const char *end, u64 *value)
{
	const char *p = *at;
	u64 sum = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		u64 digit = *p - '0';

		/* 19 digits always fit. */
		if (p - *at < 19)
			sum = sum * 10 + digit;
		else if (__builtin_mul_overflow(sum, 10, &sum) ||
			 __builtin_add_overflow(sum, digit, &sum))
			return false;
	}
	if (p == *at)
		return false;
	*at = p;
	*value = sum;
	return true;
}

static bool parse_u32(const char **at, const char *end, u32 *value)
{
	u64 wide;

	if (!parse_u64(at, end, &wide) || wide > U32_MAX)
		return false;
	*value = wide;
	return true;
}

static bool parse_s64(const char **at, const char *end, s64 *value)
{
	bool negative = *at < end && **at == '-';
	u64 magnitude;

	*at += negative;
	if (!parse_u64(at, end, &magnitude) || magnitude > (u64)S64_MAX + negative)
		return false;
	*value = negative ? 0 - magnitude : magnitude;
	return true;
}

static const u8 *hex_values(void)
{
	static u8 values[256];
	static bool ready;
	int i;

	if (!ready) {
		memset(values, 0xff, sizeof(values));
		for (i = 0; i < 16; i++)
			values[(u8)"0123456789abcdef"[i]] = i;
		ready = true;
	}
	return values;
}

/**
 * parse_hex - read bytes in hexadecimal, lower case
 * @at: where they begin; moved past them
 * @end: of the text
 * @out: where to
 * @size: how many
 *
 * Return: false where these are fewer.
 */
bool parse_hex(const char **at, const char *end, u8 *out, size_t size)
{
	const u8 *values = hex_values();
	const u8 *p = (const u8 *)*at;
	u8 wrong = 0;
	size_t i;

	if ((size_t)(end - *at) < 2 * size)
		return false;
	for (i = 0; i < size; i++, p += 2) {
		u8 high = values[p[0]], low = values[p[1]];

		wrong |= high | low;
		out[i] = high << 4 | low;
	}
	*at = (const char *)p;
	return !(wrong & 0xf0);
}

static int name_of(const struct name *names, const char **at, const char *end)
{
	const char *quote = memchr(*at, '"', end - *at);
	size_t len = quote ? quote - *at : 0;
	int i;

	for (i = 0; i < NAMES_MAX && names[i].len; i++)
		if (names[i].len == len && !memcmp(names[i].text, *at, len)) {
			*at = quote;
			return i;
		}
	return -1;
}

static bool parse_object(const char **at, const char *end, struct audit_record *rec)
{
	const char *p = *at;
	size_t len = 0;

	while (p < end && *p != '"') {
		u8 byte = *p++;

		if (byte == '\\') {
			if (p == end)
				return false;
			byte = *p++;
			if (byte == 'u' && (!TAKE(&p, end, "00") || !parse_hex(&p, end, &byte, 1)))
				return false;
		}
		if (len == sizeof(rec->object))
			return false;
		rec->object[len++] = byte;
	}
	rec->object_len = len;
	*at = p;
	return true;
}

/* ---- lines ---- */

static bool read_record(const char *at, const char *end, struct audit_record *rec,
			u8 boot[AUDIT_BOOT_ID_SIZE])
{
	int event, class, decision;
	s64 result;

	if (!TAKE(&at, end, "{\"seq\":") || !parse_u64(&at, end, &rec->seq) ||
	    !TAKE(&at, end, ",\"boot\":\"") || !parse_hex(&at, end, boot, AUDIT_BOOT_ID_SIZE) ||
	    !TAKE(&at, end, "\",\"mono\":") || !parse_u64(&at, end, &rec->mono) ||
	    !TAKE(&at, end, ",\"real\":") || !parse_s64(&at, end, &rec->real) ||
	    !TAKE(&at, end, ",\"cpu\":") || !parse_u32(&at, end, &rec->cpu) ||
	    !TAKE(&at, end, ",\"aid\":\"a:") || !parse_u64(&at, end, &rec->aid) ||
	    !TAKE(&at, end, "\",\"tid\":") || !parse_u32(&at, end, &rec->tid) ||
	    !TAKE(&at, end, ",\"event\":\""))
		return false;
	event = name_of(event_names, &at, end);
	if (event < 0 || !TAKE(&at, end, "\",\"class\":\""))
		return false;
	class = name_of(class_names, &at, end);
	if (class < 0 || !TAKE(&at, end, "\",\"decision\":\""))
		return false;
	decision = name_of(decision_names, &at, end);
	if (decision < 0 ||
	    !TAKE(&at, end, "\",\"cap\":") || !parse_u64(&at, end, &rec->capability) ||
	    !TAKE(&at, end, ",\"rights\":") || !parse_u64(&at, end, &rec->rights) ||
	    !TAKE(&at, end, ",\"object\":\"") || !parse_object(&at, end, rec) ||
	    !TAKE(&at, end, "\",\"result\":") || !parse_s64(&at, end, &result) ||
	    !TAKE(&at, end, ",\"mac\":\"") || !parse_hex(&at, end, rec->mac, sizeof(rec->mac)))
		return false;
	rec->event = event;
	rec->class = class;
	rec->decision = decision;
	rec->result = result;
	return rec->result == result;
}

/**
 * parse_record - read the line of a record
 * @line: its bytes
 * @len: how many, the line feed included
 * @rec: what it stands for
 * @boot: the boot that it is of
 *
 * Return: false where it is not, to the byte, what the kernel writes.
 */
bool parse_record(const char *line, size_t len, struct audit_record *rec,
		  u8 boot[AUDIT_BOOT_ID_SIZE])
{
	char again[AUDIT_LINE_MAX];

	if (!read_record(line, line + len, rec, boot))
		return false;
	return audit_line_record(rec, boot, again) == len && !memcmp(again, line, len);
}

static bool read_seal(const char *at, const char *end, struct audit_seal *seal)
{
	return TAKE(&at, end, "{\"seal\":") && parse_u64(&at, end, &seal->epoch) &&
	       TAKE(&at, end, ",\"first\":") && parse_u64(&at, end, &seal->first) &&
	       TAKE(&at, end, ",\"last\":") && parse_u64(&at, end, &seal->last) &&
	       TAKE(&at, end, ",\"count\":") && parse_u64(&at, end, &seal->count) &&
	       TAKE(&at, end, ",\"root\":\"") &&
	       parse_hex(&at, end, seal->root, sizeof(seal->root)) &&
	       TAKE(&at, end, "\",\"head\":\"") &&
	       parse_hex(&at, end, seal->head, sizeof(seal->head)) &&
	       TAKE(&at, end, "\",\"next\":\"") &&
	       parse_hex(&at, end, seal->next, sizeof(seal->next)) &&
	       TAKE(&at, end, "\",\"sig\":\"") &&
	       parse_hex(&at, end, seal->sig, sizeof(seal->sig));
}

/**
 * parse_seal - read the line of a seal
 * @line: its bytes
 * @len: how many, the line feed included
 * @seal: what it stands for
 *
 * Return: false where it is not, to the byte, what the kernel writes, or a number in it is
 * 2^63 or more, which no chain reaches, or the first record is 0.
 */
bool parse_seal(const char *line, size_t len, struct audit_seal *seal)
{
	char again[AUDIT_SEAL_LINE_MAX];

	if (!read_seal(line, line + len, seal))
		return false;
	if ((seal->epoch | seal->first | seal->last | seal->count) > S64_MAX || !seal->first)
		return false;
	return audit_line_seal(seal, again) == len && !memcmp(again, line, len);
}

/* ---- names ---- */

/* The kernel writes a number where it has no name. */
static void ask_name(const struct audit_record *rec, const char *key, struct name *name)
{
	static const u8 boot[AUDIT_BOOT_ID_SIZE];
	char line[AUDIT_LINE_MAX + 1];
	const char *start, *end;

	line[audit_line_record(rec, boot, line)] = '\0';
	start = strstr(line, key) + strlen(key);
	end = strchr(start, '"');
	if (*start >= 'a' && *start <= 'z' && end - start < (ptrdiff_t)sizeof(name->text)) {
		name->len = end - start;
		memcpy(name->text, start, name->len);
	}
}

/**
 * parse_init - ask the kernel's code for the names that it uses
 *
 * Once, before anything is read.
 */
void parse_init(void)
{
	int i;

	for (i = 0; i < NAMES_MAX; i++) {
		struct audit_record rec = { .event = i, .class = i, .decision = i };

		ask_name(&rec, "\"event\":\"", &event_names[i]);
		ask_name(&rec, "\"class\":\"", &class_names[i]);
		ask_name(&rec, "\"decision\":\"", &decision_names[i]);
	}
}
