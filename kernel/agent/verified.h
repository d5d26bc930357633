/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Manifests whose signature was found right.
 */
#ifndef _AGENT_VERIFIED_H
#define _AGENT_VERIFIED_H

#include <linux/types.h>
#include <uapi/linux/agent.h>

bool verified_before(const u8 digest[AGENT_DIGEST_SIZE]);
void verified_remember(const u8 digest[AGENT_DIGEST_SIZE]);

#endif /* _AGENT_VERIFIED_H */
