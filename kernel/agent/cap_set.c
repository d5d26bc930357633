// SPDX-License-Identifier: GPL-2.0
/*
 * Sets of capabilities: immutable, built whole and swapped under RCU, so that a
 * decision reads one of them without a lock.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <crypto/blake3.h>

#include "cap_internal.h"

/* Largest encoding: what came in, id and parent's id, and limits taken over from it. */
#define CAP_ENCODED_MAX		(AGENT_CAP_MAX + 64)

static void cap_set_free(struct cap_set *set)
{
	u32 i;

	for (i = 0; i < set->nr; i++)
		if (set->caps[i])
			cap_put_now(set->caps[i]);
	cap_home_put(set->home);
	kvfree(set->slots);
	kvfree(set->places);
	kvfree(set->ports);
	kvfree(set);
}

static void cap_set_free_work(struct work_struct *work)
{
	cap_set_free(container_of(to_rcu_work(work), struct cap_set, rwork));
}

/**
 * cap_set_put - let go of a reference
 * @set: set or NULL
 *
 * Context: any.
 */
void cap_set_put(struct cap_set *set)
{
	if (set && refcount_dec_and_test(&set->ref))
		queue_rcu_work(system_unbound_wq, &set->rwork);
}

static int cap_order_class(const void *a, const void *b)
{
	const struct cap *const *ca = a, *const *cb = b;

	if ((*ca)->class != (*cb)->class)
		return (*ca)->class < (*cb)->class ? -1 : 1;
	return (*ca)->id < (*cb)->id ? -1 : (*ca)->id > (*cb)->id;
}

static int cap_order_id(const void *a, const void *b)
{
	const struct cap *const *ca = a, *const *cb = b;

	return (*ca)->id < (*cb)->id ? -1 : (*ca)->id > (*cb)->id;
}

static void cap_set_fill(struct cap_set *set, struct cap *const *caps)
{
	u32 i, class;

	for (i = 0; i < set->nr; i++)
		set->caps[i] = cap_get(caps[i]);
	sort(set->caps, set->nr, sizeof(*set->caps), cap_order_class, NULL);
	for (i = 0, class = 0; class < ARRAY_SIZE(set->first); class++) {
		while (i < set->nr && set->caps[i]->class < class)
			i++;
		set->first[class] = i;
	}
}

/* ---- digest ---- */

static int cap_set_digest(struct cap_set *set)
{
	struct cap **order = kvcalloc(set->nr + 1, sizeof(*order), GFP_KERNEL);
	u8 *buf = kvmalloc(CAP_ENCODED_MAX, GFP_KERNEL);
	struct blake3_state *state = kmalloc(sizeof(*state), GFP_KERNEL);
	int err = -ENOMEM;
	u32 i;

	if (!order || !buf || !state)
		goto out;
	memcpy(order, set->caps, set->nr * sizeof(*order));
	sort(order, set->nr, sizeof(*order), cap_order_id, NULL);
	blake3_init(state);
	for (i = 0; i < set->nr; i++) {
		struct cbor_writer w;

		cbor_writer_init(&w, buf, CAP_ENCODED_MAX);
		cap_encode(&w, order[i]);
		if (WARN_ON_ONCE(cbor_overflow(&w))) {
			err = -E2BIG;
			goto out;
		}
		blake3_update(state, buf, w.len);
	}
	blake3_final(state, set->digest);
	err = 0;
out:
	kfree(state);
	kvfree(buf);
	kvfree(order);
	return err;
}

/* ---- places by inode ---- */

static u32 cap_count_places(const struct cap *cap)
{
	return cap_is_hierarchy(cap) ? 1 + cap->fs.nr_carve : 0;
}

static u8 cap_place_flags(const struct cap *cap)
{
	return (cap->limits.expires_ns ? CAP_PLACE_EXPIRES : 0) |
	       (cap->counter ? CAP_PLACE_COUNTED : 0) |
	       (cap->limits.approval ? CAP_PLACE_APPROVAL : 0);
}

static void cap_set_add_places(struct cap_set *set, u32 index)
{
	const struct cap *cap = set->caps[index];
	struct cap_place *place = &set->places[set->nr_places];
	u32 i;

	*place++ = (struct cap_place) {
		.inode = d_backing_inode(cap->fs.path.dentry),
		.rights = cap->rights,
		.cap = index,
		.class = cap->class,
		.flags = cap_place_flags(cap),
	};
	for (i = 0; i < cap->fs.nr_carve; i++)
		*place++ = (struct cap_place) {
			.inode = d_backing_inode(cap->fs.carve[i].dentry),
			.cap = index,
			.class = cap->class,
			.flags = CAP_PLACE_CARVE,
		};
	set->nr_places += 1 + cap->fs.nr_carve;
	set->carved |= cap->fs.nr_carve > 0;
	set->counted |= !!cap->counter;
	set->approval |= cap->limits.approval;
}

/*
 * One inode's places next to each other, carve-outs first: a capability whose root
 * is carved out of it by another way does not count there.
 */
static int cap_order_place(const void *a, const void *b)
{
	const struct cap_place *pa = a, *pb = b;

	if (pa->inode != pb->inode)
		return pa->inode < pb->inode ? -1 : 1;
	return (pb->flags & CAP_PLACE_CARVE) - (pa->flags & CAP_PLACE_CARVE);
}

static void cap_set_add_slot(struct cap_set *set, u32 first, u32 nr)
{
	const struct inode *inode = set->places[first].inode;
	u32 mask = (1U << set->slot_bits) - 1;
	u32 i = hash_ptr((void *)inode, set->slot_bits);

	while (set->slots[i].inode)
		i = (i + 1) & mask;
	set->slots[i] = (struct cap_slot) { .inode = inode, .first = first, .nr = nr };
}

static int cap_set_index(struct cap_set *set)
{
	u32 i, nr, total = 0;

	for (i = 0; i < set->nr; i++)
		total += cap_count_places(set->caps[i]);
	/* Half empty at least, so that most look-ups that find nothing end at once. */
	set->slot_bits = order_base_2(2 * total + 2);
	set->slots = kvcalloc(1U << set->slot_bits, sizeof(*set->slots), GFP_KERNEL_ACCOUNT);
	set->places = kvcalloc(total + 1, sizeof(*set->places), GFP_KERNEL_ACCOUNT);
	if (!set->slots || !set->places)
		return -ENOMEM;
	for (i = 0; i < set->nr; i++)
		if (cap_is_hierarchy(set->caps[i]))
			cap_set_add_places(set, i);
	sort(set->places, total, sizeof(*set->places), cap_order_place, NULL);
	for (i = 0; i < total; i += nr) {
		nr = 1;
		while (i + nr < total && set->places[i + nr].inode == set->places[i].inode)
			nr++;
		cap_set_add_slot(set, i, nr);
	}
	return 0;
}

/**
 * cap_set_build - make a set
 * @caps: capabilities; the set takes references of its own
 * @nr: how many, at most AGENT_CAPS_MAX
 * @home: the mount namespace whose tree their paths are about, or NULL
 *
 * Context: may sleep.
 * Return: the set with one reference, or ERR_PTR(-E2BIG, -ENOMEM).
 */
struct cap_set *cap_set_build(struct cap *const *caps, u32 nr, struct mnt_namespace *home)
{
	struct cap_set *set;
	int err;

	if (nr > AGENT_CAPS_MAX)
		return ERR_PTR(-E2BIG);
	set = kvzalloc(struct_size(set, caps, nr), GFP_KERNEL_ACCOUNT);
	if (!set)
		return ERR_PTR(-ENOMEM);
	refcount_set(&set->ref, 1);
	INIT_RCU_WORK(&set->rwork, cap_set_free_work);
	set->nr = nr;
	set->home = cap_home_get(home);
	cap_set_fill(set, caps);
	err = cap_set_index(set) ?: cap_ports_index(set);
	if (!err)
		err = cap_set_digest(set);
	if (err) {
		cap_set_free(set);
		return ERR_PTR(err);
	}
	return set;
}

/**
 * agent_caps_get - an agent's capabilities as they are now
 * @agent: agent
 *
 * Return: a reference, or NULL for the boot agent and for those that have ended.
 */
struct cap_set *agent_caps_get(struct agent *agent)
{
	struct cap_set *set;

	rcu_read_lock();
	do {
		set = rcu_dereference(agent->caps);
	} while (set && !refcount_inc_not_zero(&set->ref));
	rcu_read_unlock();
	return set;
}

/**
 * cap_set_find - the capability with an id
 * @set: set, held by the caller
 * @id: id
 *
 * Return: a reference, or NULL.
 */
struct cap *cap_set_find(const struct cap_set *set, u64 id)
{
	u32 i;

	for (i = 0; i < set->nr; i++)
		if (set->caps[i]->id == id)
			return cap_get(set->caps[i]);
	return NULL;
}

/**
 * cap_set_covers - the capability that another one can be derived from
 * @set: set, held by the caller
 * @cap: what is to be derived
 *
 * Context: may sleep.
 * Return: a reference to one with depth left to delegate, or NULL.
 */
struct cap *cap_set_covers(const struct cap_set *set, const struct cap *cap)
{
	u32 i;

	for (i = set->first[cap->class]; i < set->first[cap->class + 1]; i++) {
		struct cap *own = set->caps[i];

		if (own->limits.depth && cap_subset_but_depth(cap, own))
			return cap_get(own);
	}
	return NULL;
}
