/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers that take turns. Each enters its confinement once and then measures
 * whenever it is asked to; in each round all are asked, one after the other, so
 * that drift of the machine falls on all of them alike. Between two of them there
 * is time for what the one has left to the kernel's threads, such as the sealing of
 * its last records, or the other would pay for it. Each is in a cgroup of its own.
 */
#ifndef TESTS_BENCH_TURNS_H
#define TESTS_BENCH_TURNS_H

#include "../guest/common/agent_call.h"
#include "cgroup.h"
#include "clock.h"

#include <stdbool.h>
#include <sys/wait.h>

#define TURNS_WORKERS_MAX	16
#define TURNS_PAUSE_US		10000

/**
 * struct turn - what one worker is
 * @enter: confines the worker and opens what it needs; NULL: nothing is done
 * @manifest: for @enter
 * @measure: nanoseconds that one of @loops operations took
 */
struct turn {
	void (*enter)(const struct blob *manifest);
	const struct blob *manifest;
	double (*measure)(long loops);
};

struct worker {
	int ask;
	int answer;
};

static inline void turn_body(const struct turn *turn, int ask, int answer)
{
	long loops;

	cgroup_enter();
	if (turn->enter)
		turn->enter(turn->manifest);
	while (read(ask, &loops, sizeof(loops)) == sizeof(loops)) {
		double ns = turn->measure(loops);

		if (write(answer, &ns, sizeof(ns)) != sizeof(ns))
			die("answer");
	}
	exit(0);
}

static inline struct worker turn_start(const struct turn *turn)
{
	int ask[2], answer[2];
	pid_t pid;

	if (pipe2(ask, O_CLOEXEC) || pipe2(answer, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		close(ask[1]);
		close(answer[0]);
		turn_body(turn, ask[0], answer[1]);
	}
	close(ask[0]);
	close(answer[1]);
	return (struct worker){ .ask = ask[1], .answer = answer[0] };
}

static inline double turn_take(const struct worker *w, long loops)
{
	double ns;

	usleep(TURNS_PAUSE_US);
	if (write(w->ask, &loops, sizeof(loops)) != sizeof(loops) ||
	    read(w->answer, &ns, sizeof(ns)) != sizeof(ns))
		die("a worker is gone");
	return ns;
}

/* Prints a line a round: what each of the workers measured, in their order. */
static inline void turns_run(const struct turn *turns, int nr, int rounds, long loops)
{
	struct worker workers[TURNS_WORKERS_MAX];

	for (int k = 0; k < nr; k++)
		workers[k] = turn_start(&turns[k]);
	for (int k = 0; k < nr; k++)
		turn_take(&workers[k], loops / 10 + 1);
	for (int r = 0; r < rounds; r++) {
		for (int k = 0; k < nr; k++)
			printf("%.1f ", turn_take(&workers[k], loops));
		printf("\n");
		fflush(stdout);
	}
}

/* The worker is the first process of a new agent. */
static inline void enter_agent(const struct blob *manifest)
{
	agent_enter(manifest);
}

#endif /* TESTS_BENCH_TURNS_H */
