// SPDX-License-Identifier: Apache-2.0
/*
 * Manifests and capabilities to feed: a file of pieces, each behind its kind in one
 * byte and its length in four, little-endian.
 */
#include "fuzz.h"

struct pieces {
	struct blob *items;
	size_t nr;
};

static struct pieces corpus[CORPUS_KINDS];

void corpus_read(const char *path)
{
	FILE *f = fopen(path, "re");
	uint8_t head[5];

	if (!f)
		die("%s", path);
	while (fread(head, sizeof(head), 1, f) == 1) {
		size_t len = head[1] | head[2] << 8 | head[3] << 16 | (size_t)head[4] << 24;
		struct pieces *p = &corpus[head[0] % CORPUS_KINDS];
		struct blob *b;

		p->items = realloc(p->items, (p->nr + 1) * sizeof(*p->items));
		if (!p->items)
			die("memory");
		b = &p->items[p->nr++];
		b->len = len;
		b->data = malloc(len + 1);
		if (!b->data || (len && fread(b->data, len, 1, f) != 1))
			die("%s is cut off", path);
	}
	fclose(f);
	for (unsigned int kind = 0; kind < CORPUS_KINDS; kind++)
		if (!corpus[kind].nr)
			die("%s has nothing of kind %u", path, kind);
}

const struct blob *corpus_get(struct chance *c, enum corpus_kind kind)
{
	return &corpus[kind].items[chance_below(c, corpus[kind].nr)];
}
