/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cgroup v2 hierarchy, as the kernel itself uses it.
 */
#ifndef _AGENT_GROUPFS_H
#define _AGENT_GROUPFS_H

#include <linux/types.h>

struct cgroup;

/* A group is for cgroup_put(), or an ERR_PTR(). Each may sleep. */
void groupfs_init(void);
struct cgroup *groupfs_make(struct cgroup *above, const char *name);	/* -EEXIST */
struct cgroup *groupfs_get(struct cgroup *above, const char *name);
int groupfs_remove(struct cgroup *group);		/* -EBUSY: somebody is in it */
int groupfs_write(struct cgroup *group, const char *file, const char *text);
ssize_t groupfs_read(struct cgroup *group, const char *file, char *buf, size_t size);

#endif /* _AGENT_GROUPFS_H */
