// SPDX-License-Identifier: Apache-2.0
/*
 * coconutd - PID 1
 *
 * All that must not fail stands here; all that may fail is the daemon's, a
 * child that this program starts again whenever it ends. If PID 1 dies the
 * kernel panics, so nothing here allocates memory, parses input longer than a
 * byte (but for the kernel's own mount table), or waits without a bound.
 *
 * The daemon holds descriptor 3, the writing end of a pipe. One byte is one
 * command: '+' ready, 'P' power off, 'R' reboot, 'H' halt. The same three ends
 * are reached by signals, for the time when there is no daemon: SIGUSR2 and
 * SIGPWR power off, SIGTERM and SIGINT (Ctrl-Alt-Del) reboot, SIGUSR1 halts.
 *
 * The kernel turns unknown words NAME=VALUE of its command line into the
 * environment of PID 1. coconut_daemon=PATH names another program to run as
 * the daemon: coconut_daemon=/bin/sh is the way into a system that does not
 * come up.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_FD		3
#define BACKOFF_FIRST_MS	50
#define BACKOFF_MAX_MS		800	/* "back within a second", start-up of fork and exec included */
#define LIVED_WELL_MS		10000	/* a daemon that ran this long did not die of starting */
#define DAEMON_STOP_MS		20000	/* it ends the services and writes out the chain */
#define TERM_MS			3000
#define KILL_MS			3000
#define ENV_MAX			32
#define UMOUNT_PASSES		4

extern char **environ;

struct mount_row {
	const char *fstype;
	const char *target;
	unsigned long flags;
	const char *data;
	mode_t mode;			/* of the directory, made when missing */
};

/* In order: a row may stand on one above it. */
static const struct mount_row mounts[] = {
	{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, 0555 },
	{ "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, 0555 },
	{ "devtmpfs", "/dev", MS_NOSUID, "mode=0755", 0755 },
	{ "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=666", 0755 },
	{ "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777", 01777 },
	{ "tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755", 0755 },
	{ "cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, 0755 },
	{ "securityfs", "/sys/kernel/security", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, 0755 },
	{ "pstore", "/sys/fs/pstore", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, 0750 },
	{ "agentfs", "/agent", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, 0755 },
};

struct ending {
	char command;
	int signal, signal2;
	int how;			/* of reboot(2) */
	const char *name;
};

static const struct ending endings[] = {
	{ 'P', SIGUSR2, SIGPWR, RB_POWER_OFF, "power off" },
	{ 'R', SIGTERM, SIGINT, RB_AUTOBOOT, "reboot" },
	{ 'H', SIGUSR1, 0, RB_HALT_SYSTEM, "halt" },
};

static struct {
	pid_t pid;			/* 0: not running */
	long long started_ms;
	long long next_ms;		/* when to start it again */
	unsigned int failures;		/* in a row, without having lived well */
	bool ready;
} service;

static int control[2] = { -1, -1 };
static int signals = -1;
static int kmsg = -1;

/* To the kernel's log, which is the one place that is there before any disk. */
static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	char line[256];
	va_list ap;
	int n;

	n = snprintf(line, sizeof(line), "<5>coconutd: ");
	va_start(ap, format);
	n += vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, ap);
	va_end(ap);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	if (kmsg >= 0 && write(kmsg, line, (size_t)n) == n)
		return;
	/* Nobody is left to tell when this fails too. */
	if (write(STDERR_FILENO, line + 3, (size_t)n - 3) < 0)
		return;
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* A file system of its own: mounting twice would hide what is there. */
static bool is_mounted(const char *target)
{
	struct stat here, parent;
	char up[64];

	snprintf(up, sizeof(up), "%s/..", target);
	return !stat(target, &here) && !stat(up, &parent) && here.st_dev != parent.st_dev;
}

static void mount_all(void)
{
	const struct mount_row *m;

	for (m = mounts; m < mounts + sizeof(mounts) / sizeof(*mounts); m++) {
		/* On a read-only root the directory is there or the mount fails, and says so. */
		mkdir(m->target, m->mode);
		if (is_mounted(m->target))
			continue;
		/* A kernel that lacks one still boots to where it can be looked at. */
		if (mount(m->fstype, m->target, m->fstype, m->flags, m->data))
			say("mount %s on %s: %s", m->fstype, m->target, strerror(errno));
	}
}

static void open_console(void)
{
	int fd;

	fd = open("/dev/console", O_RDWR | O_NOCTTY);
	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	/* With neither, children start without descriptors 0 to 2 and this goes on. */
	for (int i = 0; fd >= 0 && i <= STDERR_FILENO; i++)
		if (fd != i && fcntl(i, F_GETFD) < 0)
			dup2(fd, i);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* The child's side of start_daemon(): ends in exec or exit. */
static void exec_daemon(void)
{
	static char *const fallback[] = {
		"/usr/bin/python3", "-I", "-B", "-m", "pycoconut.daemon", NULL
	};
	char *env[ENV_MAX + 1] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root", "LANG=C.UTF-8", "TERM=linux",
	};
	char *other[2] = { getenv("coconut_daemon"), NULL };
	char *const *argv = other[0] ? other : fallback;
	sigset_t none;
	int n = 4;

	for (char **e = environ; *e && n < ENV_MAX; e++)
		if (!strncmp(*e, "coconut_", 8))
			env[n++] = *e;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (dup2(control[1], CONTROL_FD) < 0)
		_exit(126);
	if (syscall(SYS_close_range, CONTROL_FD + 1, ~0U, 0))
		_exit(126);
	execve(argv[0], argv, env);
	_exit(127);
}

static unsigned int backoff_ms(unsigned int failures)
{
	unsigned int ms = BACKOFF_FIRST_MS;

	while (failures-- > 1 && ms < BACKOFF_MAX_MS)
		ms *= 2;
	return ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS;
}

static void daemon_failed(void)
{
	service.pid = 0;
	service.ready = false;
	service.failures++;
	service.next_ms = now_ms() + backoff_ms(service.failures);
}

static void start_daemon(void)
{
	pid_t pid = fork();

	if (!pid)
		exec_daemon();
	if (pid < 0) {
		say("fork: %s", strerror(errno));
		daemon_failed();
		return;
	}
	service.pid = pid;
	service.started_ms = now_ms();
}

static void daemon_ended(int status)
{
	if (WIFSIGNALED(status))
		say("the daemon was ended by signal %d", WTERMSIG(status));
	else
		say("the daemon ended with status %d%s", WEXITSTATUS(status),
		    WEXITSTATUS(status) == 127 ? " (cannot be executed)" : "");
	if (now_ms() - service.started_ms >= LIVED_WELL_MS)
		service.failures = 0;
	daemon_failed();
}

/* Returns false when there is no child left at all. */
static bool reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != service.pid)
			continue;
		daemon_ended(status);
	}
	return pid == 0 || errno != ECHILD;
}

static const struct ending *read_signals(void)
{
	struct signalfd_siginfo info;
	const struct ending *found = NULL;

	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		int sig = (int)info.ssi_signo;

		for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++)
			if (sig == endings[i].signal || sig == endings[i].signal2)
				found = &endings[i];
	}
	return found;
}

static const struct ending *read_commands(void)
{
	const struct ending *found = NULL;
	char byte;

	while (read(control[0], &byte, 1) == 1) {
		size_t i;

		if (byte == '+') {
			service.ready = true;
			say("the daemon is ready after %lld ms", now_ms() - service.started_ms);
			continue;
		}
		for (i = 0; i < sizeof(endings) / sizeof(*endings); i++)
			if (byte == endings[i].command)
				break;
		if (i < sizeof(endings) / sizeof(*endings))
			found = &endings[i];
		else
			say("the daemon sent an unknown command (%u)", (unsigned char)byte);
	}
	return found;
}

/* Waits for a signal or a command, at most ms milliseconds (-1: no bound). */
static void wait_event(int ms)
{
	struct pollfd fds[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = control[0], .events = POLLIN },
	};

	poll(fds, 2, ms);
}

static const struct ending *supervise(void)
{
	const struct ending *end, *command;

	for (;;) {
		long long left = service.next_ms - now_ms();

		if (!service.pid && left <= 0)
			start_daemon();
		left = service.next_ms - now_ms();
		wait_event(service.pid ? -1 : left > 0 ? (int)left : 0);
		end = read_signals();
		command = read_commands();
		reap();
		if (command || end)
			return command ? command : end;
	}
}

static void drain_events(void)
{
	read_signals();
	read_commands();
}

/* The daemon goes first: it knows the services, and writes out what the chain holds. */
static void stop_daemon(void)
{
	long long deadline = now_ms() + DAEMON_STOP_MS;

	if (service.pid)
		kill(service.pid, SIGTERM);
	while (service.pid && now_ms() < deadline) {
		wait_event((int)(deadline - now_ms()));
		drain_events();
		reap();
	}
	if (service.pid) {
		say("the daemon does not end; killing it");
		kill(service.pid, SIGKILL);
	}
}

/* Returns true when no process is left. */
static bool stop_all(int sig, int ms)
{
	long long deadline = now_ms() + ms;

	if (kill(-1, sig) && errno == ESRCH)
		return !reap();
	while (reap()) {
		long long left = deadline - now_ms();

		if (left <= 0)
			return false;
		/* Processes of another parent end without a signal to us: look again soon. */
		wait_event(left < 50 ? (int)left : 50);
		drain_events();
	}
	return true;
}

/* The mount table writes blank, tab, newline and backslash as \ooo. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

/* One pass over the mount table from its end; returns how many went away. */
static int umount_pass(void)
{
	static char table[65536];
	char *line, *target, *stop;
	ssize_t n, used = 0;
	int fd, gone = 0;

	fd = open("/proc/self/mounts", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while (used < (ssize_t)sizeof(table) - 1 &&
	       (n = read(fd, table + used, sizeof(table) - 1 - (size_t)used)) > 0)
		used += n;
	close(fd);
	table[used] = '\0';
	while (used > 0) {
		table[--used] = '\0';
		line = memrchr(table, '\n', (size_t)used);
		line = line ? line + 1 : table;
		used = line - table;
		target = strchr(line, ' ');
		stop = target ? strchr(target + 1, ' ') : NULL;
		if (!stop)
			continue;
		*stop = '\0';
		unescape(++target);
		/* /proc is needed to look again, and / is made read-only below. */
		if (!strcmp(target, "/") || !strcmp(target, "/proc"))
			continue;
		if (!umount2(target, UMOUNT_NOFOLLOW))
			gone++;
	}
	return gone;
}

static void umount_all(void)
{
	sync();
	for (int i = 0; i < UMOUNT_PASSES && umount_pass(); i++)
		;
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL))
		say("/ stays writable: %s", strerror(errno));
	sync();
}

static void __attribute__((noreturn)) finish(const struct ending *end)
{
	say("%s", end->name);
	stop_daemon();
	if (!stop_all(SIGTERM, TERM_MS) && !stop_all(SIGKILL, KILL_MS))
		say("some processes do not end");
	umount_all();
	say("%s now", end->name);
	reboot(end->how);
	/* A halted machine, or a kernel that refused: PID 1 stays all the same. */
	for (;;) {
		wait_event(-1);
		drain_events();
		reap();
	}
}

static void set_up_events(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (pipe2(control, O_CLOEXEC | O_NONBLOCK))
		say("pipe: %s", strerror(errno));
	/* Else the kernel itself would reboot at once, without a sync. */
	reboot(RB_DISABLE_CAD);
}

int main(void)
{
	if (getpid() != 1) {
		fprintf(stderr, "coconutd is PID 1 of Coconut OS; ask it through `coconut`\n");
		return 64;
	}
	umask(022);
	if (chdir("/"))
		return 1;
	mount_all();
	open_console();
	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	set_up_events();
	say("starting");
	finish(supervise());
}
