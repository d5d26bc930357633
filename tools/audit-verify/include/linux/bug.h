/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_BUG_H
#define _SHIM_BUG_H

#include <stdlib.h>

/* What only warns in the kernel ends a test. */
#define WARN_ON_ONCE(condition) ((condition) ? (abort(), 1) : 0)

#endif /* _SHIM_BUG_H */
