// SPDX-License-Identifier: Apache-2.0
/* Chance, memory, shared knowledge: what every worker stands on. */
#include "fuzz.h"

#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define SLOT_ROOM	(160 * 1024UL)

uint64_t chance_next(struct chance *c)
{
	uint64_t z = (c->state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

uint64_t chance_below(struct chance *c, uint64_t n)
{
	return chance_next(c) % n;
}

bool chance_once(struct chance *c, uint64_t n)
{
	return chance_below(c, n) == 0;
}

struct chance chance_fork(uint64_t seed, uint64_t place)
{
	struct chance c = { .state = seed ^ (place * 0xd1342543de82ef95ULL) };

	chance_next(&c);
	return c;
}

uint64_t chance_odd(struct chance *c)
{
	static const uint64_t odd[] = {
		0, 1, 2, 7, 8, 16, 31, 32, 63, 64, 255, PAGE - 1, PAGE, PAGE + 1, 8191, 8192, 8193,
		65535, 65536, 65537, 1 << 20, INT32_MAX, UINT32_MAX, 1ULL << 32, 1ULL << 40,
		INT64_MAX, 1ULL << 63, UINT64_MAX - 1, UINT64_MAX, 1000000000ULL,
		86400ULL * 1000000000, 0x7ffffffff000ULL, 0xffff888000000000ULL,
	};

	if (chance_once(c, 8))
		return chance_next(c) >> chance_below(c, 64);
	return odd[chance_below(c, ARRAY_SIZE(odd))];
}

void slots_make(struct slot slots[NR_SLOTS])
{
	for (unsigned int i = 0; i < NR_SLOTS; i++) {
		uint8_t *start = mmap(NULL, SLOT_ROOM + PAGE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (start == MAP_FAILED || mprotect(start + SLOT_ROOM, PAGE, PROT_NONE))
			die("slot");
		slots[i] = (struct slot){ .start = start, .room = SLOT_ROOM, .writable = true };
	}
}

uint8_t *slot_put(struct slot *slot, const void *data, size_t len)
{
	uint8_t *at;

	if (len > slot->room)
		len = slot->room;
	at = slot->start + slot->room - len;
	if (data)
		memcpy(at, data, len);
	return at;
}

void know_aid(struct shared *s, uint64_t aid)
{
	uint32_t at = __atomic_fetch_add(&s->nr_aids, 1, __ATOMIC_RELAXED);

	__atomic_store_n(&s->aids[at % NR_AIDS], aid, __ATOMIC_RELAXED);
}

void know_number(struct shared *s, uint64_t number)
{
	uint32_t at = __atomic_fetch_add(&s->nr_numbers, 1, __ATOMIC_RELAXED);

	__atomic_store_n(&s->numbers[at % NR_NUMBERS], number, __ATOMIC_RELAXED);
}

uint64_t known_aid(struct shared *s, struct chance *c)
{
	uint32_t nr = __atomic_load_n(&s->nr_aids, __ATOMIC_RELAXED);

	return nr ? s->aids[chance_below(c, nr < NR_AIDS ? nr : NR_AIDS)] : 0;
}

uint64_t known_number(struct shared *s, struct chance *c)
{
	uint32_t nr = __atomic_load_n(&s->nr_numbers, __ATOMIC_RELAXED);

	return nr ? s->numbers[chance_below(c, nr < NR_NUMBERS ? nr : NR_NUMBERS)] : 0;
}

void tally_add(struct tally *t, int err)
{
	uint64_t *count = err > 0 && err < ERRNO_MAX ? &t->err[err] : &t->ok;

	__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
}

void worker_make(struct worker *w, struct shared *s, const char *name, uint64_t place)
{
	memset(w, 0, sizeof(*w));
	w->shared = s;
	w->name = name;
	w->chance = chance_fork(s->seed + s->round, place);
	w->peer = -1;
	for (unsigned int i = 0; i < NR_FDS; i++)
		w->fds[i] = -1;
	slots_make(w->slots);
}

int worker_fd(struct worker *w)
{
	switch (chance_below(&w->chance, 16)) {
	case 0:
		return (int)chance_odd(&w->chance);
	case 1:
		return -100;	/* AT_FDCWD */
	default:
		return w->fds[chance_below(&w->chance, NR_FDS)];
	}
}

void worker_keep_fd(struct worker *w, int fd)
{
	int *place = &w->fds[chance_below(&w->chance, NR_FDS)];

	if (*place >= 0)
		close(*place);
	*place = fd;
}

void worker_fail(struct worker *w, const char *fmt, ...)
{
	struct shared *s = w->shared;
	va_list args;
	int len;

	if (__atomic_exchange_n(&s->failed, 1, __ATOMIC_SEQ_CST))
		_exit(99);
	va_start(args, fmt);
	len = vsnprintf(s->report, sizeof(s->report) - 128, fmt, args);
	va_end(args);
	if (len > (int)sizeof(s->report) - 128)
		len = sizeof(s->report) - 128;
	snprintf(s->report + len, sizeof(s->report) - len,
		 "\n  in worker %s, operation %llu; again: --seed %llu --round %u\n", w->name,
		 (unsigned long long)w->op, (unsigned long long)s->seed, s->round);
	_exit(99);
}

/* A child that asked to be traced stops instead of ending: it is not waited for. */
static bool reaped(pid_t child, unsigned int ms, int *status)
{
	for (unsigned int waited = 0; waited <= ms; waited += 5) {
		pid_t got = waitpid(child, status, WNOHANG);

		if (got == child && !WIFSTOPPED(*status))
			return true;
		if (got == child)
			kill(child, SIGKILL);
		if (got < 0 && errno == ECHILD) {
			*status = 0;
			return true;
		}
		/* Whoever was attached to by one that ended stays stopped. */
		if (waited % 500 == 0)
			kill(child, SIGCONT);
		usleep(5000);
	}
	return false;
}

int reap(pid_t child, unsigned int ms)
{
	int status;

	if (reaped(child, ms, &status))
		return status;
	if (kill(child, SIGKILL) && errno == EPERM)
		return -1;
	return reaped(child, 60000, &status) ? status : -1;
}
