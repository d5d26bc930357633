// SPDX-License-Identifier: Apache-2.0
/*
 * revoke ROUNDS tree ROOT BRANCH LEAF: what one agent_cap_revoke() of a capability
 * costs that 1,000 agents beneath its holder derive theirs from: ROOT has 40
 * children by the manifest BRANCH, each of those 24 by the manifest LEAF; the root
 * and the branches have a process each.
 *
 * revoke ROUNDS files MANIFEST: the same of a capability by which a process of the
 * agent has 10,000 files open.
 *
 * Prints a line a round: milliseconds from the call to its return. Each round makes
 * its agents anew, and proves afterwards that the capability has gone from all of
 * them, or that no open file can be read.
 */
#include "turns.h"

#include <sys/resource.h>
#include <sys/stat.h>

#define TOP		"/tmp/bench"
#define DIR		TOP "/0"
#define TARGET		DIR "/file"
#define BRANCHES	40
#define LEAVES		24
#define FILES		10000

static struct blob manifests[3];

/* Pipes: a branch is there; all of a round is; its processes may look; what they found. */
static int born[2], ready[2], look[2], found[2];

static void tell(int fd, uint64_t value)
{
	if (write(fd, &value, sizeof(value)) != sizeof(value))
		die("tell");
}

static uint64_t hear(int fd)
{
	uint64_t value;

	if (read(fd, &value, sizeof(value)) != sizeof(value))
		die("a process is gone");
	return value;
}

static pid_t child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	return pid;
}

/* ---- what is revoked from ---- */

static bool can_open(void)
{
	int fd = open(TARGET, O_RDONLY);

	if (fd < 0 && errno != EACCES)
		die("open " TARGET);
	close(fd);
	return fd >= 0;
}

static void branch(void)
{
	agent_enter(&manifests[1]);
	for (int i = 0; i < LEAVES; i++)
		if (agent_spawn(&manifests[2], 0, NULL))
			die("spawn leaf %d", i);
	if (!can_open())
		die("open " TARGET);
	tell(born[1], 0);
	hear(look[0]);
	tell(found[1], can_open());
	exit(0);
}

static void tree(void)
{
	uint64_t aid = agent_enter(&manifests[0]);

	for (int i = 0; i < BRANCHES; i++) {
		if (!child())
			branch();
		hear(born[0]);
	}
	tell(ready[1], aid);
	while (wait(NULL) > 0)
		;
	exit(0);
}

static void files(void)
{
	const struct rlimit many = { FILES + 64, FILES + 64 };
	static int fds[FILES];
	uint64_t readable = 0, aid;
	char byte;

	if (setrlimit(RLIMIT_NOFILE, &many))
		die("setrlimit");
	aid = agent_enter(&manifests[0]);
	for (int i = 0; i < FILES; i++) {
		fds[i] = open(TARGET, O_RDONLY);
		if (fds[i] < 0 || read(fds[i], &byte, 1) != 1)
			die("file %d", i);
	}
	tell(ready[1], aid);
	hear(look[0]);
	for (int i = 0; i < FILES; i++)
		readable += pread(fds[i], &byte, 1, 0) >= 0 || errno != EACCES;
	tell(found[1], readable);
	exit(0);
}

/* ---- who revokes ---- */

/* The one capability on files that an agent holds, by its line in its directory. */
static uint64_t files_id(uint64_t aid)
{
	char path[64], text[512];
	unsigned long long id;
	char *line;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/agent/live/a:%05llu/caps", (unsigned long long)aid);
	fd = open(path, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		die("%s", path);
	text[n] = '\0';
	close(fd);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, " fs:") && sscanf(line, "%llu", &id) == 1)
			return id;
	errno = 0;
	die("%s: no capability on files", path);
}

static double time_revoke(uint64_t aid, uint64_t withdrawn)
{
	struct agent_cap_revoke_args args = {
		.magic = AGENT_MAGIC,
		.aid = aid,
		.id = files_id(aid),
	};
	double start = now_ns(), ms;

	if (syscall(NR_agent_cap_revoke, &args, sizeof(args)))
		die("revoke");
	ms = (now_ns() - start) / 1e6;
	if (args.withdrawn != withdrawn) {
		errno = 0;
		die("%llu were withdrawn", (unsigned long long)args.withdrawn);
	}
	return ms;
}

static double round_of(void (*subject)(void), int processes, uint64_t withdrawn)
{
	uint64_t left = 0;
	double ms;

	if (!child())
		subject();
	ms = time_revoke(hear(ready[0]), withdrawn);
	for (int i = 0; i < processes; i++)
		tell(look[1], 0);
	for (int i = 0; i < processes; i++)
		left += hear(found[0]);
	if (left) {
		errno = 0;
		die("%llu uses passed", (unsigned long long)left);
	}
	if (wait(NULL) < 0)
		die("wait");
	return ms;
}

static void make_file(void)
{
	int fd;

	if (mkdir(TOP, 0755) || mkdir(DIR, 0755))
		die("mkdir " DIR);
	fd = open(TARGET, O_CREAT | O_WRONLY, 0644);
	if (fd < 0 || write(fd, "x", 1) != 1)
		die("create " TARGET);
	close(fd);
}

int main(int argc, char **argv)
{
	bool whole;

	if (argc < 4 || argc > 6)
		return 2;
	whole = !strcmp(argv[2], "tree");
	for (int i = 3; i < argc; i++)
		manifests[i - 3] = blob_read(argv[i]);
	make_file();
	if (pipe(born) || pipe(ready) || pipe(look) || pipe(found))
		die("pipe");
	for (int r = 0; r < atoi(argv[1]); r++) {
		printf("%.3f\n", whole ? round_of(tree, BRANCHES, 1 + BRANCHES * (1 + LEAVES))
				       : round_of(files, 1, 1));
		fflush(stdout);
	}
	return 0;
}
