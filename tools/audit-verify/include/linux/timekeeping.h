/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_TIMEKEEPING_H
#define _SHIM_TIMEKEEPING_H

#define ktime_get_mono_fast_ns() 0
#define ktime_get_real_fast_ns() 0

#endif /* _SHIM_TIMEKEEPING_H */
