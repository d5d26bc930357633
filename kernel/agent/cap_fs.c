// SPDX-License-Identifier: GPL-2.0
/*
 * Capabilities for hierarchies of files: fs, and exec without a digest.
 *
 * A hierarchy is an object, known by the inode at its root, as for Landlock: names
 * are resolved once and never compared afterwards. One object can be reached by
 * several ways (bind mounts, hard links made by somebody outside every agent);
 * each leads to the same rights.
 */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cap_internal.h"

/* Reads and resolves a path; *name and *path are set together or not at all. */
static int cap_fs_read(struct cbor_reader *r, char **name, struct path *path)
{
	size_t len;
	const u8 *bytes = cbor_read_bytes(r, &len);
	struct path found;
	char *s;
	int err;

	if (r->error)
		return -EBADMSG;
	if (!len || len >= PATH_MAX || bytes[0] != '/')
		return -EINVAL;
	s = cap_string(bytes, len);
	if (IS_ERR(s))
		return PTR_ERR(s);
	err = kern_path(s, LOOKUP_FOLLOW, &found);
	if (err)
		goto free;
	/* Pipes and the like are decided by who holds them, not by where they are. */
	err = cap_walk_exempt(found.dentry) ? -EINVAL : cap_home_bring(&found);
	if (err) {
		path_put(&found);
		goto free;
	}
	*name = s;
	*path = found;
	return 0;
free:
	kfree(s);
	return err;
}

/**
 * cap_fs_decode - read the root of a hierarchy
 * @r: reader
 * @cap: what to fill in
 *
 * Return: 0, -EBADMSG, -EINVAL, -ENOMEM, or what resolving the path returned.
 */
int cap_fs_decode(struct cbor_reader *r, struct cap *cap)
{
	int err = cap_fs_read(r, &cap->fs.name, &cap->fs.path);

	if (!err)
		cap->fs.dir = d_is_dir(cap->fs.path.dentry);
	return err;
}

/*
 * A carve-out that is not beneath the hierarchy would be a mistake that goes
 * unnoticed, so it is refused; so is one that leaves nothing.
 */
static int cap_fs_decode_carve(struct cbor_reader *r, struct cap *cap, u32 i)
{
	const struct path *carve = &cap->fs.carve[i];
	int err = cap_fs_read(r, &cap->fs.carve_name[i], &cap->fs.carve[i]);

	if (err)
		return err;
	if (d_backing_inode(carve->dentry) == d_backing_inode(cap->fs.path.dentry) ||
	    cap_walk_meets(carve, cap) != CAP_COVERED)
		err = -EINVAL;
	/* Counted even so: cap_fs_release() lets go of all that are. */
	cap->fs.nr_carve++;
	return err;
}

static int cap_fs_alloc_carves(struct cap *cap, size_t n)
{
	cap->fs.carve = kcalloc(n, sizeof(*cap->fs.carve), GFP_KERNEL_ACCOUNT);
	cap->fs.carve_name = kcalloc(n, sizeof(*cap->fs.carve_name), GFP_KERNEL_ACCOUNT);
	return cap->fs.carve && cap->fs.carve_name ? 0 : -ENOMEM;
}

/**
 * cap_fs_decode_carves - read the carve-outs of a hierarchy
 * @r: reader
 * @cap: with its root
 *
 * One that lies within an earlier one says nothing, and is refused.
 *
 * Return: 0, -EBADMSG, -EINVAL, -ENOMEM, or what resolving a path returned.
 */
int cap_fs_decode_carves(struct cbor_reader *r, struct cap *cap)
{
	size_t n = cbor_read_array(r);
	int err;
	u32 i;

	if (r->error)
		return -EBADMSG;
	if (!cap_is_hierarchy(cap) || !cap->fs.name || !n || n > CAP_CARVES_MAX)
		return -EINVAL;
	err = cap_fs_alloc_carves(cap, n);
	for (i = 0; !err && i < n; i++)
		err = cap_fs_decode_carve(r, cap, i);
	return err;
}

/**
 * cap_fs_copy - copy a hierarchy
 * @to: a capability of the same class, without an object
 * @from: what to copy
 *
 * Return: 0 or -ENOMEM; @to can be released in both cases.
 */
int cap_fs_copy(struct cap *to, const struct cap *from)
{
	u32 i;

	to->fs.name = kstrdup(from->fs.name, GFP_KERNEL_ACCOUNT);
	if (!to->fs.name)
		return -ENOMEM;
	to->fs.path = from->fs.path;
	path_get(&to->fs.path);
	to->fs.dir = from->fs.dir;
	if (!from->fs.nr_carve)
		return 0;
	if (cap_fs_alloc_carves(to, from->fs.nr_carve))
		return -ENOMEM;
	for (i = 0; i < from->fs.nr_carve; i++) {
		to->fs.carve_name[i] = kstrdup(from->fs.carve_name[i], GFP_KERNEL_ACCOUNT);
		if (!to->fs.carve_name[i])
			return -ENOMEM;
		to->fs.carve[i] = from->fs.carve[i];
		path_get(&to->fs.carve[i]);
		to->fs.nr_carve++;
	}
	return 0;
}

/**
 * cap_fs_release - let go of a hierarchy, complete or not
 * @cap: capability
 *
 * Context: may sleep.
 */
void cap_fs_release(struct cap *cap)
{
	while (cap->fs.nr_carve) {
		cap->fs.nr_carve--;
		path_put(&cap->fs.carve[cap->fs.nr_carve]);
		kfree(cap->fs.carve_name[cap->fs.nr_carve]);
	}
	kfree(cap->fs.carve);
	kfree(cap->fs.carve_name);
	path_put(&cap->fs.path);
	kfree(cap->fs.name);
}

/**
 * cap_fs_subset - does hierarchy @a lie within hierarchy @b?
 * @a: the narrower
 * @b: the wider
 *
 * Each carve-out of @b that @a reaches must be carved out of @a too.
 *
 * Return: true if so, as far as the tree stands now.
 */
bool cap_fs_subset(const struct cap *a, const struct cap *b)
{
	u32 i;

	if (cap_walk_meets(&a->fs.path, b) != CAP_COVERED)
		return false;
	for (i = 0; i < b->fs.nr_carve; i++)
		if (cap_walk_meets(&b->fs.carve[i], a) == CAP_COVERED)
			return false;
	return true;
}
