// SPDX-License-Identifier: Apache-2.0
/*
 * What must be after each round as it was before: files that agents may read or run, or
 * may not touch at all. They are looked at from outside every agent.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NR_KEPT		8

struct kept {
	const char *path;
	struct stat st;
	uint8_t *data;
};

static struct kept kept[NR_KEPT];
static unsigned int nr_kept;

/* NULL if it cannot be read to the size that it says it has, and no further. */
static uint8_t *content(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *data = NULL;

	if (fd < 0)
		return NULL;
	if (!fstat(fd, st))
		data = malloc(st->st_size + 1);
	if (data && read(fd, data, st->st_size + 1) != st->st_size) {
		free(data);
		data = NULL;
	}
	close(fd);
	return data;
}

void kept_add(const char *path)
{
	struct kept *k = &kept[nr_kept++];

	if (nr_kept > NR_KEPT)
		die("more than %u files to keep", NR_KEPT);
	k->path = path;
	k->data = content(path, &k->st);
	if (!k->data)
		die("%s", path);
}

static const char *changed(const struct kept *k)
{
	const char *what = NULL;
	struct stat st;
	uint8_t *data = content(k->path, &st);

	if (!data)
		return "cannot be read";
	if (st.st_size != k->st.st_size)
		what = "has another size";
	else if (memcmp(data, k->data, st.st_size))
		what = "has another content";
	else if (st.st_mode != k->st.st_mode || st.st_uid != k->st.st_uid ||
		 st.st_gid != k->st.st_gid)
		what = "has another mode or owner";
	free(data);
	return what;
}

bool kept_are_whole(void)
{
	bool whole = true;

	for (unsigned int i = 0; i < nr_kept; i++) {
		const char *what = changed(&kept[i]);

		if (!what)
			continue;
		fprintf(stderr, "%s %s\n", kept[i].path, what);
		whole = false;
	}
	return whole;
}
