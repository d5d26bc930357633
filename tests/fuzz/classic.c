// SPDX-License-Identifier: Apache-2.0
/*
 * The calls that any program makes, from inside an agent: a row each, an argument a
 * kind. Run in a process of its own, which may spoil itself.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Newer than the oldest C library that this is built with. */
#ifndef SYS_lsm_get_self_attr
#define SYS_lsm_get_self_attr	459
#define SYS_lsm_set_self_attr	460
#define SYS_lsm_list_modules	461
#endif

enum arg {
	NONE,
	FD,
	PATH,
	BUF,		/* memory that may be written */
	AREA,		/* memory whose protection may change */
	LEN,
	BITS,		/* flags of any sort */
	SMALL,		/* a command, an option, a family */
	ODD,
	PID,
	SIG,
	SOCK,		/* an address of a socket, by pointer */
	OFLAGS,
	MODE,
	ZERO,
	HERE,		/* AT_FDCWD */
	IOCTL,
	TRACE,
};

enum result { ANY, NEW_FD };

struct row {
	int nr;
	enum result result;
	enum arg args[6];
};

#define CALL(name, ...)		{ SYS_##name, ANY, { __VA_ARGS__ } }
#define OPENS(name, ...)	{ SYS_##name, NEW_FD, { __VA_ARGS__ } }

static const struct row rows[] = {
	/* files by name */
	OPENS(openat, HERE, PATH, OFLAGS, MODE),
	OPENS(openat, FD, PATH, OFLAGS, MODE),
	OPENS(open, PATH, OFLAGS, MODE),
	OPENS(openat2, FD, PATH, BUF, LEN),
	OPENS(creat, PATH, MODE),
	CALL(renameat2, HERE, PATH, HERE, PATH, SMALL),
	CALL(linkat, HERE, PATH, HERE, PATH, BITS),
	CALL(symlinkat, PATH, HERE, PATH),
	CALL(unlinkat, HERE, PATH, BITS),
	CALL(unlink, PATH),
	CALL(mkdirat, HERE, PATH, MODE),
	CALL(rmdir, PATH),
	CALL(mknodat, HERE, PATH, MODE, SMALL),
	CALL(truncate, PATH, LEN),
	CALL(fchmodat, HERE, PATH, MODE),
	CALL(fchownat, HERE, PATH, SMALL, SMALL, ZERO),
	CALL(utimensat, HERE, PATH, ZERO, ZERO),
	CALL(setxattr, PATH, PATH, BUF, LEN, ZERO),
	CALL(getxattr, PATH, PATH, BUF, LEN),
	CALL(listxattr, PATH, BUF, LEN),
	CALL(readlinkat, HERE, PATH, BUF, LEN),
	CALL(faccessat2, HERE, PATH, SMALL, BITS),
	CALL(statx, HERE, PATH, BITS, BITS, BUF),
	CALL(statfs, PATH, BUF),
	CALL(chdir, PATH),
	CALL(chroot, PATH),
	CALL(pivot_root, PATH, PATH),
	CALL(mount, PATH, PATH, PATH, BITS, ZERO),
	CALL(umount2, PATH, BITS),
	OPENS(fsopen, PATH, SMALL),
	OPENS(open_tree, HERE, PATH, BITS),
	CALL(move_mount, FD, PATH, HERE, PATH, BITS),
	CALL(mount_setattr, HERE, PATH, BITS, BUF, LEN),
	CALL(name_to_handle_at, HERE, PATH, BUF, BUF, ZERO),
	OPENS(open_by_handle_at, FD, BUF, OFLAGS),
	CALL(swapon, PATH, BITS),
	CALL(acct, PATH),
	CALL(execveat, FD, PATH, ZERO, ZERO, BITS),

	/* files by descriptor */
	CALL(read, FD, BUF, LEN),
	CALL(pread64, FD, BUF, LEN, ODD),
	CALL(write, FD, BUF, LEN),
	CALL(pwrite64, FD, BUF, LEN, LEN),
	CALL(lseek, FD, ODD, SMALL),
	CALL(ftruncate, FD, LEN),
	CALL(fallocate, FD, SMALL, LEN, LEN),
	CALL(fchmod, FD, MODE),
	CALL(fchown, FD, SMALL, SMALL),
	CALL(fsetxattr, FD, PATH, BUF, LEN, ZERO),
	CALL(getdents64, FD, BUF, LEN),
	CALL(fchdir, FD),
	CALL(fsync, FD),
	CALL(flock, FD, SMALL),
	CALL(fcntl, FD, SMALL, SMALL),
	CALL(ioctl, FD, IOCTL, BUF),
	CALL(sendfile, FD, FD, ZERO, LEN),
	CALL(splice, FD, ZERO, FD, ZERO, LEN, BITS),
	CALL(copy_file_range, FD, ZERO, FD, ZERO, LEN, ZERO),
	OPENS(dup, FD),
	CALL(close, FD),
	CALL(pipe2, BUF, BITS),

	/* memory: inside one slot only, the rest is the fuzzer's own */
	CALL(mmap, ZERO, LEN, SMALL, BITS, FD, ZERO),
	CALL(mprotect, AREA, LEN, SMALL),
	CALL(madvise, AREA, LEN, SMALL),
	CALL(msync, AREA, LEN, SMALL),
	CALL(mlock2, AREA, LEN, SMALL),
	OPENS(memfd_create, PATH, SMALL),
	OPENS(memfd_secret, ZERO),
	OPENS(userfaultfd, BITS),
	CALL(process_vm_readv, PID, BUF, SMALL, BUF, SMALL, ZERO),
	CALL(process_vm_writev, PID, BUF, SMALL, BUF, SMALL, ZERO),

	/* sockets */
	OPENS(socket, SMALL, SMALL, SMALL),
	CALL(socketpair, SMALL, SMALL, ZERO, BUF),
	CALL(bind, FD, SOCK, SMALL),
	CALL(connect, FD, SOCK, SMALL),
	CALL(listen, FD, SMALL),
	OPENS(accept4, FD, ZERO, ZERO, BITS),
	CALL(sendto, FD, BUF, LEN, BITS, SOCK, SMALL),
	CALL(sendmsg, FD, BUF, BITS),
	CALL(recvfrom, FD, BUF, LEN, BITS, ZERO, ZERO),
	CALL(recvmsg, FD, BUF, BITS),
	CALL(setsockopt, FD, SMALL, SMALL, BUF, SMALL),
	CALL(getsockopt, FD, SMALL, SMALL, BUF, BUF),
	CALL(getsockname, FD, BUF, BUF),
	CALL(getpeername, FD, BUF, BUF),
	CALL(shutdown, FD, SMALL),

	/* other tasks */
	CALL(kill, PID, SIG),
	CALL(tgkill, PID, PID, SIG),
	CALL(rt_sigqueueinfo, PID, SIG, BUF),
	OPENS(pidfd_open, PID, ZERO),
	OPENS(pidfd_getfd, FD, SMALL, ZERO),
	CALL(pidfd_send_signal, FD, SIG, ZERO, ZERO),
	CALL(kcmp, PID, PID, SMALL, SMALL, SMALL),
	CALL(ptrace, TRACE, PID, BUF, BUF),
	CALL(setpriority, SMALL, PID, SMALL),
	CALL(sched_setscheduler, PID, SMALL, BUF),
	CALL(prlimit64, PID, SMALL, ZERO, BUF),
	CALL(migrate_pages, PID, SMALL, BUF, BUF),
	CALL(get_robust_list, PID, BUF, BUF),
	CALL(process_madvise, FD, BUF, SMALL, SMALL, ZERO),

	/* itself */
	CALL(setns, FD, BITS),
	CALL(unshare, BITS),
	CALL(prctl, SMALL, SMALL, SMALL, ZERO, ZERO),
	CALL(seccomp, SMALL, BITS, BUF),
	CALL(setresuid, SMALL, SMALL, SMALL),
	CALL(setresgid, SMALL, SMALL, SMALL),
	CALL(setgroups, SMALL, BUF),
	CALL(capset, BUF, BUF),
	CALL(personality, BITS),
	CALL(sethostname, BUF, SMALL),
	CALL(setdomainname, BUF, SMALL),
	OPENS(landlock_create_ruleset, BUF, LEN, ZERO),
	CALL(landlock_add_rule, FD, SMALL, BUF, ZERO),
	CALL(landlock_restrict_self, FD, ZERO),

	/* keys, queues, segments */
	CALL(add_key, PATH, PATH, BUF, LEN, ODD),
	CALL(request_key, PATH, PATH, ZERO, ODD),
	CALL(keyctl, SMALL, ODD, ODD, ODD, ODD),
	CALL(shmget, SMALL, LEN, BITS),
	CALL(shmat, SMALL, ZERO, BITS),
	CALL(shmctl, SMALL, SMALL, BUF),
	CALL(semget, SMALL, SMALL, BITS),
	CALL(semctl, SMALL, SMALL, SMALL, BUF),
	CALL(msgget, SMALL, BITS),
	CALL(msgsnd, SMALL, BUF, LEN, BITS),
	CALL(msgctl, SMALL, SMALL, BUF),
	OPENS(mq_open, PATH, OFLAGS, MODE, ZERO),
	CALL(mq_unlink, PATH),

	/* watchers */
	OPENS(epoll_create1, SMALL),
	CALL(epoll_ctl, FD, SMALL, FD, BUF),
	OPENS(eventfd2, SMALL, SMALL),
	OPENS(timerfd_create, SMALL, SMALL),
	OPENS(signalfd4, FD, BUF, SMALL, SMALL),
	OPENS(inotify_init1, SMALL),
	CALL(inotify_add_watch, FD, PATH, BITS),
	OPENS(fanotify_init, BITS, BITS),
	CALL(fanotify_mark, FD, BITS, BITS, HERE, PATH),
	OPENS(io_uring_setup, SMALL, BUF),
	CALL(io_uring_register, FD, SMALL, BUF, SMALL),
	CALL(io_setup, SMALL, BUF),

	/* the kernel's own */
	OPENS(bpf, SMALL, BUF, LEN),
	OPENS(perf_event_open, BUF, PID, SMALL, FD, BITS),
	CALL(init_module, BUF, LEN, BUF),
	CALL(finit_module, FD, PATH, SMALL),
	CALL(delete_module, PATH, BITS),
	CALL(kexec_load, ODD, SMALL, BUF, BITS),
	CALL(reboot, ODD, ODD, ODD, ZERO),
	CALL(syslog, SMALL, BUF, LEN),
	CALL(settimeofday, BUF, ZERO),
	CALL(clock_adjtime, SMALL, BUF),
	CALL(iopl, SMALL),
	CALL(quotactl, ODD, PATH, SMALL, BUF),
	CALL(lsm_get_self_attr, SMALL, BUF, BUF, ZERO),
	CALL(lsm_set_self_attr, SMALL, BUF, LEN, ZERO),
	CALL(lsm_list_modules, BUF, BUF, ZERO),
};

static const char *const paths[] = {
	INSIDE, INSIDE "/a", INSIDE "/b", INSIDE "/c", INSIDE "/a/x", INSIDE "/b/x", INSIDE "/a/y",
	INSIDE "/../out", PLACE "/out", PLACE "/out/f", PLACE "/link", INSIDE "/sock", INSIDE "/fifo",
	"/", "", ".", "..", "/proc/self/mem", "/proc/self/fd/3", "/proc/self/exe", "/proc/1/environ",
	"/proc/self/attr/current", "/proc/self/root/tmp", "/proc/self/ns/user", "/proc/self/ns/mnt",
	"/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/dev/null", "/dev/mem", "/dev/tty",
	"/bin/busybox", "/bin/sh", "/sys/fs/cgroup", "/sys/kernel/debug", "tmpfs", "proc", "user",
	"keyring", "user.fuzz", "security.capability", "trusted.x", "/agent", "/agent/abi",
	"/agent/audit/chain.log", "/agent/audit/head", "/agent/audit/stats", "/agent/audit/rotated/0",
	"/agent/policy/authorizers", "/agent/policy/caps/x", "/agent/policy/tenants/x",
	"/agent/graveyard", "/agent/live", "/agent/live/a:00000/status",
};

static const char *const agent_files[] = {
	"", "/status", "/manifest", "/caps", "/attestation", "/attestation/chain", "/audit",
	"/audit/tail", "/budget", "/budget/inference_tokens", "/children", "/no-such-file",
};

/* The descriptor's and the name's: which of an agent's files, by an AID that is known. */
static const char *some_path(struct worker *w)
{
	static __thread char text[2][96];
	static __thread unsigned int turn;
	char *to = text[turn++ % 2];

	if (!chance_once(&w->chance, 5))
		return paths[chance_below(&w->chance, ARRAY_SIZE(paths))];
	snprintf(to, sizeof(text[0]), "/agent/%s/a:%05llu%s",
		 chance_once(&w->chance, 4) ? "graveyard" : "live",
		 (unsigned long long)known_aid(w->shared, &w->chance),
		 agent_files[chance_below(&w->chance, ARRAY_SIZE(agent_files))]);
	return to;
}

static uint64_t some_sock(struct worker *w)
{
	union {
		struct sockaddr_un un;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} a = { 0 };

	switch (chance_below(&w->chance, 4)) {
	case 0:
		a.un.sun_family = AF_UNIX;
		snprintf(a.un.sun_path, sizeof(a.un.sun_path), "%s", some_path(w));
		break;
	case 1:
		a.un.sun_family = AF_UNIX;
		a.un.sun_path[1] = 'f';
		a.un.sun_path[2] = 'a' + chance_below(&w->chance, 4);
		break;
	case 2:
		a.in.sin_family = AF_INET;
		a.in.sin_port = htons(7000 + chance_below(&w->chance, 4));
		a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		break;
	default:
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_port = htons(7000 + chance_below(&w->chance, 4));
		a.in6.sin6_addr = in6addr_loopback;
	}
	return (uintptr_t)slot_put(&w->slots[2], &a, sizeof(a));
}

static uint64_t some_pid(struct worker *w)
{
	switch (chance_below(&w->chance, 6)) {
	case 0:
		return 1;
	case 1:
		return getppid();
	case 2:
		return 0;
	case 3:
		return getpid() + chance_below(&w->chance, 16) - 8;
	default:
		return getpid();
	}
}

/* Those that a process outlives, and now and then the last one. */
static uint64_t some_signal(struct worker *w)
{
	static const uint64_t signals[] = { 0, SIGCHLD, SIGURG, SIGWINCH, SIGCONT };

	if (chance_once(&w->chance, 64))
		return SIGKILL;
	return signals[chance_below(&w->chance, ARRAY_SIZE(signals))];
}

static uint64_t some_ioctl(struct worker *w)
{
	static const uint64_t commands[] = {
		AGENT_IOC_PERSISTED, AGENT_IOC_LINK, AGENT_IOC_GAP, AGENT_IOC_CLOSE, AGENT_IOC_SEAL, FIONREAD, FIOCLEX,
		TCGETS, TIOCSTI, TIOCSCTTY, FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FIFREEZE, FICLONE,
		BLKGETSIZE64, SIOCATMARK, 0x8910, 0x8914, 0xae00, 0x5414,
	};

	if (chance_once(&w->chance, 8))
		return chance_next(&w->chance) & UINT32_MAX;
	return commands[chance_below(&w->chance, ARRAY_SIZE(commands))];
}

static uint64_t some_buffer(struct worker *w)
{
	struct slot *slot = &w->slots[1 + chance_below(&w->chance, 2)];
	uint8_t *at = slot_put(slot, NULL, chance_below(&w->chance, 8192));

	if (chance_once(&w->chance, 16))
		return chance_odd(&w->chance);
	if ((size_t)(at - slot->start) + 64 < slot->room)
		for (unsigned int i = 0; i < 64; i += 8)
			memcpy(at + i, &(uint64_t){ chance_odd(&w->chance) }, 8);
	return (uintptr_t)at;
}

static uint64_t some_open_flags(struct worker *w)
{
	static const uint64_t more[] = {
		0, 0, O_CREAT, O_CREAT | O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_PATH,
		O_TMPFILE, O_NOATIME, O_CREAT | O_TRUNC,
	};

	return chance_below(&w->chance, 4) | O_NONBLOCK |
	       more[chance_below(&w->chance, ARRAY_SIZE(more))];
}

static uint64_t some_value(struct worker *w, enum arg arg)
{
	switch (arg) {
	case FD:
		return worker_fd(w);
	case PATH:
		return (uintptr_t)some_path(w);
	case BUF:
		return some_buffer(w);
	case AREA:
		return (uintptr_t)w->slots[SLOT_AREA].start + chance_below(&w->chance, 8) * PAGE;
	case LEN:
		return chance_below(&w->chance, 8192);
	case BITS:
		return (chance_once(&w->chance, 2) ? 0 : 1ULL << chance_below(&w->chance, 32)) |
		       (chance_once(&w->chance, 2) ? 0 : 1ULL << chance_below(&w->chance, 32));
	case SMALL:
		return chance_below(&w->chance, chance_once(&w->chance, 4) ? 64 : 4);
	case ODD:
		return chance_odd(&w->chance);
	case PID:
		return some_pid(w);
	case SIG:
		return some_signal(w);
	case SOCK:
		return some_sock(w);
	case OFLAGS:
		return some_open_flags(w);
	case MODE:
		return chance_once(&w->chance, 4) ? chance_next(&w->chance) & 0177777 : 0700;
	case IOCTL:
		return some_ioctl(w);
	case TRACE:
		/* All but PTRACE_TRACEME: who waits for one child does not wait for its threads. */
		return 1 + chance_below(&w->chance, 31) + 0x4200 * chance_below(&w->chance, 2);
	case HERE:
		return (uint64_t)AT_FDCWD;
	default:
		return 0;
	}
}

void fuzz_classic_call(struct worker *w)
{
	const struct row *row = &rows[chance_below(&w->chance, ARRAY_SIZE(rows))];
	uint64_t a[6];
	long ret;

	for (unsigned int i = 0; i < 6; i++)
		a[i] = some_value(w, row->args[i]);
	ret = syscall(row->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	w->op++;
	tally_add(&w->shared->classic, ret < 0 ? errno : 0);
	if (ret >= 0 && row->result == NEW_FD)
		worker_keep_fd(w, ret);
}
