// SPDX-License-Identifier: Apache-2.0
/* What takes more than one call: descriptors passed, programs run, rings, tracing. */
#include "fuzz.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <time.h>

#define NR_THREADS	3
#define THREAD_OPS	40

static void pass_fd(struct worker *w)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = "f", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
	int fd = w->fds[chance_below(&w->chance, NR_FDS)];

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	sendmsg(w->peer, &msg, MSG_DONTWAIT);
}

static void take_fd(struct worker *w)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *head;
	int fd;

	if (recvmsg(w->peer, &msg, MSG_DONTWAIT) < 0)
		return;
	head = CMSG_FIRSTHDR(&msg);
	if (!head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len < CMSG_LEN(sizeof(int)))
		return;
	memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	worker_keep_fd(w, fd);
}

static void descriptors(struct worker *w)
{
	if (chance_once(&w->chance, 2))
		pass_fd(w);
	else
		take_fd(w);
}

/* ---- programs ---- */

static void copy_to(int to)
{
	static char buf[1 << 16];
	int from = open("/bin/busybox", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	while (from >= 0 && (n = read(from, buf, sizeof(buf))) > 0 && write(to, buf, n) == n)
		;
	if (from >= 0)
		close(from);
}

static void run(struct worker *w)
{
	static char *const argv[] = { "true", NULL };
	static char *const envp[] = { NULL };
	int fd;

	switch (chance_below(&w->chance, 5)) {
	case 0:
		execve("/bin/sh", argv, envp);
		break;
	case 1:	/* a copy, where the agent may write but not execute */
		fd = open(INSIDE "/run", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
		copy_to(fd);
		close(fd);
		execve(INSIDE "/run", argv, envp);
		break;
	case 2:
		fd = memfd_create("fuzz", 0);
		copy_to(fd);
		syscall(SYS_execveat, fd, "", argv, envp, 0x1000 /* AT_EMPTY_PATH */);
		break;
	case 3:	/* a script whose interpreter is the program */
		fd = open(INSIDE "/script", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
		if (write(fd, "#!/bin/busybox true\n", 20) == 20)
			close(fd);
		execve(INSIDE "/script", argv, envp);
		break;
	default:
		execve("/bin/busybox", argv, envp);
	}
	_exit(1);
}

static void program(struct worker *w)
{
	pid_t child = fork();

	if (!child)
		run(w);
	if (child > 0)
		reap(child, 2000);
}

/* ---- io_uring ---- */

struct ring {
	int fd;
	struct io_uring_params params;
	uint8_t *sq;
	struct io_uring_sqe *sqes;
};

static bool ring_make(struct ring *ring)
{
	const int prot = PROT_READ | PROT_WRITE;

	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(SYS_io_uring_setup, 8, &ring->params);
	if (ring->fd < 0)
		return false;
	ring->sq = mmap(NULL, PAGE, prot, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, PAGE, prot, MAP_SHARED, ring->fd, IORING_OFF_SQES);
	return ring->sq != MAP_FAILED && ring->sqes != MAP_FAILED;
}

static void ring_fill(struct worker *w, struct io_uring_sqe *sqe)
{
	static const uint8_t ops[] = {
		IORING_OP_NOP, IORING_OP_READ, IORING_OP_WRITE, IORING_OP_OPENAT, IORING_OP_CLOSE,
		IORING_OP_CONNECT, IORING_OP_SEND, IORING_OP_RENAMEAT, IORING_OP_UNLINKAT,
		IORING_OP_MKDIRAT, IORING_OP_LINKAT, IORING_OP_SYMLINKAT, IORING_OP_SOCKET,
		IORING_OP_FALLOCATE, IORING_OP_STATX, IORING_OP_SPLICE, IORING_OP_URING_CMD,
		IORING_OP_OPENAT2, IORING_OP_FSETXATTR, IORING_OP_SETXATTR, IORING_OP_MSG_RING,
	};
	static const char *const names[] = { INSIDE "/a", INSIDE "/b", PLACE "/out/f", "/proc/1/mem" };

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = chance_once(&w->chance, 16) ? chance_below(&w->chance, 64) :
		      ops[chance_below(&w->chance, ARRAY_SIZE(ops))];
	sqe->fd = chance_once(&w->chance, 2) ? AT_FDCWD : worker_fd(w);
	sqe->addr = (uintptr_t)names[chance_below(&w->chance, ARRAY_SIZE(names))];
	sqe->off = (uintptr_t)names[chance_below(&w->chance, ARRAY_SIZE(names))];
	sqe->len = chance_once(&w->chance, 2) ? (uint32_t)AT_FDCWD : 16;
	sqe->open_flags = chance_below(&w->chance, 4) | O_CREAT;
	if (chance_once(&w->chance, 4))
		sqe->flags = IOSQE_ASYNC;
}

static void uring(struct worker *w)
{
	struct ring ring;
	uint32_t *tail;

	if (!ring_make(&ring))
		return;
	tail = (uint32_t *)(ring.sq + ring.params.sq_off.tail);
	for (uint32_t i = 0; i < 4; i++) {
		ring_fill(w, &ring.sqes[i]);
		((uint32_t *)(ring.sq + ring.params.sq_off.array))[i] = i;
	}
	__atomic_store_n(tail, 4, __ATOMIC_RELEASE);
	syscall(SYS_io_uring_enter, ring.fd, 4, 0, 0, NULL, 0);
	if (chance_once(&w->chance, 2))
		syscall(SYS_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	munmap(ring.sq, PAGE);
	munmap(ring.sqes, PAGE);
	close(ring.fd);
}

/* ---- tracing ---- */

static void trace(struct worker *w)
{
	pid_t pid = chance_once(&w->chance, 3) ? getppid() : 1;

	if (chance_once(&w->chance, 2)) {
		pid = fork();
		if (!pid) {
			pause();
			_exit(0);
		}
	}
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) {
		ptrace(PTRACE_INTERRUPT, pid, 0, 0);
		usleep(1000);
		ptrace(PTRACE_PEEKDATA, pid, w->slots[0].start, 0);
		ptrace(PTRACE_DETACH, pid, 0, 0);
	}
	if (pid != 1 && pid != getppid() && pid > 0) {
		kill(pid, SIGKILL);
		reap(pid, 2000);
	}
}

/* ---- writes to /agent ---- */

static void agentfs(struct worker *w)
{
	static const char *const texts[] = {
		"add 0000000000000000000000000000000000000000000000000000000000000000 x\n",
		"seal\n", "\n", "fs:/*:read_file\n", "none", "a:00001 terminate\n", "\xff\xfe",
	};
	static const char *const names[] = {
		"/agent/policy/authorizers", "/agent/policy/caps/fuzz.caps", "/agent/audit/chain.log",
		"/agent/policy/tenants/fuzz", "/agent/live/a:00000/status", "/agent/audit/rotated",
	};
	const char *text = texts[chance_below(&w->chance, ARRAY_SIZE(texts))];
	int fd = open(names[chance_below(&w->chance, ARRAY_SIZE(names))], O_RDWR | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return;
	n = write(fd, text, strlen(text));
	n += read(fd, w->slots[1].start, 4096);
	ioctl(fd, chance_once(&w->chance, 2) ? AGENT_IOC_SEAL : AGENT_IOC_LINK,
	      n < 0 ? (uint8_t *)8 : w->slots[1].start);
	worker_keep_fd(w, fd);
}

/* ---- threads ---- */

struct thread {
	struct worker worker;
	struct worker *from;
};

/* Calls on arguments that the next thread is changing. */
static void *thread_calls(void *data)
{
	struct thread *t = data;

	for (unsigned int i = 0; i < THREAD_OPS; i++) {
		if (chance_once(&t->worker.chance, 4))
			fuzz_classic_call(&t->worker);
		else
			fuzz_agent_call(&t->worker);
	}
	return NULL;
}

static void *thread_scribbles(void *data)
{
	struct thread *t = data;
	struct slot *slot = &t->from->slots[chance_below(&t->worker.chance, 3)];

	for (unsigned int i = 0; i < 2000; i++) {
		size_t back = 1 + chance_below(&t->worker.chance, 128);

		*(volatile uint8_t *)(slot->start + slot->room - back) =
			chance_next(&t->worker.chance);
		if (i % 64 == 0)
			sched_yield();
	}
	return NULL;
}

/* Whoever waits for this one does not block, so it is interrupted from here. */
static void join(pthread_t id)
{
	struct timespec end;

	do {
		clock_gettime(CLOCK_REALTIME, &end);
		end.tv_nsec += 20000000;
		if (end.tv_nsec >= 1000000000) {
			end.tv_nsec -= 1000000000;
			end.tv_sec++;
		}
		pthread_kill(id, SIGALRM);
	} while (pthread_timedjoin_np(id, NULL, &end));
}

static void threads(struct worker *w)
{
	static struct thread t[NR_THREADS];
	pthread_t ids[NR_THREADS];

	for (unsigned int i = 0; i < NR_THREADS; i++) {
		worker_make(&t[i].worker, w->shared, w->name, chance_next(&w->chance));
		t[i].worker.shares_args = true;
		t[i].worker.peer = w->peer;
		t[i].from = i ? &t[0].worker : w;
		if (pthread_create(&ids[i], NULL, i == 1 ? thread_scribbles : thread_calls, &t[i]))
			_exit(0);
	}
	for (unsigned int i = 0; i < NR_THREADS; i++)
		join(ids[i]);
	w->op += 2 * THREAD_OPS;
}

void fuzz_sequence(struct worker *w)
{
	static void (*const all[])(struct worker *) = {
		descriptors, descriptors, descriptors, program, uring, uring, trace, agentfs, agentfs,
		threads, fuzz_sandbox, fuzz_sandbox,
	};

	all[chance_below(&w->chance, ARRAY_SIZE(all))](w);
	w->op++;
}
