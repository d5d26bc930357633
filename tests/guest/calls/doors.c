// SPDX-License-Identifier: Apache-2.0
/*
 * doors MANIFEST FILE32: enters an agent and makes marked calls by other doors than the
 * one that programs take: numbers of other tables, instructions of 32-bit programs, the
 * page of old time calls, and what a tracer or a supervisor lets through. FILE32 looks
 * like a 32-bit program. A marked call is getppid(2) with a word that says which door it
 * is. Prints what became of each door, a line each.
 */
#include "agent_call.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#define MARK		0xd00c0000UL
#define X32		0x40000000L
#define GETPPID_32	64
#define CODE32_SEGMENT	0x23
#define VSYSCALL_TIME	0xffffffffff600400UL
#define PAGE		4096

enum door {
	BY_X32, BY_WIDE, BY_NONE, BY_INT80, BY_CODE32, BY_CODE32_CALL, BY_SYSENTER, BY_TRACE,
	BY_TRAP, BY_NOTIFY, BY_EMULATION, BY_FORK_EVENT, AFTER_ALL,
};

/* ---- what becomes of a child ---- */

static pid_t begin(void (*body)(void))
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		body();
		_exit(0);
	}
	return pid;
}

static void tell(const char *door, void (*body)(void))
{
	pid_t pid = begin(body);
	int status;

	if (waitpid(pid, &status, 0) != pid)
		die("wait");
	printf("%s %s\n", door, WIFSIGNALED(status) ? "killed" : "made");
	fflush(stdout);
}

/* ---- numbers ---- */

static long call(long nr, enum door door)
{
	long result = nr;

	asm volatile("syscall" : "+a"(result) : "D"(MARK + door), "S"(0L), "d"(0L)
		     : "memory", "rcx", "r11");
	return result;
}

static void numbers(void)
{
	printf("x32 %ld\n", call(X32 | SYS_getppid, BY_X32));
	printf("wide %s\n", call(1L << 32 | SYS_getppid, BY_WIDE) < 0 ? "refused" : "made");
	printf("none %ld\n", call(-1, BY_NONE));
	fflush(stdout);
}

/* ---- instructions ---- */

/* The first argument by either table. */
static void by_int80(void)
{
	long result = GETPPID_32;

	asm volatile("int $0x80" : "+a"(result)
		     : "b"(MARK + BY_INT80), "D"(MARK + BY_INT80), "S"(0L), "d"(0L)
		     : "memory", "r8", "r9", "r10", "r11");
}

static void by_sysenter(void)
{
	asm volatile("sysenter" :: "a"(GETPPID_32), "b"(MARK + BY_SYSENTER),
		     "D"(MARK + BY_SYSENTER) : "memory");
}

/* Goes on in the segment of 32-bit programs, which each task has. */
static void in_code32(const unsigned char *code, size_t len, enum door door)
{
	struct { uint32_t offset; uint32_t segment; } to = { .segment = CODE32_SEGMENT };
	void *low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (low == MAP_FAILED)
		die("mmap");
	memcpy(low, code, len);
	to.offset = (uintptr_t)low;
	asm volatile("ljmp *%0" :: "m"(to), "a"(GETPPID_32), "b"(MARK + door), "D"(MARK + door),
		     "S"(0L), "d"(0L) : "memory");
}

static void by_code32(void)
{
	static const unsigned char code[] = { 0xcd, 0x80, 0x0f, 0x0b };	/* int 0x80; ud2 */

	in_code32(code, sizeof(code), BY_CODE32);
}

static void by_code32_call(void)
{
	static const unsigned char code[] = { 0x0f, 0x05, 0x0f, 0x0b };	/* syscall; ud2 */

	in_code32(code, sizeof(code), BY_CODE32_CALL);
}

static void by_vsyscall(void)
{
	long (*old_time)(long *) = (void *)VSYSCALL_TIME;

	old_time(NULL);
}

static void instructions(const char *file32)
{
	char *argv[] = { (char *)file32, NULL };

	tell("int80", by_int80);
	tell("code32", by_code32);
	tell("code32-call", by_code32_call);
	tell("sysenter", by_sysenter);
	tell("vsyscall", by_vsyscall);
	execv(file32, argv);
	printf("file32 %d\n", errno);
	fflush(stdout);
}

/* ---- who stands between ---- */

/* getuid() gets an answer of the filter, everything else passes. */
static int filter_getuid(unsigned int answer, unsigned int flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getuid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = 4, .filter = code };
	int fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("no new privileges");
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
	if (fd < 0)
		die("seccomp");
	return fd;
}

static void traced(void)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
}

static void filtered_for_tracer(void)
{
	traced();
	filter_getuid(SECCOMP_RET_TRACE, 0);
	syscall(SYS_getuid, MARK + BY_TRACE);
	syscall(SYS_getuid, MARK + BY_TRACE);
}

static void tracee_go_on(pid_t pid, int how, int *status)
{
	if (ptrace(how, pid, 0, 0) || waitpid(pid, status, 0) != pid)
		die("trace");
}

static void tracee_set_number(pid_t pid, long nr)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, 0, &regs))
		die("registers");
	regs.orig_rax = nr;
	if (ptrace(PTRACE_SETREGS, pid, 0, &regs))
		die("registers");
}

/* At the filter's word the tracer makes getppid() of the first, and nothing of the second. */
static void by_filter_and_tracer(void)
{
	pid_t pid = begin(filtered_for_tracer);
	int status;

	waitpid(pid, &status, 0);
	if (ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESECCOMP))
		die("options");
	tracee_go_on(pid, PTRACE_CONT, &status);
	tracee_set_number(pid, SYS_getppid);
	tracee_go_on(pid, PTRACE_CONT, &status);
	tracee_set_number(pid, -1);
	tracee_go_on(pid, PTRACE_CONT, &status);
}

static void trap_handler(int unused)
{
	(void)unused;
	call(SYS_getppid, BY_TRAP);
}

static void by_trap(void)
{
	signal(SIGSYS, trap_handler);
	filter_getuid(SECCOMP_RET_TRAP, 0);
	syscall(SYS_getuid, MARK + BY_TRAP);
}

/* By which the child tells the number of its listener. */
static int listener_pipe[2];

static void notifying(void)
{
	int fd = filter_getuid(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);

	if (write(listener_pipe[1], &fd, sizeof(fd)) != sizeof(fd))
		die("listener");
	syscall(SYS_getuid, MARK + BY_NOTIFY);
}

static void by_notify(void)
{
	struct seccomp_notif asked = { 0 };
	struct seccomp_notif_resp answer = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	int theirs, fd, pidfd;
	pid_t pid;

	if (pipe(listener_pipe))
		die("pipe");
	pid = begin(notifying);
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (read(listener_pipe[0], &theirs, sizeof(theirs)) != sizeof(theirs))
		die("listener");
	fd = syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
	if (fd < 0 || ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &asked))
		die("notice");
	answer.id = asked.id;
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer))
		die("answer");
	waitpid(pid, NULL, 0);
}

static void emulated(void)
{
	traced();
	call(SYS_getppid, BY_EMULATION);
}

/* The tracer takes the call, which is not made. */
static void by_emulation(void)
{
	pid_t pid = begin(emulated);
	int status;

	waitpid(pid, &status, 0);
	/* User-Mode Linux has it not. */
	if (ptrace(PTRACE_SYSEMU, pid, 0, 0))
		printf("emulation none\n");
	else if (waitpid(pid, &status, 0) == pid)
		printf("emulation taken\n");
	fflush(stdout);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static void forking(void)
{
	traced();
	if (!fork())
		_exit(0);
	wait(NULL);
	call(SYS_getppid, BY_FORK_EVENT);
}

/* In the middle of fork() the tracer writes another number over that of the call. */
static void by_fork_event(void)
{
	pid_t pid = begin(forking);
	unsigned long child;
	int status;

	waitpid(pid, &status, 0);
	if (ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEFORK))
		die("options");
	tracee_go_on(pid, PTRACE_CONT, &status);
	if (ptrace(PTRACE_GETEVENTMSG, pid, 0, &child))
		die("child");
	tracee_set_number(pid, SYS_getppid);
	waitpid(child, &status, __WALL);
	if (ptrace(PTRACE_DETACH, child, 0, 0) || ptrace(PTRACE_DETACH, pid, 0, 0))
		die("detach");
	waitpid(pid, &status, 0);
}

static void all_doors(const char *file32)
{
	numbers();
	instructions(file32);
	by_filter_and_tracer();
	tell("trap", by_trap);
	by_notify();
	by_emulation();
	by_fork_event();
	call(SYS_getppid, AFTER_ALL);
}

int main(int argc, char **argv)
{
	struct blob manifest;

	if (argc != 3)
		return 2;
	manifest = blob_read(argv[1]);
	agent_enter(&manifest);
	all_doors(argv[2]);
	return 0;
}
