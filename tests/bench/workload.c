// SPDX-License-Identifier: Apache-2.0
/*
 * workload ROUNDS MANIFEST PROGRAM...: how long a program takes outside every agent
 * and in one whose decisions are all recorded. Prints a line a round: milliseconds of
 * both.
 */
#include "turns.h"

static char **program;

static double time_program(long loops)
{
	double start = now_ns();
	int status;

	for (long i = 0; i < loops; i++) {
		pid_t pid = fork();

		if (!pid) {
			execv(program[0], program);
			_exit(127);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			die("%s failed", program[0]);
	}
	return (now_ns() - start) / 1e6;
}

int main(int argc, char **argv)
{
	struct blob manifest;
	const struct turn turns[] = {
		{ .measure = time_program },
		{ .measure = time_program, .enter = enter_agent, .manifest = &manifest },
	};

	if (argc < 4)
		return 2;
	manifest = blob_read(argv[2]);
	program = argv + 3;
	turns_run(turns, 2, atoi(argv[1]), 1);
	return 0;
}
