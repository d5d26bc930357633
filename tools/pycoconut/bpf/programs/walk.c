/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The walk from a file up to the root, and which capabilities it meets: as
 * kernel/agent/cap_walk.c does it, less two things that a program cannot do. It
 * takes no lock and cannot see that a rename or a mount happened meanwhile; and
 * it ends after WALK_MAX steps with what it has found by then.
 */

#define MNT_INTERNAL	0x4000
#define MNT_NS_INTERNAL	((u64)-22)
#define SB_NOUSER	(1ULL << 31)
#define S_PRIVATE	0x200
#define FS_ALL		0x1ffff

struct spot {
	u64 dentry;
	u64 mnt;		/* struct vfsmount */
};

static __always_inline struct spot spot_of(u64 path)
{
	struct spot at = {
		.dentry = READ(u64, path, path_dentry),
		.mnt = READ(u64, path, path_mnt),
	};

	return at;
}

static __always_inline u64 inode_of(u64 dentry)
{
	return READ(u64, dentry, dentry_d_inode);
}

/* Cannot be opened by a path, so that to have one is the authority to use it. */
static __always_inline bool exempt(struct spot at)
{
	u64 inode = inode_of(at.dentry);
	u64 sb = READ(u64, at.dentry, dentry_d_sb);

	if (READ(u64, sb, super_block_s_flags) & SB_NOUSER)
		return true;
	return inode && READ(u32, inode, inode_i_flags) & S_PRIVATE;
}

static __always_inline bool self_contained(struct spot at)
{
	return READ(u32, at.mnt, vfsmount_mnt_flags) & MNT_INTERNAL;
}

/* Branches cost the verifier more than arithmetic. */
static __always_inline u64 carved_rights(const struct place *place, u64 hides, u32 class)
{
	u64 found = 0;
	int i;

#pragma unroll
	for (i = 0; i < CARVED_MAX; i++) {
		const struct carved *c = &place->carved[i];
		u64 shown = ((hides >> (c->cap & 63)) & 1) - 1;

		found |= c->rights & shown & -(u64)(c->class == class);
	}
	return found;
}

/* All rights of @class that the policy gives where @at is. */
static __always_inline u64 rights_at(u64 policy, struct spot at, u32 class)
{
	struct place_key key = { .policy = policy };
	u64 found = some_zero(), hides = found, seen = found - 1, shown = seen;
	int i;

	if (class == CLASS_FS && exempt(at))
		return FS_ALL;
#pragma clang loop unroll(disable)
	for (i = 0; i < WALK_MAX; i++) {
		struct place *place;
		u64 up;

		key.inode = inode_of(at.dentry);
		place = places.lookup(&key);
		if (place) {
			hides |= place->hides;
			found |= shown & ((class == CLASS_FS ? place->fs : place->exec) |
					  carved_rights(place, hides, class));
		}
		if (at.dentry == READ(u64, at.mnt, vfsmount_mnt_root)) {
			u64 mount = at.mnt - OFFSET_mount_mnt;

			up = READ(u64, mount, mount_mnt_parent);
			if (up == mount) {
				/* A layer of overlayfs, which was decided by its own path. */
				if (READ(u64, mount, mount_mnt_ns) == MNT_NS_INTERNAL)
					found = ~0ULL;
				break;
			}
			at.dentry = READ(u64, mount, mount_mnt_mountpoint);
			at.mnt = up + OFFSET_mount_mnt;
			shown = ~seen;
			continue;
		}
		up = READ(u64, at.dentry, dentry_d_parent);
		if (up == at.dentry) {
			if (class == CLASS_FS && self_contained(at))
				found = FS_ALL;
			break;
		}
		at.dentry = up;
		shown = seen;
	}
	return found;
}

static __always_inline int refuse_at(u64 policy, struct spot at, u32 class, u64 rights)
{
	struct denial *d = denials.ringbuf_reserve(sizeof(struct denial));
	u64 len = some_zero();
	int i;

	if (!d)
		return no_room(class);
	fill(d, policy, class, rights, FORM_PATH);
#pragma clang loop unroll(disable)
	for (i = 0; i < WALK_MAX; i++) {
		u64 up;

		if (at.dentry == READ(u64, at.mnt, vfsmount_mnt_root)) {
			u64 mount = at.mnt - OFFSET_mount_mnt;

			up = READ(u64, mount, mount_mnt_parent);
			if (up == mount)
				break;
			at.dentry = READ(u64, mount, mount_mnt_mountpoint);
			at.mnt = up + OFFSET_mount_mnt;
			continue;
		}
		up = READ(u64, at.dentry, dentry_d_parent);
		if (up == at.dentry || len > OBJECT_MAX - PART_MAX)
			break;
		long n = bpf_probe_read_kernel_str(d->object + masked(len, OBJECT_MAX - 1), PART_MAX,
						   (void *)READ(u64, at.dentry, dentry_d_name_name));
		if (n > 0)
			len += n & 0x1ff;
		at.dentry = up;
	}
	d->len = len;
	denials.ringbuf_submit(d, 0);
	return result_of(class);
}

static __always_inline int decide_at(u64 policy, struct spot at, u32 class, u64 need)
{
	if (!(need & ~rights_at(policy, at, class)))
		return 0;
	return refuse_at(policy, at, class, need);
}
