// SPDX-License-Identifier: Apache-2.0
/*
 * execute ROUNDS LOOPS [MANIFEST]: what one execve() costs, from one start of a
 * program to its next: a process executes this very program LOOPS times in a row.
 * Prints a line a round: nanoseconds of getppid, of execve() outside every agent
 * and, with MANIFEST, of execve() in a new agent. What the program itself does
 * from its start on, in user space too, is a part of it.
 */
#include "turns.h"

#define SELF	"/execute"

static struct blob manifest;

static double time_getppid(long loops)
{
	double start = now_ns();

	for (long i = 0; i < loops; i++)
		syscall(SYS_getppid);
	return (now_ns() - start) / loops;
}

/*
 * Each start but the first of a process has the words SELF next START ANSWER LEFT, as
 * long as each other, and with one less LEFT. START is zero until this program has been
 * started by itself once, so that what came before is not counted.
 */
static void execute(uint64_t start, int answer, uint64_t left)
{
	char words[3][20];

	snprintf(words[0], sizeof(words[0]), "%016llx", (unsigned long long)start);
	snprintf(words[1], sizeof(words[1]), "%04x", answer);
	snprintf(words[2], sizeof(words[2]), "%08llx", (unsigned long long)left);
	execl(SELF, SELF, "next", words[0], words[1], words[2], NULL);
	die("exec " SELF);
}

static int executed(uint64_t start, int answer, uint64_t left)
{
	uint64_t now = now_ns();

	if (left)
		execute(start ?: now, answer, left - 1);
	now -= start;
	return write(answer, &now, sizeof(now)) != sizeof(now);
}

static double time_execute(long loops, bool confined)
{
	int answer[2];
	uint64_t ns;
	pid_t pid;

	if (pipe(answer))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		if (confined)
			enter_agent(&manifest);
		execute(0, answer[1], loops);
	}
	close(answer[1]);
	if (read(answer[0], &ns, sizeof(ns)) != sizeof(ns))
		die("nothing was executed");
	close(answer[0]);
	if (waitpid(pid, NULL, 0) != pid)
		die("wait");
	return (double)ns / loops;
}

static double time_plain(long loops)
{
	return time_execute(loops, false);
}

static double time_confined(long loops)
{
	return time_execute(loops, true);
}

static uint64_t word(const char *text)
{
	return strtoull(text, NULL, 16);
}

int main(int argc, char **argv)
{
	static const struct turn turns[] = {
		{ .measure = time_getppid },
		{ .measure = time_plain },
		{ .measure = time_confined },
	};

	if (argc == 5)
		return executed(word(argv[2]), word(argv[3]), word(argv[4]));
	if (argc != 3 && argc != 4)
		return 2;
	if (argc == 4)
		manifest = blob_read(argv[3]);
	turns_run(turns, argc - 1, atoi(argv[1]), atol(argv[2]));
	return 0;
}
