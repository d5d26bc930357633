/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fuzzer's parts: chance, memory at the edge of a mapping, what all processes know
 * of each other, and a worker, which is one thread of one process.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "agent_call.h"

#include <stdbool.h>
#include <sys/types.h>

#include "describe.h"

#define PAGE		4096UL
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define NR_CALLS	8
#define NR_AIDS		64
#define NR_NUMBERS	64
#define NR_FDS		24
#define NR_SLOTS	5
#define SLOT_AREA	4	/* the one that is never written here: its protection changes */
#define ERRNO_MAX	134

/* Where files are made, and the half of it that the agents' manifests name. */
#define PLACE		"/tmp/fuzz"
#define INSIDE		PLACE "/in"

/* ---- chance ---- */

struct chance {
	uint64_t state;
};

uint64_t chance_next(struct chance *c);
uint64_t chance_below(struct chance *c, uint64_t n);
/* Once in n times. */
bool chance_once(struct chance *c, uint64_t n);
/* Numbers that code goes wrong at. */
uint64_t chance_odd(struct chance *c);
/* Another sequence, of a seed and a place in it. */
struct chance chance_fork(uint64_t seed, uint64_t place);

/* ---- memory ---- */

/*
 * A piece of memory with an unmapped page behind it. What is put there ends where it
 * ends, so that a kernel that reads on faults.
 */
struct slot {
	uint8_t *start;
	size_t room;
	bool writable;
};

void slots_make(struct slot slots[NR_SLOTS]);
uint8_t *slot_put(struct slot *slot, const void *data, size_t len);

/* ---- what the processes share ---- */

struct tally {
	uint64_t ok;
	uint64_t err[ERRNO_MAX];
};

struct shared {
	uint64_t seed;
	uint32_t round;
	uint32_t failed;
	uint64_t aids[NR_AIDS];
	uint32_t nr_aids;
	uint64_t numbers[NR_NUMBERS];	/* ids of capabilities, reservations, records */
	uint32_t nr_numbers;
	struct tally calls[NR_CALLS];
	struct tally classic;
	uint64_t exact;			/* refusals that were counted against records */
	char report[1024];		/* what the first worker that failed has to say */
};

/* Remembers what the kernel returned. Lossy on purpose: others do it at the same time. */
void know_aid(struct shared *s, uint64_t aid);
void know_number(struct shared *s, uint64_t number);
uint64_t known_aid(struct shared *s, struct chance *c);
uint64_t known_number(struct shared *s, struct chance *c);
void tally_add(struct tally *t, int err);

/* ---- a worker ---- */

struct worker {
	struct chance chance;
	struct shared *shared;
	struct slot slots[NR_SLOTS];
	const char *name;
	uint64_t op;		/* how many it has done */
	bool may_enter;
	bool shares_args;	/* another thread writes into its arguments meanwhile */
	int fds[NR_FDS];
	int peer;		/* a socket to the other workers, or -1 */
	uint64_t denied;	/* calls that were answered EPERM */
};

void worker_make(struct worker *w, struct shared *s, const char *name, uint64_t place);
int worker_fd(struct worker *w);
void worker_keep_fd(struct worker *w, int fd);
/* Leaves what was found, with how to see it again, and ends the process. */
__attribute__((noreturn, format(printf, 2, 3)))
void worker_fail(struct worker *w, const char *fmt, ...);

/*
 * Waits for a child, @ms at most and then once more after SIGKILL. Returns its wait
 * status; -1 if it does not end even so, or may not be killed.
 */
int reap(pid_t child, unsigned int ms);

/* ---- what is fed ---- */

enum corpus_kind {
	CORPUS_WORKER,		/* manifests to live by: wide */
	CORPUS_MANIFEST,	/* sound ones, narrow */
	CORPUS_MUTANT,		/* signed, but what they say is wrong */
	CORPUS_CAPS,
	CORPUS_CAP,
	CORPUS_KINDS,
};

void corpus_read(const char *path);
const struct blob *corpus_get(struct chance *c, enum corpus_kind kind);

/* ---- what no agent may change ---- */

void kept_add(const char *path);
/* Says of each that is not what it was. */
bool kept_are_whole(void);

/* ---- operations ---- */

/* One of the eight, with any arguments. */
void fuzz_agent_call(struct worker *w);
/* One of the others, as a program in an agent makes it. */
void fuzz_classic_call(struct worker *w);
/* Several that belong together. */
void fuzz_sequence(struct worker *w);
/* Several from within namespaces of its own, in a child. */
void fuzz_sandbox(struct worker *w);
/* Refusals, in an agent of its own, each counted against its one record. */
void fuzz_exact(struct worker *w);

#endif /* TESTS_FUZZ_FUZZ_H */
