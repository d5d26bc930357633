/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Spawning.
 */
#ifndef _AGENT_SPAWN_H
#define _AGENT_SPAWN_H

#include <linux/agent.h>

/**
 * struct agent_spawn - what user space asked for
 * @manifest: COSE_Sign1, copied
 * @manifest_len: its bytes
 * @cap_set: CBOR array of capabilities, copied, or NULL for the manifest's
 * @cap_set_len: its bytes
 */
struct agent_spawn {
	const void *manifest;
	size_t manifest_len;
	const void *cap_set;
	size_t cap_set_len;
};

/* The new agent, Attested and published, with a reference; or ERR_PTR. Records both. */
struct agent *agent_spawn_dispatch(const struct agent_spawn *spawn);
/* A failure on the way to or from agent_spawn_dispatch(). */
void agent_spawn_failed(const char *name, int err);

#endif /* _AGENT_SPAWN_H */
