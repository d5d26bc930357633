/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_BITS_H
#define _SHIM_BITS_H

#define BIT(n) (1UL << (n))
#define GENMASK_ULL(h, l) ((~0ULL << (l)) & (~0ULL >> (63 - (h))))

#endif /* _SHIM_BITS_H */
