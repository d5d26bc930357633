/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Agents for tests: spawn one, have it do one thing at a time, count what was
 * recorded about it.
 */
#ifndef COCONUT_SELFTESTS_AGENT_H
#define COCONUT_SELFTESTS_AGENT_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/agent.h>

#include "../kselftest_harness.h"
#include "cbor.h"
#include "manifest.h"

#define NR_AGENT_SPAWN		472
#define NR_AGENT_ATTEST		473
#define NR_AGENT_QUOTA		474
#define NR_AGENT_CAP_GRANT	475
#define NR_AGENT_CAP_REVOKE	476
#define NR_AGENT_CAP_PRESENT	477
#define NR_AGENT_AUDIT_QUERY	478
#define NR_AGENT_MEMORY_TIER	479

/* 0 or a positive value, or a negative errno: as the kernel says it. */
static inline long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

/* The same where it does not matter how much was done. */
static inline long done(long ret)
{
	return ret < 0 ? -errno : 0;
}

/* ---- what every test needs first ---- */

/* Our key among the authorizers; NULL, or why it cannot be there. */
static inline const char *authorize(void)
{
	static const char line[] = "add " AUTHORIZER "\n";
	int fd;
	ssize_t n;

	if (access("/agent/abi", F_OK)) {
		mkdir("/agent", 0755);
		if (mount("agentfs", "/agent", "agentfs", 0, NULL))
			return "no agentfs: this kernel is not Coconut, or the caller not root";
	}
	fd = open("/agent/policy/authorizers", O_WRONLY);
	if (fd < 0)
		return "cannot open /agent/policy/authorizers";
	n = write(fd, line, sizeof(line) - 1);
	close(fd);
	if (n < 0 && errno != EEXIST)
		return "the authorizers are sealed";
	return NULL;
}

static inline int spawn_manifest(const void *manifest, size_t len, const struct bytes *caps,
				 unsigned int nr, uint64_t flags, uint64_t *aid)
{
	struct bytes set = {};
	struct agent_spawn_args args = {
		.magic = AGENT_MAGIC,
		.flags = flags,
		.manifest = (uintptr_t)manifest,
		.manifest_len = len,
		.cap_set = (uintptr_t)set.data,
	};
	int ret;

	put_head(&set, 4, nr);
	put(&set, caps->data, caps->len);
	args.cap_set_len = set.len;
	ret = syscall(NR_AGENT_SPAWN, &args, sizeof(args));
	*aid = args.aid;
	return ret;
}

static inline int revoke_from(uint64_t aid, uint64_t flags)
{
	struct agent_cap_revoke_args args = {
		.magic = AGENT_MAGIC,
		.flags = flags,
		.aid = aid,
	};

	return result(syscall(NR_AGENT_CAP_REVOKE, &args, sizeof(args)));
}

/* The id of the new capability, or a negative errno. */
static inline long grant_id(uint64_t aid, const struct bytes *cap)
{
	struct agent_cap_grant_args args = {
		.magic = AGENT_MAGIC,
		.aid = aid,
		.cap = (uintptr_t)cap->data,
		.cap_len = cap->len,
	};

	return syscall(NR_AGENT_CAP_GRANT, &args, sizeof(args)) ? -errno : (long)args.id;
}

static inline int grant(uint64_t aid, const struct bytes *cap)
{
	long id = grant_id(aid, cap);

	return id < 0 ? id : 0;
}

static inline int revoke_id(uint64_t aid, uint64_t id)
{
	struct agent_cap_revoke_args args = { .magic = AGENT_MAGIC, .aid = aid, .id = id };

	return result(syscall(NR_AGENT_CAP_REVOKE, &args, sizeof(args)));
}

/* The number of a record that is written now; every earlier one has a smaller number. */
static inline uint64_t mark(void)
{
	struct bytes cap = {};
	struct agent_cap_present_args args = {
		.magic = AGENT_MAGIC,
		.cap = (uintptr_t)cap.data,
	};

	cap_svc(&cap, "selftest:here");
	args.cap_len = cap.len;
	return syscall(NR_AGENT_CAP_PRESENT, &args, sizeof(args)) ? 0 : args.seq;
}

/* How many denials of an agent were recorded from @first on until now; or -errno. */
static inline long count_denied(uint64_t aid, uint64_t first)
{
	static unsigned char buf[1 << 16];
	struct agent_audit_query_args args = {
		.magic = AGENT_MAGIC,
		.aid = aid,
		.last_seq = -1ULL,
		.decisions = 1ULL << AGENT_DECISION_DENIED,
		.buf = (uintptr_t)buf,
		.next_seq = first,
	};
	const uint64_t now = mark();
	long nr = 0;

	/* The sealer brings records within sight a moment after they were made. */
	while (args.next_seq <= now) {
		args.buf_len = sizeof(buf);
		args.first_seq = args.next_seq;
		if (syscall(NR_AGENT_AUDIT_QUERY, &args, sizeof(args)))
			return -errno;
		nr += args.count;
		if (args.next_seq <= now)
			usleep(500);
	}
	return nr;
}

/* ---- an agent with one task that does as it is told ---- */

typedef long (*act_fn)(void);

struct agent_task {
	uint64_t aid;
	uint64_t born;		/* no record of it is older */
	pid_t pid;
	int to;			/* which function */
	int from;		/* what it returned */
	int passed;		/* descriptors */
};

/* Where a function finds the descriptor that was passed, or where to pass one. */
static int agent_socket = -1;

static inline void agent_loop(int in, int out)
{
	act_fn fn;
	long ret;

	while (read(in, &fn, sizeof(fn)) == sizeof(fn) && fn) {
		ret = fn();
		if (write(out, &ret, sizeof(ret)) != sizeof(ret))
			break;
	}
	_exit(0);
}

/*
 * Spawns an agent with the @nr capabilities in @caps, and a task in it that waits
 * for run(). Returns 0 or a negative errno.
 */
static inline int start_manifest(struct agent_task *task, const void *manifest, size_t len,
				 const struct bytes *caps, unsigned int nr)
{
	int to[2], from[2], passed[2];
	int64_t aid;

	/* An agent cannot mark: it would be denied. */
	task->born = agent_socket < 0 ? mark() : 0;
	if (pipe(to) || pipe(from) || socketpair(AF_UNIX, SOCK_STREAM, 0, passed))
		return -errno;
	task->pid = fork();
	if (task->pid < 0)
		return -errno;
	if (!task->pid) {
		close(to[1]);
		close(from[0]);
		close(passed[0]);
		agent_socket = passed[1];
		if (spawn_manifest(manifest, len, caps, nr, AGENT_SPAWN_ENTER,
				   (uint64_t *)&aid))
			aid = -errno;
		if (write(from[1], &aid, sizeof(aid)) != sizeof(aid) || aid < 0)
			_exit(1);
		agent_loop(to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	close(passed[1]);
	if (read(from[0], &aid, sizeof(aid)) != sizeof(aid))
		return -EPIPE;
	task->aid = aid;
	task->to = to[1];
	task->from = from[0];
	task->passed = passed[0];
	return aid < 0 ? aid : 0;
}

static inline int start(struct agent_task *task, const struct bytes *caps, unsigned int nr)
{
	return start_manifest(task, manifest_all, sizeof(manifest_all), caps, nr);
}

/* What @fn returned in the agent; -EPIPE if the agent is gone. */
static inline long run(struct agent_task *task, act_fn fn)
{
	long ret;

	if (write(task->to, &fn, sizeof(fn)) != sizeof(fn) ||
	    read(task->from, &ret, sizeof(ret)) != sizeof(ret))
		return -EPIPE;
	return ret;
}

/* Ends the task, and its agent with it. Returns the wait status. */
static inline int stop(struct agent_task *task)
{
	const act_fn end = NULL;
	int status = -1;

	if (task->pid <= 0)
		return 0;
	/* Closing would not do: tasks that were started later have the pipe too. */
	if (write(task->to, &end, sizeof(end)) != sizeof(end))
		kill(task->pid, SIGKILL);
	close(task->to);
	close(task->from);
	close(task->passed);
	waitpid(task->pid, &status, 0);
	return status;
}

static inline int pass_fd(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = {}, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(socket, &msg, 0) == 1 ? 0 : -errno;
}

/* The descriptor, or -EACCES where the message came without it. */
static inline int take_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(socket, &msg, 0) != 1)
		return -errno;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -EACCES;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

/* ---- what the tests say ---- */

/* The operation succeeds, and nothing is recorded as denied. */
#define EXPECT_ALLOWED(who, fn)						\
	do {									\
		struct agent_task *t_ = who;					\
		long denied_ = count_denied(t_->aid, t_->born);			\
		long ret_ = run(t_, fn);					\
										\
		EXPECT_LE(0, ret_) {						\
			TH_LOG("%s: %s", #fn, strerror(-ret_));			\
		}								\
		EXPECT_EQ(denied_, count_denied(t_->aid, t_->born)) {	\
			TH_LOG("%s: recorded as denied", #fn);			\
		}								\
	} while (0)

/* It fails with this errno and exactly one record. */
#define EXPECT_REFUSED(who, fn, error)						\
	do {									\
		struct agent_task *t_ = who;					\
		long denied_ = count_denied(t_->aid, t_->born);			\
		long ret_ = run(t_, fn);					\
										\
		EXPECT_EQ(-(error), ret_) {					\
			TH_LOG("%s: %s", #fn, strerror(-ret_));			\
		}								\
		EXPECT_EQ(denied_ + 1, count_denied(t_->aid, t_->born)) { \
			TH_LOG("%s: not exactly one record", #fn);		\
		}								\
	} while (0)

/* It fails with this errno for a reason of Linux's, not of ours. */
#define EXPECT_FAILED(who, fn, error)						\
	do {									\
		struct agent_task *t_ = who;					\
		long denied_ = count_denied(t_->aid, t_->born);			\
										\
		EXPECT_EQ(-(error), run(t_, fn)) {				\
			TH_LOG("%s", #fn);					\
		}								\
		EXPECT_EQ(denied_, count_denied(t_->aid, t_->born)) {	\
			TH_LOG("%s: recorded as denied", #fn);			\
		}								\
	} while (0)

#endif
