/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Quarantine, and what leads out of it.
 */
#ifndef _AGENT_QUARANTINE_H
#define _AGENT_QUARANTINE_H

#include <linux/agent.h>

void agent_quarantine_work(struct work_struct *work);

#endif /* _AGENT_QUARANTINE_H */
