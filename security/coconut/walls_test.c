// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: walls behind walls.
 *
 * What is asked here is refused a moment earlier today, by capable() most often, or
 * by a part of the kernel that this configuration lacks. Each must refuse by itself
 * all the same, and count once.
 */
#include <kunit/test.h>
#include <linux/agent.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kernel_read_file.h>
#include <linux/perf_event.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <linux/xattr.h>

#include "../../kernel/agent/fixture.h"

static int walls_init(struct kunit *test)
{
	test->priv = agent_fixture(test, &agent_boot);
	return 0;
}

/* Until revert_creds(): current acts for the agent, which has no capability. */
static const struct cred *become(struct kunit *test)
{
	struct cred *new = prepare_creds();
	const struct cred *old;

	KUNIT_ASSERT_NOT_NULL(test, new);
	agent_put(new->agent);
	new->agent = agent_get(test->priv);
	old = override_creds(new);
	put_cred(new);	/* the override holds it */
	return old;
}

static u64 denials(struct kunit *test)
{
	const struct agent *agent = test->priv;

	return agent->nr_denials;
}

/* Refused, and counted once. */
#define EXPECT_ERRNO(test, errno, call) do {				\
	struct kunit *_test = (test);					\
	u64 _before = denials(_test);					\
									\
	KUNIT_EXPECT_EQ(_test, (call), -(errno));			\
	KUNIT_EXPECT_EQ(_test, denials(_test), _before + 1);		\
} while (0)

#define EXPECT_REFUSED(test, call)	EXPECT_ERRNO(test, EPERM, call)

static void mount_tree(struct kunit *test)
{
	const struct cred *old = become(test);
	struct path root;

	get_fs_root(current->fs, &root);
	EXPECT_REFUSED(test, security_sb_umount(NULL, 0));
	EXPECT_REFUSED(test, security_sb_remount(NULL, NULL));
	EXPECT_REFUSED(test, security_sb_pivotroot(&root, &root));
	EXPECT_REFUSED(test, security_move_mount(&root, &root));
	path_put(&root);
	revert_creds(old);
}

/* No file system of this configuration has lists, no task 32 bits. */
static void files(struct kunit *test)
{
	struct file *file = filp_open("/", O_RDONLY | O_DIRECTORY, 0);
	struct dentry *dentry;
	const struct cred *old;

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	dentry = file->f_path.dentry;
	old = become(test);
	EXPECT_ERRNO(test, EACCES, security_inode_set_acl(&nop_mnt_idmap, dentry,
							  XATTR_NAME_POSIX_ACL_ACCESS, NULL));
	EXPECT_ERRNO(test, EACCES, security_inode_remove_acl(&nop_mnt_idmap, dentry,
							     XATTR_NAME_POSIX_ACL_ACCESS));
	EXPECT_ERRNO(test, EACCES, security_file_ioctl_compat(file, FS_IOC32_SETFLAGS, 0));
	KUNIT_EXPECT_EQ(test, security_file_ioctl_compat(file, FS_IOC32_GETFLAGS, 0), 0);
	revert_creds(old);
	fput(file);
}

static void quotas(struct kunit *test)
{
	const struct cred *old = become(test);

	EXPECT_REFUSED(test, security_quotactl(0, 0, 0, NULL));
	EXPECT_REFUSED(test, security_quota_on(NULL));
	revert_creds(old);
}

static void code_of_the_kernel(struct kunit *test)
{
	const struct cred *old = become(test);

	EXPECT_REFUSED(test, security_kernel_module_request("escape"));
	EXPECT_REFUSED(test, security_kernel_load_data(LOADING_MODULE, true));
	EXPECT_REFUSED(test, security_kernel_load_data(LOADING_KEXEC_IMAGE, false));
	EXPECT_REFUSED(test, security_kernel_read_file(NULL, READING_MODULE, true));
	EXPECT_REFUSED(test, security_kernel_read_file(NULL, READING_KEXEC_IMAGE, true));
	KUNIT_EXPECT_EQ(test, security_kernel_load_data(LOADING_FIRMWARE, true), 0);
	KUNIT_EXPECT_EQ(test, security_kernel_read_file(NULL, READING_FIRMWARE, true), 0);
	revert_creds(old);
}

/* init_module(2), kexec_load(2), iopl(2) and others ask nothing but this. */
static void linux_capabilities(struct kunit *test)
{
	static const int refused[] = {
		CAP_SYS_MODULE, CAP_SYS_BOOT, CAP_SYS_RAWIO, CAP_SYS_ADMIN, CAP_SYS_PTRACE,
		CAP_NET_ADMIN, CAP_NET_RAW, CAP_SETFCAP, CAP_BPF, CAP_PERFMON, CAP_SYSLOG,
		CAP_MAC_ADMIN, CAP_MAC_OVERRIDE, CAP_LINUX_IMMUTABLE, CAP_CHECKPOINT_RESTORE,
	};
	const struct cred *old = become(test);
	u64 before;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		EXPECT_REFUSED(test, security_capable(current_cred(), &init_user_ns,
						      refused[i], CAP_OPT_NONE));
	/* Who only wants to know is told, and there is no record. */
	before = denials(test);
	KUNIT_EXPECT_EQ(test, security_capable(current_cred(), &init_user_ns, CAP_SYS_ADMIN,
					       CAP_OPT_NOAUDIT), -EPERM);
	KUNIT_EXPECT_EQ(test, denials(test), before);
	KUNIT_EXPECT_EQ(test, security_capable(current_cred(), &init_user_ns, CAP_DAC_OVERRIDE,
					       CAP_OPT_NONE), 0);
	revert_creds(old);
}

static void other_tasks(struct kunit *test)
{
	const struct cred *old = become(test);

	EXPECT_REFUSED(test, security_task_movememory(&init_task));
	EXPECT_REFUSED(test, security_task_setscheduler(&init_task));
	EXPECT_REFUSED(test, security_task_setpgid(&init_task, 1));
	revert_creds(old);
}

#ifdef CONFIG_PERF_EVENTS
static void performance_counters(struct kunit *test)
{
	const struct cred *old = become(test);
	struct perf_event_attr attr = {};

	EXPECT_REFUSED(test, security_perf_event_open(&attr, PERF_SECURITY_OPEN));
	revert_creds(old);
}
#endif

/* The call that asks writes the record, so here is none. */
static void spawning(struct kunit *test)
{
	struct agent *agent = test->priv;

	KUNIT_EXPECT_EQ(test, security_agent_spawn(agent, agent, NULL), -EPERM);
	KUNIT_EXPECT_EQ(test, security_agent_spawn(&agent_boot, agent, NULL), 0);
	KUNIT_EXPECT_EQ(test, denials(test), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(mount_tree),
	KUNIT_CASE(files),
	KUNIT_CASE(quotas),
	KUNIT_CASE(code_of_the_kernel),
	KUNIT_CASE(linux_capabilities),
	KUNIT_CASE(other_tasks),
#ifdef CONFIG_PERF_EVENTS
	KUNIT_CASE(performance_counters),
#endif
	KUNIT_CASE(spawning),
	{}
};

static struct kunit_suite suite = {
	.name = "coconut_walls",
	.init = walls_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
