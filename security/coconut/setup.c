// SPDX-License-Identifier: GPL-2.0
/*
 * The coconut LSM: holds every agent to its capabilities.
 *
 * One file a class of objects. Each hook begins with the same pointer test:
 * a task outside every agent has no agent on its credential and goes on as if
 * this module were not there. For an agent everything that has a hook here is
 * refused unless a capability covers it, and agent_decide() is the only place
 * that says so: it writes the record.
 */
#include <linux/init.h>
#include <linux/lsm_hooks.h>
#include <uapi/linux/lsm.h>

#include "agent.h"
#include "attr.h"
#include "decide.h"
#include "exec.h"
#include "file.h"
#include "inode.h"
#include "ipc.h"
#include "kernel.h"
#include "measure.h"
#include "mount.h"
#include "path.h"
#include "revoke.h"
#include "route.h"
#include "setup.h"
#include "socket.h"
#include "task.h"
#include "uring.h"

const struct lsm_id coconut_lsmid = {
	.name = "coconut",
	.id = LSM_ID_COCONUT,
};

struct lsm_blob_sizes coconut_blob_sizes __ro_after_init = {
	.lbs_file = sizeof(struct coconut_file),
	.lbs_inode = sizeof(struct coconut_inode),
	.lbs_ipc = sizeof(struct coconut_ipc),
	.lbs_sock = sizeof(struct coconut_sock),
	.lbs_task = sizeof(struct coconut_task),
};

static int __init coconut_init(void)
{
	agent_task_room(coconut_blob_sizes.lbs_task + offsetof(struct coconut_task, agent));
	coconut_add_file_hooks();
	coconut_add_path_hooks();
	coconut_add_inode_hooks();
	coconut_add_exec_hooks();
	coconut_add_measure_hooks();
	coconut_add_mount_hooks();
	coconut_add_socket_hooks();
	coconut_add_route_hooks();
	coconut_add_ipc_hooks();
	coconut_add_task_hooks();
	coconut_add_kernel_hooks();
	coconut_add_uring_hooks();
	coconut_add_revoke_hooks();
	coconut_add_agent_hooks();
	coconut_add_attr_hooks();
	return 0;
}

/* Last, and so always there: an agent must not be spawned where lsm= leaves this out. */
DEFINE_LSM(coconut) = {
	.name = "coconut",
	.order = LSM_ORDER_LAST,
	.init = coconut_init,
	.blobs = &coconut_blob_sizes,
};
