// SPDX-License-Identifier: Apache-2.0
/*
 * mass COUNT MANIFEST: COUNT agents that live at once, none with a task. Prints, on a line:
 * agents spawned in a second; programs that fork and exec start in one; KiB of kernel memory
 * of each agent; milliseconds that it takes to list them, and to end them all.
 */
#include <dirent.h>
#include <sys/wait.h>

#include "../guest/common/figures.h"
#include "clock.h"

#define PROGRAMS	500

static long kernel_kib(void)
{
	static const char *const rows[] = { "\nSlab:", "\nPercpu:", "\nVmallocUsed:" };

	return meminfo_kib(rows, 3);
}

static double start_programs(void)
{
	double start = now_ns();
	int status;

	for (int i = 0; i < PROGRAMS; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid) {
			execl("/nothing", "nothing", NULL);
			_exit(4);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			die("program %d ended with %d", i, status);
	}
	return PROGRAMS * 1e9 / (now_ns() - start);
}

static int listed(void)
{
	DIR *live = opendir("/agent/live");
	int nr = 0;

	if (!live)
		die("/agent/live");
	while (readdir(live))
		nr++;
	closedir(live);
	return nr;
}

int main(int argc, char **argv)
{
	struct blob manifest;
	uint64_t *aids;
	double start;
	long before;
	int count;

	if (argc != 3)
		return 2;
	count = atoi(argv[1]);
	manifest = blob_read(argv[2]);
	aids = calloc(count, sizeof(*aids));
	if (!aids)
		die("memory");
	before = kernel_kib();
	start = now_ns();
	for (int i = 0; i < count; i++)
		if (agent_spawn(&manifest, 0, &aids[i]))
			die("spawn %d", i);
	printf("%.1f ", count * 1e9 / (now_ns() - start));
	printf("%.1f ", start_programs());
	printf("%.2f ", (double)(kernel_kib() - before) / count);
	start = now_ns();
	if (listed() < count)
		die("only %d are listed", listed());
	printf("%.2f ", (now_ns() - start) / 1e6);
	start = now_ns();
	for (int i = 0; i < count; i++)
		if (agent_cap_revoke(aids[i], 0, AGENT_REVOKE_TERMINATE))
			die("end %d", i);
	printf("%.1f\n", (now_ns() - start) / 1e6);
	return 0;
}
