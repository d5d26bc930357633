/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_HEX_H
#define _SHIM_HEX_H

#include <linux/types.h>

static inline char *hex_byte_pack(char *buf, u8 byte)
{
	static const char digits[] = "0123456789abcdef";

	*buf++ = digits[byte >> 4];
	*buf++ = digits[byte & 15];
	return buf;
}

static inline char *bin2hex(char *dst, const void *src, size_t count)
{
	const u8 *from = src;

	while (count--)
		dst = hex_byte_pack(dst, *from++);
	return dst;
}

#endif /* _SHIM_HEX_H */
