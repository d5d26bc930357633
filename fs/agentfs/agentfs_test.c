// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of agentfs, through the kernel's own mount.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/mount.h>
#include <linux/namei.h>

#include "internal.h"

#define TEXT_MAX	4096

static void parse_aid_names(struct kunit *test)
{
	static const struct {
		const char *name;
		bool valid;
		u64 aid;
	} names[] = {
		{ "a:00000", true, 0 },
		{ "a:00017", true, 17 },
		{ "a:99999", true, 99999 },
		{ "a:100000", true, 100000 },
		{ "a:18446744073709551615", true, U64_MAX },
		{ "a:18446744073709551616" },
		{ "a:017" },
		{ "a:000017" },
		{ "b:00017" },
		{ "a:+0017" },
		{ "a:0x017" },
		{ "a:00017\n" },
		{ "a:0001 " },
		{ "00017" },
		{ "a:" },
		{ "" },
	};
	size_t i;
	u64 aid;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		bool valid = agentfs_parse_aid(names[i].name, strlen(names[i].name), &aid);

		KUNIT_EXPECT_EQ_MSG(test, valid, names[i].valid, "%s", names[i].name);
		if (valid)
			KUNIT_EXPECT_EQ(test, aid, names[i].aid);
	}
}

static struct file *open_name(const char *name, int flags)
{
	struct path root = { .mnt = agentfs_mnt, .dentry = agentfs_mnt->mnt_root };

	return file_open_root(&root, name, flags, 0);
}

/* Every file that is always there opens, reads and ends. */
static void read_all_files(struct kunit *test)
{
	static const char *const names[] = {
		"abi", "live/a:00000/status", "live/a:00000/manifest", "live/a:00000/caps",
		"live/a:00000/attestation/chain", "live/a:00000/attestation/manifest_digest",
		"live/a:00000/attestation/authorizer", "live/a:00000/attestation/code",
		"live/a:00000/budget/cpu", "live/a:00000/budget/ram", "live/a:00000/budget/hbm",
		"live/a:00000/budget/ssd", "live/a:00000/budget/net",
		"live/a:00000/budget/inference_tokens", "live/a:00000/budget/children",
		"audit/head", "audit/stats", "policy/authorizers", "policy/approvals",
	};
	char *text = kunit_kzalloc(test, TEXT_MAX, GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, text);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct file *file = open_name(names[i], O_RDONLY);
		loff_t pos = 0;
		ssize_t len;

		KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(file), "%s: %pe", names[i], file);
		len = kernel_read(file, text, TEXT_MAX, &pos);
		KUNIT_EXPECT_GE_MSG(test, len, 0, "%s", names[i]);
		KUNIT_EXPECT_EQ_MSG(test, kernel_read(file, text, TEXT_MAX, &pos), 0, "%s",
				    names[i]);
		fput(file);
	}
}

static void refuse_names(struct kunit *test)
{
	static const struct {
		const char *name;
		int flags, err;
	} names[] = {
		{ "audit/tpm_root", O_RDONLY, -EPERM },
		{ "graveyard/a:00000", O_RDONLY, -ENOENT },
		{ "live/a:18446744073709551615/status", O_RDONLY, -ENOENT },
		{ "live/a:0/status", O_RDONLY, -ENOENT },
		{ "live/a:00000/children/a:00000", O_RDONLY, -ENOENT },
		{ "abi/", O_RDONLY, -ENOTDIR },
		{ "new", O_RDWR | O_CREAT, -ENOENT },
		{ "live/new", O_RDWR | O_CREAT, -ENOENT },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct file *file = open_name(names[i].name, names[i].flags);

		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(file), names[i].err, "%s",
				    names[i].name);
		if (!IS_ERR(file))
			fput(file);
	}
}

static struct kunit_case agentfs_cases[] = {
	KUNIT_CASE(parse_aid_names),
	KUNIT_CASE(read_all_files),
	KUNIT_CASE(refuse_names),
	{}
};

static struct kunit_suite agentfs_suite = {
	.name = "agentfs",
	.test_cases = agentfs_cases,
};

kunit_test_suite(agentfs_suite);
