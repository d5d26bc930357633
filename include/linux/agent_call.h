/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System calls of agents that are recorded: what their entry asks, and io_uring, by
 * which they are made too.
 *
 * The bits stand here and not among their neighbours, in headers that everything
 * includes, and far above those.
 */
#ifndef _LINUX_AGENT_CALL_H
#define _LINUX_AGENT_CALL_H

#include <linux/bits.h>
#include <linux/types.h>

struct pt_regs;

#ifdef CONFIG_GENERIC_ENTRY
#define SYSCALL_WORK_BIT_SYSCALL_AGENT	31
#define SYSCALL_WORK_SYSCALL_AGENT	BIT(SYSCALL_WORK_BIT_SYSCALL_AGENT)
#else
#define TIF_SYSCALL_AGENT		31
#endif

#ifdef CONFIG_COCONUT
/* Of current, which has the flag: a call is about to be made, and one has returned. */
void agent_call_begins(struct pt_regs *regs, long nr);
void agent_call_ends(struct pt_regs *regs);
/* The same of a request in a ring. */
void agent_call_requested(u8 opcode, u64 user_data);
#else
static inline void agent_call_begins(struct pt_regs *regs, long nr) {}
static inline void agent_call_ends(struct pt_regs *regs) {}
static inline void agent_call_requested(u8 opcode, u64 user_data) {}
#endif

#endif /* _LINUX_AGENT_CALL_H */
