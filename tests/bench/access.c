// SPDX-License-Identifier: Apache-2.0
/*
 * access ROUNDS LOOPS [RULES DENIALS-MANIFEST DECISIONS-MANIFEST]: what one open()
 * and close() of /tmp/bench/0/file costs outside every agent, under Landlock, in
 * an agent that records denials, and in one that records every decision; each of
 * the confined three with RULES rules of the same shape. The four take turns
 * within each round, so that drift of the machine falls on all of them alike.
 * Prints a line a round: nanoseconds of getppid and of the four. With two words
 * only the first of the four is measured, as any kernel can.
 */
#include "../guest/common/agent_call.h"

#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define TARGET "/tmp/bench/0/file"

enum { PLAIN, LANDLOCK, DENIALS, DECISIONS, NR_WORKERS };

struct worker {
	int ask;
	int answer;
};

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static double time_open(long loops)
{
	double start = now_ns();

	for (long i = 0; i < loops; i++) {
		int fd = open(TARGET, O_RDONLY);

		if (fd < 0)
			die("open " TARGET);
		close(fd);
	}
	return (now_ns() - start) / loops;
}

static double time_getppid(long loops)
{
	double start = now_ns();

	for (long i = 0; i < loops; i++)
		syscall(SYS_getppid);
	return (now_ns() - start) / loops;
}

static void make_tree(int rules)
{
	char path[64];
	int fd;

	mkdir("/tmp/bench", 0755);
	for (int i = 0; i < rules; i++) {
		snprintf(path, sizeof(path), "/tmp/bench/%d", i);
		if (mkdir(path, 0755) && errno != EEXIST)
			die("mkdir %s", path);
	}
	fd = open(TARGET, O_CREAT | O_WRONLY, 0644);
	if (fd < 0)
		die("create " TARGET);
	close(fd);
}

static void enter_landlock(int rules)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
				     LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	};
	int set = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	if (set < 0)
		die("landlock_create_ruleset");
	for (int i = 0; i < rules; i++) {
		struct landlock_path_beneath_attr rule = {
			.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
		};
		char path[64];

		snprintf(path, sizeof(path), "/tmp/bench/%d", i);
		rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
		if (rule.parent_fd < 0 ||
		    syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
			die("landlock_add_rule %s", path);
		close(rule.parent_fd);
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_landlock_restrict_self, set, 0))
		die("landlock_restrict_self");
}

static void worker_body(int kind, int rules, const struct blob *manifest, int ask, int answer)
{
	long loops;

	if (kind == LANDLOCK)
		enter_landlock(rules);
	else if (kind != PLAIN && agent_spawn(manifest, AGENT_SPAWN_ENTER, NULL))
		die("spawn");
	while (read(ask, &loops, sizeof(loops)) == sizeof(loops)) {
		double ns = time_open(loops);

		if (write(answer, &ns, sizeof(ns)) != sizeof(ns))
			die("answer");
	}
	exit(0);
}

static struct worker start(int kind, int rules, const struct blob *manifest)
{
	int ask[2], answer[2];
	pid_t pid;

	if (pipe2(ask, O_CLOEXEC) || pipe2(answer, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		close(ask[1]);
		close(answer[0]);
		worker_body(kind, rules, manifest, ask[0], answer[1]);
	}
	close(ask[0]);
	close(answer[1]);
	return (struct worker){ .ask = ask[1], .answer = answer[0] };
}

static double measure(const struct worker *w, long loops)
{
	double ns;

	if (write(w->ask, &loops, sizeof(loops)) != sizeof(loops) ||
	    read(w->answer, &ns, sizeof(ns)) != sizeof(ns))
		die("a worker is gone");
	return ns;
}

int main(int argc, char **argv)
{
	struct worker workers[NR_WORKERS];
	struct blob manifest[NR_WORKERS] = { 0 };
	int rounds, rules = 1, nr = 1;
	long loops;

	if (argc != 3 && argc != 6)
		return 2;
	rounds = atoi(argv[1]);
	loops = atol(argv[2]);
	if (argc == 6) {
		nr = NR_WORKERS;
		rules = atoi(argv[3]);
		manifest[DENIALS] = blob_read(argv[4]);
		manifest[DECISIONS] = blob_read(argv[5]);
	}
	make_tree(rules);
	for (int k = 0; k < nr; k++)
		workers[k] = start(k, rules, &manifest[k]);
	for (int k = 0; k < nr; k++)
		measure(&workers[k], loops / 10 + 1);
	for (int r = 0; r < rounds; r++) {
		printf("%.1f", time_getppid(loops));
		for (int k = 0; k < nr; k++)
			printf(" %.1f", measure(&workers[k], loops));
		printf("\n");
		fflush(stdout);
	}
	return 0;
}
