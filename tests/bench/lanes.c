// SPDX-License-Identifier: Apache-2.0
/*
 * lanes SECONDS BUSY MANIFEST...: what each tenant gets where the first has BUSY busy agents
 * and the others one each, and how long agents of the others wait when they wake up. A manifest
 * a tenant; as none is given, four groups made by hand in the same places, with the same
 * weights, are what Linux does without agents.
 *
 * Prints the microseconds of CPU time of each tenant on a line, then on one the 99th percentile
 * of the latency in nanoseconds, alone and beside the first tenant.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../guest/common/figures.h"
#include "cgroup.h"
#include "clock.h"

#define TENANTS		4
#define TASKS_MAX	256
#define SAMPLES_MAX	8192
#define TOP		CGROUP_ROOT "/coconut"
#define PERIOD_NS	2000000L
#define SECOND_NS	1000000000L
#define WARM_UP_S	2

struct samples {
	volatile int nr;
	long ns[SAMPLES_MAX];
};

static struct samples *samples;		/* of each tenant */
static struct blob manifests[TENANTS];
static int agents;			/* 0: plain groups */
static pid_t tasks[TASKS_MAX];
static int nr_tasks;

/* What the kernel does for an agent, done by hand; the first tenant's are as others'. */
static void enter_plain(int tenant)
{
	char path[128];

	snprintf(path, sizeof(path), TOP "/t%d/%d", tenant, getpid());
	cgroup_make(path);
	cgroup_put(path, "cpu.weight", tenant ? "300" : "100");
	cgroup_put(path, "cgroup.procs", "0");
}

static void make_plain(void)
{
	char path[128];

	cgroup_make_cpu(CGROUP_ROOT);
	cgroup_make_cpu(TOP);
	for (int t = 0; t < TENANTS; t++) {
		snprintf(path, sizeof(path), TOP "/t%d", t);
		cgroup_make_cpu(path);
	}
}

static void burn(int tenant)
{
	(void)tenant;
	for (volatile unsigned long n = 0;; n++)
		;
}

static void wake_up(int tenant)
{
	struct samples *mine = &samples[tenant];
	long due = now_ns();
	struct timespec at;

	while (mine->nr < SAMPLES_MAX) {
		due += PERIOD_NS;
		at.tv_sec = due / SECOND_NS;
		at.tv_nsec = due % SECOND_NS;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
		mine->ns[mine->nr++] = now_ns() - due;
		if (now_ns() > due + PERIOD_NS)
			due = now_ns();
	}
	pause();
}

static void start(int tenant, void (*body)(int))
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		if (!agents)
			enter_plain(tenant);
		else if (agent_spawn(&manifests[tenant], AGENT_SPAWN_ENTER, NULL))
			die("spawn of tenant %d", tenant);
		body(tenant);
		_exit(1);
	}
	tasks[nr_tasks++] = pid;
}

static void stop(void)
{
	int status;

	for (int i = 0; i < nr_tasks; i++)
		kill(tasks[i], SIGKILL);
	for (int i = 0; i < nr_tasks; i++)
		if (waitpid(tasks[i], &status, 0) != tasks[i] || !WIFSIGNALED(status))
			die("task %d ended with %d by itself", i, status);
	nr_tasks = 0;
}

static long usage_us(int tenant)
{
	char path[128];

	snprintf(path, sizeof(path), TOP "/t%d/cpu.stat", tenant);
	return figure(path, "usage_usec ");
}

static void shares(int seconds, int busy)
{
	long before[TENANTS];

	for (int i = 0; i < busy; i++)
		start(0, burn);
	for (int t = 1; t < TENANTS; t++)
		start(t, burn);
	sleep(WARM_UP_S);
	for (int t = 0; t < TENANTS; t++)
		before[t] = usage_us(t);
	sleep(seconds);
	for (int t = 0; t < TENANTS; t++)
		printf("%ld ", usage_us(t) - before[t]);
	printf("\n");
	stop();
}

static int by_value(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static long p99(void)
{
	static long all[TENANTS * SAMPLES_MAX];
	int nr = 0;

	for (int t = 1; t < TENANTS; t++)
		for (int i = 0; i < samples[t].nr; i++)
			all[nr++] = samples[t].ns[i];
	if (!nr)
		die("nobody woke up");
	qsort(all, nr, sizeof(*all), by_value);
	return all[nr * 99L / 100];
}

static long latency(int seconds, int busy)
{
	for (int i = 0; i < busy; i++)
		start(0, burn);
	for (int t = 1; t < TENANTS; t++)
		start(t, wake_up);
	sleep(WARM_UP_S);
	for (int t = 1; t < TENANTS; t++)
		samples[t].nr = 0;
	sleep(seconds);
	stop();
	return p99();
}

int main(int argc, char **argv)
{
	int seconds, busy;
	long alone;

	if (argc != 3 && argc != 3 + TENANTS)
		return 2;
	seconds = atoi(argv[1]);
	busy = atoi(argv[2]);
	agents = argc > 3;
	for (int t = 0; agents && t < TENANTS; t++)
		manifests[t] = blob_read(argv[3 + t]);
	samples = mmap(NULL, TENANTS * sizeof(*samples), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (samples == MAP_FAILED || busy + TENANTS > TASKS_MAX)
		die("room for samples or tasks");
	if (!agents)
		make_plain();
	shares(seconds, busy);
	alone = latency(seconds, 0);
	printf("%ld %ld\n", alone, latency(seconds, busy));
	return 0;
}
