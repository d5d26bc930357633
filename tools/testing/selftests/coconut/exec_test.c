// SPDX-License-Identifier: GPL-2.0
/*
 * Class exec: by hierarchy, by digest, by the manifest's list of code; scripts.
 */
#include "agent.h"

#define DIR_PATH	"/tmp/coconut_exec"
#define IN		DIR_PATH "/in"
#define OUT		DIR_PATH "/out"

static void install(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	close(fd);
}

static void install_script(const char *path, const char *interpreter)
{
	char line[256];

	install(path, line, snprintf(line, sizeof(line), "#!%s\n", interpreter));
}

FIXTURE(exec) {
	struct agent_task task;
	struct bytes caps;
	unsigned int nr;
};

FIXTURE_SETUP(exec)
{
	const char *why = authorize();

	ASSERT_EQ(NULL, why) TH_LOG("%s", why);
	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, system("rm -rf " DIR_PATH));
	ASSERT_EQ(0, mkdir(DIR_PATH, 0755));
	ASSERT_EQ(0, mkdir(IN, 0755));
	ASSERT_EQ(0, mkdir(OUT, 0755));
	install(IN "/zero", program_zero, sizeof(program_zero));
	install(OUT "/zero", program_zero, sizeof(program_zero));
	install(OUT "/seven", program_seven, sizeof(program_seven));
	install_script(IN "/script_in", IN "/zero");
	install_script(IN "/script_out", OUT "/zero");
	install_script(OUT "/script", IN "/zero");
	self->nr = 0;
	memset(&self->caps, 0, sizeof(self->caps));
}

FIXTURE_TEARDOWN(exec)
{
	stop(&self->task);
	EXPECT_EQ(0, system("rm -rf " DIR_PATH));
}

/* The exit status of the program, or a negative errno of execve(2). */
static long execute(int dirfd, const char *path, int flags)
{
	char *const argv[] = { (char *)path, NULL }, *const env[] = { NULL };
	int status, error[2], err = 0;
	pid_t pid;

	if (pipe2(error, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		syscall(SYS_execveat, dirfd, path, argv, env, flags);
		err = errno;
		if (write(error[1], &err, sizeof(err)) != sizeof(err))
			_exit(99);
		_exit(98);
	}
	close(error[1]);
	if (read(error[0], &err, sizeof(err)) < 0)
		err = errno;
	close(error[0]);
	waitpid(pid, &status, 0);
	if (err)
		return -err;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EFAULT;
}

static long zero_in(void) { return execute(AT_FDCWD, IN "/zero", 0); }
static long zero_out(void) { return execute(AT_FDCWD, OUT "/zero", 0); }
static long seven_out(void) { return execute(AT_FDCWD, OUT "/seven", 0); }
static long script_in(void) { return execute(AT_FDCWD, IN "/script_in", 0); }
static long script_out(void) { return execute(AT_FDCWD, IN "/script_out", 0); }
static long script_refused(void) { return execute(AT_FDCWD, OUT "/script", 0); }

static long from_memory(const void *data, size_t len)
{
	int ro, fd = memfd_create("program", 0);
	char path[32];

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		return -errno;
	/* What is open for writing cannot be executed by anybody. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY);
	close(fd);
	return ro < 0 ? -errno : execute(ro, "", AT_EMPTY_PATH);
}

static long memory_seven(void) { return from_memory(program_seven, sizeof(program_seven)); }

TEST_F(exec, nothing_without_capabilities)
{
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	EXPECT_REFUSED(&self->task, zero_in, EACCES);
	EXPECT_REFUSED(&self->task, script_in, EACCES);
	EXPECT_REFUSED(&self->task, memory_seven, EACCES);
}

TEST_F(exec, by_hierarchy)
{
	cap_exec(&self->caps, IN);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	EXPECT_ALLOWED(&self->task, zero_in);
	EXPECT_ALLOWED(&self->task, script_in);
	EXPECT_REFUSED(&self->task, zero_out, EACCES);
	/* Either of the two files that a script needs may be the one refused. */
	EXPECT_REFUSED(&self->task, script_out, EACCES);
	EXPECT_REFUSED(&self->task, script_refused, EACCES);
}

TEST_F(exec, by_digest)
{
	cap_exec_digest(&self->caps, digest_zero);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	EXPECT_ALLOWED(&self->task, zero_in);
	EXPECT_ALLOWED(&self->task, zero_out);
	EXPECT_REFUSED(&self->task, seven_out, EACCES);
	/* The name stays, the content does not. */
	ASSERT_EQ(0, rename(OUT "/seven", OUT "/zero"));
	EXPECT_REFUSED(&self->task, zero_out, EACCES);
}

TEST_F(exec, manifest_code)
{
	cap_exec(&self->caps, DIR_PATH);
	ASSERT_EQ(0, start_manifest(&self->task, manifest_code, sizeof(manifest_code),
				    &self->caps, 1));
	EXPECT_ALLOWED(&self->task, zero_out);
	EXPECT_REFUSED(&self->task, seven_out, EACCES);
	EXPECT_REFUSED(&self->task, script_in, EACCES);
}

TEST_F(exec, revoke)
{
	cap_exec(&self->caps, IN);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	EXPECT_ALLOWED(&self->task, zero_in);
	ASSERT_EQ(0, revoke_from(self->task.aid, AGENT_REVOKE_ALL));
	EXPECT_REFUSED(&self->task, zero_in, EACCES);
}

TEST_HARNESS_MAIN
