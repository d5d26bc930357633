// SPDX-License-Identifier: Apache-2.0
/*
 * ring MANIFEST COUNT: enters an agent and submits so many requests that do nothing to a
 * ring of io_uring, all in one call.
 */
#include "agent_call.h"

#include <linux/io_uring.h>
#include <sys/mman.h>

static void *ring_map(int fd, off_t what, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, what);

	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

/* Requests of zeros are IORING_OP_NOP. */
static void submit_nothing(unsigned int count)
{
	struct io_uring_params p = { 0 };
	int fd = syscall(SYS_io_uring_setup, count, &p);
	unsigned int *array;
	char *ring;

	if (fd < 0)
		die("io_uring");
	ring = ring_map(fd, IORING_OFF_SQ_RING, p.sq_off.array + p.sq_entries * sizeof(*array));
	ring_map(fd, IORING_OFF_SQES, p.sq_entries * sizeof(struct io_uring_sqe));
	array = (void *)(ring + p.sq_off.array);
	for (unsigned int i = 0; i < count; i++)
		array[i] = i;
	*(unsigned int *)(ring + p.sq_off.tail) = count;
	if (syscall(SYS_io_uring_enter, fd, count, count, IORING_ENTER_GETEVENTS, NULL, 0) != count)
		die("not all were taken");
}

int main(int argc, char **argv)
{
	struct blob manifest;

	if (argc != 3)
		return 2;
	manifest = blob_read(argv[1]);
	agent_enter(&manifest);
	submit_nothing(atoi(argv[2]));
	return 0;
}
