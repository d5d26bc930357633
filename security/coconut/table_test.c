// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: what is free, by table: ioctls, kinds of sockets, socket options.
 *
 * Each table holds what is let through, and what looks much like it and is not.
 */
#include <kunit/test.h>
#include <linux/agent.h>
#include <linux/cred.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/security.h>
#include <linux/socket.h>
#include <linux/stat.h>
#include <linux/termios.h>

#include "../../kernel/agent/fixture.h"
#include "ioctl.h"

static const unsigned int harmless[] = {
	FIOCLEX, FIONCLEX, FIONBIO, FIOASYNC, FIONREAD, FIOQSIZE, FIGETBSZ, FS_IOC_FIEMAP,
	FS_IOC_GETFSUUID, FS_IOC_GETFSSYSFSPATH, FS_IOC_GETFLAGS, FS_IOC_GETVERSION,
	FS_IOC_FSGETXATTR, FICLONE, FICLONERANGE, FIDEDUPERANGE, TCGETS, TCGETS2, TIOCGWINSZ,
};

static const unsigned int harmful[] = {
	FS_IOC_SETFLAGS, FS_IOC_SETVERSION, FS_IOC_FSSETXATTR, FIFREEZE, FITHAW, FITRIM,
	TIOCSTI, TIOCSWINSZ, TCSETS, FIBMAP, 0, UINT_MAX,
};

/* By the kind of file: which right a command needs that is not harmless. */
static const struct {
	umode_t mode;
	u64 right;
} kinds[] = {
	{ S_IFREG, AGENT_FS_SETATTR },
	{ S_IFDIR, AGENT_FS_SETATTR },
	{ S_IFCHR, AGENT_FS_IOCTL_DEV },
	{ S_IFBLK, AGENT_FS_IOCTL_DEV },
	{ S_IFIFO, 0 },
	{ S_IFSOCK, 0 },
};

static void ioctls(struct kunit *test)
{
	struct inode *inode = kunit_kzalloc(test, sizeof(*inode), GFP_KERNEL);
	size_t kind, i;

	KUNIT_ASSERT_NOT_NULL(test, inode);
	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		inode->i_mode = kinds[kind].mode | 0644;
		for (i = 0; i < ARRAY_SIZE(harmless); i++) {
			KUNIT_EXPECT_EQ(test, coconut_ioctl_rights(inode, harmless[i]), 0);
			KUNIT_EXPECT_EQ(test, coconut_ioctl_rights_compat(inode, harmless[i]), 0);
		}
		for (i = 0; i < ARRAY_SIZE(harmful); i++) {
			KUNIT_EXPECT_EQ(test, coconut_ioctl_rights(inode, harmful[i]),
					kinds[kind].right);
			KUNIT_EXPECT_EQ(test, coconut_ioctl_rights_compat(inode, harmful[i]),
					kinds[kind].right);
		}
	}
}

/* The numbers of 32-bit tasks mean something else to others. */
static void ioctls_of_32_bits(struct kunit *test)
{
	static const unsigned int cmds[] = { FS_IOC32_GETFLAGS, FS_IOC32_GETVERSION };
	struct inode *inode = kunit_kzalloc(test, sizeof(*inode), GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, inode);
	inode->i_mode = S_IFREG;
	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		KUNIT_EXPECT_EQ(test, coconut_ioctl_rights_compat(inode, cmds[i]), 0);
		KUNIT_EXPECT_EQ(test, coconut_ioctl_rights(inode, cmds[i]), AGENT_FS_SETATTR);
	}
}

static const struct {
	int family, type, protocol, err;
} sockets[] = {
	{ AF_UNIX, SOCK_STREAM, 0, 0 },
	{ AF_UNIX, SOCK_DGRAM, 0, 0 },
	{ AF_UNIX, SOCK_SEQPACKET, 0, 0 },
	{ AF_INET, SOCK_STREAM, IPPROTO_IP, 0 },
	{ AF_INET, SOCK_STREAM, IPPROTO_TCP, 0 },
	{ AF_INET, SOCK_DGRAM, IPPROTO_IP, 0 },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDP, 0 },
	{ AF_INET6, SOCK_STREAM, IPPROTO_TCP, 0 },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_UDP, 0 },
	{ AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, 0 },
	{ AF_INET, SOCK_STREAM, IPPROTO_SCTP, -EACCES },
	{ AF_INET, SOCK_STREAM, IPPROTO_MPTCP, -EACCES },
	{ AF_INET, SOCK_STREAM, IPPROTO_UDP, -EACCES },
	{ AF_INET, SOCK_DGRAM, IPPROTO_ICMP, -EACCES },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, -EACCES },
	{ AF_INET, SOCK_RAW, IPPROTO_RAW, -EACCES },
	{ AF_INET, SOCK_SEQPACKET, 0, -EACCES },
	{ AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, -EACCES },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_TCP, -EACCES },
	{ AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER, -EACCES },
	{ AF_NETLINK, SOCK_RAW, NETLINK_AUDIT, -EACCES },
	{ AF_PACKET, SOCK_RAW, 0, -EACCES },
	{ AF_VSOCK, SOCK_STREAM, 0, -EACCES },
	{ AF_ALG, SOCK_SEQPACKET, 0, -EACCES },
	{ AF_UNSPEC, 0, 0, -EACCES },
};

static void kinds_of_sockets(struct kunit *test)
{
	struct agent *agent = agent_fixture(test, &agent_boot);
	const struct cred *old;
	u64 refused = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sockets); i++) {
		int family = sockets[i].family, type = sockets[i].type;
		int protocol = sockets[i].protocol;

		KUNIT_EXPECT_EQ(test, security_socket_create(family, type, protocol, 0), 0);
		old = agent_fixture_become(test, agent);
		KUNIT_EXPECT_EQ_MSG(test, security_socket_create(family, type, protocol, 0),
				    sockets[i].err, "%d/%d/%d", family, type, protocol);
		/* One of the kernel's own, which an agent's call happens to need. */
		KUNIT_EXPECT_EQ(test, security_socket_create(family, type, protocol, 1), 0);
		revert_creds(old);
		refused += !!sockets[i].err;
		KUNIT_EXPECT_EQ(test, agent->nr_denials, refused);
	}
}

static const struct {
	int level, name, err;
} options[] = {
	{ SOL_IPV6, IPV6_RTHDR, -EACCES },
	{ SOL_IPV6, IPV6_RTHDRDSTOPTS, -EACCES },
	{ SOL_IPV6, IPV6_2292RTHDR, -EACCES },
	{ SOL_IPV6, IPV6_2292PKTOPTIONS, -EACCES },
	{ SOL_IPV6, IPV6_FLOWLABEL_MGR, -EACCES },
	{ SOL_IPV6, IPV6_V6ONLY, 0 },
	{ SOL_IPV6, IPV6_RECVRTHDR, 0 },
	{ SOL_IP, IPV6_RTHDR, 0 },
	{ SOL_SOCKET, IPV6_RTHDR, 0 },
	{ SOL_TCP, IPV6_FLOWLABEL_MGR, 0 },
};

static void source_routes(struct kunit *test)
{
	struct agent *agent = agent_fixture(test, &agent_boot);
	const struct cred *old;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		int level = options[i].level, name = options[i].name;

		KUNIT_EXPECT_EQ(test, security_socket_setsockopt(NULL, level, name), 0);
		old = agent_fixture_become(test, agent);
		KUNIT_EXPECT_EQ_MSG(test, security_socket_setsockopt(NULL, level, name),
				    options[i].err, "%d/%d", level, name);
		revert_creds(old);
	}
	KUNIT_EXPECT_EQ(test, agent->nr_denials, 5);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(ioctls),
	KUNIT_CASE(ioctls_of_32_bits),
	KUNIT_CASE(kinds_of_sockets),
	KUNIT_CASE(source_routes),
	{}
};

static struct kunit_suite suite = {
	.name = "coconut_tables",
	.test_cases = cases,
};

kunit_test_suite(suite);
