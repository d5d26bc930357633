// SPDX-License-Identifier: Apache-2.0
/*
 * called ROUNDS LOOPS DECISIONS-MANIFEST SYSCALLS-MANIFEST: what a getppid() costs
 * outside every agent, in an agent whose decisions are recorded, and in one each of
 * whose system calls is. Prints a line a round: nanoseconds of the three.
 */
#include "turns.h"

static double time_getppid(long loops)
{
	double start = now_ns();

	for (long i = 0; i < loops; i++)
		syscall(SYS_getppid);
	return (now_ns() - start) / loops;
}

int main(int argc, char **argv)
{
	struct blob decisions, calls;
	const struct turn turns[] = {
		{ .measure = time_getppid },
		{ .measure = time_getppid, .enter = enter_agent, .manifest = &decisions },
		{ .measure = time_getppid, .enter = enter_agent, .manifest = &calls },
	};

	if (argc != 5)
		return 2;
	decisions = blob_read(argv[3]);
	calls = blob_read(argv[4]);
	turns_run(turns, 3, atoi(argv[1]), atol(argv[2]));
	return 0;
}
