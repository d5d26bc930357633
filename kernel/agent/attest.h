/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attestation: who an agent is, said and signed by the kernel.
 */
#ifndef _AGENT_ATTEST_H
#define _AGENT_ATTEST_H

#include <linux/agent.h>

/* Bytes of the chain in *chain, which the caller frees with kvfree(); or an errno. */
ssize_t agent_attest(struct agent *agent, const void *nonce, size_t nonce_len, void **chain);
void agent_attest_init(void);

#endif /* _AGENT_ATTEST_H */
