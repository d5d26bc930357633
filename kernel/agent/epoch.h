/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Epochs: how long what was decided about an agent may be remembered.
 */
#ifndef _AGENT_EPOCH_H
#define _AGENT_EPOCH_H

struct agent;

void agent_epoch_stamp(struct agent *agent);
void agent_epoch_move(struct agent *agent);

#endif /* _AGENT_EPOCH_H */
