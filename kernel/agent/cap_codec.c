// SPDX-License-Identifier: GPL-2.0
/*
 * Capabilities as CBOR: {1: class, 2: object, 3: rights, ?4: limits, ?5: carve-outs,
 * ?6: id, ?7: parent's id}; the last two are written here and never read.
 */
#include <linux/errno.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cap_internal.h"

enum cap_key {
	CAP_KEY_CLASS	= 1,
	CAP_KEY_OBJECT	= 2,
	CAP_KEY_RIGHTS	= 3,
	CAP_KEY_LIMITS	= 4,
	CAP_KEY_CARVES	= 5,
	CAP_KEY_ID	= 6,
	CAP_KEY_PARENT	= 7,
};

static const u64 cap_rights_of_class[] = {
	[AGENT_CLASS_FS]	= AGENT_FS_ALL,
	[AGENT_CLASS_EXEC]	= AGENT_EXEC_ALL,
	[AGENT_CLASS_NET]	= AGENT_NET_ALL,
	[AGENT_CLASS_AGENT]	= AGENT_AGENT_ALL,
	[AGENT_CLASS_DEV]	= AGENT_DEV_ALL,
	[AGENT_CLASS_MEM]	= AGENT_MEM_ALL,
	[AGENT_CLASS_SVC]	= AGENT_SVC_ALL,
};

/**
 * cap_class_rights - all rights of a class
 * @class: enum agent_class
 *
 * Return: the rights, 0 where there are no capabilities.
 */
u64 cap_class_rights(u8 class)
{
	return class < ARRAY_SIZE(cap_rights_of_class) ? cap_rights_of_class[class] : 0;
}

/**
 * cap_is_hierarchy - is its object a hierarchy of files?
 * @cap: capability
 *
 * Return: true for fs, and for exec without a digest.
 */
bool cap_is_hierarchy(const struct cap *cap)
{
	return cap->class == AGENT_CLASS_FS ||
	       (cap->class == AGENT_CLASS_EXEC && !cap->by_digest);
}

/**
 * cap_string - a terminated copy of bytes from outside
 * @bytes: without NUL, which would hide what follows from one reader and not another
 * @len: how many, at least one
 *
 * Return: the string or ERR_PTR(-EINVAL, -ENOMEM).
 */
char *cap_string(const void *bytes, size_t len)
{
	char *s;

	if (!len || memchr(bytes, 0, len))
		return ERR_PTR(-EINVAL);
	s = kmemdup_nul(bytes, len, GFP_KERNEL_ACCOUNT);
	return s ?: ERR_PTR(-ENOMEM);
}

static int cap_decode_name(struct cbor_reader *r, char **name, size_t max)
{
	size_t len;
	const char *text = cbor_read_text(r, &len);
	char *s;

	if (r->error)
		return -EBADMSG;
	if (len > max)
		return -EINVAL;
	s = cap_string(text, len);
	if (IS_ERR(s))
		return PTR_ERR(s);
	*name = s;
	return 0;
}

static int cap_decode_exec(struct cbor_reader *r, struct cap *cap)
{
	const u8 *digest;
	size_t len;
	u64 kind;

	if (cbor_peek_major(r) == CBOR_BYTES)
		return cap_fs_decode(r, cap);
	cap->by_digest = true;
	if (cbor_read_array(r) != 2)
		cbor_fail(r);
	kind = cbor_read_uint(r);
	digest = cbor_read_bytes(r, &len);
	if (r->error)
		return -EBADMSG;
	if (kind != 1 || len != AGENT_DIGEST_SIZE)
		return -EINVAL;
	memcpy(cap->digest, digest, AGENT_DIGEST_SIZE);
	return 0;
}

static int cap_decode_agent(struct cbor_reader *r, struct cap *cap)
{
	u64 who, max;

	if (cbor_read_array(r) != 3)
		cbor_fail(r);
	who = cbor_read_uint(r);
	cap->agent.aid = cbor_read_uint(r);
	max = cbor_read_uint(r);
	if (r->error)
		return -EBADMSG;
	if (who > AGENT_WHO_AID || max > U32_MAX || (who != AGENT_WHO_AID && cap->agent.aid))
		return -EINVAL;
	cap->agent.who = who;
	cap->agent.max = max;
	return 0;
}

static int cap_decode_dev(struct cbor_reader *r, struct cap *cap)
{
	u64 first, last;
	int err;

	if (cbor_read_array(r) != 3)
		cbor_fail(r);
	err = cap_decode_name(r, &cap->name, CAP_DEV_CLASS_MAX);
	if (err)
		return err;
	first = cbor_read_uint(r);
	last = cbor_read_uint(r);
	if (r->error)
		return -EBADMSG;
	if (last > U32_MAX || first > last)
		return -EINVAL;
	cap->ioctl_first = first;
	cap->ioctl_last = last;
	return 0;
}

static int cap_decode_mem(struct cbor_reader *r, struct cap *cap)
{
	u64 tier;

	if (cbor_read_array(r) != 2)
		cbor_fail(r);
	tier = cbor_read_uint(r);
	cap->mem.bytes = cbor_read_uint(r);
	if (r->error)
		return -EBADMSG;
	if (tier > AGENT_TIER_SSD || !cap->mem.bytes)
		return -EINVAL;
	cap->mem.tier = tier;
	return 0;
}

static int cap_decode_object(struct cbor_reader *r, struct cap *cap)
{
	switch (cap->class) {
	case AGENT_CLASS_FS:
		return cap_fs_decode(r, cap);
	case AGENT_CLASS_EXEC:
		return cap_decode_exec(r, cap);
	case AGENT_CLASS_NET:
		return cap_net_decode(r, cap);
	case AGENT_CLASS_AGENT:
		return cap_decode_agent(r, cap);
	case AGENT_CLASS_DEV:
		return cap_decode_dev(r, cap);
	case AGENT_CLASS_MEM:
		return cap_decode_mem(r, cap);
	case AGENT_CLASS_SVC:
		return cap_decode_name(r, &cap->name, CAP_NAME_MAX);
	}
	return -EINVAL;
}

/* The class comes first, since it says how the object is read. */
static int cap_decode_class(struct cbor_reader *r, struct cap *cap)
{
	u64 class = cbor_read_uint(r);

	if (r->error)
		return -EBADMSG;
	if (class < AGENT_CLASS_FS || class > AGENT_CLASS_SVC)
		return -EINVAL;
	cap->class = class;
	return 0;
}

static int cap_decode_rights(struct cbor_reader *r, struct cap *cap)
{
	cap->rights = cbor_read_uint(r);
	if (r->error)
		return -EBADMSG;
	if (!cap->rights || cap->rights & ~cap_rights_of_class[cap->class])
		return -EINVAL;
	return 0;
}

static int cap_decode_member(struct cbor_reader *r, struct cap *cap, u64 key)
{
	switch (key) {
	case CAP_KEY_CLASS:
		return cap_decode_class(r, cap);
	case CAP_KEY_OBJECT:
		return cap->class ? cap_decode_object(r, cap) : -EINVAL;
	case CAP_KEY_RIGHTS:
		return cap->class ? cap_decode_rights(r, cap) : -EINVAL;
	case CAP_KEY_LIMITS:
		return cap_limits_decode(r, &cap->limits);
	case CAP_KEY_CARVES:
		return cap_fs_decode_carves(r, cap);
	}
	return -EINVAL;
}

static int cap_decode_into(struct cbor_reader *r, struct cap *cap)
{
	const u8 *start = r->pos;
	struct cbor_map map;
	unsigned int seen = 0;
	u64 key;
	int err;

	cbor_map_begin(r, &map);
	while (cbor_map_next(r, &map, &key)) {
		err = cap_decode_member(r, cap, key);
		if (r->error)
			return -EBADMSG;
		if (err)
			return err;
		seen |= BIT(key);
	}
	if (r->error)
		return -EBADMSG;
	if ((seen & 0xe) != 0xe || r->pos - start > AGENT_CAP_MAX)
		return -EINVAL;
	return 0;
}

/**
 * cap_decode - read one capability
 * @r: reader
 *
 * Paths are resolved once, here, in current's root; what they name from then on is
 * an object, whatever is later renamed or mounted over.
 *
 * Context: may sleep.
 * Return: the capability with one reference and no id, or ERR_PTR: -EBADMSG (form),
 * -EINVAL (a value), -ENOMEM, or what resolving a path returned.
 */
struct cap *cap_decode(struct cbor_reader *r)
{
	struct cap *cap = cap_alloc();
	int err;

	if (!cap)
		return ERR_PTR(-ENOMEM);
	err = cap_decode_into(r, cap);
	if (!err && (cap->limits.uses || cap->limits.rate)) {
		cap->counter = cap_counter_new(&cap->limits, NULL);
		err = cap->counter ? 0 : -ENOMEM;
	}
	if (!err)
		err = cap_text(cap);
	if (err) {
		cap_put_now(cap);
		return ERR_PTR(err);
	}
	return cap;
}

/**
 * caps_free - let go of an array of capabilities, and of the array
 * @caps: array, or NULL
 * @nr: how many are in it
 */
void caps_free(struct cap **caps, u32 nr)
{
	while (nr--)
		cap_put(caps[nr]);
	kvfree(caps);
}

struct cap_span {
	const u8 *bytes;
	size_t len;
};

static bool cap_span_seen(const struct cap_span *spans, u32 nr)
{
	const struct cap_span *last = &spans[nr];
	u32 i;

	for (i = 0; i < nr; i++)
		if (spans[i].len == last->len && !memcmp(spans[i].bytes, last->bytes, last->len))
			return true;
	return false;
}

/* Fills the array; *nr counts those decoded, also where it fails. */
static int caps_decode_into(struct cbor_reader *r, struct cap **caps, struct cap_span *spans,
			    size_t n, u32 *nr)
{
	for (*nr = 0; *nr < n; ) {
		struct cap *cap;

		spans[*nr].bytes = r->pos;
		cap = cap_decode(r);
		if (IS_ERR(cap))
			return PTR_ERR(cap);
		spans[*nr].len = r->pos - spans[*nr].bytes;
		caps[(*nr)++] = cap;
		if (cap_span_seen(spans, *nr - 1))
			return -EINVAL;
	}
	return 0;
}

/**
 * caps_decode - read an array of capabilities
 * @r: reader
 * @caps: for caps_free(); untouched after an error
 * @nr: how many; untouched after an error
 *
 * Context: may sleep.
 * Return: 0 or a negative errno as of cap_decode(); -E2BIG for too many, -EINVAL for
 * one that comes twice.
 */
int caps_decode(struct cbor_reader *r, struct cap ***caps, u32 *nr)
{
	size_t n = cbor_read_array(r);
	struct cap_span *spans;
	struct cap **array;
	u32 done = 0;
	int err = -ENOMEM;

	if (r->error)
		return -EBADMSG;
	if (n > AGENT_CAPS_MAX)
		return -E2BIG;
	/* One more than needed: an empty array is an array. */
	array = kvcalloc(n + 1, sizeof(*array), GFP_KERNEL_ACCOUNT);
	spans = kvcalloc(n + 1, sizeof(*spans), GFP_KERNEL);
	if (array && spans)
		err = caps_decode_into(r, array, spans, n, &done);
	kvfree(spans);
	if (err) {
		if (array)
			caps_free(array, done);
		return err;
	}
	*caps = array;
	*nr = n;
	return 0;
}

static void cap_encode_exec(struct cbor_writer *w, const struct cap *cap)
{
	if (!cap->by_digest) {
		cbor_write_bytes(w, cap->fs.name, strlen(cap->fs.name));
		return;
	}
	cbor_write_array(w, 2);
	cbor_write_uint(w, 1);
	cbor_write_bytes(w, cap->digest, AGENT_DIGEST_SIZE);
}

static void cap_encode_object(struct cbor_writer *w, const struct cap *cap)
{
	switch (cap->class) {
	case AGENT_CLASS_FS:
	case AGENT_CLASS_EXEC:
		cap_encode_exec(w, cap);
		break;
	case AGENT_CLASS_NET:
		cap_net_encode(w, cap);
		break;
	case AGENT_CLASS_AGENT:
		cbor_write_array(w, 3);
		cbor_write_uint(w, cap->agent.who);
		cbor_write_uint(w, cap->agent.aid);
		cbor_write_uint(w, cap->agent.max);
		break;
	case AGENT_CLASS_DEV:
		cbor_write_array(w, 3);
		cbor_write_text(w, cap->name, strlen(cap->name));
		cbor_write_uint(w, cap->ioctl_first);
		cbor_write_uint(w, cap->ioctl_last);
		break;
	case AGENT_CLASS_MEM:
		cbor_write_array(w, 2);
		cbor_write_uint(w, cap->mem.tier);
		cbor_write_uint(w, cap->mem.bytes);
		break;
	case AGENT_CLASS_SVC:
		cbor_write_text(w, cap->name, strlen(cap->name));
		break;
	}
}

static void cap_encode_carves(struct cbor_writer *w, const struct cap *cap)
{
	u32 i;

	cbor_write_uint(w, CAP_KEY_CARVES);
	cbor_write_array(w, cap->fs.nr_carve);
	for (i = 0; i < cap->fs.nr_carve; i++)
		cbor_write_bytes(w, cap->fs.carve_name[i], strlen(cap->fs.carve_name[i]));
}

/**
 * cap_encode - write one capability
 * @w: writer
 * @cap: capability; id and parent's id are written once it has them
 */
void cap_encode(struct cbor_writer *w, const struct cap *cap)
{
	bool limits = cap_limits_present(&cap->limits);
	bool carves = cap_is_hierarchy(cap) && cap->fs.nr_carve;

	cbor_write_map(w, 3 + limits + carves + (cap->id ? 2 : 0));
	cbor_write_uint(w, CAP_KEY_CLASS);
	cbor_write_uint(w, cap->class);
	cbor_write_uint(w, CAP_KEY_OBJECT);
	cap_encode_object(w, cap);
	cbor_write_uint(w, CAP_KEY_RIGHTS);
	cbor_write_uint(w, cap->rights);
	if (limits) {
		cbor_write_uint(w, CAP_KEY_LIMITS);
		cap_limits_encode(w, &cap->limits);
	}
	if (carves)
		cap_encode_carves(w, cap);
	if (!cap->id)
		return;
	cbor_write_uint(w, CAP_KEY_ID);
	cbor_write_uint(w, cap->id);
	cbor_write_uint(w, CAP_KEY_PARENT);
	cbor_write_uint(w, cap->parent_id);
}
