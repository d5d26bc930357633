/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_JIFFIES_H
#define _SHIM_JIFFIES_H

#define HZ			100UL
#define jiffies			1000UL
#define time_before(a, b)	((long)((a) - (b)) < 0)

#endif /* _SHIM_JIFFIES_H */
