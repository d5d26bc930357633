// SPDX-License-Identifier: Apache-2.0
/*
 * smp MANIFEST CAP FILE SECONDS: what an agent holds is withdrawn, by a revoke or by
 * quarantine, and given back, again and again, while its tasks use it on all CPUs: by
 * opening, by a descriptor that is open, by a mapping, in children, by descriptors that
 * are passed to them. At the end of each agent it is ended while it forks.
 *
 * A use that began and succeeded while the capability was withdrawn is an escape.
 * Prints, as key=value words: agents, withdrawn, used_<way> and refused_<way> for each
 * way, escaped, moved (times a quarantined agent did not stand still), left (tasks that
 * outlived their agent).
 */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "../common/agent_call.h"

#define PAGE		4096
#define TURNS		6	/* withdrawals of one agent */
#define STILL_MS	100
#define PATIENCE_MS	60000

enum way { OPEN, HELD, MAPPED, CHILD, PASSED, NR_WAYS };

static const char *const names[NR_WAYS] = { "open", "held", "mapped", "child", "passed" };

struct shared {
	uint64_t turn;			/* odd while the capability is withdrawn */
	uint64_t aid;
	uint64_t used[NR_WAYS];
	uint64_t refused[NR_WAYS];
	uint64_t escaped[NR_WAYS];
};

static struct shared *shared;
static const char *file;
static int channel[2];

static uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static void add(uint64_t *word)
{
	__atomic_fetch_add(word, 1, __ATOMIC_SEQ_CST);
}

/* ---- inside: the ways to use the file; each says whether it got a byte of it ---- */

static bool read_and_close(int fd)
{
	char byte;
	bool got = fd >= 0 && pread(fd, &byte, 1, 0) == 1;

	if (fd >= 0)
		close(fd);
	return got;
}

static bool by_open(void)
{
	return read_and_close(open(file, O_RDONLY | O_CLOEXEC));
}

static bool by_held(void)
{
	static int held = -1;
	char byte;

	if (held < 0)
		held = open(file, O_RDONLY | O_CLOEXEC);
	return held >= 0 && pread(held, &byte, 1, 0) == 1;
}

static sigjmp_buf out_of_fault;

static void on_fault(int sig)
{
	siglongjmp(out_of_fault, sig);
}

/* Mapped once, and anew after it has been taken away. */
static bool by_mapped(void)
{
	static volatile const char *at;
	int fd;

	if (!at) {
		fd = open(file, O_RDONLY | O_CLOEXEC);
		at = fd < 0 ? MAP_FAILED : mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
		if (fd >= 0)
			close(fd);
		if (at == MAP_FAILED) {
			at = NULL;
			return false;
		}
	}
	if (sigsetjmp(out_of_fault, 1)) {
		munmap((void *)at, PAGE);
		at = NULL;
		return false;
	}
	return *at == 'x';
}

static bool by_passed(void)
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

	if (recvmsg(channel[0], &msg, 0) != 1)
		die("recvmsg");
	head = CMSG_FIRSTHDR(&msg);
	if (!head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int)))
		return false;
	memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return read_and_close(fd);
}

static void use_once(enum way way, bool (*use)(void))
{
	uint64_t before = load(&shared->turn);
	bool got = use();
	uint64_t after = load(&shared->turn);

	add(got ? &shared->used[way] : &shared->refused[way]);
	if (got && before == after && before % 2)
		add(&shared->escaped[way]);
	if (!got)
		sched_yield();
}

static void by_children(void)
{
	pid_t pid = fork();

	if (!pid) {
		use_once(CHILD, by_open);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void inside(const struct blob *manifest)
{
	static bool (*const uses[NR_WAYS])(void) = {
		[OPEN] = by_open, [HELD] = by_held, [MAPPED] = by_mapped, [PASSED] = by_passed,
	};
	uint64_t aid;

	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	aid = agent_enter(manifest);
	for (enum way way = 0; way < NR_WAYS; way++) {
		if (fork())
			continue;
		for (;;) {
			if (way == CHILD)
				by_children();
			else
				use_once(way, uses[way]);
		}
	}
	__atomic_store_n(&shared->aid, aid, __ATOMIC_SEQ_CST);
	for (;;)
		pause();
}

/* ---- outside ---- */

/* Descriptors without end, from a task that belongs to no agent. */
static void pass(void)
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
	int fd = open(file, O_RDONLY);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	while (fd >= 0 && sendmsg(channel[1], &msg, 0) == 1)
		;
	die("sendmsg");
}

static uint64_t moves(void)
{
	uint64_t sum = 0;

	for (enum way way = 0; way < NR_WAYS; way++)
		sum += load(&shared->used[way]) + load(&shared->refused[way]);
	return sum;
}

/* Who is in user space on another CPU goes on until the interrupt is there. */
static bool stands_still(void)
{
	for (int waited = 0; waited < PATIENCE_MS; waited += STILL_MS) {
		uint64_t before = moves();

		usleep(STILL_MS * 1000);
		if (moves() == before)
			return true;
	}
	return false;
}

static void goes_on(void)
{
	uint64_t before[NR_WAYS];

	memcpy(before, shared->used, sizeof(before));
	for (enum way way = 0; way < NR_WAYS; way++)
		for (int waited = 0; load(&shared->used[way]) == before[way]; waited++) {
			if (waited > PATIENCE_MS)
				die("%s is not used again", names[way]);
			usleep(1000);
		}
}

static void say(uint64_t aid, const char *word)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/agent/live/a:%05llu/status", (unsigned long long)aid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, word, strlen(word)) != (ssize_t)strlen(word))
		die("%s", word);
	close(fd);
}

/* Returns how often the agent moved that should have stood. */
static unsigned int withdraw_and_give_back(uint64_t aid, const struct blob *cap, uint64_t *id,
					   bool quarantine)
{
	unsigned int moved = 0;

	if (quarantine)
		say(aid, "quarantine\n");
	else if (agent_cap_revoke(aid, *id, *id ? 0 : AGENT_REVOKE_ALL))
		die("revoke");
	add(&shared->turn);
	if (quarantine)
		moved = !stands_still();
	else
		usleep(STILL_MS * 1000);
	add(&shared->turn);
	if (quarantine)
		say(aid, "release\n");
	else if (agent_cap_grant(aid, cap, id))
		die("grant");
	goes_on();
	return moved;
}

/* Ends it while it forks. Returns how many are left of it, the time being over. */
static unsigned int end_agent(uint64_t aid)
{
	if (agent_cap_revoke(aid, 0, AGENT_REVOKE_ALL | AGENT_REVOKE_TERMINATE))
		die("terminate");
	for (int waited = 0; waited < PATIENCE_MS; waited++) {
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0 && errno == ECHILD)
			return 0;
		usleep(1000);
	}
	return 1;
}

static void one_agent(const struct blob *manifest, const struct blob *cap, unsigned int *moved,
		      unsigned int *left)
{
	uint64_t id = 0, aid;
	pid_t passer;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, channel))
		die("socketpair");
	shared->aid = 0;
	passer = fork();
	if (!passer)
		pass();
	if (!fork())
		inside(manifest);
	while (!(aid = load(&shared->aid)))
		usleep(1000);
	goes_on();
	for (unsigned int i = 0; i < TURNS; i++)
		*moved += withdraw_and_give_back(aid, cap, &id, i % 2);
	kill(passer, SIGKILL);
	*left += end_agent(aid);
	close(channel[0]);
	close(channel[1]);
}

int main(int argc, char **argv)
{
	unsigned int agents = 0, moved = 0, left = 0;
	struct blob manifest, cap;
	uint64_t escaped = 0;
	time_t end;

	if (argc != 5)
		return 2;
	manifest = blob_read(argv[1]);
	cap = blob_read(argv[2]);
	file = argv[3];
	end = time(NULL) + atol(argv[4]);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1))
		die("set up");
	do {
		one_agent(&manifest, &cap, &moved, &left);
		agents++;
	} while (time(NULL) < end && !left);
	for (enum way way = 0; way < NR_WAYS; way++) {
		printf("used_%s=%llu refused_%s=%llu\n", names[way],
		       (unsigned long long)shared->used[way], names[way],
		       (unsigned long long)shared->refused[way]);
		escaped += shared->escaped[way];
	}
	printf("agents=%u withdrawn=%u escaped=%llu moved=%u left=%u\n", agents, agents * TURNS,
	       (unsigned long long)escaped, moved, left);
	return escaped || moved || left;
}
