// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz CORPUS [--seed N] [--seconds N] [--round N]
 *
 * Calls the kernel as agents, their parents and strangers do, with arguments right and
 * wrong, several processes and threads at once. A round is a few workers with so many
 * operations each, which follow from the seed and the round's number alone; --round
 * does that one only. Rounds are made until the time is over.
 *
 * After each round no agent may be left that was not ended, nor one half made, and the
 * files outside are as they were.
 * Prints key=value words; the status is 0 if nothing was found.
 */
#include "fuzz.h"

#include <dirent.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#define NR_INSIDE	3
#define NR_BURSTS	3
#define BURST_OPS	60
#define OUTSIDE_OPS	120
#define BURST_MS	4000
#define ROUND_MS	90000
#define ORPHAN_MS	60000
#define EXACT_EVERY	4

static struct shared *shared;

/* ---- a place to make files in ---- */

static void place_remove(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	char name[4096];

	while (dir && (e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (unlink(name) && errno == EISDIR)
			place_remove(name);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

static void place_make(void)
{
	static const char *const dirs[] = {
		PLACE, INSIDE, INSIDE "/a", INSIDE "/b", PLACE "/out",
	};
	int fd;

	place_remove(INSIDE);
	place_remove(PLACE "/out");
	for (unsigned int i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdir(dirs[i], 0755) && errno != EEXIST)
			die("%s", dirs[i]);
	unlink(PLACE "/link");
	if (symlink(PLACE "/out", PLACE "/link"))
		die("link");
	fd = open(PLACE "/out/f", O_RDWR | O_CREAT | O_CLOEXEC, 0755);
	if (fd < 0 || write(fd, "kept\n", 5) != 5)
		die("file");
	close(fd);
}

/* ---- workers ---- */

static void interrupt(int sig)
{
	(void)sig;
}

/* What blocks is interrupted, again and again. */
static void interrupt_often(void)
{
	struct sigaction act = { .sa_handler = interrupt };
	struct itimerval every = { { 0, 50000 }, { 0, 50000 } };

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

static void open_some(struct worker *w)
{
	static const char *const names[] = {
		INSIDE "/a/x", INSIDE "/b/x", INSIDE, "/dev/null", "/proc/self/ns/mnt", "/agent/live",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
		w->fds[i] = open(names[i], i < 2 ? O_RDWR | O_CREAT : O_RDONLY, 0700);
	w->fds[6] = w->peer;
}

static void burst(struct worker *w)
{
	interrupt_often();
	open_some(w);
	w->may_enter = true;
	for (unsigned int i = 0; i < BURST_OPS; i++) {
		uint64_t what = chance_below(&w->chance, 16);

		if (what < 8)
			fuzz_classic_call(w);
		else if (what < 15)
			fuzz_agent_call(w);
		else
			fuzz_sequence(w);
	}
	_exit(0);
}

static void enter(struct worker *w)
{
	if (agent_spawn(corpus_get(&w->chance, CORPUS_WORKER), AGENT_SPAWN_ENTER, NULL))
		worker_fail(w, "cannot enter an agent: %s", strerror(errno));
}

static void run_inside(struct worker *w)
{
	enter(w);
	for (unsigned int i = 0; i < NR_BURSTS; i++) {
		uint64_t place = chance_next(&w->chance);
		pid_t child = fork();

		if (!child) {
			w->chance = chance_fork(place, i);
			burst(w);
		}
		/* It may have been left without the right to end it: then its agent's end does. */
		if (child > 0 && reap(child, BURST_MS) < 0)
			return;
		for (unsigned int k = 0; k < BURST_OPS; k++)
			fuzz_agent_call(w);
	}
}

static void run_outside(struct worker *w)
{
	w->fds[0] = open("/agent/live", O_RDONLY | O_DIRECTORY);
	w->fds[1] = open("/agent/live/a:00000", O_RDONLY | O_DIRECTORY);
	for (unsigned int i = 0; i < OUTSIDE_OPS; i++)
		fuzz_agent_call(w);
}

static void run_exact(struct worker *w)
{
	enter(w);
	fuzz_exact(w);
}

/* What it calls with any number as a descriptor must not move where the fuzzer writes to. */
static void leave_output(void)
{
	int fd = open("/dev/null", O_RDWR);

	if (fd < 0)
		die("/dev/null");
	for (int i = 0; i <= 2; i++)
		if (fd != i && dup2(fd, i) < 0)
			die("dup2");
	if (fd > 2)
		close(fd);
}

static pid_t start(const char *name, uint64_t place, int peer, void (*run)(struct worker *))
{
	static struct worker w;
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (child)
		return child;
	leave_output();
	worker_make(&w, shared, name, place);
	w.peer = peer;
	run(&w);
	_exit(0);
}

/* ---- after a round ---- */

static void show_file(pid_t pid, const char *file)
{
	char name[64], text[2048];
	int fd;
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/%d/%s", pid, file);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	fprintf(stderr, "%s:\n%s\n", name, text);
	close(fd);
}

/* What a process hangs in, for the report. */
static void show_stack(pid_t pid)
{
	static const char *const files[] = { "status", "wchan", "stack", "syscall", "attr/current" };

	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
		show_file(pid, files[i]);
}

static void finish(pid_t pid, const char *name)
{
	int status = reap(pid, ROUND_MS);

	if (status < 0) {
		show_stack(pid);
		fprintf(stderr, "worker %s does not end\n", name);
		exit(1);
	}
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return;
	/* Others may end its agent, or send what they like to what is in their own. */
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGSEGV && strncmp(name, "inside", 6) == 0)
		return;
	if (!shared->failed) {
		fprintf(stderr, "worker %s ended with status %#x; --seed %llu --round %u\n", name, status,
			(unsigned long long)shared->seed, shared->round);
		exit(1);
	}
}

/* How many agents live besides the boot agent; with @end each is ended. */
static unsigned int live_agents(bool end)
{
	DIR *dir = opendir("/agent/live");
	unsigned int nr = 0;
	struct dirent *e;

	if (!dir)
		die("/agent/live");
	while ((e = readdir(dir))) {
		unsigned long long aid = strncmp(e->d_name, "a:", 2) ? 0 :
					 strtoull(e->d_name + 2, NULL, 10);

		if (!aid)
			continue;
		nr++;
		if (end && agent_cap_revoke(aid, 0, AGENT_REVOKE_ALL | AGENT_REVOKE_TERMINATE) &&
		    errno != ESRCH)
			die("cannot end a:%05llu", aid);
	}
	closedir(dir);
	return nr;
}

/* Whoever lost its parent is ours; without an agent it has no right to run. */
static void reap_all(void)
{
	pid_t pid = 0;
	FILE *f;

	for (unsigned int waited = 0; waited < ORPHAN_MS; waited += 10) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return;
		usleep(10000);
	}
	f = fopen("/proc/thread-self/children", "re");
	while (f && fscanf(f, "%d", &pid) == 1)
		show_stack(pid);
	fprintf(stderr, "processes outlive their agents; --seed %llu --round %u\n",
		(unsigned long long)shared->seed, shared->round);
	exit(1);
}

static void check_none_left(void)
{
	unsigned int nr;

	live_agents(true);
	nr = live_agents(false);
	if (nr) {
		fprintf(stderr, "%u agents outlive their end; --seed %llu --round %u\n", nr,
			(unsigned long long)shared->seed, shared->round);
		exit(1);
	}
	reap_all();
}

/* ---- rounds ---- */

static void storm(void)
{
	static const char *const names[NR_INSIDE] = { "inside-0", "inside-1", "inside-2" };
	pid_t pids[NR_INSIDE + 1];
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair))
		die("socketpair");
	pids[NR_INSIDE] = start("outside", NR_INSIDE, -1, run_outside);
	for (unsigned int i = 0; i < NR_INSIDE; i++)
		pids[i] = start(names[i], i, pair[i % 2], run_inside);
	close(pair[0]);
	close(pair[1]);
	for (unsigned int i = 0; i < NR_INSIDE; i++)
		finish(pids[i], names[i]);
	finish(pids[NR_INSIDE], "outside");
}

static void round_run(uint32_t number)
{
	shared->round = number;
	printf("round %u\n", number);
	shared->nr_aids = 0;
	shared->nr_numbers = 0;
	memset(shared->aids, 0, sizeof(shared->aids));
	memset(shared->numbers, 0, sizeof(shared->numbers));
	place_make();
	if (number % EXACT_EVERY == 0)
		finish(start("exact", 0, -1, run_exact), "exact");
	else
		storm();
	if (shared->failed) {
		fputs(shared->report, stderr);
		exit(1);
	}
	check_none_left();
	if (!kept_are_whole()) {
		fprintf(stderr, "changed by an agent; --seed %llu --round %u\n",
			(unsigned long long)shared->seed, shared->round);
		exit(1);
	}
}

static void keep(const char *corpus)
{
	static const char *const paths[] = {
		"/bin/busybox", "/bin/sh", "/proc/self/exe", PLACE "/out/f",
	};

	place_make();
	kept_add(corpus);
	for (unsigned int i = 0; i < ARRAY_SIZE(paths); i++)
		kept_add(paths[i]);
}

static void limits(void)
{
	const struct rlimit space = { 1UL << 27, 1UL << 27 };
	const struct rlimit file = { 1 << 20, 1 << 20 };
	const struct rlimit core = { 0, 0 };

	setrlimit(RLIMIT_AS, &space);
	setrlimit(RLIMIT_FSIZE, &file);
	setrlimit(RLIMIT_CORE, &core);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void print_tally(const char *name, const struct tally *t)
{
	printf("%s ok=%llu", name, (unsigned long long)t->ok);
	for (unsigned int i = 0; i < ERRNO_MAX; i++)
		if (t->err[i])
			printf(" %s=%llu", strerrorname_np(i), (unsigned long long)t->err[i]);
	printf("\n");
}

static void summary(uint32_t rounds)
{
	static const char *const names[NR_CALLS] = {
		"agent_spawn", "agent_attest", "agent_quota", "agent_cap_grant", "agent_cap_revoke",
		"agent_cap_present", "agent_audit_query", "agent_memory_tier",
	};

	for (unsigned int i = 0; i < NR_CALLS; i++)
		print_tally(names[i], &shared->calls[i]);
	print_tally("classic", &shared->classic);
	printf("fuzz rounds=%u exact=%llu seed=%llu\n", rounds, (unsigned long long)shared->exact,
	       (unsigned long long)shared->seed);
	if (fflush(stdout) || ferror(stdout))
		die("output");
}

int main(int argc, char **argv)
{
	uint32_t rounds = 0;
	long seconds = 30, only = -1;
	time_t end;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED || argc < 2 || argc % 2)
		return 2;
	for (int i = 2; i < argc; i += 2) {
		if (!strcmp(argv[i], "--seed"))
			shared->seed = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--seconds"))
			seconds = atol(argv[i + 1]);
		else if (!strcmp(argv[i], "--round"))
			only = atol(argv[i + 1]);
		else
			return 2;
	}
	corpus_read(argv[1]);
	keep(argv[1]);
	limits();
	setlinebuf(stdout);
	end = time(NULL) + seconds;
	printf("seed %llu, %ld seconds\n", (unsigned long long)shared->seed, seconds);
	if (only >= 0)
		round_run(only);
	else
		while (time(NULL) < end)
			round_run(rounds++);
	summary(rounds);
	return 0;
}
