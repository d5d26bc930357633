/* SPDX-License-Identifier: GPL-2.0 */
/* The C library's own header stands on the system's one of this name. */
#include_next <linux/errno.h>
