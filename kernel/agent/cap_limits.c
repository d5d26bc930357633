// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of capabilities: expiry, uses, rate, depth, approval.
 *
 * A counter is chained to that of the capability it was derived from, and a use
 * takes one of each: otherwise a holder would multiply its uses by delegating.
 */
#include <linux/atomic.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>

#include "cap_internal.h"

#define CAP_RATE_SLOTS		8	/* parts of a window */
#define CAP_SECONDS_MAX		U32_MAX

/**
 * struct cap_counter - uses left, and uses of late
 * @ref: capabilities and counters chained to it
 * @parent: counter of what was derived from, or NULL; holds a reference
 * @uses: how many are left; only where @limited
 * @limited: is their number limited?
 * @rate: uses in each window, or 0
 * @slot_ns: an eighth of the window
 * @lock: of what follows
 * @slot: number of the slot that was last written
 * @count: uses by slot, modulo; a window touches nine slots
 */
struct cap_counter {
	refcount_t ref;
	struct cap_counter *parent;
	atomic64_t uses;
	bool limited;
	u32 rate;
	u64 slot_ns;
	spinlock_t lock;	/* slot, count */
	u64 slot;
	u32 count[CAP_RATE_SLOTS + 1];
};

/**
 * cap_counter_new - count by these limits
 * @limits: with uses or a rate
 * @parent: counter to chain to, or NULL
 *
 * Return: the counter, or NULL.
 */
struct cap_counter *cap_counter_new(const struct cap_limits *limits, struct cap_counter *parent)
{
	struct cap_counter *counter = kzalloc(sizeof(*counter), GFP_KERNEL_ACCOUNT);

	if (!counter)
		return NULL;
	refcount_set(&counter->ref, 1);
	counter->parent = cap_counter_get(parent);
	atomic64_set(&counter->uses, min_t(u64, limits->uses, S64_MAX));
	counter->limited = limits->uses;
	counter->rate = limits->rate;
	counter->slot_ns = limits->window_ns / CAP_RATE_SLOTS;
	spin_lock_init(&counter->lock);
	return counter;
}

/**
 * cap_counter_get - take a reference
 * @counter: or NULL
 *
 * Return: @counter.
 */
struct cap_counter *cap_counter_get(struct cap_counter *counter)
{
	if (counter)
		refcount_inc(&counter->ref);
	return counter;
}

/**
 * cap_counter_put - let go of a reference, and of the chain that it held
 * @counter: or NULL
 */
void cap_counter_put(struct cap_counter *counter)
{
	while (counter && refcount_dec_and_test(&counter->ref)) {
		struct cap_counter *parent = counter->parent;

		kfree(counter);
		counter = parent;
	}
}

/* Forgets the slots that lie more than a window back. */
static void cap_rate_advance(struct cap_counter *counter, u64 slot)
{
	if (slot - counter->slot > CAP_RATE_SLOTS) {
		memset(counter->count, 0, sizeof(counter->count));
		counter->slot = slot;
	}
	while (counter->slot < slot) {
		counter->slot++;
		counter->count[counter->slot % ARRAY_SIZE(counter->count)] = 0;
	}
}

/*
 * No window of the given length, wherever it starts, holds more than the rate: it
 * overlaps nine slots, and their sum is what is bounded. A counter that restarts
 * at fixed times would let twice the rate through around each.
 */
static bool cap_rate_take(struct cap_counter *counter)
{
	unsigned long flags;
	u64 sum = 0, slot;
	bool room;
	int i;

	spin_lock_irqsave(&counter->lock, flags);
	/* Under the lock, so that time does not go backwards between takers. */
	slot = max(div64_u64(ktime_get_boottime_ns(), counter->slot_ns), counter->slot);
	cap_rate_advance(counter, slot);
	for (i = 0; i < ARRAY_SIZE(counter->count); i++)
		sum += counter->count[i];
	room = sum < counter->rate;
	if (room)
		counter->count[slot % ARRAY_SIZE(counter->count)]++;
	spin_unlock_irqrestore(&counter->lock, flags);
	return room;
}

static void cap_counter_untake(struct cap_counter *from, const struct cap_counter *until)
{
	for (; from != until; from = from->parent)
		if (from->limited)
			atomic64_inc(&from->uses);
}

/* One use of each counter of the chain, or of none; a rate is spent by trying. */
static bool cap_counter_take(struct cap_counter *counter)
{
	struct cap_counter *c;

	for (c = counter; c; c = c->parent) {
		if (c->limited && atomic64_dec_if_positive(&c->uses) < 0)
			break;
		if (c->rate && !cap_rate_take(c)) {
			cap_counter_untake(c, c->parent);
			break;
		}
	}
	if (c)
		cap_counter_untake(counter, c);
	return !c;
}

/**
 * cap_usable - is it neither expired nor waiting for a human?
 * @cap: capability
 * @approved: somebody has approved of this use
 *
 * Return: true if so.
 */
bool cap_usable(const struct cap *cap, bool approved)
{
	if (cap->limits.approval && !approved)
		return false;
	return !cap->limits.expires_ns || ktime_get_boottime_ns() < cap->limits.expires_ns;
}

/**
 * cap_use - take one use
 * @cap: capability
 * @approved: somebody has approved of this use
 *
 * Context: any but NMI.
 * Return: false when it is expired, used up, over its rate or needs an approval.
 */
bool cap_use(struct cap *cap, bool approved)
{
	return cap_usable(cap, approved) && (!cap->counter || cap_counter_take(cap->counter));
}

static int cap_limits_decode_rate(struct cbor_reader *r, struct cap_limits *limits)
{
	u64 rate, window;

	if (cbor_read_array(r) != 2)
		cbor_fail(r);
	rate = cbor_read_uint(r);
	window = cbor_read_uint(r);
	if (r->error)
		return -EBADMSG;
	if (!rate || rate > U32_MAX || !window || window > CAP_SECONDS_MAX)
		return -EINVAL;
	limits->rate = rate;
	limits->window_ns = window * NSEC_PER_SEC;
	return 0;
}

static int cap_limits_decode_one(struct cbor_reader *r, struct cap_limits *limits, u64 key)
{
	u64 v;

	switch (key) {
	case 1:
		v = cbor_read_uint(r);
		if (!r->error && (!v || v > CAP_SECONDS_MAX))
			return -EINVAL;
		limits->lifetime_s = v;
		limits->expires_ns = ktime_get_boottime_ns() + v * NSEC_PER_SEC;
		return 0;
	case 2:
		limits->uses = cbor_read_uint(r);
		return !r->error && !limits->uses ? -EINVAL : 0;
	case 3:
		return cap_limits_decode_rate(r, limits);
	case 4:
		v = cbor_read_uint(r);
		limits->depth = v;
		return v >= CAP_DEPTH_ANY ? -EINVAL : 0;
	case 5:
		limits->approval = cbor_read_bool(r);
		return 0;
	}
	return -EINVAL;
}

/**
 * cap_limits_decode - read a map of limits
 * @r: reader
 * @limits: with their defaults
 *
 * Return: 0, -EBADMSG or -EINVAL.
 */
int cap_limits_decode(struct cbor_reader *r, struct cap_limits *limits)
{
	struct cbor_map map;
	u64 key;
	int err;

	cbor_map_begin(r, &map);
	while (cbor_map_next(r, &map, &key)) {
		err = cap_limits_decode_one(r, limits, key);
		if (err)
			return err;
	}
	return r->error;
}

static size_t cap_limits_count(const struct cap_limits *limits)
{
	return !!limits->lifetime_s + !!limits->uses + !!limits->rate +
	       (limits->depth != CAP_DEPTH_ANY) + limits->approval;
}

/**
 * cap_limits_present - is there any?
 * @limits: limits
 *
 * Return: true if so.
 */
bool cap_limits_present(const struct cap_limits *limits)
{
	return cap_limits_count(limits);
}

/**
 * cap_limits_encode - write the map
 * @w: writer
 * @limits: limits
 */
void cap_limits_encode(struct cbor_writer *w, const struct cap_limits *limits)
{
	cbor_write_map(w, cap_limits_count(limits));
	if (limits->lifetime_s) {
		cbor_write_uint(w, 1);
		cbor_write_uint(w, limits->lifetime_s);
	}
	if (limits->uses) {
		cbor_write_uint(w, 2);
		cbor_write_uint(w, limits->uses);
	}
	if (limits->rate) {
		cbor_write_uint(w, 3);
		cbor_write_array(w, 2);
		cbor_write_uint(w, limits->rate);
		cbor_write_uint(w, div_u64(limits->window_ns, NSEC_PER_SEC));
	}
	if (limits->depth != CAP_DEPTH_ANY) {
		cbor_write_uint(w, 4);
		cbor_write_uint(w, limits->depth);
	}
	if (limits->approval) {
		cbor_write_uint(w, 5);
		cbor_write_bool(w, true);
	}
}

/* A maximum in a manifest has not begun to run: its seconds count, not its clock. */
static bool cap_expiry_subset(const struct cap *a, const struct cap *b)
{
	if (!b->limits.expires_ns)
		return true;
	if (!a->limits.expires_ns)
		return false;
	if (!b->id)
		return a->limits.lifetime_s <= b->limits.lifetime_s;
	return a->limits.expires_ns <= b->limits.expires_ns;
}

/**
 * cap_limits_subset - is @a usable for no longer and no more often than @b?
 * @a: the narrower
 * @b: the wider
 *
 * Depth is not looked at. A rate is narrower if it gives no more uses in no shorter
 * a window: then each window of @b's length lies in one of @a's.
 *
 * Return: true if so.
 */
bool cap_limits_subset(const struct cap *a, const struct cap *b)
{
	const struct cap_limits *la = &a->limits, *lb = &b->limits;

	if (!cap_expiry_subset(a, b))
		return false;
	if (lb->uses && (!la->uses || la->uses > lb->uses))
		return false;
	if (lb->rate && (!la->rate || la->rate > lb->rate || la->window_ns < lb->window_ns))
		return false;
	return la->approval || !lb->approval;
}
