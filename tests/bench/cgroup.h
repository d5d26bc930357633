/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cgroup as an agent without limits has one: as deep, and with the controller of the CPU
 * alone. Whoever is set against an agent is in such a one, so that what its share costs is
 * on both sides, and what is left is the confinement.
 */
#ifndef TESTS_BENCH_CGROUP_H
#define TESTS_BENCH_CGROUP_H

#include "../guest/common/agent_call.h"

#include <sys/stat.h>

#define CGROUP_ROOT		"/sys/fs/cgroup"
#define CGROUP_TENANT		CGROUP_ROOT "/bench/tenant"

static inline void cgroup_put(const char *folder, const char *file, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s: %s", path, text);
	close(fd);
}

static inline void cgroup_make(const char *folder)
{
	if (mkdir(folder, 0755) && errno != EEXIST)
		die("%s", folder);
}

/* Whose own groups share the CPU by their weights. */
static inline void cgroup_make_cpu(const char *folder)
{
	cgroup_make(folder);
	cgroup_put(folder, "cgroup.subtree_control", "+cpu");
}

/* The caller goes into a new cgroup. */
static inline void cgroup_enter(void)
{
	static const char *const above[] = { CGROUP_ROOT, CGROUP_ROOT "/bench", CGROUP_TENANT };
	char own[64];

	for (size_t i = 0; i < sizeof(above) / sizeof(*above); i++)
		cgroup_make_cpu(above[i]);
	snprintf(own, sizeof(own), CGROUP_TENANT "/%d", getpid());
	cgroup_make(own);
	cgroup_put(own, "cgroup.procs", "0");
}

#endif /* TESTS_BENCH_CGROUP_H */
