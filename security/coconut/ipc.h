/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System V shared memory, semaphores and message queues.
 */
#ifndef _SECURITY_COCONUT_IPC_H
#define _SECURITY_COCONUT_IPC_H

#include <linux/init.h>
#include <linux/types.h>

/**
 * struct coconut_ipc - blob of a System V object
 * @aid: whose task created it; constant
 */
struct coconut_ipc {
	u64 aid;
};

void __init coconut_add_ipc_hooks(void);

#endif /* _SECURITY_COCONUT_IPC_H */
