// SPDX-License-Identifier: GPL-2.0
/*
 * A revoke takes back what was mapped by the right that it withdraws: from every
 * process of the holder, however the memory got there, and from nobody else.
 */
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <linux/io_uring.h>

#include "files.h"

#define DIR_PATH	"/dev/shm/coconut_mapping"
#define IN		DIR_PATH "/in"
#define OTHER		DIR_PATH "/other"
#define LAYERED		"/tmp/coconut_mapping"	/* on overlayfs, in most guests */

#define PAGE		4096
#define PAGES		4

FIXTURE(mapping) {
	struct agent_task task;
	struct bytes caps;
	unsigned int nr;
};

static void make_pages(const char *path)
{
	char page[PAGE];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	int i;

	memset(page, 'c', sizeof(page));
	for (i = 0; i < PAGES; i++)
		if (fd < 0 || write(fd, page, sizeof(page)) != sizeof(page))
			abort();
	close(fd);
}

FIXTURE_SETUP(mapping)
{
	const char *why = authorize();

	ASSERT_EQ(NULL, why) TH_LOG("%s", why);
	signal(SIGPIPE, SIG_IGN);
	mkdir("/dev/shm", 01777);
	mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
	ASSERT_EQ(0, mkdir(DIR_PATH, 0755));
	make_pages(IN);
	make_pages(OTHER);
	make_pages(LAYERED);
	self->nr = 0;
	memset(&self->caps, 0, sizeof(self->caps));
}

FIXTURE_TEARDOWN(mapping)
{
	stop(&self->task);
	unlink(LAYERED);
	EXPECT_EQ(0, umount2("/dev/shm", MNT_DETACH));
}

#define READ	AGENT_FS_READ_FILE
#define WRITE	AGENT_FS_WRITE_FILE

/* ---- touching memory that may be gone ---- */

static sigjmp_buf fault;

static void on_fault(int sig)
{
	siglongjmp(fault, 1);
}

static long touch(char *at, bool writing)
{
	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	if (sigsetjmp(fault, 1))
		return -EFAULT;
	if (writing)
		__atomic_store_n(at, 'x', __ATOMIC_RELAXED);
	else
		__atomic_load_n(at, __ATOMIC_RELAXED);
	return 0;
}

/* ---- what the agent does ---- */

static int held = -1;
static char *map;
static int to_child[2], from_child[2];
static pid_t child;

static long map_fd(int fd, int prot, int flags)
{
	void *at = mmap(NULL, PAGES * PAGE, prot, flags, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	map = at;
	return 0;
}

static long map_file(const char *path, int mode, int prot, int flags)
{
	int fd = open(path, mode);
	long ret;

	if (fd < 0)
		return -errno;
	ret = map_fd(fd, prot, flags);
	close(fd);
	return ret;
}

static long map_shared(void)
{
	return map_file(IN, O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static long map_layered(void)
{
	return map_file(LAYERED, O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static long map_private(void)
{
	return map_file(IN, O_RDONLY, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

static long map_as_code(void)
{
	return map_file(IN, O_RDONLY, PROT_READ | PROT_EXEC, MAP_PRIVATE);
}

static long map_other(void)
{
	return map_file(OTHER, O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static long map_held(void) { return map_fd(held, PROT_READ | PROT_WRITE, MAP_SHARED); }
static long map_held_hidden(void) { return map_fd(held, PROT_NONE, MAP_SHARED); }
static long read_first(void) { return touch(map, false); }
static long read_last(void) { return touch(map + (PAGES - 1) * PAGE, false); }
static long write_first(void) { return touch(map, true); }

static long seal(void)
{
	return result(syscall(462, map, PAGES * PAGE, 0));	/* mseal */
}

static long protect_again(void)
{
	return mprotect(map, PAGE, PROT_READ) ? -errno : 0;
}

static long lock(void) { return mlock(map, PAGES * PAGE) ? -errno : 0; }

static long move(void)
{
	void *at = mremap(map, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			  map + 64 * PAGE);

	if (at == MAP_FAILED)
		return -errno;
	map = at;
	return 0;
}

static long take_held(void)
{
	held = take_fd(agent_socket);
	return held < 0 ? held : 0;
}

/* A child that has the memory too, and touches it when it is told. */
static long fork_child_in(bool agent)
{
	struct bytes none = {};
	uint64_t aid;
	char order;
	long ret;

	if (pipe(to_child) || pipe(from_child))
		return -errno;
	child = fork();
	if (child)
		return child < 0 ? -errno : 0;
	if (agent && spawn_manifest(manifest_all, sizeof(manifest_all), &none, 0,
				    AGENT_SPAWN_ENTER, &aid))
		_exit(1);
	while (read(to_child[0], &order, 1) == 1) {
		ret = touch(map, order == 'w');
		if (write(from_child[1], &ret, sizeof(ret)) != sizeof(ret))
			break;
	}
	_exit(0);
}

static long fork_child(void) { return fork_child_in(false); }
static long fork_child_agent(void) { return fork_child_in(true); }

static long child_reads(void)
{
	long ret;

	if (write(to_child[1], "r", 1) != 1 ||
	    read(from_child[0], &ret, sizeof(ret)) != sizeof(ret))
		return -EPIPE;
	return ret;
}

static long trace_child(void)
{
	long word;
	int status;

	if (ptrace(PTRACE_ATTACH, child, NULL, NULL) || waitpid(child, &status, 0) != child)
		return -ESRCH;
	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, child, map, NULL);
	(void)word;
	return -errno;
}

/* io_uring holds on to the pages of a registered buffer. */
static long pin(void)
{
	struct io_uring_params params = {};
	struct iovec iov = { map, PAGE };
	int ring = syscall(SYS_io_uring_setup, 1, &params);

	if (ring < 0)
		return -errno;
	return result(syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &iov, 1));
}

/* ---- what the tests do ---- */

static bool quarantined(uint64_t aid)
{
	char path[64], text[4096] = {};
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/agent/live/a:%05llu/status", (unsigned long long)aid);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 && strstr(text, "QUARANTINED");
}

#define EXPECT_GONE(fn)		EXPECT_EQ(-EFAULT, run(&self->task, fn))
#define EXPECT_THERE(fn)	EXPECT_EQ(0, run(&self->task, fn))
TEST_F(mapping, shared)
{
	CAP(IN, READ | WRITE);
	START();
	EXPECT_ALLOWED(&self->task, map_shared);
	EXPECT_THERE(write_first);
	REVOKE();
	EXPECT_GONE(read_first);
	EXPECT_GONE(write_first);
	EXPECT_GONE(read_last);
	EXPECT_FAILED(&self->task, protect_again, EACCES);
	EXPECT_FALSE(quarantined(self->task.aid));
}

TEST_F(mapping, of_a_layered_file)
{
	CAP(LAYERED, READ | WRITE);
	START();
	EXPECT_ALLOWED(&self->task, map_layered);
	EXPECT_THERE(write_first);
	REVOKE();
	EXPECT_GONE(read_first);
	EXPECT_GONE(read_last);
}

TEST_F(mapping, private)
{
	CAP(IN, READ);
	START();
	EXPECT_ALLOWED(&self->task, map_private);
	EXPECT_THERE(read_first);
	REVOKE();
	EXPECT_GONE(read_first);
	EXPECT_GONE(read_last);	/* was never read before */
}

/* Being executable makes no program of a file. */
TEST_F(mapping, as_code)
{
	CAP(IN, READ);
	START();
	EXPECT_ALLOWED(&self->task, map_as_code);
	EXPECT_THERE(read_first);
	REVOKE();
	EXPECT_GONE(read_first);
}

TEST_F(mapping, sealed)
{
	CAP(IN, READ | WRITE);
	START();
	EXPECT_ALLOWED(&self->task, map_shared);
	EXPECT_THERE(seal);
	EXPECT_FAILED(&self->task, protect_again, EPERM);
	REVOKE();
	EXPECT_GONE(read_first);
}

TEST_F(mapping, locked_and_moved)
{
	CAP(IN, READ | WRITE);
	START();
	EXPECT_ALLOWED(&self->task, map_shared);
	EXPECT_THERE(lock);
	REVOKE();
	EXPECT_GONE(read_first);
	EXPECT_THERE(move);
	EXPECT_GONE(read_first);
}

/* Who may still read keeps reading, and writes again when it may. */
TEST_F(mapping, writing_alone)
{
	struct bytes write = {};
	long id;

	CAP(IN, READ);
	START();
	cap_fs(&write, IN, WRITE);
	id = grant_id(self->task.aid, &write);
	ASSERT_LT(0, id);
	EXPECT_ALLOWED(&self->task, map_shared);
	EXPECT_THERE(write_first);
	ASSERT_EQ(0, revoke_id(self->task.aid, id));
	EXPECT_THERE(read_first);
	EXPECT_GONE(write_first);
}

/* Nothing else is touched: not another file, not the program, not the stack. */
TEST_F(mapping, of_another_file)
{
	struct bytes other = {};
	long id;

	CAP(IN, READ | WRITE);
	START();
	cap_fs(&other, OTHER, READ | WRITE);
	id = grant_id(self->task.aid, &other);
	ASSERT_LT(0, id);
	EXPECT_ALLOWED(&self->task, map_shared);
	ASSERT_EQ(0, revoke_id(self->task.aid, id));
	EXPECT_THERE(write_first);
	EXPECT_REFUSED(&self->task, map_other, EACCES);
}

TEST_F(mapping, of_a_child)
{
	CAP(IN, READ | WRITE);
	START();
	EXPECT_ALLOWED(&self->task, map_shared);
	EXPECT_THERE(fork_child);
	EXPECT_THERE(child_reads);
	REVOKE();
	EXPECT_GONE(child_reads);
	EXPECT_GONE(read_first);
}

/* It holds nothing, and has the memory by its parent's right: so it goes with that. */
TEST_F(mapping, of_an_agent_below)
{
	struct bytes other = {};
	long id;

	CAP(IN, READ | WRITE);
	cap_agents(&self->caps, AGENT_WHO_CHILDREN, AGENT_AGENT_SPAWN);
	self->nr++;
	START();
	cap_fs(&other, OTHER, READ);
	id = grant_id(self->task.aid, &other);
	ASSERT_LT(0, id);
	EXPECT_ALLOWED(&self->task, map_shared);
	EXPECT_THERE(fork_child_agent);
	EXPECT_THERE(child_reads);
	ASSERT_EQ(0, revoke_id(self->task.aid, id));
	EXPECT_THERE(child_reads);
	REVOKE();
	EXPECT_GONE(child_reads);
}

/* A tracer reads what the tracee may not: the two are one agent. */
TEST_F(mapping, through_a_tracer)
{
	CAP(IN, READ | WRITE);
	START();
	EXPECT_ALLOWED(&self->task, map_shared);
	EXPECT_THERE(fork_child);
	EXPECT_THERE(child_reads);
	REVOKE();
	EXPECT_EQ(-EIO, run(&self->task, trace_child));
}

/* A descriptor from outside gives nothing, though nothing of it is asked for yet. */
TEST_F(mapping, without_access)
{
	int fd = open(IN, O_RDWR);

	ASSERT_LE(0, fd);
	held = fd;
	START();
	EXPECT_REFUSED(&self->task, map_held_hidden, EACCES);
	close(fd);
}

TEST_F(mapping, of_a_passed_descriptor)
{
	int fd = open(IN, O_RDWR);

	ASSERT_LE(0, fd);
	CAP(IN, READ | WRITE);
	START();
	ASSERT_EQ(0, pass_fd(self->task.passed, fd));
	EXPECT_ALLOWED(&self->task, take_held);
	EXPECT_ALLOWED(&self->task, map_held);
	EXPECT_THERE(write_first);
	REVOKE();
	EXPECT_GONE(read_first);
	close(fd);
}

/* The documented limit: it was no agent that mapped it. */
TEST_F(mapping, from_before_the_agent)
{
	ASSERT_EQ(0, map_other());
	CAP(DIR_PATH, READ | WRITE);
	START();
	EXPECT_THERE(write_first);
	REVOKE();
	EXPECT_THERE(write_first);
}

/* The documented end of what cannot be taken back. */
TEST_F(mapping, pinned)
{
	CAP(IN, READ | WRITE);
	START();
	EXPECT_ALLOWED(&self->task, map_shared);
	EXPECT_THERE(pin);
	REVOKE();
	EXPECT_TRUE(quarantined(self->task.aid));
	kill(self->task.pid, SIGKILL);
}

/* What was granted again is mapped again; the old range stays closed. */
TEST_F(mapping, again)
{
	CAP(IN, READ | WRITE);
	START();
	EXPECT_ALLOWED(&self->task, map_shared);
	REVOKE();
	EXPECT_GONE(read_first);
	ASSERT_EQ(0, grant(self->task.aid, &self->caps));
	EXPECT_GONE(read_first);
	EXPECT_ALLOWED(&self->task, map_shared);
	EXPECT_THERE(write_first);
}

TEST_HARNESS_MAIN
