/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_TIMEKEEPING_H
#define _SHIM_TIMEKEEPING_H

#include <linux/types.h>

/* No record is made here: only what they are made of is compiled. */
struct ktime_timestamps {
	u64 mono, real;
};

static inline void ktime_get_fast_timestamps(struct ktime_timestamps *now)
{
	*now = (struct ktime_timestamps){ 0 };
}

#endif /* _SHIM_TIMEKEEPING_H */
