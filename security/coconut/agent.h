/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The agent calls.
 */
#ifndef _SECURITY_COCONUT_AGENT_H
#define _SECURITY_COCONUT_AGENT_H

#include <linux/init.h>

void __init coconut_add_agent_hooks(void);

#endif /* _SECURITY_COCONUT_AGENT_H */
