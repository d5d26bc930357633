// SPDX-License-Identifier: GPL-2.0
/*
 * Capabilities: their life and their derivation.
 */
#include <linux/atomic.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cap_internal.h"

static atomic64_t cap_last_id = ATOMIC64_INIT(0);

static void cap_release(struct cap *cap)
{
	if (cap_is_hierarchy(cap))
		cap_fs_release(cap);
	else if (cap->class == AGENT_CLASS_NET)
		kfree(cap->net.name);
	else if (cap->class == AGENT_CLASS_SVC || cap->class == AGENT_CLASS_DEV)
		kfree(cap->name);
	cap_counter_put(cap->counter);
	kfree(cap->text);
	kfree(cap);
}

static void cap_release_work(struct work_struct *work)
{
	cap_release(container_of(work, struct cap, work));
}

/**
 * cap_alloc - an empty capability with one reference
 *
 * Return: the capability, or NULL.
 */
struct cap *cap_alloc(void)
{
	struct cap *cap = kzalloc(sizeof(*cap), GFP_KERNEL_ACCOUNT);

	if (!cap)
		return NULL;
	refcount_set(&cap->ref, 1);
	INIT_WORK(&cap->work, cap_release_work);
	cap->limits.depth = CAP_DEPTH_ANY;
	return cap;
}

/**
 * cap_get - take a reference
 * @cap: capability
 *
 * Return: @cap.
 */
struct cap *cap_get(struct cap *cap)
{
	refcount_inc(&cap->ref);
	return cap;
}

/**
 * cap_put - let go of a reference
 * @cap: capability or NULL
 *
 * Context: any. What the last reference frees is freed by a worker, since letting
 * go of a path may sleep.
 */
void cap_put(struct cap *cap)
{
	if (cap && refcount_dec_and_test(&cap->ref))
		schedule_work(&cap->work);
}

/**
 * cap_put_now - cap_put() without the worker
 * @cap: capability
 *
 * Context: may sleep.
 */
void cap_put_now(struct cap *cap)
{
	if (refcount_dec_and_test(&cap->ref))
		cap_release(cap);
}

static int cap_copy_name(char **to, const char *from)
{
	if (!from)
		return 0;
	*to = kstrdup(from, GFP_KERNEL_ACCOUNT);
	return *to ? 0 : -ENOMEM;
}

static int cap_copy_object(struct cap *to, const struct cap *from)
{
	switch (from->class) {
	case AGENT_CLASS_FS:
	case AGENT_CLASS_EXEC:
		if (cap_is_hierarchy(from))
			return cap_fs_copy(to, from);
		memcpy(to->digest, from->digest, sizeof(to->digest));
		return 0;
	case AGENT_CLASS_NET:
		to->net = from->net;
		to->net.name = NULL;
		return cap_copy_name(&to->net.name, from->net.name);
	case AGENT_CLASS_AGENT:
		to->agent = from->agent;
		return 0;
	case AGENT_CLASS_MEM:
		to->mem = from->mem;
		return 0;
	case AGENT_CLASS_DEV:
		to->ioctl_first = from->ioctl_first;
		to->ioctl_last = from->ioctl_last;
		fallthrough;
	case AGENT_CLASS_SVC:
		return cap_copy_name(&to->name, from->name);
	}
	return -EINVAL;
}

/**
 * cap_copy - a copy without identity, counter and text
 * @cap: what to copy
 *
 * Return: the copy, or NULL.
 */
struct cap *cap_copy(const struct cap *cap)
{
	struct cap *copy = cap_alloc();

	if (!copy)
		return NULL;
	copy->class = cap->class;
	copy->by_digest = cap->by_digest;
	copy->rights = cap->rights;
	copy->limits = cap->limits;
	if (cap_copy_object(copy, cap)) {
		cap_put_now(copy);
		return NULL;
	}
	return copy;
}

/* A child never outlives its parent's time, and never goes deeper. */
static void cap_clamp(struct cap *cap, const struct cap *parent)
{
	const struct cap_limits *limit = &parent->limits;

	if (limit->expires_ns &&
	    (!cap->limits.expires_ns || cap->limits.expires_ns > limit->expires_ns)) {
		cap->limits.expires_ns = limit->expires_ns;
		cap->limits.lifetime_s = limit->lifetime_s;
	}
	if (limit->depth != CAP_DEPTH_ANY && limit->depth)
		cap->limits.depth = min_t(u8, cap->limits.depth, limit->depth - 1);
	else if (!limit->depth)
		cap->limits.depth = 0;
	cap->limits.approval |= limit->approval;
}

/* Uses of a derived capability count against all that it derives from. */
static int cap_derive_counter(struct cap *new, const struct cap *cap, const struct cap *parent)
{
	if (!parent) {
		new->counter = cap_counter_get(cap->counter);
		return 0;
	}
	if (!cap->limits.uses && !cap->limits.rate) {
		new->counter = cap_counter_get(parent->counter);
		return 0;
	}
	new->counter = cap_counter_new(&cap->limits, parent->counter);
	return new->counter ? 0 : -ENOMEM;
}

/**
 * cap_derive - a copy that can be published
 * @cap: what it allows; covered by @parent, which the caller has checked
 * @parent: what it derives from, or NULL
 *
 * Return: the capability with a new id and one reference, or NULL.
 */
struct cap *cap_derive(const struct cap *cap, const struct cap *parent)
{
	struct cap *new = cap_copy(cap);

	if (!new)
		return NULL;
	if (parent)
		cap_clamp(new, parent);
	new->parent_id = parent ? parent->id : 0;
	new->id = atomic64_inc_return(&cap_last_id);
	if (cap_derive_counter(new, cap, parent) || cap_text(new)) {
		cap_put_now(new);
		return NULL;
	}
	return new;
}

/**
 * cap_errno - what a denial returns
 * @class: enum agent_class
 *
 * Programs know -EACCES from files, sockets and devices, and handle it; elsewhere
 * the same denial is -EPERM.
 *
 * Return: -EACCES or -EPERM.
 */
int cap_errno(u8 class)
{
	switch (class) {
	case AGENT_CLASS_FS:
	case AGENT_CLASS_EXEC:
	case AGENT_CLASS_NET:
	case AGENT_CLASS_DEV:
		return -EACCES;
	}
	return -EPERM;
}
