/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cgroup v2 hierarchy, as the kernel itself uses it.
 */
#ifndef _AGENT_GROUPFS_H
#define _AGENT_GROUPFS_H

#include <linux/types.h>

struct cgroup;

/* Paths are relative to the root of the hierarchy. Each may sleep. */
void groupfs_init(void);
int groupfs_make(const char *parent, const char *name);	/* -EEXIST: it is there */
int groupfs_remove(const char *parent, const char *name);	/* -EBUSY: somebody is in it */
int groupfs_write(const char *path, const char *file, const char *text);
ssize_t groupfs_read(const char *path, const char *file, char *buf, size_t size);
struct cgroup *groupfs_get(const char *path);		/* for cgroup_put(), or ERR_PTR */

#endif /* _AGENT_GROUPFS_H */
