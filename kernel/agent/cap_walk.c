// SPDX-License-Identifier: GPL-2.0
/*
 * The walk from a file up to the root, and which capabilities it meets.
 *
 * This is the path that each open() of an agent takes. It holds no reference and
 * writes no shared line: dentries, mounts and the set stay in memory under RCU, and
 * the sequence counters of renames and mounts tell afterwards whether all that was
 * seen was true at one moment. Without that check a file could be moved about
 * behind the walker until it seems to lie where it never did.
 */
#include <linux/bitmap.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/irqflags.h>
#include <linux/mount.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/seqlock.h>

/* For the parents of mounts: follow_up() takes locks and references. */
#include "../../fs/mount.h"
#include "cap_internal.h"

#define CAP_WALK_TRIES		4	/* before the locks are taken that keep the tree still */
#define CAP_WALK_TRIES_ATOMIC	1024	/* where they cannot be: then the walk finds nothing */
#define CAP_WALK_COUNTED_MAX	16	/* capabilities with uses or rate above one file */

/* ---- standing still ---- */

struct cap_still {
	unsigned int mounts;
	unsigned int renames;
};

static void cap_still_begin(struct cap_still *s)
{
	s->mounts = read_seqbegin(&mount_lock);
	s->renames = read_seqbegin(&rename_lock);
}

/* False: the tree changed meanwhile, and what was seen is worth nothing. */
static bool cap_still_held(const struct cap_still *s)
{
	return !read_seqretry(&rename_lock, s->renames) && !read_seqretry(&mount_lock, s->mounts);
}

/* Where the tree does not stand still by itself; in d_path()'s order. */
static void cap_tree_lock(void)
	__acquires(&mount_lock)
	__acquires(&rename_lock)
{
	read_seqlock_excl(&mount_lock);
	read_seqlock_excl(&rename_lock);
}

static void cap_tree_unlock(void)
	__releases(&rename_lock)
	__releases(&mount_lock)
{
	read_sequnlock_excl(&rename_lock);
	read_sequnlock_excl(&mount_lock);
}

/* ---- going up ---- */

enum cap_step {
	CAP_STEP_UP,		/* there is more above, and we stand on it */
	CAP_STEP_ROOT,		/* this was the top of what can be reached */
	CAP_STEP_EXEMPT,	/* this was the top of what has no place in the tree */
};

struct cap_place_at {
	const struct dentry *dentry;
	struct mount *mnt;
	bool hidden;		/* something is mounted on it, by which we came */
};

static void cap_place_start(struct cap_place_at *at, const struct path *path)
{
	at->dentry = path->dentry;
	at->mnt = real_mount(path->mnt);
	at->hidden = false;
}

static const struct inode *cap_place_inode(const struct cap_place_at *at)
{
	return READ_ONCE(at->dentry->d_inode);
}

static enum cap_step cap_place_up(struct cap_place_at *at)
{
	struct mount *up;

	if (at->dentry == at->mnt->mnt.mnt_root) {
		up = READ_ONCE(at->mnt->mnt_parent);
		/* What was detached may keep its parent, and is beneath it no longer. */
		if (up == at->mnt || !READ_ONCE(at->mnt->mnt_ns))
			return CAP_STEP_ROOT;
		at->dentry = READ_ONCE(at->mnt->mnt_mountpoint);
		at->mnt = up;
		at->hidden = true;
		return CAP_STEP_UP;
	}
	/*
	 * A root that is not its mount's is that of an internal file system, or one
	 * that was moved out of a bind mount while somebody stood in it. Then what
	 * lies above it in its own file system is what counts: by the way of the
	 * mount it can no longer be reached.
	 */
	if (unlikely(IS_ROOT(at->dentry)))
		return at->mnt->mnt.mnt_flags & MNT_INTERNAL ? CAP_STEP_EXEMPT : CAP_STEP_ROOT;
	at->dentry = READ_ONCE(at->dentry->d_parent);
	at->hidden = false;
	return CAP_STEP_UP;
}

/**
 * cap_walk_exempt - is this object outside of what paths are about?
 * @dentry: of a file
 *
 * Pipes, sockets, anonymous inodes and a file system's own files cannot be opened by
 * a path, so that having one is the authority to use it.
 *
 * Return: true if so.
 */
bool cap_walk_exempt(const struct dentry *dentry)
{
	const struct inode *inode = READ_ONCE(dentry->d_inode);

	return dentry->d_sb->s_flags & SB_NOUSER || (inode && IS_PRIVATE(inode));
}

/* ---- one file and one capability ---- */

static bool cap_carves(const struct cap *cap, const struct inode *inode)
{
	u32 i;

	for (i = 0; i < cap->fs.nr_carve; i++)
		if (d_backing_inode(cap->fs.carve[i].dentry) == inode)
			return true;
	return false;
}

static enum cap_meets cap_walk_meets_once(const struct path *from, const struct cap *cap)
{
	const struct inode *root = d_backing_inode(cap->fs.path.dentry);
	struct cap_place_at at;

	cap_place_start(&at, from);
	do {
		const struct inode *inode = cap_place_inode(&at);

		/* Mounting on a carve-out does not bring it back: hidden ones count. */
		if (inode && cap_carves(cap, inode))
			return CAP_CARVED;
		if (inode == root && !at.hidden)
			return CAP_COVERED;
	} while (cap_place_up(&at) == CAP_STEP_UP);
	return CAP_OUTSIDE;
}

/**
 * cap_walk_meets - what does the way up from a file meet first of a capability?
 * @from: the file
 * @cap: a hierarchy
 *
 * Context: process.
 * Return: CAP_COVERED: its root; CAP_CARVED: a carve-out; CAP_OUTSIDE: neither.
 */
enum cap_meets cap_walk_meets(const struct path *from, const struct cap *cap)
{
	unsigned int tries = CAP_WALK_TRIES;
	struct cap_still still;
	enum cap_meets meets;
	bool held;

	rcu_read_lock();
	do {
		cap_still_begin(&still);
		meets = cap_walk_meets_once(from, cap);
		held = cap_still_held(&still);
	} while (!held && --tries);
	if (!held) {
		cap_tree_lock();
		meets = cap_walk_meets_once(from, cap);
		cap_tree_unlock();
	}
	rcu_read_unlock();
	return meets;
}

/* ---- one file and a set of capabilities ---- */

/**
 * struct cap_query - a question to the set, and the answer so far
 * @set: the set
 * @want: rights asked for
 * @class: fs or exec
 * @all: what else there is on the path is wanted too
 * @approved: somebody has approved of this use
 * @counting: this is the second walk, for capabilities with uses or a rate
 * @found: of @want
 * @lasting: all rights that do not run out by themselves
 * @id: the capability that contributed last
 * @nr_counted: how many are in @counted
 * @counted: capabilities that would contribute if a use were taken
 * @masked: capabilities by index whose carve-outs were met; valid where the set has any
 */
struct cap_query {
	const struct cap_set *set;
	u64 want;
	u8 class;
	bool all;
	bool approved;
	bool counting;
	u64 found;
	u64 lasting;
	u64 id;
	u32 nr_counted;
	u16 counted[CAP_WALK_COUNTED_MAX];
	DECLARE_BITMAP(masked, AGENT_CAPS_MAX);
};

static const struct cap_slot *cap_set_slot(const struct cap_set *set, const struct inode *inode)
{
	u32 mask = (1U << set->slot_bits) - 1;
	u32 i = hash_ptr((void *)inode, set->slot_bits);

	/* At most half of the slots are taken: there is always an empty one. */
	for (;; i = (i + 1) & mask) {
		const struct cap_slot *slot = &set->slots[i];

		if (!slot->inode)
			return NULL;
		if (slot->inode == inode)
			return slot;
	}
}

static void cap_query_add(struct cap_query *q, const struct cap *cap, u64 rights)
{
	u64 more = rights & q->want & ~q->found;

	if (!more)
		return;
	q->found |= more;
	q->id = cap->id;
}

/* What a limited capability adds; apart, since most have no limits. */
static noinline void cap_query_limited(struct cap_query *q, const struct cap_place *place)
{
	const struct cap *cap = q->set->caps[place->cap];
	bool counted = place->flags & CAP_PLACE_COUNTED;

	if (counted != q->counting || !cap_usable(cap, q->approved))
		return;
	/* An approval, too, is for as long as the file stays open. */
	if (!counted && (place->flags & CAP_PLACE_APPROVAL) && !cap->limits.expires_ns)
		q->lasting |= place->rights & q->want;
	if (!counted)
		cap_query_add(q, cap, place->rights);
	else if (place->rights & q->want & ~q->found && q->nr_counted < CAP_WALK_COUNTED_MAX)
		q->counted[q->nr_counted++] = place->cap;
}

static void cap_query_place(struct cap_query *q, const struct cap_place *place, bool hidden)
{
	if (place->class != q->class)
		return;
	if (place->flags & CAP_PLACE_CARVE) {
		__set_bit(place->cap, q->masked);
		return;
	}
	if (hidden || (q->set->carved && test_bit(place->cap, q->masked)))
		return;
	if (place->flags) {
		cap_query_limited(q, place);
		return;
	}
	if (q->counting)
		return;
	q->lasting |= place->rights;
	cap_query_add(q, q->set->caps[place->cap], place->rights);
}

/* True when nothing that lies higher up can add to the answer. */
static bool cap_query_at(struct cap_query *q, const struct cap_place_at *at)
{
	const struct cap_slot *slot = cap_set_slot(q->set, cap_place_inode(at));
	u32 i;

	if (!slot)
		return false;
	for (i = slot->first; i < slot->first + slot->nr; i++)
		cap_query_place(q, &q->set->places[i], at->hidden);
	return q->found == q->want && !q->all;
}

static void cap_query_start(struct cap_query *q, u64 found)
{
	q->found = found;
	q->lasting = 0;
	q->id = 0;
	q->nr_counted = 0;
	if (q->set->carved)
		bitmap_zero(q->masked, AGENT_CAPS_MAX);
}

static void cap_query_exempt(struct cap_query *q)
{
	q->found = q->want & AGENT_FS_ALL;
	q->lasting = AGENT_FS_ALL;
}

static void cap_query_once(struct cap_query *q, const struct path *path)
{
	enum cap_step step;
	struct cap_place_at at;

	cap_place_start(&at, path);
	do {
		if (cap_query_at(q, &at))
			return;
		step = cap_place_up(&at);
	} while (step == CAP_STEP_UP);
	if (step == CAP_STEP_EXEMPT && q->class == AGENT_CLASS_FS)
		cap_query_exempt(q);
}

/* By each mount of the set's own tree that shows the file. */
static void cap_query_home(struct cap_query *q, struct dentry *dentry)
{
	struct path at = { .dentry = dentry };
	bool shown = false;

	while ((at.mnt = cap_home_mount(q->set->home, dentry, at.mnt))) {
		shown = true;
		if (q->set->carved)
			bitmap_zero(q->masked, AGENT_CAPS_MAX);
		cap_query_once(q, &at);
	}
	if (!shown && q->class == AGENT_CLASS_FS && cap_home_own(dentry))
		cap_query_exempt(q);
}

static noinline void cap_query_away(struct cap_query *q, const struct agent_request *req,
				    u64 found)
{
	cap_query_start(q, found);
	/* Interrupts may have come while these locks were held. */
	if (in_interrupt() || irqs_disabled())
		return;
	rcu_read_lock();
	cap_tree_lock();
	cap_query_home(q, req->path->dentry);
	cap_tree_unlock();
	rcu_read_unlock();
}

static bool cap_query_try(struct cap_query *q, const struct path *path, u64 found)
{
	struct cap_still still;

	cap_still_begin(&still);
	cap_query_start(q, found);
	cap_query_once(q, path);
	return cap_still_held(&still);
}

static void cap_query_walk(struct cap_query *q, const struct agent_request *req, u64 found)
{
	unsigned int tries = req->atomic ? CAP_WALK_TRIES_ATOMIC : CAP_WALK_TRIES;
	bool held;

	/* One comparison for what is of the set's own tree, which is nearly everything. */
	if (unlikely(READ_ONCE(real_mount(req->path->mnt)->mnt_ns) != q->set->home) &&
	    cap_is_away(q->set->home, req->path)) {
		cap_query_away(q, req, found);
		return;
	}
	rcu_read_lock();
	do {
		held = cap_query_try(q, req->path, found);
	} while (!held && --tries);
	if (!held) {
		cap_query_start(q, found);
		/* Its caller may hold what comes before these: then nothing was found. */
		if (!req->atomic) {
			cap_tree_lock();
			cap_query_once(q, req->path);
			cap_tree_unlock();
		}
	}
	rcu_read_unlock();
}

/* Takes a use of as few counted capabilities as the missing rights need. */
static noinline void cap_query_count(struct cap_query *q, const struct agent_request *req)
{
	u64 lasting = q->lasting, id = q->id;
	u32 i;

	q->counting = true;
	cap_query_walk(q, req, q->found);
	q->lasting = lasting;
	q->id = id;
	for (i = 0; i < q->nr_counted && q->found != q->want; i++) {
		struct cap *cap = q->set->caps[q->counted[i]];
		u64 more = cap->rights & q->want & ~q->found;

		if (!more || !cap_use(cap, q->approved))
			continue;
		cap_query_add(q, cap, more);
		/* The use that was taken is for as long as the file stays open. */
		if (!cap->limits.expires_ns)
			q->lasting |= more;
	}
}

/**
 * cap_walk_rights - which rights on a file does a set of capabilities give?
 * @set: held by the caller
 * @req: fs or exec, with a path
 * @cap_id: the capability that contributed last, 0 for none
 * @granted: where wanted: all rights on it that do not run out by themselves
 *
 * Memory files are exempt as files, but not as programs: else an agent would write
 * itself what it may not run.
 *
 * Return: those of @req->rights that were found.
 */
u64 cap_walk_rights(const struct cap_set *set, const struct agent_request *req,
		    u64 *cap_id, u64 *granted)
{
	struct cap_query q;

	q.set = set;
	q.want = req->rights;
	q.class = req->class;
	q.all = granted;
	q.approved = req->approved;
	q.counting = false;
	q.id = 0;
	if (q.class == AGENT_CLASS_FS && cap_walk_exempt(req->path->dentry))
		cap_query_exempt(&q);
	else
		cap_query_walk(&q, req, 0);
	if (unlikely(set->counted) && q.found != q.want)
		cap_query_count(&q, req);
	*cap_id = q.id;
	if (granted)
		*granted = q.lasting;
	return q.found;
}

/**
 * cap_walk_held - cap_set_held() for paths
 * @set: held by the caller
 * @req: fs or exec, with a path
 *
 * Return: those of @req->rights that were found.
 */
u64 cap_walk_held(const struct cap_set *set, const struct agent_request *req)
{
	struct cap_query q = {
		.set = set, .want = req->rights, .class = req->class, .approved = req->approved,
	};
	u32 i;

	if (q.class == AGENT_CLASS_FS && cap_walk_exempt(req->path->dentry))
		return req->rights;
	cap_query_walk(&q, req, 0);
	if (set->counted && q.found != q.want) {
		q.counting = true;
		cap_query_walk(&q, req, q.found);
		for (i = 0; i < q.nr_counted; i++)
			q.found |= set->caps[q.counted[i]]->rights & q.want;
	}
	return q.found;
}
