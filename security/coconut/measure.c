// SPDX-License-Identifier: GPL-2.0
/*
 * Measurements: the BLAKE3 digest of a program's content.
 *
 * A program is started many times and changes rarely, so the digest is kept with
 * the inode. What keeps it true: it is taken while nobody can write, and whoever
 * opens the file to write afterwards, or truncates it, agent or not, makes it
 * forgotten before a byte changes. That holds for a disk of ours and for memory;
 * a file system whose content changes behind our back is measured each time.
 */
#include <linux/fs.h>
#include <linux/lsm_hooks.h>
#include <linux/magic.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <crypto/blake3.h>

#include "file.h"
#include "inode.h"
#include "measure.h"
#include "setup.h"

/**
 * struct coconut_measurement - what a file was found to be
 * @rcu: readers may still look when it is forgotten
 * @digest: BLAKE3 of the content
 */
struct coconut_measurement {
	struct rcu_head rcu;
	u8 digest[BLAKE3_OUT_SIZE];
};

static int digest_file(struct file *file, struct blake3_state *state, void *buf,
		       size_t size, u8 *digest)
{
	loff_t pos = 0;
	ssize_t n;

	blake3_init(state);
	/* Without the hooks: this is not the agent reading. */
	while ((n = __kernel_read(file, buf, size, &pos)) > 0) {
		blake3_update(state, buf, n);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	if (!n)
		blake3_final(state, digest);
	return n;
}

static int take(struct file *file, u8 *digest)
{
	struct blake3_state *state = kmalloc(sizeof(*state), GFP_KERNEL);
	void *buf = kvmalloc(SZ_64K, GFP_KERNEL);
	int err = -ENOMEM;

	if (state && buf)
		err = digest_file(file, state, buf, SZ_64K, digest);
	kvfree(buf);
	kfree(state);
	return err;
}

static bool never_written(const struct inode *inode)
{
	return !inode->i_fop->write_iter && !inode->i_fop->write;
}

/* Would we see each change of this file? */
static bool may_keep(const struct file *file, const struct inode *real)
{
	const struct super_block *sb = real->i_sb;

	if (never_written(real))
		return true;
	/* Beneath a file of overlayfs there may be writers that it does not count. */
	if (real != file_inode(file) || atomic_read(&real->i_writecount) >= 0)
		return false;
	return sb->s_type->fs_flags & FS_REQUIRES_DEV || sb->s_magic == TMPFS_MAGIC ||
	       sb->s_magic == RAMFS_MAGIC;
}

static bool recall(const struct inode *inode, u8 *digest)
{
	const struct coconut_measurement *m;

	rcu_read_lock();
	m = rcu_dereference(coconut_inode(inode)->measured);
	if (m)
		memcpy(digest, m->digest, sizeof(m->digest));
	rcu_read_unlock();
	return m;
}

static void keep(const struct inode *inode, const u8 *digest)
{
	struct coconut_measurement *m = kmalloc(sizeof(*m), GFP_KERNEL);

	if (!m)
		return;
	memcpy(m->digest, digest, sizeof(m->digest));
	if (cmpxchg(&coconut_inode(inode)->measured, NULL, RCU_INITIALIZER(m)))
		kfree(m);
}

/**
 * coconut_measure() - Find out what a file is that is about to be executed
 * @file: opened for execution, writing denied; its blob gets the digest
 *
 * Context: May sleep; may read the whole file.
 * Return: 0, -ENOMEM, -EINTR, or an error of reading.
 */
int coconut_measure(struct file *file)
{
	const struct inode *inode = d_real_inode(file->f_path.dentry);
	struct coconut_file *blob = coconut_file(file);
	int err = 0;
	u8 *digest;
	bool kept;

	if (READ_ONCE(blob->digest))
		return 0;
	kept = may_keep(file, inode);
	digest = kmalloc(BLAKE3_OUT_SIZE, GFP_KERNEL);
	if (!digest)
		return -ENOMEM;
	if (!kept || !recall(inode, digest)) {
		err = take(file, digest);
		if (!err && kept)
			keep(inode, digest);
	}
	if (!err && !cmpxchg(&blob->digest, NULL, digest))
		digest = NULL;
	kfree(digest);
	return err;
}

/**
 * coconut_measure_forget() - The content of a file is about to change
 * @inode: the file
 *
 * To be called once writing can no longer be denied, and before the first write:
 * file_open and the truncations are.
 *
 * Context: Any that may not be an NMI.
 */
void coconut_measure_forget(const struct inode *inode)
{
	struct coconut_inode *blob = coconut_inode(inode);
	struct coconut_measurement *m;

	if (likely(!rcu_access_pointer(blob->measured)))
		return;
	m = unrcu_pointer(xchg(&blob->measured, NULL));
	if (m)
		kfree_rcu(m, rcu);
}

static void coconut_inode_free_security(struct inode *inode)
{
	coconut_measure_forget(inode);
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(inode_free_security, coconut_inode_free_security),
};

/**
 * coconut_add_measure_hooks() - Let measurements go with their inodes
 */
void __init coconut_add_measure_hooks(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &coconut_lsmid);
}
