// SPDX-License-Identifier: GPL-2.0
/*
 * The spill volume: the folder below which memory of the SSD tier lies.
 *
 * The operator names it; each file is made with the credentials that named it, has no
 * name, and belongs to no agent by the rules of the class fs: what an agent may have of
 * the volume is for the class mem and the budget to say.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/cred.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/seq_file.h>

#include "spill.h"

/**
 * struct spill - what was named last
 * @dir: the folder; its mount is busy for as long
 * @cred: of whoever named it; NULL: nobody did
 */
static struct spill {
	struct path dir;
	const struct cred *cred;
} spill;

static DEFINE_MUTEX(spill_lock);		/* guards spill */

static void spill_put(struct spill *old)
{
	if (!old->cred)
		return;
	path_put(&old->dir);
	put_cred(old->cred);
}

/* Under spill_lock or with a copy of one's own. */
static struct spill spill_get(void)
{
	struct spill copy;

	mutex_lock(&spill_lock);
	copy = spill;
	if (copy.cred) {
		path_get(&copy.dir);
		get_cred(copy.cred);
	}
	mutex_unlock(&spill_lock);
	return copy;
}

/**
 * spill_there() - has the operator named a spill volume?
 *
 * Context: any.
 * Return: true if so.
 */
bool spill_there(void)
{
	return READ_ONCE(spill.cred);
}

/* A volume in memory would take back what it was to relieve memory of. */
static int spill_fits(const struct path *dir)
{
	const struct inode *inode = d_inode(dir->dentry);

	if (!inode->i_sb->s_bdev)
		return -ENOTBLK;
	return inode->i_op->tmpfile ? 0 : -EOPNOTSUPP;
}

static void spill_record(const char *name)
{
	char object[AUDIT_CHAIN_OBJECT_MAX + 1];
	struct audit_entry entry = {
		.aid		= agent_aid(agent_current()),
		.event		= AGENT_EVENT_POLICY,
		.class		= AGENT_CLASS_LIFE,
		.decision	= AGENT_DECISION_NONE,
		.object		= object,
	};

	entry.object_len = scnprintf(object, sizeof(object), "spill %s", *name ? name : "none");
	audit_chain_append(&entry);
}

/**
 * agent_spill_set() - name the spill volume
 * @name: path of a folder on it; the empty string: there is none any more
 *
 * What lies on the one before stays there.
 *
 * Context: process; may sleep. Who may is the caller's to ask.
 * Return: 0; -ENOTBLK if the file system lies on no block device; -EOPNOTSUPP if it has no
 * files without a name; or what looking up @name says.
 */
int agent_spill_set(const char *name)
{
	struct spill new = {};
	int err = 0;

	if (*name)
		err = kern_path(name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &new.dir);
	if (err)
		return err;
	if (*name) {
		new.cred = get_current_cred();
		err = spill_fits(&new.dir);
	}
	if (!err) {
		mutex_lock(&spill_lock);
		swap(spill, new);
		mutex_unlock(&spill_lock);
		spill_record(name);
	}
	spill_put(&new);
	return err;
}

/**
 * agent_spill_show() - the folder, or "none"
 * @m: where to
 */
void agent_spill_show(struct seq_file *m)
{
	struct spill at = spill_get();

	if (at.cred)
		seq_path(m, &at.dir, "\n\\");
	else
		seq_puts(m, "none");
	seq_putc(m, '\n');
	spill_put(&at);
}

/* All of its blocks at once: a full volume is met here, and not in a later page fault. */
static struct file *spill_make(const struct spill *at, u64 size)
{
	struct file *file;
	int err;

	err = mnt_want_write(at->dir.mnt);
	if (err)
		return ERR_PTR(err);
	file = kernel_tmpfile_open(mnt_idmap(at->dir.mnt), &at->dir, S_IFREG | 0600,
				   O_RDWR | O_LARGEFILE | O_EXCL, current_cred());
	mnt_drop_write(at->dir.mnt);
	if (IS_ERR(file))
		return file;
	err = vfs_fallocate(file, 0, 0, size);
	if (err) {
		fput(file);
		return ERR_PTR(err);
	}
	inode_lock(file_inode(file));
	inode_set_flags(file_inode(file), S_PRIVATE, S_PRIVATE);
	inode_unlock(file_inode(file));
	return file;
}

/**
 * spill_file() - a file on the spill volume
 * @size: bytes, all of which the volume sets aside
 *
 * Context: process; may sleep.
 * Return: the file, or ERR_PTR: -ENODEV without a volume, -ENOSPC, or what making it says.
 */
struct file *spill_file(u64 size)
{
	struct spill at = spill_get();
	const struct cred *old;
	struct file *file;

	if (!at.cred)
		return ERR_PTR(-ENODEV);
	old = override_creds(at.cred);
	file = spill_make(&at, size);
	revert_creds(old);
	spill_put(&at);
	return file;
}
