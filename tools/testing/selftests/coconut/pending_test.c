// SPDX-License-Identifier: GPL-2.0
/*
 * What waits when a revoke comes is decided again: connect, accept, receive. And
 * what a connection that stands does afterwards.
 */
#include <netinet/in.h>
#include <sys/mman.h>

#include "agent.h"

#define PORT		42021	/* what capabilities speak of */
#define FULL_PORT	42022	/* answers nobody */

FIXTURE(pending) {
	struct agent_task task;
	struct bytes caps;
	int server;
};

/* ---- what both sides share ---- */

static struct sockaddr_in loopback(unsigned int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int make_socket(int type, unsigned int port, int backlog)
{
	struct sockaddr_in addr = loopback(port);
	int one = 1, fd = socket(AF_INET, type, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	if (type == SOCK_STREAM && listen(fd, backlog))
		return -errno;
	return fd;
}

static int connect_to(unsigned int port, int flags)
{
	struct sockaddr_in addr = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0);

	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)) || errno == EINPROGRESS)
		return fd;
	close(fd);
	return -errno;
}

/* Set by the agent before the call that will wait. */
static int *waits;

static void waiting(int yes)
{
	__atomic_store_n(waits, yes, __ATOMIC_RELEASE);
}

FIXTURE_SETUP(pending)
{
	const char *why = authorize();

	ASSERT_EQ(NULL, why) TH_LOG("%s", why);
	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, system("ip link set lo up 2>/dev/null || ifconfig lo up"));
	waits = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, waits);
	memset(&self->caps, 0, sizeof(self->caps));
	self->server = -1;
}

FIXTURE_TEARDOWN(pending)
{
	stop(&self->task);
}

static char state_of(pid_t pid)
{
	char path[32], line[256] = {};
	const char *after;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	if (read(fd, line, sizeof(line) - 1) < 0)
		line[0] = 0;
	close(fd);
	after = strrchr(line, ')');
	return after ? after[2] : 0;
}

/* Has the agent do something that waits, and returns when it does. */
static void begin(struct agent_task *task, act_fn fn)
{
	waiting(0);
	if (write(task->to, &fn, sizeof(fn)) != sizeof(fn))
		abort();
	while (!__atomic_load_n(waits, __ATOMIC_ACQUIRE) || state_of(task->pid) != 'S')
		usleep(1000);
}

static long finish(struct agent_task *task)
{
	long ret;

	return read(task->from, &ret, sizeof(ret)) == sizeof(ret) ? ret : -EPIPE;
}

/* ---- what the agent does ---- */

static int held = -1;

static long hold_connection(void)
{
	held = connect_to(PORT, 0);
	return held < 0 ? held : 0;
}

static long hold_listener(void)
{
	held = make_socket(SOCK_STREAM, PORT, 4);
	return held < 0 ? held : 0;
}

static long hold_udp(void)
{
	held = make_socket(SOCK_DGRAM, PORT, 0);
	return held < 0 ? held : 0;
}

static long wait_connect(void)
{
	struct sockaddr_in addr = loopback(FULL_PORT);

	held = socket(AF_INET, SOCK_STREAM, 0);
	waiting(1);
	return connect(held, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
}

static long begin_connect(void)
{
	held = connect_to(FULL_PORT, SOCK_NONBLOCK);
	return held < 0 ? held : 0;
}

static long wait_accept(void)
{
	int fd;

	waiting(1);
	fd = accept(held, NULL, NULL);
	return fd < 0 ? -errno : 0;
}

static long wait_receive(void)
{
	char buf[64];
	ssize_t n;

	waiting(1);
	n = recv(held, buf, sizeof(buf), 0);
	return n < 0 ? -errno : n;
}

static long wait_receive_all(void)
{
	char buf[64];
	ssize_t n;

	waiting(1);
	n = recv(held, buf, sizeof(buf), MSG_WAITALL);
	return n < 0 ? -errno : n;
}

/* No capability speaks of this. */
static long wait_pipe(void)
{
	char byte;
	ssize_t n;

	waiting(1);
	n = recv(agent_socket, &byte, 1, 0);
	return n < 0 ? -errno : n;
}

static long receive(void)
{
	char byte;
	ssize_t n = recv(held, &byte, 1, MSG_DONTWAIT);

	return n < 0 ? -errno : n;
}

static long send_one(void)
{
	return send(held, "x", 1, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static long socket_error(void)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(held, SOL_SOCKET, SO_ERROR, &err, &len))
		return -errno;
	return -err;
}

static long let_go(void) { return close(held) ? -errno : 0; }

/* ---- tests ---- */

static void cap_port(struct bytes *caps, unsigned int port, uint64_t rights)
{
	cap_loopback(caps, AGENT_NET_TCP, AF_INET, port, port, rights);
}

#define CAP(port, rights) cap_port(&self->caps, port, rights)
#define START()	ASSERT_EQ(0, start(&self->task, &self->caps, 1))
#define REVOKE() ASSERT_EQ(0, revoke_from(self->task.aid, AGENT_REVOKE_ALL))

/* It ends with EACCES and exactly one record. */
#define EXPECT_CUT(fn)								\
	do {									\
		long denied_;							\
										\
		begin(&self->task, fn);						\
		denied_ = count_denied(self->task.aid, self->task.born);	\
		REVOKE();							\
		EXPECT_EQ(-EACCES, finish(&self->task));			\
		EXPECT_EQ(denied_ + 1, count_denied(self->task.aid, self->task.born)); \
	} while (0)

TEST_F(pending, accept)
{
	CAP(PORT, AGENT_NET_BIND | AGENT_NET_LISTEN);
	START();
	EXPECT_ALLOWED(&self->task, hold_listener);
	EXPECT_CUT(wait_accept);
	EXPECT_REFUSED(&self->task, wait_accept, EACCES);
}

TEST_F(pending, receive)
{
	self->server = make_socket(SOCK_STREAM, PORT, 4);
	ASSERT_LE(0, self->server);
	CAP(PORT, AGENT_NET_CONNECT);
	START();
	EXPECT_ALLOWED(&self->task, hold_connection);
	EXPECT_CUT(wait_receive);
}

/* What had come by then is returned, and no more. */
TEST_F(pending, receive_all)
{
	int fd;

	self->server = make_socket(SOCK_STREAM, PORT, 4);
	ASSERT_LE(0, self->server);
	CAP(PORT, AGENT_NET_CONNECT);
	START();
	EXPECT_ALLOWED(&self->task, hold_connection);
	fd = accept(self->server, NULL, NULL);
	ASSERT_EQ(3, send(fd, "abc", 3, 0));
	begin(&self->task, wait_receive_all);
	REVOKE();
	EXPECT_EQ(3, finish(&self->task));
	ASSERT_EQ(3, send(fd, "def", 3, 0));
	EXPECT_REFUSED(&self->task, wait_receive_all, EACCES);
}

TEST_F(pending, receive_datagram)
{
	cap_loopback(&self->caps, AGENT_NET_UDP, AF_INET, PORT, PORT, AGENT_NET_BIND);
	START();
	EXPECT_ALLOWED(&self->task, hold_udp);
	EXPECT_CUT(wait_receive);
}

/* A listener whose queue is full answers no SYN. */
static int serve_full(void)
{
	int fd = make_socket(SOCK_STREAM, FULL_PORT, 0);

	if (fd >= 0 && connect_to(FULL_PORT, 0) < 0)
		return -errno;
	return fd;
}

TEST_F(pending, connect)
{
	self->server = serve_full();
	ASSERT_LE(0, self->server);
	CAP(FULL_PORT, AGENT_NET_CONNECT);
	START();
	EXPECT_CUT(wait_connect);
}

/* Nobody waits in it: it would be completed by whoever answers. */
TEST_F(pending, connect_in_the_background)
{
	int fd;

	self->server = serve_full();
	ASSERT_LE(0, self->server);
	CAP(FULL_PORT, AGENT_NET_CONNECT);
	START();
	EXPECT_ALLOWED(&self->task, begin_connect);
	EXPECT_EQ(0, run(&self->task, socket_error));
	REVOKE();
	EXPECT_EQ(-EACCES, run(&self->task, socket_error));
	/* Only the connection that fills the queue is there. */
	fd = accept(self->server, NULL, NULL);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fcntl(self->server, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, accept(self->server, NULL, NULL));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_REFUSED(&self->task, send_one, EACCES);
}

/* A revoke that takes away something else leaves it alone. */
TEST_F(pending, connect_that_stays_allowed)
{
	struct bytes other = {};
	long id;

	self->server = serve_full();
	ASSERT_LE(0, self->server);
	CAP(FULL_PORT, AGENT_NET_CONNECT);
	START();
	EXPECT_ALLOWED(&self->task, begin_connect);
	cap_port(&other, PORT, AGENT_NET_CONNECT);
	id = grant_id(self->task.aid, &other);
	ASSERT_LT(0, id);
	ASSERT_EQ(0, revoke_id(self->task.aid, id));
	EXPECT_EQ(0, run(&self->task, socket_error));
}

/* What waits for something else goes on waiting, and no signal is seen. */
TEST_F(pending, of_no_concern)
{
	CAP(PORT, AGENT_NET_CONNECT);
	START();
	begin(&self->task, wait_pipe);
	REVOKE();
	ASSERT_EQ(1, send(self->task.passed, "x", 1, 0));
	EXPECT_EQ(1, finish(&self->task));
}

/*
 * A connection that stands is not reset: what was sent arrives, what arrives is
 * not read, and closing it is the agent's own affair.
 */
TEST_F(pending, established)
{
	char buf[8];
	int fd;

	self->server = make_socket(SOCK_STREAM, PORT, 4);
	ASSERT_LE(0, self->server);
	CAP(PORT, AGENT_NET_CONNECT);
	START();
	EXPECT_ALLOWED(&self->task, hold_connection);
	EXPECT_ALLOWED(&self->task, send_one);
	fd = accept(self->server, NULL, NULL);
	ASSERT_EQ(3, send(fd, "abc", 3, 0));
	REVOKE();
	EXPECT_EQ(1, recv(fd, buf, sizeof(buf), 0));
	EXPECT_REFUSED(&self->task, receive, EACCES);
	EXPECT_REFUSED(&self->task, send_one, EACCES);
	EXPECT_EQ(-1, recv(fd, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	/* With data unread the close is a reset. */
	EXPECT_EQ(0, run(&self->task, let_go));
	EXPECT_EQ(-1, recv(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(ECONNRESET, errno);
}

TEST_HARNESS_MAIN
