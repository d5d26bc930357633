// SPDX-License-Identifier: Apache-2.0
/*
 * mutants MESSAGES CAPS COUNT SEED: feeds the kernel manifests and capabilities that
 * somebody has tampered with, and looks at what it answers.
 *
 * MESSAGES: signed manifests, each behind its length in four bytes, little-endian.
 * The first is as its author made it; the others say something else, and are signed
 * all the same. CAPS: capabilities in the same form.
 *
 * Then COUNT times a byte or more of a message is changed without signing it anew,
 * which must never make an agent, and of a capability, which is granted.
 *
 * Each argument ends where its mapping ends, so that a kernel that reads on faults.
 * Prints key=value words: spawned, refused, forged, granted, ungranted.
 */
#include <sys/mman.h>

#include "../common/agent_call.h"

#define PAGE 4096UL

struct guarded {
	uint8_t *end;
	size_t room;
};

struct list {
	struct blob *items;
	size_t nr;
};

static struct guarded guarded_make(size_t room)
{
	struct guarded g = { .room = (room + PAGE - 1) & ~(PAGE - 1) };
	uint8_t *base = mmap(NULL, g.room + PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED || mprotect(base + g.room, PAGE, PROT_NONE))
		die("guard");
	g.end = base + g.room;
	return g;
}

static struct blob guarded_put(struct guarded *g, const struct blob *b)
{
	struct blob at = { .data = g->end - b->len, .len = b->len };

	if (b->len > g->room)
		die("%zu bytes", b->len);
	memcpy(at.data, b->data, b->len);
	return at;
}

static struct list list_read(const char *path)
{
	struct list list = { 0 };
	FILE *f = fopen(path, "re");
	uint8_t head[4];

	if (!f)
		die("%s", path);
	while (fread(head, sizeof(head), 1, f) == 1) {
		size_t len = head[0] | head[1] << 8 | head[2] << 16 | (size_t)head[3] << 24;
		struct blob *b;

		list.items = realloc(list.items, (list.nr + 1) * sizeof(*list.items));
		if (!list.items)
			die("memory");
		b = &list.items[list.nr++];
		b->len = len;
		b->data = malloc(len + 1);
		if (!b->data || (len && fread(b->data, len, 1, f) != 1))
			die("%s is cut off", path);
	}
	fclose(f);
	if (!list.nr)
		die("%s is empty", path);
	return list;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* What a signed manifest or a capability that says something wrong may be told. */
static int is_verdict(int err)
{
	switch (err) {
	case EBADMSG:
	case EINVAL:
	case E2BIG:
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
	case EACCES:
		return 1;
	}
	return 0;
}

static int is_forgery(int err)
{
	return err == EBADMSG || err == EKEYREJECTED || err == ENOKEY;
}

static void end_agent(uint64_t aid)
{
	if (agent_cap_revoke(aid, 0, AGENT_REVOKE_ALL | AGENT_REVOKE_TERMINATE))
		die("cannot end a:%05llu", (unsigned long long)aid);
}

static void feed_signed(const struct list *messages, struct guarded *g)
{
	unsigned long spawned = 0, refused = 0;

	for (size_t i = 0; i < messages->nr; i++) {
		struct blob at = guarded_put(g, &messages->items[i]);
		uint64_t aid;

		if (!agent_spawn(&at, 0, &aid)) {
			spawned++;
			end_agent(aid);
			continue;
		}
		if (!i)
			die("the first message is good");
		if (!is_verdict(errno))
			die("signed mutant %zu", i);
		refused++;
	}
	printf("spawned=%lu refused=%lu ", spawned, refused);
}

/* Changes bytes in place, and at times the length; never to what it was. */
static void tamper(struct blob *b, const struct blob *original, uint64_t *state)
{
	do {
		int changes = 1 + next_random(state) % 3;

		while (changes--)
			((uint8_t *)b->data)[next_random(state) % b->len] ^=
				1 + next_random(state) % 255;
		if (next_random(state) % 8 == 0) {
			size_t cut = next_random(state) % b->len;

			b->data = (uint8_t *)b->data + cut;
			b->len -= cut;
		}
	} while (b->len == original->len && !memcmp(b->data, original->data, b->len));
}

static void feed_forged(const struct blob *message, unsigned long count, uint64_t *state,
			struct guarded *g)
{
	for (unsigned long i = 0; i < count; i++) {
		struct blob at = guarded_put(g, message);

		tamper(&at, message, state);
		if (!agent_spawn(&at, 0, NULL))
			die("a forgery made an agent");
		if (!is_forgery(errno))
			die("forgery %lu", i);
	}
	printf("forged=%lu ", count);
}

static int grant(uint64_t aid, const struct blob *cap)
{
	uint64_t id;

	if (!agent_cap_grant(aid, cap, &id)) {
		if (agent_cap_revoke(aid, id, 0))
			die("cannot revoke %llu", (unsigned long long)id);
		return 1;
	}
	if (!is_verdict(errno) && errno != EPERM)	/* beyond the manifest */
		die("capability");
	return 0;
}

static void feed_caps(const struct list *caps, const struct blob *message, unsigned long count,
		      uint64_t *state, struct guarded *g)
{
	unsigned long granted = 0, ungranted = 0;
	uint64_t aid;

	if (agent_spawn(message, 0, &aid))
		die("spawn");
	for (size_t i = 0; i < caps->nr + count; i++) {
		const struct blob *cap = &caps->items[i % caps->nr];
		struct blob at = guarded_put(g, cap);

		if (i >= caps->nr && at.len)
			tamper(&at, cap, state);
		if (!at.len)
			continue;
		if (grant(aid, &at))
			granted++;
		else
			ungranted++;
	}
	end_agent(aid);
	printf("granted=%lu ungranted=%lu\n", granted, ungranted);
}

int main(int argc, char **argv)
{
	struct list messages, caps;
	struct guarded g = guarded_make(2 * AGENT_MANIFEST_MAX);
	unsigned long count;
	uint64_t state;

	if (argc != 5)
		return 2;
	messages = list_read(argv[1]);
	caps = list_read(argv[2]);
	count = strtoul(argv[3], NULL, 0);
	state = strtoull(argv[4], NULL, 0) | 1;
	feed_signed(&messages, &g);
	feed_forged(&messages.items[0], count, &state, &g);
	feed_caps(&caps, &messages.items[0], count, &state, &g);
	return 0;
}
