/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Seen by tests only: a payload without its signature.
 */
#ifndef _AGENT_MANIFEST_DECODE_H
#define _AGENT_MANIFEST_DECODE_H

#include <kunit/visibility.h>

#include "manifest.h"

#if IS_ENABLED(CONFIG_KUNIT)
int manifest_decode(struct manifest *m, const void *bytes, size_t len);
#endif

#endif /* _AGENT_MANIFEST_DECODE_H */
