/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capabilities and immutable sets of them.
 */
#ifndef _AGENT_CAP_H
#define _AGENT_CAP_H

#include <linux/refcount.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>
#include <linux/path.h>
#include <linux/agent.h>

struct cbor_reader;
struct mnt_namespace;
struct seq_buf;
struct cbor_writer;

#define CAP_DEPTH_ANY	0xff

/**
 * struct cap_limits - constraints; zero means that there is none
 * @expires_ns: CLOCK_BOOTTIME; counted from the moment of decoding
 * @lifetime_s: the same as it came on the wire, seconds
 * @uses: how often it may be used
 * @rate: uses in each window
 * @window_ns: length of that window
 * @depth: how many times it may be delegated on; CAP_DEPTH_ANY: without limit
 * @approval: each use needs a human's answer
 */
struct cap_limits {
	u64 expires_ns;
	u64 lifetime_s;
	u64 uses;
	u32 rate;
	u64 window_ns;
	u8 depth;
	bool approval;
};

/* Counts uses; shared by all that derives from a limited capability. */
struct cap_counter;

/**
 * struct cap - one capability; immutable but for its counter
 * @ref: sets and callers
 * @work: frees it, since letting go of a path sleeps
 * @id: unique in this boot, from 1; 0 before it is published
 * @parent_id: what it was derived from, 0 at the root
 * @class: enum agent_class; says which member of the union holds
 * @rights: of that class
 * @limits: constraints
 * @counter: NULL without uses and rate
 * @fs: fs, and exec without a digest: the root (a reference), what is carved out of it
 *	(references), and both as they were given, for text and encoding
 * @digest: exec by digest
 * @net: addresses and ports in host order but for the address; @net.name: an abstract
 *	unix name, '*' at its end as wildcard
 * @agent: whom it speaks of; @agent.max: live children at most, 0: no limit
 * @mem: a tier and how much of it
 * @name: svc: a name, '*' at its end as wildcard; dev: the class of device
 * @by_digest: exec: which of the two it is
 * @ioctl_first: dev
 * @ioctl_last: dev
 * @text: one line for people, as in caps files and in records
 */
struct cap {
	refcount_t ref;
	struct work_struct work;
	u64 id;
	u64 parent_id;
	u8 class;
	u64 rights;
	struct cap_limits limits;
	struct cap_counter *counter;
	union {
		struct {
			struct path path;
			struct path *carve;
			u32 nr_carve;
			char *name;
			char **carve_name;
			bool dir;
		} fs;
		u8 digest[AGENT_DIGEST_SIZE];
		struct {
			u8 proto, family, prefix;
			u8 addr[16];
			u16 port_first, port_last;
			char *name;
		} net;
		struct {
			u8 who;
			u64 aid;
			u32 max;
		} agent;
		struct {
			u64 bytes;
			u8 tier;
		} mem;
		char *name;
	};
	bool by_digest;
	u32 ioctl_first, ioctl_last;
	char *text;
};

/*
 * Decodes one capability, resolving paths in current's root. ERR_PTR: -EBADMSG (form),
 * -EINVAL (a value), -ENOMEM, or of the path: -ENOENT, -ENOTDIR, -EACCES, -ELOOP.
 */
struct cap *cap_decode(struct cbor_reader *r);
/* An array of them, at most AGENT_CAPS_MAX, no two the same. 0 or a negative errno as above. */
int caps_decode(struct cbor_reader *r, struct cap ***caps, u32 *nr);
void caps_free(struct cap **caps, u32 nr);	/* puts each, and the array */
/* With id and parent (keys 6, 7) once it is published. */
void cap_encode(struct cbor_writer *w, const struct cap *cap);
struct cap *cap_get(struct cap *cap);
void cap_put(struct cap *cap);
/* Is each operation that a allows also allowed by b, for no longer and no more often? */
bool cap_subset(const struct cap *a, const struct cap *b);
/*
 * A copy under a new id that derives from parent (NULL: from nothing). Its uses count
 * against parent's counters too; its depth is at most parent's - 1. NULL: no memory.
 */
struct cap *cap_derive(const struct cap *cap, const struct cap *parent);
/* Takes one use; false when expired, used up, over its rate, or to be approved and not. */
bool cap_use(struct cap *cap, bool approved);
bool cap_usable(const struct cap *cap, bool approved);	/* neither expired nor to be approved */

/* Most are: using one asks and counts nothing. */
static inline bool cap_unlimited(const struct cap *cap)
{
	return !cap->counter && !cap->limits.expires_ns && !cap->limits.approval;
}

void cap_rights_text(struct seq_buf *s, u8 class, u64 rights);	/* "read_file,write_file" */

/* One hierarchy of one capability, or one that is carved out of it. */
struct cap_place {
	const struct inode *inode;	/* kept by the capability's path */
	u64 rights;
	u16 cap;			/* index */
	u8 class;
	u8 flags;			/* CAP_PLACE_* */
};

/* Open addressing by inode; the places of one inode stand next to each other. */
struct cap_slot {
	const struct inode *inode;
	u32 first;
	u32 nr;
};

/* The ports of one capability, and where the stretch ends of which this is the middle. */
struct cap_ports {
	u16 first;
	u16 last;
	u16 end;
	u16 cap;			/* index */
};

/**
 * struct cap_set - an immutable snapshot; readers hold rcu_read_lock() or a reference
 * @ref: the agent's, and those of agent_caps_get()
 * @rwork: frees it after a grace period, where it may sleep
 * @home: the mount namespace whose tree its paths are about (a reference); NULL: any
 * @digest: BLAKE3 of the encoded capabilities in order of id
 * @nr: capabilities
 * @nr_places: hierarchies and carve-outs
 * @nr_ports: capabilities for addresses
 * @slot_bits: @slots has 1 << slot_bits members
 * @carved: are there any carve-outs?
 * @counted: are there limits of uses or rate among fs and exec?
 * @ports_counted: are there among those for addresses?
 * @ports_limited: has any of those any limits?
 * @approval: does any hierarchy need somebody's approval?
 * @slots: open addressing by inode
 * @places: sorted by inode
 * @ports: sorted by port; NULL where there are none
 * @first: capabilities of class c are first[c] to first[c + 1]
 * @caps: sorted by class and id
 */
struct cap_set {
	refcount_t ref;
	struct rcu_work rwork;
	struct mnt_namespace *home;
	u8 digest[AGENT_DIGEST_SIZE];
	u32 nr;
	u32 nr_places;
	u32 nr_ports;
	u8 slot_bits;
	bool carved;
	bool counted;
	bool ports_counted;
	bool ports_limited;
	bool approval;
	struct cap_slot *slots;
	struct cap_place *places;
	struct cap_ports *ports;
	u32 first[16];
	struct cap *caps[] __counted_by(nr);
};

/* Takes references of its own. Writers hold agent->caps_lock. ERR_PTR: -E2BIG, -ENOMEM. */
struct cap_set *cap_set_build(struct cap *const *caps, u32 nr, struct mnt_namespace *home);
void cap_set_put(struct cap_set *set);
struct mnt_namespace *cap_home_of(const struct cap_set *parent);	/* not held */
/* The mounts of a tree that show a file, one after the other; under mount_lock. Not held. */
struct vfsmount *cap_home_mount(const struct mnt_namespace *home, struct dentry *dentry,
				struct vfsmount *after);
bool cap_ports_unlimited(const struct agent *agent);
struct cap_set *agent_caps_get(struct agent *agent);	/* referenced snapshot; boot agent: NULL */
/* Which capability of the set covers cap (with depth left to delegate)? Referenced, or NULL. */
struct cap *cap_set_covers(const struct cap_set *set, const struct cap *cap);
struct cap *cap_set_find(const struct cap_set *set, u64 id);	/* referenced, or NULL */

/*
 * The pure question: no record, but uses are counted. Returns the rights it found of
 * req->rights; those already found end a walk early. *granted, where wanted, gets
 * all rights on the path that do not run out by themselves.
 */
u64 cap_set_rights(const struct cap_set *set, const struct agent *agent,
		   const struct agent_request *req, u64 *cap_id, u64 *granted);
/* Those of req->rights that the set speaks of, used up or not; takes no use. Not exec. */
u64 cap_set_held(const struct cap_set *set, const struct agent *agent,
		 const struct agent_request *req);
/* Does a request in the form of a capability lie within the set? 0 or cap_errno(). */
int cap_set_present(const struct cap_set *set, const struct cap *request, bool approved,
		    u64 *cap_id);
/* Would they, if somebody approved? Take no use. */
bool cap_set_approvable(const struct cap_set *set, const struct agent *agent,
			const struct agent_request *req);
bool cap_set_presentable(const struct cap_set *set, const struct cap *request, bool any);

int cap_errno(u8 class);	/* what a denial returns: -EACCES or -EPERM */
const char *cap_class_name(u8 class);	/* "fs" ...; NULL */

#endif /* _AGENT_CAP_H */
