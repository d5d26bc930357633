/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Open files.
 */
#ifndef _SECURITY_COCONUT_FILE_H
#define _SECURITY_COCONUT_FILE_H

#include <linux/agent.h>
#include <linux/fs.h>

#include "cache.h"
#include "setup.h"

/**
 * struct coconut_file - blob of an open file
 * @cache: the last decision: fs rights, or exec rights where it was opened to be executed
 * @passes: what reading and writing look at first: the stamp in @cache, and MAY_* of what
 *	was found, in one word. 0: nothing, or it was opened to be executed
 * @owner: who asked for its SIGIO; file->f_owner->lock; holds a reference
 * @mapper: AID of the agent by whose right it was mapped first; all ones: there were
 *	more; 0: none did
 * @digest: BLAKE3 of its content, measured while writing is denied; set once, or NULL
 */
struct coconut_file {
	struct coconut_cache cache;
	u64 passes;
	struct agent *owner;
	u64 mapper;
	u8 *digest;
};

static inline struct coconut_file *coconut_file(const struct file *file)
{
	return file->f_security + coconut_blob_sizes.lbs_file;
}

void __init coconut_add_file_hooks(void);

#endif /* _SECURITY_COCONUT_FILE_H */
