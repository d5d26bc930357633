/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One io_uring for tests, without a library.
 */
#ifndef COCONUT_SELFTESTS_RING_H
#define COCONUT_SELFTESTS_RING_H

#include <sys/mman.h>
#include <linux/io_uring.h>

#include "agent.h"

static struct {
	int fd;
	struct io_uring_params params;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
	unsigned int queued;
} ring;

static inline long ring_open(void)
{
	struct io_uring_params *p = &ring.params;

	ring.fd = syscall(SYS_io_uring_setup, 4, p);
	if (ring.fd < 0)
		return -errno;
	ring.sq = mmap(NULL, p->sq_off.array + p->sq_entries * 4, PROT_READ | PROT_WRITE,
		       MAP_SHARED, ring.fd, IORING_OFF_SQ_RING);
	ring.cq = mmap(NULL, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe),
		       PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_CQ_RING);
	ring.sqes = mmap(NULL, p->sq_entries * sizeof(struct io_uring_sqe),
			 PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQES);
	if (ring.sq == MAP_FAILED || ring.cq == MAP_FAILED || (void *)ring.sqes == MAP_FAILED)
		return -errno;
	return 0;
}

static inline unsigned int ring_load(const char *at, unsigned int offset)
{
	return __atomic_load_n((const unsigned int *)(at + offset), __ATOMIC_ACQUIRE);
}

static inline void ring_store(char *at, unsigned int offset, unsigned int value)
{
	__atomic_store_n((unsigned int *)(at + offset), value, __ATOMIC_RELEASE);
}

static inline void ring_queue(const struct io_uring_sqe *sqe)
{
	const struct io_uring_params *p = &ring.params;
	unsigned int tail = ring_load(ring.sq, p->sq_off.tail);
	unsigned int slot = tail & ring_load(ring.sq, p->sq_off.ring_mask);

	ring.sqes[slot] = *sqe;
	ring_store(ring.sq, p->sq_off.array + 4 * slot, slot);
	ring_store(ring.sq, p->sq_off.tail, tail + 1);
	ring.queued++;
}

static inline long ring_enter(unsigned int wait)
{
	unsigned int nr = ring.queued;

	ring.queued = 0;
	return result(syscall(SYS_io_uring_enter, ring.fd, nr, wait,
			      wait ? IORING_ENTER_GETEVENTS : 0, NULL, 0));
}

static inline const struct io_uring_cqe *ring_next(void)
{
	static struct io_uring_cqe cqe;
	const struct io_uring_params *p = &ring.params;
	struct io_uring_cqe *cqes = (void *)(ring.cq + p->cq_off.cqes);
	unsigned int head = ring_load(ring.cq, p->cq_off.head);

	if (head == ring_load(ring.cq, p->cq_off.tail))
		return NULL;
	cqe = cqes[head & ring_load(ring.cq, p->cq_off.ring_mask)];
	ring_store(ring.cq, p->cq_off.head, head + 1);
	return &cqe;
}

/* What the next completion says, waiting for it. */
static inline long ring_wait(void)
{
	const struct io_uring_cqe *cqe;

	while (!(cqe = ring_next())) {
		long ret = ring_enter(1);

		if (ret < 0 && ret != -EINTR)
			return ret;
	}
	return cqe->res;
}

static inline long ring_do(const struct io_uring_sqe *sqe)
{
	ring_queue(sqe);
	return ring_wait();
}

#endif
