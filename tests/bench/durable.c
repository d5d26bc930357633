// SPDX-License-Identifier: Apache-2.0
/*
 * durable ROUNDS MANIFEST HELD LACKED DISK: how long it takes until a denial, and something
 * that was allowed, is on the disk, as the kernel was told by who keeps the log. The agent
 * opens LACKED, which is denied, or HELD; each at some moment of an epoch, on a system that is
 * otherwise idle. Prints a line a round: milliseconds of the denial, of what was allowed, and
 * of a plain write of a record's size to a file in DISK until fsync() has returned.
 */
#include "stats.h"
#include "turns.h"

#define LOOK_US		100
#define EPOCH_US	900000
#define LINE		512

static const char *held, *lacked;

/* When it was decided, in nanoseconds. */
static double open_one(const char *path, bool allowed)
{
	double now = now_ns();
	int fd = open(path, O_RDONLY);

	if ((fd >= 0) != allowed)
		die("open %s", path);
	if (fd >= 0)
		close(fd);
	return now;
}

static double open_held(long loops)
{
	(void)loops;
	return open_one(held, true);
}

static double open_lacked(long loops)
{
	(void)loops;
	return open_one(lacked, false);
}

static double durable_after(const struct worker *worker)
{
	double start;

	usleep(rand() % EPOCH_US);
	start = turn_take(worker, 1);
	stats_wait_persisted(LOOK_US);
	return (now_ns() - start) / 1e6;
}

static double plain_write(int fd)
{
	static const char line[LINE];
	double start;

	usleep(rand() % EPOCH_US);
	stats_wait_persisted(LOOK_US);
	start = now_ns();
	if (write(fd, line, sizeof(line)) != sizeof(line) || fsync(fd))
		die("write");
	return (now_ns() - start) / 1e6;
}

static int open_plain(const char *disk)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/plain", disk);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0)
		die("create %s", path);
	return fd;
}

int main(int argc, char **argv)
{
	struct blob manifest;
	const struct turn turns[] = {
		{ .measure = open_lacked, .enter = enter_agent, .manifest = &manifest },
		{ .measure = open_held, .enter = enter_agent, .manifest = &manifest },
	};
	struct worker workers[2];
	int plain;

	if (argc != 6)
		return 2;
	manifest = blob_read(argv[2]);
	held = argv[3];
	lacked = argv[4];
	plain = open_plain(argv[5]);
	for (int k = 0; k < 2; k++) {
		workers[k] = turn_start(&turns[k]);
		turn_take(&workers[k], 1);
	}
	stats_wait_persisted(LOOK_US);
	for (int i = 0; i < atoi(argv[1]); i++) {
		printf("%.3f ", durable_after(&workers[0]));
		printf("%.3f ", durable_after(&workers[1]));
		printf("%.3f\n", plain_write(plain));
		fflush(stdout);
	}
	return 0;
}
