// SPDX-License-Identifier: Apache-2.0
/*
 * Refusals counted against records. In an agent of its own, which no other worker
 * knows of, a number of operations is refused; afterwards the chain holds as many
 * records of it, in the same order, with the same errnos.
 */
#include "fuzz.h"

#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define NR_TRIES	24
#define SEAL_MS		30000

/* ---- records ---- */

/* One integer or byte string; of the latter the length. Returns what is behind it. */
static const uint8_t *cbor_item(const uint8_t *p, int64_t *value)
{
	unsigned int type = *p >> 5, more = *p & 31;
	uint64_t number = more;

	p++;
	if (more >= 24) {
		number = 0;
		for (unsigned int bytes = 1U << (more - 24); bytes; bytes--)
			number = number << 8 | *p++;
	}
	*value = type == 1 ? -1 - (int64_t)number : (int64_t)number;
	return type == 2 ? p + number : p;
}

/* Of a record only its last item, the result; syscalls/record.cddl has the form. */
static const uint8_t *record_read(const uint8_t *p, int64_t *result)
{
	unsigned int items = *p++ & 31;	/* the head of a short array */

	while (items--)
		p = cbor_item(p, result);
	return p;
}

/* An allowed request: its record's number tells one time from another. */
static uint64_t mark(struct worker *w)
{
	static const uint8_t cap[] = "\xa3\x01\x07\x02\x69" "fuzz:mark" "\x03\x01";
	struct agent_cap_present_args args = {
		.magic = AGENT_MAGIC,
		.cap = (uintptr_t)cap,
		.cap_len = sizeof(cap) - 1,
	};

	if (syscall(NR_agent_cap_present, &args, sizeof(args)))
		worker_fail(w, "the mark was refused: %s", strerror(errno));
	return args.seq;
}

/* Results of the denials recorded between two marks; how many. */
static unsigned int denials(struct worker *w, uint64_t from, uint64_t to, int *results,
			    unsigned int room)
{
	static uint8_t buf[1 << 16];
	struct agent_audit_query_args args = {
		.magic = AGENT_MAGIC,
		.last_seq = to,
		.decisions = 1ULL << AGENT_DECISION_DENIED,
		.buf = (uintptr_t)buf,
		.next_seq = from,
	};
	int64_t result = 0;
	unsigned int nr = 0;

	for (unsigned int waited = 0; args.next_seq <= to; waited += 20) {
		const uint8_t *p = buf;

		args.buf_len = sizeof(buf);
		args.first_seq = args.next_seq;
		if (syscall(NR_agent_audit_query, &args, sizeof(args)))
			worker_fail(w, "query: %s", strerror(errno));
		for (uint64_t i = 0; i < args.count; i++) {
			p = record_read(p, &result);
			if (nr < room)
				results[nr] = (int)-result;
			nr++;
		}
		if (waited > SEAL_MS)
			worker_fail(w, "record %llu is not sealed after %d s",
				    (unsigned long long)to, SEAL_MS / 1000);
		if (args.next_seq <= to)
			usleep(20000);
	}
	return nr;
}

/* ---- what is refused, whoever asks ---- */

static long try_open(void)
{
	return open(PLACE "/out/f", O_RDONLY);
}

static long try_make(void)
{
	return mkdir(PLACE "/out/d", 0700);
}

static long try_remove(void)
{
	return unlink(PLACE "/out/f");
}

static long try_through_link(void)
{
	return open(INSIDE "/../out/f", O_WRONLY);
}

static long try_truncate(void)
{
	return truncate(PLACE "/out/f", 0);
}

static long try_execute(void)
{
	char *const none[] = { NULL };

	return execve(PLACE "/out/f", none, none);
}

static long try_connect(void)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long ret = connect(fd, (struct sockaddr *)&a, sizeof(a));
	int err = errno;

	close(fd);
	errno = err;
	return ret;
}

static long try_bind(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9999) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long ret = bind(fd, (struct sockaddr *)&a, sizeof(a));
	int err = errno;

	close(fd);
	errno = err;
	return ret;
}

static long try_signal(void)
{
	return kill(1, SIGURG);
}

static long try_trace(void)
{
	return ptrace(PTRACE_SEIZE, 1, 0, 0);
}

static long try_mount(void)
{
	return mount("none", INSIDE, "tmpfs", 0, NULL);
}

static long try_present(void)
{
	static const uint8_t cap[] = "\xa3\x01\x07\x02\x65" "other" "\x03\x01";
	struct agent_cap_present_args args = {
		.magic = AGENT_MAGIC, .cap = (uintptr_t)cap, .cap_len = sizeof(cap) - 1,
	};

	return syscall(NR_agent_cap_present, &args, sizeof(args));
}

static long try_revoke(void)
{
	return agent_cap_revoke(0, 0, AGENT_REVOKE_ALL);
}

static long (*const tries[])(void) = {
	try_open, try_make, try_remove, try_through_link, try_truncate, try_execute, try_connect,
	try_bind, try_signal, try_trace, try_mount, try_present, try_revoke,
};

/* ---- the comparison ---- */

static void exact_tries(struct worker *w)
{
	unsigned int which[NR_TRIES], found;
	int wanted[NR_TRIES], results[NR_TRIES + 1];
	uint64_t from = mark(w);

	for (unsigned int i = 0; i < NR_TRIES; i++) {
		which[i] = chance_below(&w->chance, ARRAY_SIZE(tries));
		w->op++;
		if (tries[which[i]]() >= 0)
			worker_fail(w, "try %u was not refused", which[i]);
		wanted[i] = errno;
		if (errno != EPERM && errno != EACCES)
			worker_fail(w, "try %u: %s", which[i], strerror(errno));
	}
	found = denials(w, from, mark(w), results, ARRAY_SIZE(results));
	for (unsigned int i = 0; i < NR_TRIES && i < found; i++)
		if (results[i] != wanted[i])
			worker_fail(w, "try %u: errno %d, record %u of %u says %d", which[i], wanted[i],
				    i, found, results[i]);
	if (found != NR_TRIES)
		worker_fail(w, "%u refusals, %u records", NR_TRIES, found);
	__atomic_fetch_add(&w->shared->exact, found, __ATOMIC_RELAXED);
}

static void exact_calls(struct worker *w)
{
	static int results[4096];
	unsigned int found, refused = 0;
	uint64_t from = mark(w);

	w->denied = 0;
	for (unsigned int i = 0; i < 5 * NR_TRIES; i++)
		fuzz_agent_call(w);
	found = denials(w, from, mark(w), results, ARRAY_SIZE(results));
	for (unsigned int i = 0; i < found && i < ARRAY_SIZE(results); i++)
		refused += results[i] == EPERM;
	if (refused != w->denied)
		worker_fail(w, "%llu calls answered EPERM, %u records say so",
			    (unsigned long long)w->denied, refused);
	__atomic_fetch_add(&w->shared->exact, refused, __ATOMIC_RELAXED);
}

void fuzz_exact(struct worker *w)
{
	exact_tries(w);
	exact_calls(w);
	exact_tries(w);
}
