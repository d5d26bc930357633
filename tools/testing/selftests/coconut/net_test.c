// SPDX-License-Identifier: GPL-2.0
/*
 * Class net: TCP, UDP, abstract names; families; Unix sockets and who speaks.
 */
#include <netinet/in.h>
#include <stddef.h>
#include <sys/un.h>

#include "agent.h"

#define DIR_PATH	"/tmp/coconut_net"
#define OPEN_PORT	42001
#define CLOSED_PORT	42002

FIXTURE(net) {
	struct agent_task task;
	struct bytes caps;
	unsigned int nr;
	int tcp;
	int tcp_closed;
	int udp;
	int abstract;
	int path;
};

static struct sockaddr_in loopback(unsigned int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static socklen_t unix_name(struct sockaddr_un *sun, const char *name)
{
	bool abstract = name[0] == '@';

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	snprintf(sun->sun_path, sizeof(sun->sun_path), "%s", name);
	if (!abstract)
		return sizeof(*sun);
	sun->sun_path[0] = 0;
	return offsetof(struct sockaddr_un, sun_path) + strlen(name);
}

static int serve_inet(int type, unsigned int port)
{
	struct sockaddr_in addr = loopback(port);
	int one = 1, fd = socket(AF_INET, type, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	if (type == SOCK_STREAM && listen(fd, 8))
		return -errno;
	return fd;
}

static int serve_unix(const char *name)
{
	struct sockaddr_un sun;
	socklen_t len = unix_name(&sun, name);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&sun, len) || listen(fd, 8))
		return -errno;
	return fd;
}

FIXTURE_SETUP(net)
{
	const char *why = authorize();

	ASSERT_EQ(NULL, why) TH_LOG("%s", why);
	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, system("ip link set lo up 2>/dev/null || ifconfig lo up; rm -rf " DIR_PATH));
	ASSERT_EQ(0, mkdir(DIR_PATH, 0755));
	self->tcp = serve_inet(SOCK_STREAM, OPEN_PORT);
	ASSERT_LE(0, self->tcp);
	self->tcp_closed = serve_inet(SOCK_STREAM, CLOSED_PORT);
	ASSERT_LE(0, self->tcp_closed);
	self->udp = serve_inet(SOCK_DGRAM, OPEN_PORT);
	ASSERT_LE(0, self->udp);
	self->abstract = serve_unix("@coconut_outside");
	ASSERT_LE(0, self->abstract);
	self->path = serve_unix(DIR_PATH "/socket");
	ASSERT_LE(0, self->path);
	memset(&self->caps, 0, sizeof(self->caps));
}

FIXTURE_TEARDOWN(net)
{
	stop(&self->task);
	EXPECT_EQ(0, system("rm -rf " DIR_PATH));
}

/* ---- what the agent does ---- */

static int held = -1;

static long hold(int fd)
{
	if (held >= 0)
		close(held);
	held = fd;
	return 0;
}

static long connect_inet(int type, unsigned int port)
{
	struct sockaddr_in addr = loopback(port);
	int fd = socket(AF_INET, type, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		long err = -errno;

		close(fd);
		return err;
	}
	return hold(fd);
}

static long bind_inet(int type, unsigned int port)
{
	struct sockaddr_in addr = loopback(port);
	int one = 1, fd = socket(AF_INET, type, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		long err = -errno;

		close(fd);
		return err;
	}
	return hold(fd);
}

static long tcp_open(void) { return connect_inet(SOCK_STREAM, OPEN_PORT); }
static long tcp_closed(void) { return connect_inet(SOCK_STREAM, CLOSED_PORT); }
static long udp_connect(void) { return connect_inet(SOCK_DGRAM, OPEN_PORT); }
static long tcp_bind(void) { return bind_inet(SOCK_STREAM, 42003); }
static long tcp_bind_other(void) { return bind_inet(SOCK_STREAM, 42004); }
static long tcp_listen(void) { return listen(held, 4) ? -errno : 0; }

static long udp_send(void)
{
	struct sockaddr_in addr = loopback(OPEN_PORT);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	long ret = sendto(fd, "x", 1, 0, (struct sockaddr *)&addr, sizeof(addr));

	ret = ret < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* IPv4 has always taken AF_UNSPEC for AF_INET here. */
static long udp_send_unspec(void)
{
	struct sockaddr_in addr = loopback(OPEN_PORT);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	long ret;

	addr.sin_family = AF_UNSPEC;
	ret = sendto(fd, "x", 1, 0, (struct sockaddr *)&addr, sizeof(addr));
	ret = ret < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static long fast_open(void)
{
	struct sockaddr_in addr = loopback(CLOSED_PORT);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	long ret = sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&addr, sizeof(addr));

	ret = ret < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* The same address in its IPv6 form. */
static long tcp_mapped(void)
{
	struct sockaddr_in6 addr = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(CLOSED_PORT),
		.sin6_addr.s6_addr = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 },
	};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	long ret = connect(fd, (struct sockaddr *)&addr, sizeof(addr));

	ret = ret < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static long send_held(void) { return send(held, "x", 1, MSG_NOSIGNAL) < 0 ? -errno : 0; }

static long made(int family, int type, int protocol)
{
	int fd = socket(family, type, protocol);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static long raw_socket(void) { return made(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
static long packet_socket(void) { return made(AF_PACKET, SOCK_RAW, 0); }
static long netlink_audit(void) { return made(AF_NETLINK, SOCK_RAW, 9); }
static long netlink_route(void) { return made(AF_NETLINK, SOCK_RAW, 0); }

static long connect_unix(const char *name)
{
	struct sockaddr_un sun;
	socklen_t len = unix_name(&sun, name);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&sun, len)) {
		long err = -errno;

		close(fd);
		return err;
	}
	return hold(fd);
}

static long to_abstract(void) { return connect_unix("@coconut_outside"); }
static long to_path(void) { return connect_unix(DIR_PATH "/socket"); }
static long to_agent(void) { return connect_unix("@coconut_inside"); }

static long serve_abstract(void)
{
	int fd = serve_unix("@coconut_inside");

	return fd < 0 ? fd : 0;
}

static long peer_is_boot(void)
{
	char text[32] = {};
	socklen_t len = sizeof(text);

	if (getsockopt(held, SOL_SOCKET, SO_PEERSEC, text, &len))
		return -errno;
	return strcmp(text, "a:00000") ? -EINVAL : 0;
}

static long send_datagram(const char *name)
{
	struct sockaddr_un sun;
	socklen_t len = unix_name(&sun, name);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	long ret = sendto(fd, "x", 1, 0, (struct sockaddr *)&sun, len);

	ret = ret < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static long dgram_path(void) { return send_datagram(DIR_PATH "/dgram"); }

static long dgram_pair(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return -errno;
	if (send(pair[0], "x", 1, 0) != 1)
		return -errno;
	close(pair[0]);
	close(pair[1]);
	return 0;
}

static long pass_held(void) { return pass_fd(agent_socket, held); }

static long take_held(void)
{
	int fd = take_fd(agent_socket);

	return fd < 0 ? fd : hold(fd);
}

static long accept_held(void)
{
	struct sockaddr_in addr = loopback(42003);
	int one, client = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(client, (struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	one = accept(held, NULL, NULL);
	if (one < 0)
		return -errno;
	close(client);
	return hold(one);
}

/* ---- tests ---- */

TEST_F(net, nothing_without_capabilities)
{
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	EXPECT_REFUSED(&self->task, tcp_open, EACCES);
	EXPECT_REFUSED(&self->task, tcp_mapped, EACCES);
	EXPECT_REFUSED(&self->task, fast_open, EACCES);
	EXPECT_REFUSED(&self->task, udp_connect, EACCES);
	EXPECT_REFUSED(&self->task, udp_send, EACCES);
	EXPECT_REFUSED(&self->task, udp_send_unspec, EACCES);
	EXPECT_REFUSED(&self->task, tcp_bind, EACCES);
	EXPECT_REFUSED(&self->task, to_abstract, EACCES);
	EXPECT_REFUSED(&self->task, to_path, EACCES);
	EXPECT_REFUSED(&self->task, serve_abstract, EACCES);
}

TEST_F(net, families)
{
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	EXPECT_REFUSED(&self->task, raw_socket, EACCES);
	EXPECT_REFUSED(&self->task, packet_socket, EACCES);
	EXPECT_REFUSED(&self->task, netlink_audit, EACCES);
	EXPECT_ALLOWED(&self->task, netlink_route);
}

TEST_F(net, tcp)
{
	cap_loopback(&self->caps, AGENT_NET_TCP, 2, OPEN_PORT, OPEN_PORT, AGENT_NET_CONNECT);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	EXPECT_ALLOWED(&self->task, tcp_open);
	EXPECT_ALLOWED(&self->task, send_held);
	EXPECT_REFUSED(&self->task, tcp_closed, EACCES);
	EXPECT_REFUSED(&self->task, tcp_mapped, EACCES);
	EXPECT_REFUSED(&self->task, udp_connect, EACCES);
	EXPECT_ALLOWED(&self->task, tcp_open);
	ASSERT_EQ(0, revoke_from(self->task.aid, AGENT_REVOKE_ALL));
	EXPECT_REFUSED(&self->task, send_held, EACCES);
}

TEST_F(net, expiry_reaches_connections)
{
	cap_loopback_expiring(&self->caps, OPEN_PORT, AGENT_NET_CONNECT, 1);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	EXPECT_ALLOWED(&self->task, tcp_open);
	EXPECT_ALLOWED(&self->task, send_held);
	usleep(1200000);
	EXPECT_REFUSED(&self->task, send_held, EACCES);
}

TEST_F(net, udp)
{
	cap_loopback(&self->caps, AGENT_NET_UDP, 2, OPEN_PORT, OPEN_PORT,
		     AGENT_NET_CONNECT | AGENT_NET_SEND);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	EXPECT_ALLOWED(&self->task, udp_send);
	EXPECT_ALLOWED(&self->task, udp_connect);
	EXPECT_ALLOWED(&self->task, send_held);
	ASSERT_EQ(0, revoke_from(self->task.aid, AGENT_REVOKE_ALL));
	EXPECT_REFUSED(&self->task, send_held, EACCES);
	EXPECT_REFUSED(&self->task, udp_send, EACCES);
}

TEST_F(net, bind_and_listen)
{
	cap_loopback(&self->caps, AGENT_NET_TCP, 2, 42003, 42003, AGENT_NET_BIND);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	EXPECT_REFUSED(&self->task, tcp_bind_other, EACCES);
	EXPECT_ALLOWED(&self->task, tcp_bind);
	EXPECT_REFUSED(&self->task, tcp_listen, EACCES);
}

TEST_F(net, listen)
{
	cap_loopback(&self->caps, AGENT_NET_TCP, 2, 42003, 42003,
		     AGENT_NET_BIND | AGENT_NET_LISTEN);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	EXPECT_ALLOWED(&self->task, tcp_bind);
	EXPECT_ALLOWED(&self->task, tcp_listen);
}

TEST_F(net, unix_outside)
{
	cap_abstract(&self->caps, "coconut_out*", AGENT_NET_CONNECT);
	cap_fs(&self->caps, DIR_PATH, AGENT_FS_CONNECT);
	ASSERT_EQ(0, start(&self->task, &self->caps, 2));
	EXPECT_ALLOWED(&self->task, to_abstract);
	EXPECT_ALLOWED(&self->task, peer_is_boot);
	EXPECT_ALLOWED(&self->task, to_path);
	EXPECT_ALLOWED(&self->task, send_held);
	ASSERT_EQ(0, revoke_from(self->task.aid, AGENT_REVOKE_ALL));
	EXPECT_REFUSED(&self->task, send_held, EACCES);
}

/* A broker outside learns who connected. */
TEST_F(net, peersec)
{
	char text[32] = {}, want[32];
	socklen_t len = sizeof(text);
	int fd;

	cap_fs(&self->caps, DIR_PATH, AGENT_FS_CONNECT);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	ASSERT_EQ(0, run(&self->task, to_path));
	fd = accept(self->path, NULL, NULL);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_PEERSEC, text, &len));
	snprintf(want, sizeof(want), "a:%05llu", (unsigned long long)self->task.aid);
	EXPECT_STREQ(want, text);
	EXPECT_EQ(strlen(want) + 1, len);
	close(fd);
}

TEST_F(net, other_agents)
{
	struct agent_task other = {};
	struct bytes caps = {};

	cap_abstract(&caps, "coconut_inside", AGENT_NET_BIND);
	ASSERT_EQ(0, start(&other, &caps, 1));
	ASSERT_EQ(0, run(&other, serve_abstract));
	EXPECT_EQ(0, run(&other, to_agent));

	/* The name is not enough where the socket is another agent's. */
	cap_abstract(&self->caps, "*", AGENT_NET_CONNECT);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	EXPECT_REFUSED(&self->task, to_agent, EPERM);
	stop(&other);
}

TEST_F(net, unix_datagrams)
{
	struct sockaddr_un sun;
	socklen_t len = unix_name(&sun, DIR_PATH "/dgram");
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&sun, len));
	cap_fs(&self->caps, DIR_PATH, AGENT_FS_CONNECT);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	EXPECT_ALLOWED(&self->task, dgram_pair);
	EXPECT_ALLOWED(&self->task, dgram_path);
	ASSERT_EQ(0, revoke_from(self->task.aid, AGENT_REVOKE_ALL));
	EXPECT_REFUSED(&self->task, dgram_path, EACCES);
	close(fd);
}

/* What came off a listening socket goes with the right to listen. */
TEST_F(net, accepted)
{
	cap_loopback(&self->caps, AGENT_NET_TCP, 2, 42003, 42003,
		     AGENT_NET_BIND | AGENT_NET_LISTEN | AGENT_NET_CONNECT);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	EXPECT_ALLOWED(&self->task, tcp_bind);
	EXPECT_ALLOWED(&self->task, tcp_listen);
	EXPECT_ALLOWED(&self->task, accept_held);
	EXPECT_ALLOWED(&self->task, send_held);
	ASSERT_EQ(0, revoke_from(self->task.aid, AGENT_REVOKE_ALL));
	EXPECT_REFUSED(&self->task, send_held, EACCES);
}

/* One agent's connection is not another's, whoever passes it on. */
TEST_F(net, passed_sockets)
{
	struct agent_task other = {};
	struct bytes none = {};
	int fd;

	cap_loopback(&self->caps, AGENT_NET_TCP, 2, OPEN_PORT, OPEN_PORT, AGENT_NET_CONNECT);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	ASSERT_EQ(0, start(&other, &none, 0));
	ASSERT_EQ(0, run(&self->task, tcp_open));
	ASSERT_EQ(0, run(&self->task, pass_held));
	fd = take_fd(self->task.passed);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pass_fd(other.passed, fd));
	close(fd);
	ASSERT_EQ(0, run(&other, take_held));
	EXPECT_REFUSED(&other, send_held, EACCES);
	EXPECT_ALLOWED(&self->task, send_held);
	stop(&other);
}

TEST_HARNESS_MAIN
