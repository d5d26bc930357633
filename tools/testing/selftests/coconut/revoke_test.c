// SPDX-License-Identifier: GPL-2.0
/*
 * What is open when a revoke comes, and each way to go on using it; and what stays.
 */
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "files.h"

#define DIR_PATH	"/tmp/coconut_revoke"
#define IN		DIR_PATH "/in"
#define OUT		DIR_PATH "/out"

FIXTURE(revoke) {
	struct agent_task task;
	struct bytes caps;
	unsigned int nr;
};

FIXTURE_SETUP(revoke)
{
	const char *why = authorize();

	ASSERT_EQ(NULL, why) TH_LOG("%s", why);
	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, system("rm -rf " DIR_PATH));
	ASSERT_EQ(0, mkdir(DIR_PATH, 0755));
	ASSERT_EQ(0, mkdir(IN, 0755));
	ASSERT_EQ(0, mkdir(OUT, 0755));
	make_file(IN "/file");
	make_file(OUT "/file");
	self->nr = 0;
	memset(&self->caps, 0, sizeof(self->caps));
}

FIXTURE_TEARDOWN(revoke)
{
	stop(&self->task);
	EXPECT_EQ(0, system("rm -rf " DIR_PATH));
}

/* ---- what the agent does ---- */

static int held = -1, target = -1, tube[2] = { -1, -1 };

static long hold(int fd)
{
	held = fd;
	return fd < 0 ? -errno : 0;
}

/* A file to read, one that no revoke of these reaches to write to, and a pipe. */
static long open_file(void)
{
	close(held);	/* or nobody would get a lease */
	close(target);
	close(tube[0]);
	close(tube[1]);
	target = memfd_create("target", 0);
	if (target < 0 || pipe(tube) || fcntl(tube[0], F_SETFL, O_NONBLOCK))
		return -errno;
	return hold(open(IN "/file", O_RDWR));
}

static long open_folder(void) { return hold(open(IN, O_RDONLY | O_DIRECTORY)); }
static long open_path_only(void) { return hold(open(IN, O_PATH)); }
static long enter_folder(void) { return result(chdir(IN)); }

static long send_file(void)
{
	off_t at = 0;

	return result(sendfile(target, held, &at, 8));
}

static long splice_file(void)
{
	loff_t at = 0;

	return result(splice(held, &at, tube[1], NULL, 8, 0));
}

static long splice_to_file(void)
{
	loff_t at = 0;

	if (write(tube[1], "x", 1) != 1)
		return -errno;
	return result(splice(tube[0], NULL, held, &at, 1, 0));
}

static long copy_range(void)
{
	loff_t from = 0, to = 8;

	return result(copy_file_range(held, &from, held, &to, 8, 0));
}

static long read_vector(void)
{
	static char buf[1 << 20];
	struct iovec iov[4] = {
		{ buf, sizeof(buf) }, { buf, sizeof(buf) }, { buf, sizeof(buf) }, { buf, 1 },
	};

	return result(preadv(held, iov, 4, 0));
}

static long write_vector(void)
{
	struct iovec iov = { "x", 1 };

	return result(pwritev2(held, &iov, 1, 0, RWF_DSYNC));
}

static long allocate(void) { return result(fallocate(held, 0, 0, 4096)); }
static long read_ahead(void) { return result(readahead(held, 0, 4096)); }

static long list_folder(void)
{
	char buf[1024];

	lseek(held, 0, SEEK_SET);
	return result(syscall(SYS_getdents64, held, buf, sizeof(buf)));
}

static long lock_file(void) { return result(flock(held, LOCK_EX | LOCK_NB)); }
static long unlock_file(void) { return result(flock(held, LOCK_UN)); }

static long lock_range(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_len = 1 };

	return result(fcntl(held, F_OFD_SETLK, &lock));
}

static long lease(void) { return result(fcntl(held, F_SETLEASE, F_WRLCK)); }

static long open_beneath(void)
{
	int fd = openat(held, "file", O_RDONLY);

	return fd < 0 ? -errno : close(fd);
}

static long open_here(void)
{
	int fd = open("file", O_RDONLY);

	return fd < 0 ? -errno : close(fd);
}

static long open_again(void)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
	fd = open(path, O_RDONLY);
	return fd < 0 ? -errno : close(fd);
}

static long read_copy(void)
{
	char byte;

	return result(pread(target, &byte, 1, 0));
}

static long read_tube(void)
{
	char buf[8];

	return result(read(tube[0], buf, sizeof(buf)));
}

/* A second process of the agent, with a descriptor of its own on the same file. */
static long in_a_child(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		char byte;

		_exit(pread(dup(held), &byte, 1, 0) < 0 ? errno : 0);
	}
	return waitpid(pid, &status, 0) == pid ? -WEXITSTATUS(status) : -errno;
}

static long pass_to_myself(void)
{
	int pair[2], fd;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || pass_fd(pair[0], held))
		return -errno;
	fd = take_fd(pair[1]);
	return fd < 0 ? fd : close(fd);
}

static long take_myself(void)
{
	int self = syscall(SYS_pidfd_open, getpid(), 0);
	int fd = syscall(SYS_pidfd_getfd, self, held, 0);

	close(self);
	return fd < 0 ? -errno : close(fd);
}

static long watch(void)
{
	held = inotify_init1(IN_NONBLOCK);
	return result(inotify_add_watch(held, IN, IN_CREATE)) < 0 ? -errno : 0;
}

static long see_watched(void)
{
	char buf[512];

	return result(read(held, buf, sizeof(buf)));
}

static pid_t program;
static int program_in;

/* cat from busybox, which is static and needs nothing but what it has. */
static long start_program(void)
{
	static char *const argv[] = { "cat", NULL };
	int in[2], out[2];

	if (pipe(in) || pipe(out))
		return -errno;
	program = fork();
	if (!program) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execv(DIR_PATH "/program", argv);
		_exit(127);
	}
	program_in = in[1];
	held = out[0];
	close(out[1]);
	return 0;
}

static long ask_program(void)
{
	char byte;

	if (write(program_in, "x", 1) != 1)
		return -errno;
	return result(read(held, &byte, 1));
}

/* ---- tests ---- */

#define RIGHTS	(AGENT_FS_READ_FILE | AGENT_FS_WRITE_FILE | AGENT_FS_READ_DIR)

static const struct {
	const char *name;
	act_fn prepare;
	act_fn use;
} ways[] = {
	{ "sendfile", open_file, send_file },
	{ "splice from it", open_file, splice_file },
	{ "splice to it", open_file, splice_to_file },
	{ "copy_file_range", open_file, copy_range },
	{ "preadv", open_file, read_vector },
	{ "pwritev2", open_file, write_vector },
	{ "fallocate", open_file, allocate },
	{ "flock", open_file, lock_file },
	{ "a lock of the open file", open_file, lock_range },
	{ "a lease", open_file, lease },
	{ "/proc/self/fd", open_file, open_again },
	{ "fork and dup", open_file, in_a_child },
	{ "SCM_RIGHTS", open_file, pass_to_myself },
	{ "pidfd_getfd", open_file, take_myself },
	{ "getdents64", open_folder, list_folder },
	{ "a folder's descriptor", open_folder, open_beneath },
	{ "O_PATH", open_path_only, open_beneath },
	{ "the working directory", enter_folder, open_here },
};

TEST_F(revoke, each_way_to_use_what_is_open)
{
	unsigned int i;

	CAP(IN, RIGHTS);
	START();
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		TH_LOG("%s", ways[i].name);
		EXPECT_ALLOWED(&self->task, ways[i].prepare);
		EXPECT_ALLOWED(&self->task, ways[i].use);
		REVOKE();
		EXPECT_REFUSED(&self->task, ways[i].use, EACCES);
		ASSERT_EQ(0, grant(self->task.aid, &self->caps));
	}
}

/* It gives nothing back, so it is never refused. */
TEST_F(revoke, unlocking)
{
	CAP(IN, RIGHTS);
	START();
	EXPECT_ALLOWED(&self->task, open_file);
	EXPECT_ALLOWED(&self->task, lock_file);
	REVOKE();
	EXPECT_ALLOWED(&self->task, unlock_file);
}

/* The documented limits: what it has is a copy, or has no place in the tree. */
TEST_F(revoke, what_was_copied)
{
	CAP(IN, RIGHTS);
	START();
	EXPECT_ALLOWED(&self->task, open_file);
	EXPECT_ALLOWED(&self->task, send_file);
	EXPECT_ALLOWED(&self->task, splice_file);
	REVOKE();
	EXPECT_ALLOWED(&self->task, read_copy);
	EXPECT_ALLOWED(&self->task, read_tube);
	EXPECT_ALLOWED(&self->task, read_ahead);
}

TEST_F(revoke, what_is_watched)
{
	CAP(IN, RIGHTS);
	START();
	EXPECT_ALLOWED(&self->task, watch);
	REVOKE();
	make_file(IN "/new");
	EXPECT_ALLOWED(&self->task, see_watched);
	EXPECT_REFUSED(&self->task, watch, EACCES);
}

TEST_F(revoke, a_program_that_runs)
{
	ASSERT_EQ(0, system("cp /bin/busybox " DIR_PATH "/program"));
	CAP("/", RIGHTS);
	cap_exec(&self->caps, "/");
	self->nr++;
	START();
	EXPECT_ALLOWED(&self->task, start_program);
	EXPECT_EQ(1, run(&self->task, ask_program));
	REVOKE();
	EXPECT_EQ(1, run(&self->task, ask_program));
}

TEST_HARNESS_MAIN
