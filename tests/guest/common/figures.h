/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that the kernel shows in files, behind a key each.
 */
#ifndef TESTS_GUEST_FIGURES_H
#define TESTS_GUEST_FIGURES_H

#include "agent_call.h"

#define FIGURES_TEXT	8192

static inline void figures_read(const char *path, char text[FIGURES_TEXT])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, FIGURES_TEXT - 1);

	if (n <= 0)
		die("cannot read %s", path);
	text[n] = '\0';
	close(fd);
}

static inline uint64_t figure_in(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	if (!at)
		die("there is no %s", key);
	return strtoull(at + strlen(key), NULL, 10);
}

static inline uint64_t figure(const char *path, const char *key)
{
	char text[FIGURES_TEXT];

	figures_read(path, text);
	return figure_in(text, key);
}

/* The sum of some rows of /proc/meminfo, in KiB; each key is "\nName:". */
static inline long meminfo_kib(const char *const *keys, unsigned int nr)
{
	char text[FIGURES_TEXT];
	long kib = 0;

	figures_read("/proc/meminfo", text);
	for (unsigned int i = 0; i < nr; i++)
		kib += figure_in(text, keys[i]);
	return kib;
}

#endif /* TESTS_GUEST_FIGURES_H */
