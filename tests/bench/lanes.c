// SPDX-License-Identifier: Apache-2.0
/*
 * lanes share|late SECONDS BUSY MANIFEST...: what each tenant gets where the first has BUSY
 * busy agents and the others one each, or how long agents of the others wait when they wake
 * up. A manifest a tenant; as none is given, four groups made by hand in the same places, with
 * the same weights, are what Linux does without agents.
 *
 * Prints the microseconds of CPU time of each tenant, or the 99th percentile of the latency in
 * nanoseconds, alone and beside the first tenant.
 */
#include "../guest/common/figures.h"
#include "cgroup.h"
#include "crew.h"

#define TENANTS		4
#define TOP		CGROUP_ROOT "/coconut"
#define WARM_UP_S	2

static struct waker *wakers;		/* of each tenant */
static struct blob manifests[TENANTS];

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

static void enter_agent(int tenant)
{
	agent_enter(&manifests[tenant]);
}

static void (*enter)(int tenant);

static void burn(int tenant)
{
	(void)tenant;
	for (volatile unsigned long n = 0;; n++)
		;
}

static void wake_up(int tenant)
{
	waker_run(&wakers[tenant], NULL);
}

/* The busy ones of the first tenant, and one of each other. */
static void start(int busy, void (*quiet)(int tenant))
{
	for (int i = 0; i < busy; i++)
		crew_start(enter, burn, 0);
	for (int t = 1; t < TENANTS; t++)
		crew_start(enter, quiet, t);
	sleep(WARM_UP_S);
}

static long usage_us(int tenant)
{
	char path[128];

	snprintf(path, sizeof(path), TOP "/t%d/cpu.stat", tenant);
	return figure(path, "usage_usec ");
}

static void share(int seconds, int busy)
{
	long before[TENANTS];

	start(busy, burn);
	for (int t = 0; t < TENANTS; t++)
		before[t] = usage_us(t);
	sleep(seconds);
	for (int t = 0; t < TENANTS; t++)
		printf("%ld ", usage_us(t) - before[t]);
	printf("\n");
	crew_stop();
}

static long late(int seconds, int busy)
{
	start(busy, wake_up);
	for (int t = 1; t < TENANTS; t++)
		wakers[t].nr = 0;
	sleep(seconds);
	crew_stop();
	return wakers_p99(&wakers[1], TENANTS - 1);
}

int main(int argc, char **argv)
{
	int seconds, busy;
	long alone;

	if (argc != 4 && argc != 4 + TENANTS)
		return 2;
	seconds = atoi(argv[2]);
	busy = atoi(argv[3]);
	enter = argc > 4 ? enter_agent : enter_plain;
	for (int t = 0; argc > 4 && t < TENANTS; t++)
		manifests[t] = blob_read(argv[4 + t]);
	wakers = wakers_new(TENANTS);
	if (enter == enter_plain)
		make_plain();
	if (!strcmp(argv[1], "share")) {
		share(seconds, busy);
		return 0;
	}
	alone = late(seconds, 0);
	printf("%ld %ld\n", alone, late(seconds, busy));
	return 0;
}
