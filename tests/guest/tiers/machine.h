/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the programs of this scenario share: the machine of qemu/direct-hmat.toml, contents
 * that are known again, and agents that print.
 */
#ifndef TESTS_GUEST_TIERS_MACHINE_H
#define TESTS_GUEST_TIERS_MACHINE_H

#include "../common/tier.h"

#include <stdbool.h>
#include <sys/wait.h>

#define NODES		3
#define HBM_NODE	1
#define LENGTH		(2 * MIB)
#define WORDS		(LENGTH / sizeof(uint64_t))
#define BUDGET		(12 * MIB)	/* of the manifest that has one */

struct command {
	const char *name;
	void (*run)(const struct blob *manifest);
};

/* ---- contents ---- */

static inline void fill(uint64_t *at)
{
	for (size_t i = 0; i < WORDS; i++)
		at[i] = i * 0x9e3779b97f4a7c15;
}

static inline bool intact(const uint64_t *at)
{
	for (size_t i = 0; i < WORDS; i++)
		if (at[i] != i * 0x9e3779b97f4a7c15)
			return false;
	return true;
}

/* ---- agents ---- */

static inline long budget_used(void)
{
	struct agent_quota_args args = {
		.magic = AGENT_MAGIC, .kind = AGENT_QUOTA_HBM, .op = AGENT_QUOTA_GET,
	};

	if (syscall(NR_agent_quota, &args, sizeof(args)))
		die("quota");
	return args.used;
}

/* What it prints comes through a pipe: the file that it would go to is not the agent's. */
static inline void in_agent(const struct blob *manifest, void (*body)(void))
{
	int status, out[2];
	char text[4096];
	pid_t child;
	ssize_t n;

	if (pipe(out))
		die("pipe");
	child = fork();
	if (!child) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		if (agent_spawn(manifest, AGENT_SPAWN_ENTER, NULL))
			die("spawn");
		body();
		exit(0);
	}
	close(out[1]);
	while ((n = read(out[0], text, sizeof(text))) > 0)
		fwrite(text, 1, n, stdout);
	close(out[0]);
	waitpid(child, &status, 0);
	if (status)
		die("child: %x", status);
}

/* ---- the program ---- */

/* WHAT [MANIFEST] */
static inline int run_command(const struct command *commands, size_t nr, int argc, char **argv)
{
	struct blob manifest = {};

	if (argc < 2)
		return 2;
	if (argc > 2)
		manifest = blob_read(argv[2]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(argv[1], commands[i].name)) {
			commands[i].run(&manifest);
			return 0;
		}
	return 2;
}

#endif /* TESTS_GUEST_TIERS_MACHINE_H */
