// SPDX-License-Identifier: Apache-2.0
/*
 * cycles MANIFEST COUNT SAMPLES: spawns and ends COUNT agents, one after the
 * other: every second one is entered by a child that exits, the others are ended
 * by revocation. Prints the kernel's memory use in KiB after each of SAMPLES equal
 * parts, one a line: what is not available, less page cache.
 */
#include <sys/wait.h>

#include "../common/figures.h"

#define SETTLED_S	7
#define SETTLED_MOST_S	90
#define SETTLED_KIB	128

/* Slab, kernel stacks, page tables and per-CPU memory: where a leaked agent would be. */
static const char *const kernel_rows[] = {
	"\nSlab:", "\nKernelStack:", "\nPageTables:", "\nPercpu:",
};

static void cycle_entered(const struct blob *manifest)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid)
		_exit(agent_spawn(manifest, AGENT_SPAWN_ENTER, NULL) ? 1 : 0);
	if (waitpid(pid, &status, 0) != pid || status)
		die("a child ended with %d", status);
}

static void cycle_revoked(const struct blob *manifest)
{
	uint64_t aid;

	if (agent_spawn(manifest, 0, &aid))
		die("spawn");
	if (agent_cap_revoke(aid, 0, AGENT_REVOKE_ALL | AGENT_REVOKE_TERMINATE))
		die("terminate");
}

/* Groups of agents that have ended, and are not freed yet. */
static long dying(void)
{
	return figure("/sys/fs/cgroup/cgroup.stat", "nr_dying_descendants ");
}

/*
 * What is freed in batches, each five seconds or later, is free once the groups are gone and
 * the figure has not fallen for longer than that.
 */
static long settled_kib(void)
{
	long least = meminfo_kib(kernel_rows, 4), now;

	for (int quiet = 0, all = 0; quiet < SETTLED_S && all < SETTLED_MOST_S; quiet++, all++) {
		sleep(1);
		now = meminfo_kib(kernel_rows, 4);
		if (now + SETTLED_KIB < least || dying())
			quiet = 0;
		if (now < least)
			least = now;
	}
	return least;
}

int main(int argc, char **argv)
{
	struct blob manifest;
	long count, samples;

	if (argc != 4)
		return 2;
	manifest = blob_read(argv[1]);
	count = atol(argv[2]);
	samples = atol(argv[3]);
	for (long s = 0; s < samples; s++) {
		for (long i = 0; i < count / samples; i++) {
			if (i % 2)
				cycle_entered(&manifest);
			else
				cycle_revoked(&manifest);
		}
		printf("%ld\n", settled_kib());
	}
	return 0;
}
