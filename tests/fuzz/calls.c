// SPDX-License-Identifier: Apache-2.0
/*
 * One of the eight calls, with arguments from its description: most of them right, so
 * that what lies deep is reached, and some of them wrong in a way that their kind has.
 *
 * What is held against the kernel each time: it answers nothing that the description
 * does not list, and ENOSYS only to whom the magic is missing.
 */
#include "fuzz.h"

#include "descriptions.h"

_Static_assert(ARRAY_SIZE(fuzz_calls) == NR_CALLS, "the eight calls");

/* One call on its way. */
struct attempt {
	const struct fuzz_call *call;
	uint8_t args[2 * PAGE];
	size_t size;
	uint64_t address;
	size_t lengths[16];		/* of what stands behind each pointer */
	unsigned int wrong;		/* one field in so many is wrong; 0: none */
	unsigned int slot;		/* the next one that is free */
	bool no_magic;			/* it may answer ENOSYS */
};

static bool goes_wrong(struct worker *w, const struct attempt *a)
{
	return a->wrong && chance_once(&w->chance, a->wrong);
}

static void put_field(struct attempt *a, const struct fuzz_field *f, uint64_t value)
{
	memcpy(a->args + f->offset, &value, f->size);
}

static uint64_t get_field(const struct attempt *a, const struct fuzz_field *f)
{
	uint64_t value = 0;

	memcpy(&value, a->args + f->offset, f->size);
	return value;
}

/* ---- values ---- */

static uint64_t some_aid(struct worker *w)
{
	if (chance_once(&w->chance, 4))
		return 0;
	return known_aid(w->shared, &w->chance);
}

/* With AGENT_BY_FD the field is a descriptor: flags come before it and are known. */
static uint64_t aid_value(struct worker *w, struct attempt *a)
{
	uint64_t flags;

	memcpy(&flags, a->args + 8, sizeof(flags));
	if (flags & AGENT_BY_FD)
		return worker_fd(w);
	/* Nobody but an agent itself moves its memory. */
	if (a->call->nr == NR_agent_memory_tier && !chance_once(&w->chance, 4))
		return 0;
	return some_aid(w);
}

static uint64_t some_number(struct worker *w)
{
	switch (chance_below(&w->chance, 8)) {
	case 0:
		return chance_odd(&w->chance);
	case 1:
	case 2:
		return chance_below(&w->chance, 4);
	case 3:
	case 4:
		return chance_below(&w->chance, 64) * PAGE;
	default:
		return known_number(w->shared, &w->chance);
	}
}

/* Of none of them there is nothing to reach. */
static uint64_t some_pages(struct worker *w)
{
	return (1 + chance_below(&w->chance, 16)) * PAGE;
}

static uint64_t some_flags(struct worker *w, const struct attempt *a, uint64_t known)
{
	uint64_t flags = 0;

	if (chance_once(&w->chance, 2))
		flags = chance_next(&w->chance) & chance_next(&w->chance) & known;
	/* Whoever enters does not come back. */
	if (a->call->nr == NR_agent_spawn && (!w->may_enter || !chance_once(&w->chance, 16)))
		flags &= ~(uint64_t)AGENT_SPAWN_ENTER;
	/* The seed is given once in a boot: the auditor wants it. */
	if (a->call->nr == NR_agent_audit_query && !w->may_enter)
		flags &= ~(uint64_t)AGENT_AUDIT_SEED;
	return flags;
}

/* ---- pointers ---- */

static uint64_t bad_address(struct worker *w, size_t len)
{
	struct slot *slot = &w->slots[SLOT_AREA];

	switch (chance_below(&w->chance, 6)) {
	case 0:
		return 0;
	case 1:
		return chance_below(&w->chance, PAGE);
	case 2:
		return 0xffff888000000000ULL + chance_below(&w->chance, 1 << 30);
	case 3:
		return 0x7fffffffe000ULL + chance_below(&w->chance, 2 * PAGE);
	case 4:
		return UINT64_MAX - chance_below(&w->chance, len + 8);
	default:
		/* half of it is there */
		return (uintptr_t)(slot->start + slot->room - chance_below(&w->chance, len + 1));
	}
}

static const struct blob *payload(struct worker *w, enum fuzz_kind kind)
{
	switch (kind) {
	case FUZZ_MANIFEST:
		if (chance_once(&w->chance, 4))
			return corpus_get(&w->chance, CORPUS_MUTANT);
		return corpus_get(&w->chance, chance_once(&w->chance, 8) ? CORPUS_WORKER :
						CORPUS_MANIFEST);
	case FUZZ_CAPS:
		return corpus_get(&w->chance, CORPUS_CAPS);
	default:
		return corpus_get(&w->chance, CORPUS_CAP);
	}
}

static void tamper(struct worker *w, uint8_t *data, size_t len)
{
	unsigned int changes = 1 + chance_below(&w->chance, 3);

	while (len && changes--)
		data[chance_below(&w->chance, len)] ^= 1 + chance_below(&w->chance, 255);
}

static uint64_t pointer_value(struct worker *w, struct attempt *a, const struct fuzz_field *f,
			      unsigned int index)
{
	struct slot *slot = &w->slots[a->slot];
	struct blob empty = { 0 };
	const struct blob *b = &empty;
	size_t len;
	uint8_t *at;

	if (f->kind == FUZZ_ROOM) {
		len = chance_once(&w->chance, 3) ? chance_below(&w->chance, 128) : 40000;
	} else if (f->kind == FUZZ_BYTES) {
		len = chance_once(&w->chance, 3) ? 0 : 8 + chance_below(&w->chance, 57);
	} else if (f->kind == FUZZ_CAPS && chance_once(&w->chance, 2)) {
		a->lengths[index] = 0;
		return 0;
	} else {
		b = payload(w, f->kind);
		len = b->len;
	}
	a->slot = 1 + a->slot % (SLOT_AREA - 1);
	a->lengths[index] = len;
	if (goes_wrong(w, a))
		return bad_address(w, len);
	at = slot_put(slot, b->data, len);
	if (b->data && goes_wrong(w, a))
		tamper(w, at, len);
	return (uintptr_t)at;
}

static uint64_t wrong_value(struct worker *w, const struct fuzz_field *f)
{
	if (f->kind == FUZZ_FLAGS)
		return chance_odd(&w->chance) & ~(uint64_t)AGENT_SPAWN_ENTER;
	return chance_odd(&w->chance);
}

static uint64_t right_value(struct worker *w, struct attempt *a, unsigned int index)
{
	const struct fuzz_field *f = &a->call->fields[index];

	switch (f->kind) {
	case FUZZ_MAGIC:
		return AGENT_MAGIC;
	case FUZZ_FLAGS:
		return some_flags(w, a, f->detail);
	case FUZZ_AID:
		return aid_value(w, a);
	case FUZZ_ZERO:
		return 0;
	case FUZZ_OUT:
		return chance_next(&w->chance);
	case FUZZ_ENUM:
		return chance_below(&w->chance, f->detail);
	case FUZZ_NUMBER:
		return some_number(w);
	case FUZZ_PAGES:
		return some_pages(w);
	case FUZZ_LENGTH:
		return a->lengths[f->detail];
	default:
		return pointer_value(w, a, f, index);
	}
}

/* ---- the structure ---- */

/* Lengths last: they follow what they measure, wherever that stands. */
static void fill_fields(struct worker *w, struct attempt *a, bool lengths)
{
	for (unsigned int i = 0; i < a->call->nr_fields; i++) {
		const struct fuzz_field *f = &a->call->fields[i];

		if ((f->kind == FUZZ_LENGTH) != lengths)
			continue;
		put_field(a, f, goes_wrong(w, a) ? wrong_value(w, f) : right_value(w, a, i));
		if (f->kind == FUZZ_MAGIC)
			a->no_magic = get_field(a, f) != AGENT_MAGIC;
	}
}

static void fill_size(struct worker *w, struct attempt *a)
{
	a->size = a->call->size;
	if (!goes_wrong(w, a))
		return;
	switch (chance_below(&w->chance, 4)) {
	case 0:
		a->size = chance_below(&w->chance, a->call->min_size);
		break;
	case 1:
		a->size = PAGE + 1;
		break;
	case 2:
		a->size = a->call->size + 8 * chance_below(&w->chance, 64);
		if (chance_once(&w->chance, 2))
			tamper(w, a->args + a->call->size, a->size - a->call->size);
		break;
	default:
		a->size = chance_odd(&w->chance);
	}
}

static void fill_address(struct worker *w, struct attempt *a)
{
	size_t len = a->size <= sizeof(a->args) ? a->size : sizeof(a->args);

	if (len < a->call->min_size)
		len = a->call->min_size;
	if (goes_wrong(w, a)) {
		a->address = bad_address(w, len);
		a->no_magic = true;
		return;
	}
	a->address = (uintptr_t)slot_put(&w->slots[0], a->args, len);
}

static void fill(struct worker *w, struct attempt *a)
{
	static const unsigned int wrong[] = { 0, 0, 0, 0, 24, 12, 4 };

	a->call = &fuzz_calls[chance_below(&w->chance, NR_CALLS)];
	a->wrong = wrong[chance_below(&w->chance, ARRAY_SIZE(wrong))];
	a->slot = 1;
	fill_fields(w, a, false);
	fill_fields(w, a, true);
	fill_size(w, a);
	fill_address(w, a);
}

/* ---- what came of it ---- */

static bool listed(const struct fuzz_call *call, int err)
{
	for (const int *e = call->errnos; *e; e++)
		if (*e == err)
			return true;
	return false;
}

static void describe(const struct attempt *a, char *text, size_t size)
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < a->call->nr_fields && at < size; i++)
		at += snprintf(text + at, size - at, " %s=%#llx", a->call->fields[i].name,
			       (unsigned long long)get_field(a, &a->call->fields[i]));
}

static void judge(struct worker *w, const struct attempt *a, int err)
{
	char fields[512];

	if (w->shares_args)
		return;
	if (listed(a->call, err) && (err != ENOSYS || a->no_magic))
		return;
	describe(a, fields, sizeof(fields));
	worker_fail(w, "%s(%#llx, %zu) answered %d (%s), which it must not:%s", a->call->name,
		    (unsigned long long)a->address, a->size, err, strerror(err), fields);
}

/* What it returned is what the next calls name. */
static void learn(struct worker *w, struct attempt *a)
{
	memcpy(a->args, (void *)(uintptr_t)a->address, a->call->size);
	for (unsigned int i = 0; i < a->call->nr_fields; i++) {
		const struct fuzz_field *f = &a->call->fields[i];
		uint64_t value = get_field(a, f);

		if (!strcmp(f->name, "fd")) {
			if ((int)value >= 0)
				worker_keep_fd(w, value);
		} else if (!strcmp(f->name, "aid") && f->kind == FUZZ_OUT) {
			know_aid(w->shared, value);
		} else if (f->kind == FUZZ_OUT || !strcmp(f->name, "reservation") ||
			   !strcmp(f->name, "address")) {
			know_number(w->shared, value);
		}
	}
}

void fuzz_agent_call(struct worker *w)
{
	static __thread struct attempt a;
	long ret;

	memset(&a, 0, sizeof(a));
	fill(w, &a);
	ret = syscall(a.call->nr, a.address, a.size);
	w->op++;
	tally_add(&w->shared->calls[a.call - fuzz_calls], ret < 0 ? errno : 0);
	if (ret < 0) {
		w->denied += errno == EPERM;
		judge(w, &a, errno);
		return;
	}
	if (!w->shares_args)
		learn(w, &a);
}
