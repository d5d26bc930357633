// SPDX-License-Identifier: GPL-2.0
/*
 * Classes agent, task and ipc: signals, tracing, limits; System V and POSIX objects.
 */
#include <mqueue.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "agent.h"

FIXTURE(task) {
	struct agent_task task;
	struct bytes caps;
};

static pid_t outside;		/* a task outside every agent */
static int outside_fd;		/* its pidfd */

FIXTURE_SETUP(task)
{
	const char *why = authorize();

	ASSERT_EQ(NULL, why) TH_LOG("%s", why);
	signal(SIGPIPE, SIG_IGN);
	outside = fork();
	if (!outside) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (1)
			pause();
	}
	outside_fd = syscall(SYS_pidfd_open, outside, 0);
	ASSERT_LE(0, outside_fd);
	memset(&self->caps, 0, sizeof(self->caps));
}

FIXTURE_TEARDOWN(task)
{
	stop(&self->task);
	close(outside_fd);
	kill(outside, SIGKILL);
	waitpid(outside, NULL, 0);
}

/* ---- what the agent does ---- */

static pid_t spawn_child(void)
{
	pid_t pid = fork();

	if (!pid) {
		while (1)
			pause();
	}
	return pid;
}

static long signal_outside(void) { return done(kill(outside, SIGCONT)); }
static long probe_outside(void) { return done(kill(outside, 0)); }
static long pidfd_signal(void)
{
	return done(syscall(SYS_pidfd_send_signal, outside_fd, SIGCONT, NULL, 0));
}

static long signal_own(void)
{
	pid_t pid = spawn_child();
	long ret = done(kill(pid, SIGKILL));

	waitpid(pid, NULL, 0);
	return ret;
}

static long trace_outside(void) { return done(ptrace(PTRACE_ATTACH, outside, 0, 0)); }

static long trace_own(void)
{
	pid_t pid = spawn_child();
	long ret = done(ptrace(PTRACE_ATTACH, pid, 0, 0));

	waitpid(pid, NULL, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return ret;
}

static long read_memory(void)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", outside);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static long steal_fd(void)
{
	return done(syscall(SYS_pidfd_getfd, outside_fd, 0, 0));
}

static long nice_outside(void) { return done(setpriority(PRIO_PROCESS, outside, 5)); }

static long scheduler_outside(void)
{
	const struct sched_param param = {};

	return done(sched_setscheduler(outside, SCHED_BATCH, &param));
}

static long limit_outside(void)
{
	const struct rlimit limit = { 10, 10 };

	return done(prlimit(outside, RLIMIT_NOFILE, &limit, NULL));
}

static long affinity_outside(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	return done(sched_setaffinity(outside, sizeof(set), &set));
}

static long nice_own(void) { return done(setpriority(PRIO_PROCESS, 0, 5)); }

#define KEY	0x434f43

static int shm_id, sem_id, msg_id;

static long shm_outside(void) { return done(shmget(KEY, 4096, 0)); }
static long shm_attach(void) { return (long)shmat(shm_id, NULL, 0) == -1 ? -errno : 0; }
static long shm_remove(void) { return done(shmctl(shm_id, IPC_RMID, NULL)); }
static long sem_outside(void) { return done(semctl(sem_id, 0, GETVAL)); }
static long sem_remove(void) { return done(semctl(sem_id, 0, IPC_RMID)); }
static long msg_outside(void)
{
	const long message[2] = { 1 };

	return done(msgsnd(msg_id, message, sizeof(long), 0));
}

static long msg_remove(void) { return done(msgctl(msg_id, IPC_RMID, NULL)); }

static long shm_own(void)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	void *at = shmat(id, NULL, 0);

	if (id < 0 || at == (void *)-1)
		return -errno;
	shmdt(at);
	return done(shmctl(id, IPC_RMID, NULL));
}

static long queue_outside(void) { return done(mq_open("/coconut_outside", O_RDWR)); }
/* The C library would say EACCES. */
static long queue_unlink(void) { return done(syscall(SYS_mq_unlink, "coconut_outside")); }

static long queue_own(void)
{
	mqd_t queue = mq_open("/coconut_inside", O_RDWR | O_CREAT, 0600, NULL);

	if (queue < 0)
		return -errno;
	mq_close(queue);
	return done(mq_unlink("/coconut_inside"));
}

/* ---- tests ---- */

TEST_F(task, signals)
{
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	EXPECT_ALLOWED(&self->task, signal_own);
	EXPECT_REFUSED(&self->task, signal_outside, EPERM);
	EXPECT_REFUSED(&self->task, probe_outside, EPERM);
	EXPECT_REFUSED(&self->task, pidfd_signal, EPERM);
}

TEST_F(task, tracing)
{
	cap_fs(&self->caps, "/proc", AGENT_FS_READ_FILE);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	EXPECT_ALLOWED(&self->task, trace_own);
	EXPECT_REFUSED(&self->task, trace_outside, EPERM);
	EXPECT_REFUSED(&self->task, read_memory, EPERM);
	EXPECT_REFUSED(&self->task, steal_fd, EPERM);
}

TEST_F(task, outsiders_may_trace)
{
	int status;

	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	ASSERT_EQ(0, ptrace(PTRACE_ATTACH, self->task.pid, 0, 0));
	ASSERT_EQ(self->task.pid, waitpid(self->task.pid, &status, 0));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, self->task.pid, 0, 0));
}

TEST_F(task, scheduling_and_limits)
{
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	EXPECT_ALLOWED(&self->task, nice_own);
	EXPECT_REFUSED(&self->task, nice_outside, EPERM);
	EXPECT_REFUSED(&self->task, scheduler_outside, EPERM);
	EXPECT_REFUSED(&self->task, affinity_outside, EPERM);
	EXPECT_REFUSED(&self->task, limit_outside, EPERM);
}

TEST_F(task, system_v)
{
	shm_id = shmget(KEY, 4096, IPC_CREAT | 0666);
	sem_id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0666);
	msg_id = msgget(IPC_PRIVATE, IPC_CREAT | 0666);
	ASSERT_LE(0, shm_id);
	ASSERT_LE(0, sem_id);
	ASSERT_LE(0, msg_id);
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	EXPECT_ALLOWED(&self->task, shm_own);
	EXPECT_REFUSED(&self->task, shm_outside, EACCES);
	EXPECT_REFUSED(&self->task, shm_attach, EACCES);
	EXPECT_REFUSED(&self->task, shm_remove, EPERM);
	EXPECT_REFUSED(&self->task, sem_outside, EACCES);
	EXPECT_REFUSED(&self->task, sem_remove, EPERM);
	EXPECT_REFUSED(&self->task, msg_outside, EACCES);
	EXPECT_REFUSED(&self->task, msg_remove, EPERM);
	EXPECT_EQ(0, shmctl(shm_id, IPC_RMID, NULL));
	EXPECT_EQ(0, semctl(sem_id, 0, IPC_RMID));
	EXPECT_EQ(0, msgctl(msg_id, IPC_RMID, NULL));
}

TEST_F(task, posix_queues)
{
	mqd_t queue = mq_open("/coconut_outside", O_RDWR | O_CREAT, 0666, NULL);

	ASSERT_LE(0, queue);
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	/* Its limits are asked for with CAP_SYS_RESOURCE, and lower without: recorded. */
	EXPECT_EQ(0, run(&self->task, queue_own));
	EXPECT_REFUSED(&self->task, queue_outside, EPERM);
	EXPECT_REFUSED(&self->task, queue_unlink, EPERM);
	mq_close(queue);
	EXPECT_EQ(0, mq_unlink("/coconut_outside"));
}

/* An agent and its child: the parent may signal where a capability says so. */
static pid_t child_pid;

static long start_child(void)
{
	static struct agent_task child;
	struct bytes none = {};
	int err = start(&child, &none, 0);

	child_pid = child.pid;
	return err;
}

static long signal_child(void) { return done(kill(child_pid, SIGCONT)); }

TEST_F(task, signal_capability)
{
	cap_agents(&self->caps, AGENT_WHO_CHILDREN, AGENT_AGENT_SPAWN | AGENT_AGENT_SIGNAL);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	EXPECT_ALLOWED(&self->task, start_child);
	EXPECT_ALLOWED(&self->task, signal_child);
	EXPECT_REFUSED(&self->task, signal_outside, EPERM);
}

TEST_F(task, child_without_capability)
{
	cap_agents(&self->caps, AGENT_WHO_CHILDREN, AGENT_AGENT_SPAWN);
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
	EXPECT_ALLOWED(&self->task, start_child);
	EXPECT_REFUSED(&self->task, signal_child, EPERM);
}

TEST_F(task, spawn_needs_its_capability)
{
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	EXPECT_REFUSED(&self->task, start_child, EPERM);
}

TEST_HARNESS_MAIN
