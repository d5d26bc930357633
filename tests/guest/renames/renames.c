// SPDX-License-Identifier: Apache-2.0
/*
 * renames MANIFEST READERS SECONDS: files are moved about while agents open them.
 *
 * MANIFEST allows /t/in and nothing else. `kept` lies beneath /t/in at each moment,
 * and `hidden` beneath /t/out at each moment, though the directories above them
 * change places all the time, in an order that shows a walker who mixes two moments
 * `hidden` beneath /t/in. READERS agents open both by descriptors.
 *
 * Prints key=value words: moves, opened and refused, which are right, and leaked
 * and lost, which must be 0.
 */
#include "../common/agent_call.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct counts {
	atomic_ulong moves, opened, refused, leaked, lost;
	atomic_int stop;
};

static void make(const char *path)
{
	if (mkdir(path, 0755))
		die("mkdir %s", path);
}

static void make_file(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	if (fd < 0)
		die("create %s", path);
	close(fd);
}

static void move(struct counts *c, const char *from, const char *to)
{
	if (rename(from, to))
		die("%s to %s", from, to);
	atomic_fetch_add(&c->moves, 1);
}

/* There and back; at no moment is hidden beneath in, or kept outside of it. */
static void mover(struct counts *c)
{
	while (!atomic_load(&c->stop)) {
		move(c, "/t/in/b", "/t/out/b");
		move(c, "/t/out/a/hidden", "/t/out/b/hidden");
		move(c, "/t/out/a", "/t/in/a");
		move(c, "/t/in/x/d", "/t/in/y/d");
		move(c, "/t/in/a", "/t/out/a");
		move(c, "/t/out/b/hidden", "/t/out/a/hidden");
		move(c, "/t/out/b", "/t/in/b");
		move(c, "/t/in/y/d", "/t/in/x/d");
	}
	exit(0);
}

/* Opens anew what a descriptor stands for, wherever that is now. */
static int reopen(int fd)
{
	char path[32];
	int new;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	new = open(path, O_RDONLY | O_CLOEXEC);
	if (new < 0)
		return errno;
	close(new);
	return 0;
}

static void reader(struct counts *c, const struct blob *manifest, int hidden, int kept)
{
	agent_enter(manifest);
	while (!atomic_load(&c->stop)) {
		int err = reopen(hidden);

		if (err && err != EACCES)
			die("hidden");
		atomic_fetch_add(err ? &c->refused : &c->leaked, 1);
		err = reopen(kept);
		if (err && err != EACCES)
			die("kept");
		atomic_fetch_add(err ? &c->lost : &c->opened, 1);
	}
	exit(0);
}

static void make_tree(void)
{
	static const char *const dirs[] = {
		"/t", "/t/in", "/t/out", "/t/in/b", "/t/out/a", "/t/in/x", "/t/in/y", "/t/in/x/d",
	};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		make(dirs[i]);
	make_file("/t/out/a/hidden");
	make_file("/t/in/x/d/kept");
}

static void child(void (*body)(struct counts *), struct counts *c)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid)
		body(c);
}

int main(int argc, char **argv)
{
	struct counts *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int hidden, kept, status, failed = 0;
	struct blob manifest;

	if (argc != 4 || c == MAP_FAILED)
		return 2;
	make_tree();
	manifest = blob_read(argv[1]);
	hidden = open("/t/out/a/hidden", O_PATH);
	kept = open("/t/in/x/d/kept", O_PATH);
	if (hidden < 0 || kept < 0)
		die("open");
	for (int i = atoi(argv[2]); i; i--) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			reader(c, &manifest, hidden, kept);
	}
	child(mover, c);
	sleep(atoi(argv[3]));
	atomic_store(&c->stop, 1);
	while (wait(&status) > 0)
		failed |= status;
	printf("moves=%lu opened=%lu refused=%lu leaked=%lu lost=%lu\n", c->moves, c->opened,
	       c->refused, c->leaked, c->lost);
	return failed || c->leaked || c->lost;
}
