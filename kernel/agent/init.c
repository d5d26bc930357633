// SPDX-License-Identifier: GPL-2.0
/*
 * What stands ready before the first program runs.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/init.h>

#include "attest.h"
#include "end.h"
#include "groupfs.h"
#include "tree.h"

static int __init agent_init(void)
{
	agent_tree_init();
	agent_end_init();
	groupfs_init();
	agent_attest_init();
	/* The BOOT record vouches for the attestation key, so the key comes first. */
	audit_chain_open(agent_attest_key());
	return 0;
}
late_initcall(agent_init);
