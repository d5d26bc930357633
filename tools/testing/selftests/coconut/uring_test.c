// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: what is submitted is decided as if the submitter had done it, whoever
 * carries it out and however late.
 */
#include <sys/mman.h>
#include <linux/io_uring.h>

#include "agent.h"

#define DIR_PATH	"/tmp/coconut_uring"
#define IN		DIR_PATH "/in"
#define OUT		DIR_PATH "/out"

FIXTURE(uring) {
	struct agent_task task;
	struct bytes caps;
};

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	if (fd < 0 || write(fd, "content\n", 8) != 8)
		abort();
	close(fd);
}

FIXTURE_SETUP(uring)
{
	const char *why = authorize();

	ASSERT_EQ(NULL, why) TH_LOG("%s", why);
	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, system("rm -rf " DIR_PATH));
	ASSERT_EQ(0, mkdir(DIR_PATH, 0755));
	make_file(IN);
	make_file(OUT);
	memset(&self->caps, 0, sizeof(self->caps));
}

FIXTURE_TEARDOWN(uring)
{
	stop(&self->task);
	EXPECT_EQ(0, system("rm -rf " DIR_PATH));
}

/* ---- a ring of one entry at a time ---- */

static struct {
	int fd;
	struct io_uring_params params;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
} ring;

static long ring_open(void)
{
	struct io_uring_params *p = &ring.params;

	ring.fd = syscall(SYS_io_uring_setup, 4, p);
	if (ring.fd < 0)
		return -errno;
	ring.sq = mmap(NULL, p->sq_off.array + p->sq_entries * 4, PROT_READ | PROT_WRITE,
		       MAP_SHARED, ring.fd, IORING_OFF_SQ_RING);
	ring.cq = mmap(NULL, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe),
		       PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_CQ_RING);
	ring.sqes = mmap(NULL, p->sq_entries * sizeof(struct io_uring_sqe),
			 PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQES);
	if (ring.sq == MAP_FAILED || ring.cq == MAP_FAILED || (void *)ring.sqes == MAP_FAILED)
		return -errno;
	return 0;
}

static unsigned int load(const char *at, unsigned int offset)
{
	return __atomic_load_n((const unsigned int *)(at + offset), __ATOMIC_ACQUIRE);
}

static void store(char *at, unsigned int offset, unsigned int value)
{
	__atomic_store_n((unsigned int *)(at + offset), value, __ATOMIC_RELEASE);
}

/* What the completion says. */
static long ring_do(const struct io_uring_sqe *sqe)
{
	const struct io_uring_params *p = &ring.params;
	unsigned int tail = load(ring.sq, p->sq_off.tail);
	unsigned int slot = tail & load(ring.sq, p->sq_off.ring_mask);
	unsigned int head;
	struct io_uring_cqe *cqes = (void *)(ring.cq + p->cq_off.cqes);
	long res;

	ring.sqes[slot] = *sqe;
	store(ring.sq, p->sq_off.array + 4 * slot, slot);
	store(ring.sq, p->sq_off.tail, tail + 1);
	if (syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	head = load(ring.cq, p->cq_off.head);
	if (head == load(ring.cq, p->cq_off.tail))
		return -ENODATA;
	res = cqes[head & load(ring.cq, p->cq_off.ring_mask)].res;
	store(ring.cq, p->cq_off.head, head + 1);
	return res;
}

/* ---- what the agent does ---- */

static int held = -1;

static long open_by_ring(const char *path, unsigned int flags)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_OPENAT,
		.flags = flags,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)path,
	};

	return ring_do(&sqe);
}

static long open_in(void)
{
	held = open_by_ring(IN, 0);
	return held;
}

static long open_out(void) { return open_by_ring(OUT, 0); }
static long open_out_later(void) { return open_by_ring(OUT, IOSQE_ASYNC); }

static long read_by_ring(unsigned int flags)
{
	static char buf[8];
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ,
		.flags = flags,
		.fd = held,
		.addr = (uintptr_t)buf,
		.len = sizeof(buf),
	};

	return ring_do(&sqe);
}

static long read_held(void) { return read_by_ring(0); }
static long read_held_later(void) { return read_by_ring(IOSQE_ASYNC); }

static long other_credential(void)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_NOP };
	int id = syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_PERSONALITY, NULL, 0);

	if (id < 0)
		return -errno;
	sqe.personality = id;
	return ring_do(&sqe);
}

static long command(void)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_URING_CMD,
		.fd = agent_socket,
		.cmd_op = SOCKET_URING_OP_SIOCINQ,
	};

	return ring_do(&sqe);
}

/* ---- tests ---- */

TEST_F(uring, operations)
{
	cap_fs(&self->caps, IN, AGENT_FS_READ_FILE);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	ASSERT_EQ(0, run(&self->task, ring_open));
	EXPECT_ALLOWED(&self->task, open_in);
	EXPECT_ALLOWED(&self->task, read_held);
	EXPECT_ALLOWED(&self->task, read_held_later);
	EXPECT_REFUSED(&self->task, open_out, EACCES);
	EXPECT_REFUSED(&self->task, open_out_later, EACCES);
}

TEST_F(uring, revoke)
{
	cap_fs(&self->caps, IN, AGENT_FS_READ_FILE);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	ASSERT_EQ(0, run(&self->task, ring_open));
	EXPECT_ALLOWED(&self->task, open_in);
	EXPECT_ALLOWED(&self->task, read_held);
	ASSERT_EQ(0, revoke_from(self->task.aid, AGENT_REVOKE_ALL));
	EXPECT_REFUSED(&self->task, read_held, EACCES);
	EXPECT_REFUSED(&self->task, read_held_later, EACCES);
}

TEST_F(uring, what_loosens_the_tie)
{
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	ASSERT_EQ(0, run(&self->task, ring_open));
	EXPECT_REFUSED(&self->task, other_credential, EPERM);
	EXPECT_REFUSED(&self->task, command, EPERM);
}

TEST_HARNESS_MAIN
