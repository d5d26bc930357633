/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_SHA2_H
#define _SHIM_SHA2_H

#include <openssl/sha.h>

#define SHA256_DIGEST_SIZE	32
#define sha256(data, len, out)	SHA256(data, len, out)

#endif /* _SHIM_SHA2_H */
