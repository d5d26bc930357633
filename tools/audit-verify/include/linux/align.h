/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_ALIGN_H
#define _SHIM_ALIGN_H

#define ALIGN(value, to) (((value) + (to) - 1) / (to) * (to))

#endif /* _SHIM_ALIGN_H */
