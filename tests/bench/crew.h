/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks that run until they are stopped, each in a place of its own; and those among them
 * that wake up again and again, and note how late they had done what there was to do.
 */
#ifndef TESTS_BENCH_CREW_H
#define TESTS_BENCH_CREW_H

#include "../guest/common/agent_call.h"
#include "clock.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define CREW_MAX	256
#define WAKER_SAMPLES	8192
#define WAKER_PERIOD_NS	2000000L
#define SECOND_NS	1000000000L

static pid_t crew[CREW_MAX];
static int crew_nr;

struct waker {
	volatile int nr;
	long late_ns[WAKER_SAMPLES];
};

/* @enter and @body run in a new task; @body does not return. */
static inline void crew_start(void (*enter)(int who), void (*body)(int who), int who)
{
	pid_t pid = crew_nr < CREW_MAX ? fork() : -1;

	if (pid < 0)
		die("fork");
	if (!pid) {
		enter(who);
		body(who);
		_exit(1);
	}
	crew[crew_nr++] = pid;
}

static inline void crew_stop(void)
{
	int status;

	for (int i = 0; i < crew_nr; i++)
		kill(crew[i], SIGKILL);
	for (int i = 0; i < crew_nr; i++)
		if (waitpid(crew[i], &status, 0) != crew[i] || !WIFSIGNALED(status))
			die("task %d ended with %d by itself", i, status);
	crew_nr = 0;
}

/* Memory that all tasks share. */
static inline void *shared(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		die("memory for all tasks");
	return at;
}

static inline struct waker *wakers_new(int nr)
{
	return shared(nr * sizeof(struct waker));
}

static inline void waker_run(struct waker *waker, void (*work)(void))
{
	long due = now_ns();
	struct timespec at;

	while (waker->nr < WAKER_SAMPLES) {
		due += WAKER_PERIOD_NS;
		at.tv_sec = due / SECOND_NS;
		at.tv_nsec = due % SECOND_NS;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
		if (work)
			work();
		waker->late_ns[waker->nr++] = now_ns() - due;
		if (now_ns() > due + WAKER_PERIOD_NS)
			due = now_ns();
	}
	pause();
}

static inline int crew_by_value(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

/* The 99th percentile of the samples of all, which are then forgotten. */
static inline long wakers_p99(struct waker *wakers, int count)
{
	long *all = malloc(sizeof(wakers->late_ns) * count);
	long found;
	int nr = 0;

	for (int w = 0; all && w < count; w++) {
		for (int i = 0; i < wakers[w].nr; i++)
			all[nr++] = wakers[w].late_ns[i];
		wakers[w].nr = 0;
	}
	if (!nr)
		die("nobody woke up");
	qsort(all, nr, sizeof(*all), crew_by_value);
	found = all[nr * 99L / 100];
	free(all);
	return found;
}

#endif /* TESTS_BENCH_CREW_H */
