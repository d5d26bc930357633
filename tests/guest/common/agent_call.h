/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eight calls for C programs that run inside guests, and the few steps that
 * all of them take: read a file, make a child that enters an agent, die loudly.
 */
#ifndef TESTS_GUEST_AGENT_CALL_H
#define TESTS_GUEST_AGENT_CALL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/agent.h>

#define NR_agent_spawn		472
#define NR_agent_quota		474
#define NR_agent_cap_grant	475
#define NR_agent_cap_revoke	476
#define NR_agent_cap_present	477
#define NR_agent_audit_query	478
#define NR_agent_memory_tier	479

#define die(fmt, ...)								\
	do {									\
		fprintf(stderr, "%s:%d: " fmt ": %s\n", __FILE__, __LINE__,	\
			##__VA_ARGS__, strerror(errno));			\
		exit(2);							\
	} while (0)

struct blob {
	void *data;
	size_t len;
};

static inline struct blob blob_read(const char *path)
{
	struct blob b = { .data = malloc(AGENT_MANIFEST_MAX) };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0 || !b.data)
		die("cannot open %s", path);
	n = read(fd, b.data, AGENT_MANIFEST_MAX);
	if (n <= 0)
		die("cannot read %s", path);
	close(fd);
	b.len = n;
	return b;
}

/* 0 and the AID, or -1 and errno. */
static inline int agent_spawn(const struct blob *manifest, uint64_t flags, uint64_t *aid)
{
	struct agent_spawn_args args = {
		.magic = AGENT_MAGIC,
		.flags = flags,
		.manifest = (uintptr_t)manifest->data,
		.manifest_len = manifest->len,
	};
	int ret = syscall(NR_agent_spawn, &args, sizeof(args));

	if (aid)
		*aid = args.aid;
	return ret;
}

/* The caller is the first process of a new agent, whose AID is returned. */
static inline uint64_t agent_enter(const struct blob *manifest)
{
	uint64_t aid;

	if (agent_spawn(manifest, AGENT_SPAWN_ENTER, &aid))
		die("spawn");
	return aid;
}

static inline int agent_cap_grant(uint64_t aid, const struct blob *cap, uint64_t *id)
{
	struct agent_cap_grant_args args = {
		.magic = AGENT_MAGIC,
		.aid = aid,
		.cap = (uintptr_t)cap->data,
		.cap_len = cap->len,
	};
	int ret = syscall(NR_agent_cap_grant, &args, sizeof(args));

	*id = args.id;
	return ret;
}

static inline int agent_cap_revoke(uint64_t aid, uint64_t id, uint64_t flags)
{
	struct agent_cap_revoke_args args = {
		.magic = AGENT_MAGIC,
		.flags = flags,
		.aid = aid,
		.id = id,
	};

	return syscall(NR_agent_cap_revoke, &args, sizeof(args));
}

#endif /* TESTS_GUEST_AGENT_CALL_H */
