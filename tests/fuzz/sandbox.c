// SPDX-License-Identifier: Apache-2.0
/*
 * An agent in namespaces of its own: it shows files in other places, and makes the
 * usual calls there. In a process of its own, for there is no way back.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#define SANDBOX_OPS	24
#define SANDBOX_MS	4000

static const char *const places[] = {
	INSIDE, INSIDE "/a", INSIDE "/b", INSIDE "/a/x", PLACE "/out", PLACE "/out/f", PLACE "/link",
	"/bin/busybox", "/proc", "/proc/self", "/dev", "/dev/null", "/agent", "/agent/live", "/tmp", "/",
};

static const char *any_place(struct worker *w)
{
	return places[chance_below(&w->chance, ARRAY_SIZE(places))];
}

static void tell(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		errno = 0;	/* refused: then it goes on as nobody */
	if (fd >= 0)
		close(fd);
}

static void shown_elsewhere(struct worker *w)
{
	static const unsigned long flags[] = {
		MS_BIND, MS_BIND | MS_REC, MS_MOVE, MS_REMOUNT | MS_BIND | MS_RDONLY,
		MS_REMOUNT | MS_BIND, MS_PRIVATE, MS_SHARED | MS_REC, MS_SLAVE,
	};
	const char *what = any_place(w), *where = any_place(w);

	mount(what, where, NULL, flags[chance_below(&w->chance, ARRAY_SIZE(flags))], NULL);
}

static void mounted(struct worker *w)
{
	static const struct {
		const char *type, *options;
	} kinds[] = {
		{ "tmpfs", NULL }, { "tmpfs", "size=1m" }, { "proc", NULL }, { "devpts", NULL },
		{ "overlay", "lowerdir=" PLACE "/out:" INSIDE "/a" }, { "agentfs", NULL },
	};
	const unsigned int i = chance_below(&w->chance, ARRAY_SIZE(kinds));

	mount(kinds[i].type, any_place(w), kinds[i].type, 0, kinds[i].options);
}

static void cloned(struct worker *w)
{
	int tree = syscall(SYS_open_tree, AT_FDCWD, any_place(w),
			   1 /* OPEN_TREE_CLONE */ | O_CLOEXEC |
			   (chance_once(&w->chance, 2) ? 0x8000 /* AT_RECURSIVE */ : 0));

	if (tree < 0)
		return;
	if (chance_once(&w->chance, 2))
		syscall(SYS_move_mount, tree, "", AT_FDCWD, any_place(w), 4 /* from an empty path */);
	worker_keep_fd(w, tree);
}

static void turned(struct worker *w)
{
	const char *new_root = any_place(w), *old_root = any_place(w);

	if (chance_once(&w->chance, 2))
		syscall(SYS_pivot_root, new_root, old_root);
	else
		umount2(old_root, MNT_DETACH);
}

static void inside(struct worker *w)
{
	static void (*const all[])(struct worker *) = {
		shown_elsewhere, shown_elsewhere, mounted, cloned, turned,
		fuzz_classic_call, fuzz_classic_call, fuzz_classic_call,
	};

	if (!unshare(CLONE_NEWUSER | CLONE_NEWNS)) {
		tell("/proc/self/setgroups", "deny");
		tell("/proc/self/uid_map", "0 0 1");
		tell("/proc/self/gid_map", "0 0 1");
	}
	for (unsigned int i = 0; i < SANDBOX_OPS; i++)
		all[chance_below(&w->chance, ARRAY_SIZE(all))](w);
	_exit(0);
}

void fuzz_sandbox(struct worker *w)
{
	const uint64_t place = chance_next(&w->chance);
	pid_t child = fork();

	if (!child) {
		w->chance = chance_fork(place, 0);
		inside(w);
	}
	if (child > 0)
		reap(child, SANDBOX_MS);
}
