/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names in directories.
 */
#ifndef _SECURITY_COCONUT_PATH_H
#define _SECURITY_COCONUT_PATH_H

#include <linux/init.h>
#include <linux/types.h>

struct agent;
struct path;

u64 coconut_rights_at(struct agent *agent, const struct path *path, u64 rights);
void __init coconut_add_path_hooks(void);

#endif /* _SECURITY_COCONUT_PATH_H */
