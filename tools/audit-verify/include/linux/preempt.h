/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_PREEMPT_H
#define _SHIM_PREEMPT_H

#define in_task() 0

#endif /* _SHIM_PREEMPT_H */
