// SPDX-License-Identifier: GPL-2.0
/*
 * The order of capabilities: which one allows nothing that another does not.
 *
 * Total: it answers for each pair, without fail. Where the exact answer would need
 * more than the two capabilities themselves, it is no: a child that gets too little
 * can ask for less, one that gets too much is a hole.
 */
#include <linux/string.h>

#include "cap_internal.h"

/**
 * cap_pattern_matches - does a name match?
 * @pattern: a '*' at its end stands for anything
 * @name: name; a '*' in it is one
 * @len: its length; it may hold NUL
 *
 * Return: true if so.
 */
bool cap_pattern_matches(const char *pattern, const char *name, size_t len)
{
	size_t n = strlen(pattern);

	if (n && pattern[n - 1] == '*')
		return len >= n - 1 && !memcmp(pattern, name, n - 1);
	return len == n && !memcmp(pattern, name, n);
}

/**
 * cap_pattern_subset - does all that one pattern matches match another one too?
 * @a: the narrower
 * @b: the wider
 *
 * Return: true if so.
 */
bool cap_pattern_subset(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);

	if (!na || a[na - 1] != '*')
		return cap_pattern_matches(b, a, na);
	/* Only a pattern holds a pattern; a '*' within is an ordinary byte. */
	return nb && b[nb - 1] == '*' && na >= nb && !memcmp(a, b, nb - 1);
}

static bool cap_exec_subset(const struct cap *a, const struct cap *b)
{
	if (a->by_digest != b->by_digest)
		return false;
	if (a->by_digest)
		return !memcmp(a->digest, b->digest, AGENT_DIGEST_SIZE);
	return cap_fs_subset(a, b);
}

/* How many children there may be matters to who may make them; 0 is no limit. */
static bool cap_agent_subset(const struct cap *a, const struct cap *b)
{
	if (a->rights & AGENT_AGENT_SPAWN && b->agent.max &&
	    (!a->agent.max || a->agent.max > b->agent.max))
		return false;
	return a->agent.who == b->agent.who && a->agent.aid == b->agent.aid;
}

static bool cap_dev_subset(const struct cap *a, const struct cap *b)
{
	return !strcmp(a->name, b->name) && a->ioctl_first >= b->ioctl_first &&
	       a->ioctl_last <= b->ioctl_last;
}

/**
 * cap_object_subset - does the object of @a lie within that of @b?
 * @a: the narrower
 * @b: the wider
 *
 * Context: may sleep.
 * Return: true if so.
 */
bool cap_object_subset(const struct cap *a, const struct cap *b)
{
	if (a->class != b->class)
		return false;
	switch (a->class) {
	case AGENT_CLASS_FS:
		return cap_fs_subset(a, b);
	case AGENT_CLASS_EXEC:
		return cap_exec_subset(a, b);
	case AGENT_CLASS_NET:
		return cap_net_subset(a, b);
	case AGENT_CLASS_AGENT:
		return cap_agent_subset(a, b);
	case AGENT_CLASS_DEV:
		return cap_dev_subset(a, b);
	case AGENT_CLASS_MEM:
		return a->mem.tier == b->mem.tier && a->mem.bytes <= b->mem.bytes;
	case AGENT_CLASS_SVC:
		return cap_pattern_subset(a->name, b->name);
	}
	return false;
}

/**
 * cap_subset_but_depth - cap_subset(), but for how far it may be delegated
 * @a: the narrower
 * @b: the wider
 *
 * Context: may sleep.
 * Return: true if so.
 */
bool cap_subset_but_depth(const struct cap *a, const struct cap *b)
{
	return !(a->rights & ~b->rights) && cap_limits_subset(a, b) && cap_object_subset(a, b);
}

/**
 * cap_subset - is each operation that @a allows also allowed by @b?
 * @a: the narrower
 * @b: the wider
 *
 * Reflexive and transitive. For no longer, no more often, and no deeper.
 *
 * Context: may sleep.
 * Return: true if so.
 */
bool cap_subset(const struct cap *a, const struct cap *b)
{
	return a->limits.depth <= b->limits.depth && cap_subset_but_depth(a, b);
}
