// SPDX-License-Identifier: Apache-2.0
/*
 * access ROUNDS LOOPS [RULES DEPTH DENIALS-MANIFEST DECISIONS-MANIFEST]: what one
 * open() and close() of a file costs outside every agent, under Landlock, in an
 * agent that records denials, and in one that records every decision. Each of the
 * confined three has RULES rules of the same shape, each for one directory; the
 * file lies DEPTH names beneath the first of them, so that as many steps are taken
 * upwards until a rule is found. Prints a line a round: nanoseconds of getppid and
 * of the four. With two words only the first of the four is measured, as any
 * kernel can.
 */
#include "landlock.h"
#include "turns.h"

#include <limits.h>
#include <sys/stat.h>

#define TOP	"/tmp/bench"

static char target[PATH_MAX];
static int rules = 1;

static double time_open(long loops)
{
	double start = now_ns();

	for (long i = 0; i < loops; i++) {
		int fd = open(target, O_RDONLY);

		if (fd < 0)
			die("open %s", target);
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

static void make_dir(const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		die("mkdir %s", path);
}

static void make_tree(int depth)
{
	size_t len;
	int fd;

	make_dir(TOP);
	for (int i = 0; i < rules; i++) {
		snprintf(target, sizeof(target), TOP "/%d", i);
		make_dir(target);
	}
	len = snprintf(target, sizeof(target), TOP "/0");
	for (int i = 1; i < depth; i++) {
		len += snprintf(target + len, sizeof(target) - len, "/dir");
		make_dir(target);
	}
	snprintf(target + len, sizeof(target) - len, "/file");
	fd = open(target, O_CREAT | O_WRONLY, 0644);
	if (fd < 0)
		die("create %s", target);
	close(fd);
}

static void enter_landlock(const struct blob *unused)
{
	const struct landlock_ruleset_attr attr = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
				     LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	};
	int set = landlock_new(&attr, sizeof(attr));

	for (int i = 0; i < rules; i++) {
		struct landlock_path_beneath_attr rule = {
			.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
		};
		char path[64];

		snprintf(path, sizeof(path), TOP "/%d", i);
		rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
		if (rule.parent_fd < 0)
			die("open %s", path);
		landlock_add(set, LANDLOCK_RULE_PATH_BENEATH, &rule);
		close(rule.parent_fd);
	}
	landlock_enter(set);
}

int main(int argc, char **argv)
{
	struct blob denials = { 0 }, decisions = { 0 };
	const struct turn turns[] = {
		{ .measure = time_getppid },
		{ .measure = time_open },
		{ .measure = time_open, .enter = enter_landlock },
		{ .measure = time_open, .enter = enter_agent, .manifest = &denials },
		{ .measure = time_open, .enter = enter_agent, .manifest = &decisions },
	};
	int depth = 1, nr = 2;

	if (argc != 3 && argc != 7)
		return 2;
	if (argc == 7) {
		nr = sizeof(turns) / sizeof(*turns);
		rules = atoi(argv[3]);
		depth = atoi(argv[4]);
		denials = blob_read(argv[5]);
		decisions = blob_read(argv[6]);
	}
	make_tree(depth);
	turns_run(turns, nr, atoi(argv[1]), atol(argv[2]));
	return 0;
}
