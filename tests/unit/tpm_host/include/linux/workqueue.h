/* SPDX-License-Identifier: GPL-2.0 */
/* Work is done when the test says so. */
#ifndef _SHIM_WORKQUEUE_H
#define _SHIM_WORKQUEUE_H

#include <stddef.h>

struct work_struct {
	void (*func)(struct work_struct *work);
};

struct delayed_work {
	struct work_struct work;
};

struct workqueue_struct;

#define container_of(at, type, member) ((type *)((char *)(at) - offsetof(type, member)))
#define to_delayed_work(at)		container_of(at, struct delayed_work, work)
#define INIT_DELAYED_WORK(delayed, f)	((delayed)->work.func = (f))
#define WQ_FREEZABLE			0
#define WQ_UNBOUND			0
#define alloc_workqueue(name, flags, n)	((struct workqueue_struct *)(name))
#define queue_delayed_work(queue, delayed, delay) ((void)(queue), (void)(delay))

#endif /* _SHIM_WORKQUEUE_H */
