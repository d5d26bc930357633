// SPDX-License-Identifier: Apache-2.0
/*
 * calls MANIFEST: enters an agent and makes marked system calls in every way that a
 * task could hope not to be seen in. A marked call is getppid(2), which takes no
 * arguments, with one that says which way it is. Prints what became of the ways that
 * the machine may not have.
 */
#include "agent_call.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#define MARK		0xc0c00000UL
#define STACK		65536
#define THREADS		4
#define EACH		250
#define EXIT_CODE	77

enum way {
	DIRECT, FORKED, VFORKED, THREAD, UNTRACED, SIBLING, EXECUTED, BY_DESCRIPTOR, IN_HANDLER,
	AFTER_HANDLER, BY_TRACER, FILTERED, DISPATCHED, FROM_THREAD, RESTARTED, AT_ONCE,
};

static char self[256];
static volatile sig_atomic_t handled;

static void mark(enum way way)
{
	syscall(SYS_getppid, MARK + way);
}

static void reap(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, __WALL) != pid)
		die("wait");
}

/* ---- other tasks ---- */

static int marked_task(void *way)
{
	mark((long)way);
	return 0;
}

static pid_t begin(int (*body)(void *), enum way way, int flags)
{
	char *stack = malloc(STACK);

	if (!stack)
		die("malloc");
	return clone(body, stack + STACK, flags, (void *)(long)way);
}

static void forked(void)
{
	pid_t pid = fork();

	if (!pid) {
		mark(FORKED);
		_exit(EXIT_CODE);
	}
	reap(pid);
}

static void vforked(void)
{
	pid_t pid = vfork();

	if (!pid) {
		mark(VFORKED);
		_exit(0);
	}
	reap(pid);
}

static int marked_thread(void *way)
{
	mark((long)way);
	__atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_exit, 0);
	return 0;
}

static void await(int count)
{
	while (__atomic_load_n(&handled, __ATOMIC_SEQ_CST) < count)
		usleep(1000);
}

#define THREAD_FLAGS	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | \
			 CLONE_SYSVSEM)

static void threads(void)
{
	handled = 0;
	if (begin(marked_thread, THREAD, THREAD_FLAGS) < 0)
		die("clone");
	await(1);
	reap(begin(marked_task, UNTRACED, CLONE_VM | CLONE_UNTRACED | SIGCHLD));
	if (begin(marked_task, SIBLING, CLONE_PARENT | SIGCHLD) < 0)
		die("clone");
}

static int marks_many(void *way)
{
	for (int i = 0; i < EACH; i++)
		mark((long)way);
	return 0;
}

static void at_once(void)
{
	pid_t pids[THREADS];

	for (int i = 0; i < THREADS; i++)
		pids[i] = begin(marks_many, AT_ONCE, CLONE_VM | SIGCHLD);
	for (int i = 0; i < THREADS; i++)
		reap(pids[i]);
}

/* ---- other programs ---- */

static char *word_of(enum way way)
{
	static char word[8];

	snprintf(word, sizeof(word), "%d", way);
	return word;
}

static void executed(void)
{
	char *argv[] = { self, "mark", word_of(EXECUTED), NULL };
	pid_t pid = fork();

	if (!pid) {
		execv(self, argv);
		_exit(1);
	}
	reap(pid);
}

static void by_descriptor(void)
{
	char *argv[] = { self, "mark", word_of(BY_DESCRIPTOR), NULL };
	int fd = open(self, O_RDONLY | O_CLOEXEC);
	pid_t pid = fork();

	if (!pid) {
		fexecve(fd, argv, environ);
		_exit(1);
	}
	reap(pid);
	close(fd);
}

static int executing_thread(void *unused)
{
	char *argv[] = { self, "mark", word_of(FROM_THREAD), NULL };

	(void)unused;
	execv(self, argv);
	return 1;
}

static void from_thread(void)
{
	pid_t pid = fork();

	if (!pid) {
		begin(executing_thread, FROM_THREAD, THREAD_FLAGS);
		pause();
	}
	reap(pid);
}

/* ---- signals ---- */

static void handler(int unused)
{
	(void)unused;
	mark(IN_HANDLER);
}

static void handlers(void)
{
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	mark(AFTER_HANDLER);
}

/* A sleep that is broken off by a stop goes on with restart_syscall(2). */
static void restarted(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		usleep(400000);
		mark(RESTARTED);
		_exit(0);
	}
	usleep(100000);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	reap(pid);
}

/* ---- who may change a call ---- */

static void traced(void)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	syscall(SYS_getuid, 1, 2, 3);
	_exit(0);
}

/* The tracer makes getppid() of the tracee's getuid(). */
static void by_tracer(void)
{
	struct user_regs_struct regs;
	pid_t pid = fork();
	int status;

	if (!pid)
		traced();
	waitpid(pid, &status, 0);
	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, 0, 0) || waitpid(pid, &status, 0) != pid)
			die("ptrace");
		if (!WIFSTOPPED(status))
			return;
		if (ptrace(PTRACE_GETREGS, pid, 0, &regs))
			die("registers");
		if (regs.orig_rax != SYS_getuid)
			continue;
		regs.orig_rax = SYS_getppid;
		regs.rdi = MARK + BY_TRACER;
		if (ptrace(PTRACE_SETREGS, pid, 0, &regs))
			die("registers");
	}
}

/* A filter that lets everything pass, but fails getuid(). */
static void filtered(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getuid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = 4, .filter = code };
	pid_t pid = fork();

	if (!pid) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
			die("seccomp");
		syscall(SYS_getuid, MARK);
		mark(FILTERED);
		_exit(0);
	}
	reap(pid);
}

static void dispatched(void)
{
	static char selector = SYSCALL_DISPATCH_FILTER_ALLOW;
	int none = prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector);

	mark(DISPATCHED);
	printf("dispatch %s\n", none ? "none" : "on");
}

/* The entry of 32-bit programs: getppid() is 64 there. */
static void by_interrupt(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		long result = 64;

		asm volatile("int $0x80" : "+a"(result) : "b"(MARK) : "memory", "r8", "r9", "r10",
			     "r11");
		_exit(0);
	}
	waitpid(pid, &status, 0);
	printf("int80 %s\n", WIFSIGNALED(status) ? "killed" : "made");
}

static void all_ways(void)
{
	mark(DIRECT);
	forked();
	vforked();
	threads();
	executed();
	by_descriptor();
	from_thread();
	handlers();
	restarted();
	by_tracer();
	filtered();
	dispatched();
	at_once();
	by_interrupt();
}

int main(int argc, char **argv)
{
	struct blob manifest;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		die("where am I");
	if (argc == 3 && !strcmp(argv[1], "mark")) {
		mark(atoi(argv[2]));
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "inside")) {
		all_ways();
		return 0;
	}
	manifest = blob_read(argv[1]);
	agent_enter(&manifest);
	execl(self, self, "inside", NULL);
	die("exec");
}
