// SPDX-License-Identifier: Apache-2.0
/*
 * spawn ROUNDS LOOPS MANIFEST: what it costs to run /nothing to its end in a new
 * agent, under bwrap with the same view, and by fork and exec alone. Prints a
 * line a round: microseconds of the three. Then, on a line of its own, the bytes
 * of kernel memory that one live agent takes, over 1,000 of them.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include "../guest/common/figures.h"

enum { AGENT, BWRAP, PLAIN, NR_KINDS };

static double cpu_us(int who)
{
	struct rusage use;

	if (getrusage(who, &use))
		die("getrusage");
	return (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
	       use.ru_utime.tv_usec + use.ru_stime.tv_usec;
}

static double spent_us(void)
{
	return cpu_us(RUSAGE_SELF) + cpu_us(RUSAGE_CHILDREN);
}

static void run(int kind, const struct blob *manifest)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		if (kind == BWRAP)
			execl("/usr/bin/bwrap", "bwrap", "--ro-bind", "/", "/", "--unshare-all",
			      "/nothing", NULL);
		if (kind == AGENT && agent_spawn(manifest, AGENT_SPAWN_ENTER, NULL))
			_exit(3);
		execl("/nothing", "nothing", NULL);
		_exit(4);
	}
	if (waitpid(pid, &status, 0) != pid || status) {
		errno = 0;
		die("kind %d ended with %d", kind, status);
	}
}

static double time_kind(int kind, long loops, const struct blob *manifest)
{
	double start = spent_us();

	for (long i = 0; i < loops; i++)
		run(kind, manifest);
	return (spent_us() - start) / loops;
}

static long kernel_bytes(void)
{
	static const char *const rows[] = { "\nSlab:", "\nPercpu:", "\nVmallocUsed:" };

	return meminfo_kib(rows, 3) * 1024;
}

static long agent_bytes(const struct blob *manifest, int count)
{
	long before = kernel_bytes();

	for (int i = 0; i < count; i++)
		if (agent_spawn(manifest, 0, NULL))
			die("spawn %d", i);
	return (kernel_bytes() - before) / count;
}

int main(int argc, char **argv)
{
	struct blob manifest;

	if (argc != 4)
		return 2;
	manifest = blob_read(argv[3]);
	for (int k = 0; k < NR_KINDS; k++)
		run(k, &manifest);
	for (int r = 0; r < atoi(argv[1]); r++) {
		for (int k = 0; k < NR_KINDS; k++)
			printf("%.1f ", time_kind(k, atol(argv[2]), &manifest));
		printf("\n");
		fflush(stdout);
	}
	printf("%ld\n", agent_bytes(&manifest, 1000));
	return 0;
}
