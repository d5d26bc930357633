/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Budgets: how much of a kind an agent may use.
 */
#ifndef _AGENT_QUOTA_H
#define _AGENT_QUOTA_H

#include <linux/agent.h>

struct manifest;

/* What could still be charged to agent, whatever its ancestors have left. No lock needed. */
u64 agent_quota_room(const struct agent *agent, u32 kind);

int agent_quota_inherit(struct agent *agent, const struct manifest *manifest);
int agent_quota_child_new(struct agent *parent);	/* -EDQUOT */
void agent_quota_child_gone(struct agent *parent);
void agent_quota_drop(struct agent *agent);		/* its reservations: it has ended */

bool agent_quota_charged(u32 kind);		/* by callers: debit, reserve, settle */
int agent_quota_debit(struct agent *agent, u32 kind, u64 amount);
int agent_quota_set(struct agent *agent, u32 kind, u64 limit);
void agent_quota_get(struct agent *agent, u32 kind, struct agent_quota *out);	/* may sleep */
void agent_quota_over(struct agent *agent, u32 kind, bool refused);	/* once a limit */

void agent_net_refresh(struct agent *agent, u32 kind);	/* net.c; agent->lock */

/* reserve.c */
int agent_quota_reserve(struct agent *agent, u32 kind, u64 amount, u64 lifetime_ns, u64 *id);
int agent_quota_settle(struct agent *agent, u32 kind, u64 id, u64 used);

void agent_reservation_work(struct work_struct *work);

/* Charges each level that counts this kind; -EDQUOT charges none. For reserve.c. */
int agent_quota_charge(struct agent *agent, u32 kind, u64 amount, bool reserve);
void agent_quota_release(struct agent *agent, u32 kind, u64 reserved, u64 used);
u64 agent_quota_room_above(const struct agent *agent, u32 kind);

#endif /* _AGENT_QUOTA_H */
