/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_UNALIGNED_H
#define _SHIM_UNALIGNED_H

#include <endian.h>
#include <string.h>
#include <linux/types.h>

#define SHIM_UNALIGNED(type, order)						\
static inline type get_unaligned_##order(const void *from)			\
{										\
	type value;								\
										\
	memcpy(&value, from, sizeof(value));					\
	return order##_TOH(value);						\
}										\
static inline void put_unaligned_##order(type value, void *to)		\
{										\
	value = order##_TOH(value);						\
	memcpy(to, &value, sizeof(value));					\
}

#define le16_TOH(value) le16toh(value)
#define le32_TOH(value) le32toh(value)
#define le64_TOH(value) le64toh(value)
#define be16_TOH(value) be16toh(value)
#define be32_TOH(value) be32toh(value)
#define be64_TOH(value) be64toh(value)

SHIM_UNALIGNED(u16, le16)
SHIM_UNALIGNED(u32, le32)
SHIM_UNALIGNED(u64, le64)
SHIM_UNALIGNED(u16, be16)
SHIM_UNALIGNED(u32, be32)
SHIM_UNALIGNED(u64, be64)

#endif /* _SHIM_UNALIGNED_H */
