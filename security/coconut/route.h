/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Source routes.
 */
#ifndef _SECURITY_COCONUT_ROUTE_H
#define _SECURITY_COCONUT_ROUTE_H

#include <linux/init.h>

struct agent;
struct msghdr;

int coconut_decide_route(struct agent *agent, struct msghdr *msg);
void __init coconut_add_route_hooks(void);

#endif /* _SECURITY_COCONUT_ROUTE_H */
