/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_RANDOM_H
#define _SHIM_RANDOM_H

#include <stdlib.h>
#include <sys/random.h>

#define get_random_bytes_wait(to, len)	get_random_bytes(to, len)

static inline void get_random_bytes(void *to, size_t len)
{
	if (getrandom(to, len, 0) != (ssize_t)len)
		abort();
}

#endif /* _SHIM_RANDOM_H */
