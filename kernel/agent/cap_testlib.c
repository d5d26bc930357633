// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests of capabilities share.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "cap_testlib.h"

static const char *const tree[] = {
	T, T "/a", T "/a/b", T "/a/b/c", T "/a/b/d", T "/a/e", T "/f",
};

static int make_dir(const char *name)
{
	struct path parent;
	struct dentry *dentry;
	int err;

	dentry = kern_path_create(AT_FDCWD, name, &parent, LOOKUP_DIRECTORY);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	err = vfs_mkdir(mnt_idmap(parent.mnt), d_inode(parent.dentry), dentry, 0700);
	done_path_create(&parent, dentry);
	return err;
}

static void remove_dir(const char *name)
{
	struct path parent;
	struct dentry *dentry = kern_path_locked(name, &parent);

	if (IS_ERR(dentry))
		return;
	vfs_rmdir(mnt_idmap(parent.mnt), d_inode(parent.dentry), dentry);
	dput(dentry);
	inode_unlock(d_inode(parent.dentry));
	path_put(&parent);
}

/**
 * cap_test_tree_remove - remove the tree
 * @suite: not used
 */
void cap_test_tree_remove(struct kunit_suite *suite)
{
	int i = ARRAY_SIZE(tree);

	while (i--)
		remove_dir(tree[i]);
}

/**
 * cap_test_tree_make - make the tree, anew
 * @suite: not used
 *
 * Return: 0 or a negative errno.
 */
int cap_test_tree_make(struct kunit_suite *suite)
{
	int i, err = 0;

	cap_test_tree_remove(suite);
	for (i = 0; !err && i < ARRAY_SIZE(tree); i++)
		err = make_dir(tree[i]);
	return err;
}

static void write_net(struct cbor_writer *w, const struct cap_spec *spec)
{
	__be32 addr = cpu_to_be32(spec->addr);

	cbor_write_array(w, spec->name ? 2 : 6);
	cbor_write_uint(w, spec->proto);
	if (spec->name) {
		cbor_write_bytes(w, spec->name, strlen(spec->name));
		return;
	}
	cbor_write_uint(w, AF_INET);
	cbor_write_bytes(w, &addr, sizeof(addr));
	cbor_write_uint(w, spec->prefix);
	cbor_write_uint(w, spec->first);
	cbor_write_uint(w, spec->last);
}

static void write_digest(struct cbor_writer *w, u8 byte)
{
	u8 digest[AGENT_DIGEST_SIZE];

	memset(digest, byte, sizeof(digest));
	cbor_write_array(w, 2);
	cbor_write_uint(w, 1);
	cbor_write_bytes(w, digest, sizeof(digest));
}

static void write_object(struct cbor_writer *w, const struct cap_spec *spec)
{
	if (spec->path) {
		cbor_write_bytes(w, spec->path, strlen(spec->path));
		return;
	}
	switch (spec->class) {
	case AGENT_CLASS_EXEC:
		write_digest(w, spec->proto);
		break;
	case AGENT_CLASS_NET:
		write_net(w, spec);
		break;
	case AGENT_CLASS_AGENT:
		cbor_write_array(w, 3);
		cbor_write_uint(w, spec->who);
		cbor_write_uint(w, spec->aid);
		cbor_write_uint(w, spec->max);
		break;
	case AGENT_CLASS_DEV:
		cbor_write_array(w, 3);
		cbor_write_text(w, spec->name, strlen(spec->name));
		cbor_write_uint(w, spec->first);
		cbor_write_uint(w, spec->last);
		break;
	case AGENT_CLASS_MEM:
		cbor_write_array(w, 2);
		cbor_write_uint(w, spec->tier);
		cbor_write_uint(w, spec->bytes);
		break;
	case AGENT_CLASS_SVC:
		cbor_write_text(w, spec->name, strlen(spec->name));
		break;
	}
}

static void write_limits(struct cbor_writer *w, const struct cap_spec *spec)
{
	cbor_write_map(w, !!spec->expires + !!spec->uses + !!spec->rate + !!spec->depth +
		       spec->approval);
	if (spec->expires) {
		cbor_write_uint(w, 1);
		cbor_write_uint(w, spec->expires);
	}
	if (spec->uses) {
		cbor_write_uint(w, 2);
		cbor_write_uint(w, spec->uses);
	}
	if (spec->rate) {
		cbor_write_uint(w, 3);
		cbor_write_array(w, 2);
		cbor_write_uint(w, spec->rate);
		cbor_write_uint(w, spec->window);
	}
	if (spec->depth) {
		cbor_write_uint(w, 4);
		cbor_write_uint(w, spec->depth - 1);
	}
	if (spec->approval) {
		cbor_write_uint(w, 5);
		cbor_write_bool(w, true);
	}
}

/**
 * cap_test_write - encode, without any check
 * @w: writer
 * @spec: what
 */
void cap_test_write(struct cbor_writer *w, const struct cap_spec *spec)
{
	bool limits = spec->expires || spec->uses || spec->rate || spec->depth || spec->approval;
	unsigned int i, carves = 0;

	while (carves < SPEC_CARVES && spec->carve[carves])
		carves++;
	cbor_write_map(w, 3 + limits + !!carves);
	cbor_write_uint(w, 1);
	cbor_write_uint(w, spec->class);
	cbor_write_uint(w, 2);
	write_object(w, spec);
	cbor_write_uint(w, 3);
	cbor_write_uint(w, spec->rights);
	if (limits) {
		cbor_write_uint(w, 4);
		write_limits(w, spec);
	}
	if (!carves)
		return;
	cbor_write_uint(w, 5);
	cbor_write_array(w, carves);
	for (i = 0; i < carves; i++)
		cbor_write_bytes(w, spec->carve[i], strlen(spec->carve[i]));
}

static void put_cap(void *cap)
{
	cap_put_now(cap);
}

static void put_set(void *set)
{
	cap_set_put(set);
}

static void put_path(void *path)
{
	path_put(path);
}

/**
 * cap_test_make - a capability that lives as long as the test
 * @test: test
 * @spec: what
 *
 * Return: the capability.
 */
struct cap *cap_test_make(struct kunit *test, const struct cap_spec *spec)
{
	struct cbor_writer w;
	struct cbor_reader r;
	struct cap *cap;
	u8 buf[512];

	cbor_writer_init(&w, buf, sizeof(buf));
	cap_test_write(&w, spec);
	KUNIT_ASSERT_FALSE(test, cbor_overflow(&w));
	cbor_reader_init(&r, buf, w.len);
	cap = cap_decode(&r);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, cap);
	KUNIT_ASSERT_TRUE(test, cbor_done(&r));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_cap, cap), 0);
	return cap;
}

/**
 * cap_test_publish - derive a capability that lives as long as the test
 * @test: test
 * @cap: what it allows
 * @parent: or NULL
 *
 * Return: the capability.
 */
struct cap *cap_test_publish(struct kunit *test, const struct cap *cap, const struct cap *parent)
{
	struct cap *new = cap_derive(cap, parent);

	KUNIT_ASSERT_NOT_NULL(test, new);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_cap, new), 0);
	return new;
}

/**
 * cap_test_set - a set that lives as long as the test
 * @test: test
 * @caps: capabilities
 * @nr: how many
 *
 * Return: the set.
 */
struct cap_set *cap_test_set(struct kunit *test, struct cap *const *caps, u32 nr)
{
	struct cap_set *set = cap_set_build(caps, nr, NULL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_set, set), 0);
	return set;
}

/**
 * cap_test_path - look a path up until the test ends
 * @test: test
 * @name: absolute
 * @path: what it names; outlives the test's function
 */
void cap_test_path(struct kunit *test, const char *name, struct path *path)
{
	struct path *kept = kunit_kzalloc(test, sizeof(*kept), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, kept);
	KUNIT_ASSERT_EQ(test, kern_path(name, 0, kept), 0);
	*path = *kept;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_path, kept), 0);
}
