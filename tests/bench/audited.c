// SPDX-License-Identifier: Apache-2.0
/*
 * audited ROUNDS LOOPS MANIFEST: what an open() costs that nobody records, one that
 * Linux's audit records by a rule, and one that an agent's chain does; until whoever
 * keeps the records has written the last of them to a file. Prints a line a round:
 * nanoseconds of the three, then the records that either has lost.
 *
 * Linux's records are kept as auditd does: one message a recv(), one line in the file.
 * Ours are kept by the program persist, which runs beside this one.
 */
#include "stats.h"
#include "turns.h"

#include <linux/audit.h>
#include <linux/netlink.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define TARGET		"/tmp/bench/0/file"
#define ELSEWHERE	"/tmp/elsewhere"
#define BACKLOG		8192	/* what distributions set with auditctl -b */
#define LOOK_US		500
#define MESSAGE_MAX	8970	/* MAX_AUDIT_MESSAGE_LENGTH of the kernel */

struct request {
	struct nlmsghdr head;
	union {
		struct audit_status status;
		char bytes[sizeof(struct audit_rule_data)];
	};
};

/* Shared with the keeper of Linux's records. */
struct kept {
	long calls;
	pid_t keeper;
};

static struct kept *kept;
static int netlink;

/* ---- Linux's audit ---- */

static void netlink_send(int type, const void *data, size_t len)
{
	struct request request = {
		.head = {
			.nlmsg_len = NLMSG_LENGTH(len),
			.nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
	};
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	memcpy(&request.status, data, len);
	if (sendto(netlink, &request, request.head.nlmsg_len, 0, (struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		die("netlink %d", type);
}

static void audit_set(unsigned int mask, unsigned int enabled)
{
	struct audit_status status = {
		.mask = mask,
		.enabled = enabled,
		.pid = getpid(),
		.backlog_limit = BACKLOG,
	};

	netlink_send(AUDIT_SET, &status, sizeof(status));
}

static void netlink_open(void)
{
	netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	if (netlink < 0)
		die("netlink");
}

/* Writes what comes, for as long as the machine runs. */
static void keep_linux(void)
{
	static char buf[MESSAGE_MAX];
	FILE *out = fopen("/tmp/audit.log", "w");

	netlink_open();
	audit_set(AUDIT_STATUS_PID | AUDIT_STATUS_BACKLOG_LIMIT | AUDIT_STATUS_ENABLED, 1);
	kept->keeper = getpid();
	for (;;) {
		ssize_t n = recv(netlink, buf, sizeof(buf), 0);
		const struct nlmsghdr *head = (void *)buf;

		if (n < (ssize_t)sizeof(*head) || head->nlmsg_type == NLMSG_ERROR)
			continue;
		fprintf(out, "type=%u msg=%.*s\n", head->nlmsg_type, (int)(n - sizeof(*head)),
			(char *)NLMSG_DATA(head));
		fflush(out);
		if (head->nlmsg_type == AUDIT_EOE)
			__atomic_add_fetch(&kept->calls, 1, __ATOMIC_SEQ_CST);
	}
}

static void start_keeper(void)
{
	kept = mmap(NULL, sizeof(*kept), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		    0);
	if (kept == MAP_FAILED)
		die("mmap");
	if (!fork())
		keep_linux();
	while (!__atomic_load_n(&kept->keeper, __ATOMIC_SEQ_CST))
		usleep(LOOK_US);
}

static void enter_rule(const struct blob *unused)
{
	struct audit_rule_data rule = {
		.flags = AUDIT_FILTER_EXIT,
		.action = AUDIT_ALWAYS,
		.field_count = 1,
		.fields = { AUDIT_PID },
		.values = { getpid() },
		.fieldflags = { AUDIT_EQUAL },
	};

	(void)unused;
	rule.mask[AUDIT_WORD(SYS_openat)] = AUDIT_BIT(SYS_openat);
	netlink_open();
	netlink_send(AUDIT_ADD_RULE, &rule, sizeof(rule));
}

static unsigned int linux_lost(void)
{
	static char buf[MESSAGE_MAX];
	const struct nlmsghdr *head = (void *)buf;
	const struct audit_status *status;
	char none = 0;

	netlink_send(AUDIT_GET, &none, 0);
	do {
		if (recv(netlink, buf, sizeof(buf), 0) < 0)
			die("netlink");
	} while (head->nlmsg_type != AUDIT_GET);
	status = NLMSG_DATA(head);
	return status->lost;
}

/* ---- measuring ---- */

static void open_all(long loops)
{
	for (long i = 0; i < loops; i++) {
		int fd = open(TARGET, O_RDONLY);

		if (fd < 0)
			die("open %s", TARGET);
		close(fd);
	}
}

static double time_plain(long loops)
{
	double start = now_ns();

	open_all(loops);
	return (now_ns() - start) / loops;
}

static double time_linux(long loops)
{
	double start = now_ns();
	long before = __atomic_load_n(&kept->calls, __ATOMIC_SEQ_CST);

	open_all(loops);
	while (__atomic_load_n(&kept->calls, __ATOMIC_SEQ_CST) - before + linux_lost() < loops)
		usleep(LOOK_US);
	return (now_ns() - start) / loops;
}

/* The last is denied: a denial closes its epoch, and what is sealed is kept. */
static double time_ours(long loops)
{
	double start = now_ns();

	open_all(loops);
	if (open(ELSEWHERE, O_RDONLY) >= 0)
		die("%s was to be denied", ELSEWHERE);
	return (now_ns() - start) / loops;
}

static double drain_ours(long loops)
{
	double start = now_ns();

	stats_wait_persisted(LOOK_US);
	return (now_ns() - start) / loops;
}

static void make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0644);

	if (fd < 0)
		die("create %s", path);
	close(fd);
}

static void round_of(const struct worker *workers, long loops)
{
	double plain = turn_take(&workers[0], loops), theirs, ours;

	theirs = turn_take(&workers[2], loops);
	ours = turn_take(&workers[1], loops);
	ours += drain_ours(loops);
	printf("%.1f %.1f %.1f %u %lu\n", plain, theirs, ours, linux_lost(),
	       (unsigned long)figure(STATS, "lost "));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct blob manifest;
	const struct turn turns[] = {
		{ .measure = time_plain },
		{ .measure = time_ours, .enter = enter_agent, .manifest = &manifest },
		{ .measure = time_linux, .enter = enter_rule },
	};
	struct worker workers[3];

	if (argc != 4)
		return 2;
	manifest = blob_read(argv[3]);
	mkdir("/tmp/bench", 0755);
	mkdir("/tmp/bench/0", 0755);
	make_file(TARGET);
	make_file(ELSEWHERE);
	/* A task that exists before audit is enabled has nothing to do with it. */
	workers[0] = turn_start(&turns[0]);
	workers[1] = turn_start(&turns[1]);
	usleep(100000);
	start_keeper();
	workers[2] = turn_start(&turns[2]);
	netlink_open();
	for (int i = 0; i < atoi(argv[1]); i++)
		round_of(workers, atol(argv[2]));
	return 0;
}
