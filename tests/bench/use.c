// SPDX-License-Identifier: Apache-2.0
/*
 * use ROUNDS LOOPS MANIFEST: what one pread() of an open file costs outside every
 * agent and in one, of one byte and of a page. Prints a line a round: nanoseconds
 * of one byte outside and inside, then of a page outside and inside. Each worker
 * has opened the file by itself.
 */
#include "turns.h"

#include <sys/stat.h>

#define TOP	"/tmp/bench"
#define DIR	TOP "/0"
#define TARGET	DIR "/file"
#define PAGE	4096

static int file;

static double time_read(long loops, size_t len)
{
	static char page[PAGE];
	double start = now_ns();

	for (long i = 0; i < loops; i++)
		if (pread(file, page, len, 0) != (ssize_t)len)
			die("pread");
	return (now_ns() - start) / loops;
}

static double time_byte(long loops)
{
	return time_read(loops, 1);
}

static double time_page(long loops)
{
	return time_read(loops, PAGE);
}

static void make_file(void)
{
	static const char page[PAGE];
	int fd;

	if (mkdir(TOP, 0755) || mkdir(DIR, 0755))
		die("mkdir " DIR);
	fd = open(TARGET, O_CREAT | O_WRONLY, 0644);
	if (fd < 0 || write(fd, page, PAGE) != PAGE)
		die("create " TARGET);
	close(fd);
}

static void open_file(const struct blob *unused)
{
	file = open(TARGET, O_RDONLY);
	if (file < 0)
		die("open " TARGET);
}

static void open_in_agent(const struct blob *manifest)
{
	enter_agent(manifest);
	open_file(NULL);
}

int main(int argc, char **argv)
{
	struct blob manifest;
	const struct turn turns[] = {
		{ .measure = time_byte, .enter = open_file },
		{ .measure = time_byte, .enter = open_in_agent, .manifest = &manifest },
		{ .measure = time_page, .enter = open_file },
		{ .measure = time_page, .enter = open_in_agent, .manifest = &manifest },
	};

	if (argc != 4)
		return 2;
	manifest = blob_read(argv[3]);
	make_file();
	turns_run(turns, sizeof(turns) / sizeof(*turns), atoi(argv[1]), atol(argv[2]));
	return 0;
}
