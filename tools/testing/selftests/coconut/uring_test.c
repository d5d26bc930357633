// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: what is submitted is decided as if the submitter had done it, whoever
 * carries it out and however late.
 */
#include <netinet/in.h>
#include <poll.h>

#include "files.h"
#include "ring.h"

#define DIR_PATH	"/tmp/coconut_uring"
#define IN		DIR_PATH "/in"
#define OUT		DIR_PATH "/out"
#define PORT		42031

FIXTURE(uring) {
	struct agent_task task;
	struct bytes caps;
};

FIXTURE_SETUP(uring)
{
	const char *why = authorize();

	ASSERT_EQ(NULL, why) TH_LOG("%s", why);
	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, system("rm -rf " DIR_PATH));
	ASSERT_EQ(0, mkdir(DIR_PATH, 0755));
	ASSERT_EQ(0, system("ip link set lo up 2>/dev/null || ifconfig lo up"));
	make_file(IN);
	make_file(OUT);
	memset(&self->caps, 0, sizeof(self->caps));
}

FIXTURE_TEARDOWN(uring)
{
	stop(&self->task);
	EXPECT_EQ(0, system("rm -rf " DIR_PATH));
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

/* ---- what waits in the ring when a revoke comes ---- */

static char received[64];

static struct sockaddr_in here(void)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int serve(void)
{
	struct sockaddr_in addr = here();
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 4))
		return -errno;
	return fd;
}

static int connect_here(void)
{
	struct sockaddr_in addr = here();
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : fd;
}

static long hold_connection(void)
{
	held = connect_here();
	return held < 0 ? held : 0;
}

static long hold_listener(void)
{
	held = serve();
	return held < 0 ? held : 0;
}

static long arm(unsigned int opcode, unsigned int flags, unsigned int ioprio)
{
	const struct io_uring_sqe sqe = {
		.opcode = opcode,
		.flags = flags,
		.ioprio = ioprio,
		.fd = held,
		.addr = opcode == IORING_OP_ACCEPT ? 0 : (uintptr_t)received,
		.len = opcode == IORING_OP_ACCEPT ? 0 : sizeof(received),
	};
	long ret;

	memset(received, 0, sizeof(received));
	ring_queue(&sqe);
	ret = ring_enter(0);
	return ret < 0 ? ret : 0;
}

static long arm_receive(void) { return arm(IORING_OP_RECV, 0, 0); }
static long arm_receive_later(void) { return arm(IORING_OP_RECV, IOSQE_ASYNC, 0); }
static long arm_read(void) { return arm(IORING_OP_READ, 0, 0); }
static long arm_accept(void) { return arm(IORING_OP_ACCEPT, 0, 0); }

static long arm_accept_many(void)
{
	return arm(IORING_OP_ACCEPT, 0, IORING_ACCEPT_MULTISHOT);
}

/* A read that is issued when somebody writes to our socket, and not before. */
static long arm_linked(void)
{
	const struct io_uring_sqe first = {
		.opcode = IORING_OP_POLL_ADD,
		.flags = IOSQE_IO_LINK,
		.fd = agent_socket,
		.poll32_events = POLLIN,
	};
	long ret;

	ring_queue(&first);
	ret = arm(IORING_OP_READ, 0, 0);
	return ret < 0 ? ret : 0;
}

static long wait_ring(void) { return ring_wait(); }
static long anything_received(void) { return received[0]; }

/* The file in a slot of the ring, and nowhere else. */
static long register_held(void)
{
	int fd = held;
	long ret = result(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, &fd, 1));

	close(held);
	return ret;
}

static long read_registered(void)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ,
		.flags = IOSQE_FIXED_FILE,
		.addr = (uintptr_t)received,
		.len = sizeof(received),
	};

	return ring_do(&sqe);
}

static long install_registered(void)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_FIXED_FD_INSTALL,
		.flags = IOSQE_FIXED_FILE,
	};

	return ring_do(&sqe);
}

/* Memory of our own that the ring keeps pinned. */
static long register_buffer(void)
{
	struct iovec iov = { received, sizeof(received) };

	return result(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, &iov, 1));
}

static long read_to_buffer(void)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ_FIXED,
		.fd = held,
		.addr = (uintptr_t)received,
		.len = 8,
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
	REVOKE();
	EXPECT_REFUSED(&self->task, read_held, EACCES);
	EXPECT_REFUSED(&self->task, read_held_later, EACCES);
}

static void cap_port(struct bytes *caps, uint64_t rights)
{
	cap_loopback(caps, AGENT_NET_TCP, AF_INET, PORT, PORT, rights);
}

/* What was armed ends with EACCES or EINTR and brings no byte. */
#define EXPECT_CUT(fn, provoke)							\
	do {									\
		long end_;							\
										\
		EXPECT_ALLOWED(&self->task, fn);				\
		REVOKE();	\
		provoke;							\
		end_ = run(&self->task, wait_ring);				\
		EXPECT_TRUE(end_ == -EACCES || end_ == -EINTR) {		\
			TH_LOG("%s: %ld", #fn, end_);				\
		}								\
		EXPECT_EQ(0, run(&self->task, anything_received));		\
	} while (0)

#define CONNECTED()								\
	do {									\
		server = serve();						\
		ASSERT_LE(0, server);						\
		cap_port(&self->caps, AGENT_NET_CONNECT);			\
		ASSERT_EQ(0, start(&self->task, &self->caps, 1));		\
		ASSERT_EQ(0, run(&self->task, ring_open));			\
		EXPECT_ALLOWED(&self->task, hold_connection);			\
		peer = accept(server, NULL, NULL);				\
		ASSERT_LE(0, peer);						\
	} while (0)

TEST_F(uring, armed_receive)
{
	int server, peer;

	CONNECTED();
	EXPECT_CUT(arm_receive, EXPECT_EQ(3, send(peer, "abc", 3, 0)));
}

TEST_F(uring, armed_receive_in_a_worker)
{
	int server, peer;

	CONNECTED();
	EXPECT_CUT(arm_receive_later, EXPECT_EQ(3, send(peer, "abc", 3, 0)));
}

TEST_F(uring, armed_read_of_a_socket)
{
	int server, peer;

	CONNECTED();
	EXPECT_CUT(arm_read, EXPECT_EQ(3, send(peer, "abc", 3, 0)));
}

#define LISTENING()								\
	do {									\
		cap_port(&self->caps, AGENT_NET_BIND | AGENT_NET_LISTEN);	\
		ASSERT_EQ(0, start(&self->task, &self->caps, 1));		\
		ASSERT_EQ(0, run(&self->task, ring_open));			\
		EXPECT_ALLOWED(&self->task, hold_listener);			\
	} while (0)

TEST_F(uring, armed_accept)
{
	LISTENING();
	EXPECT_CUT(arm_accept, EXPECT_LE(0, connect_here()));
}

/* The first connection is accepted, the one after the revoke is not. */
TEST_F(uring, armed_accept_many)
{
	LISTENING();
	EXPECT_ALLOWED(&self->task, arm_accept_many);
	EXPECT_LE(0, connect_here());
	EXPECT_LE(0, run(&self->task, wait_ring));
	REVOKE();
	EXPECT_LE(0, connect_here());
	EXPECT_EQ(-EACCES, run(&self->task, wait_ring));
}

TEST_F(uring, linked)
{
	cap_fs(&self->caps, IN, AGENT_FS_READ_FILE);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	ASSERT_EQ(0, run(&self->task, ring_open));
	EXPECT_ALLOWED(&self->task, open_in);
	EXPECT_ALLOWED(&self->task, arm_linked);
	REVOKE();
	ASSERT_EQ(1, send(self->task.passed, "x", 1, 0));
	EXPECT_EQ(POLLIN, run(&self->task, wait_ring));
	EXPECT_EQ(-EACCES, run(&self->task, wait_ring));
	EXPECT_EQ(0, run(&self->task, anything_received));
}

TEST_F(uring, registered_file)
{
	cap_fs(&self->caps, IN, AGENT_FS_READ_FILE);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	ASSERT_EQ(0, run(&self->task, ring_open));
	EXPECT_ALLOWED(&self->task, open_in);
	EXPECT_ALLOWED(&self->task, register_held);
	EXPECT_ALLOWED(&self->task, read_registered);
	REVOKE();
	EXPECT_REFUSED(&self->task, read_registered, EACCES);
	EXPECT_REFUSED(&self->task, install_registered, EACCES);
}

TEST_F(uring, registered_buffer)
{
	cap_fs(&self->caps, IN, AGENT_FS_READ_FILE);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	ASSERT_EQ(0, run(&self->task, ring_open));
	EXPECT_ALLOWED(&self->task, open_in);
	EXPECT_ALLOWED(&self->task, register_buffer);
	EXPECT_ALLOWED(&self->task, read_to_buffer);
	REVOKE();
	EXPECT_REFUSED(&self->task, read_to_buffer, EACCES);
}

TEST_F(uring, what_loosens_the_tie)
{
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	ASSERT_EQ(0, run(&self->task, ring_open));
	EXPECT_REFUSED(&self->task, other_credential, EPERM);
	EXPECT_REFUSED(&self->task, command, EPERM);
}

TEST_HARNESS_MAIN
