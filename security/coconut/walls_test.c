// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: walls behind walls.
 *
 * What is asked here is refused a moment earlier today, by capable() most often, or
 * by a part of the kernel that this configuration lacks. Each must refuse by itself
 * all the same, and count once. Outside every agent each has nothing to say.
 */
#include <kunit/test.h>
#include <linux/agent.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/init_task.h>
#include <linux/kernel_read_file.h>
#include <linux/key.h>
#include <linux/perf_event.h>
#include <linux/ptrace.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <linux/syslog.h>
#include <linux/xattr.h>

#include "../../kernel/agent/fixture.h"

static int walls_init(struct kunit *test)
{
	test->priv = agent_fixture(test, &agent_boot);
	return 0;
}

static const struct cred *become(struct kunit *test)
{
	return agent_fixture_become(test, test->priv);
}

static u64 denials(struct kunit *test)
{
	const struct agent *agent = test->priv;

	return agent->nr_denials;
}

/* Outside every agent it is 0, to an agent @errno; and @records is how often it counts. */
#define EXPECT(test, errno, records, call) do {				\
	struct kunit *_test = (test);					\
	u64 _before = denials(_test);					\
	const struct cred *_old = NULL;					\
	int _inside;							\
									\
	for (_inside = 0; _inside < 2; _inside++) {			\
		if (_inside)						\
			_old = become(_test);				\
		KUNIT_EXPECT_EQ(_test, (call), _inside ? -(errno) : 0);	\
	}								\
	revert_creds(_old);						\
	KUNIT_EXPECT_EQ(_test, denials(_test), _before + (records));	\
} while (0)

#define EXPECT_ERRNO(test, errno, call)		EXPECT(test, errno, 1, call)
#define EXPECT_REFUSED(test, call)		EXPECT(test, EPERM, 1, call)
#define EXPECT_UNRECORDED(test, errno, call)	EXPECT(test, errno, 0, call)

static void mount_tree(struct kunit *test)
{
	struct path root;

	get_fs_root(current->fs, &root);
	EXPECT_REFUSED(test, security_sb_mount("none", &root, "tmpfs", 0, NULL));
	EXPECT_REFUSED(test, security_sb_umount(NULL, 0));
	EXPECT_REFUSED(test, security_sb_remount(NULL, NULL));
	EXPECT_REFUSED(test, security_sb_pivotroot(&root, &root));
	EXPECT_REFUSED(test, security_move_mount(&root, &root));
	path_put(&root);
}

/* No file system of this configuration has lists, no task 32 bits. */
static void files(struct kunit *test)
{
	struct file *file = filp_open("/", O_RDONLY | O_DIRECTORY, 0);
	struct dentry *dentry;

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	dentry = file->f_path.dentry;
	EXPECT_ERRNO(test, EACCES, security_inode_set_acl(&nop_mnt_idmap, dentry,
							  XATTR_NAME_POSIX_ACL_ACCESS, NULL));
	EXPECT_ERRNO(test, EACCES, security_inode_remove_acl(&nop_mnt_idmap, dentry,
							     XATTR_NAME_POSIX_ACL_ACCESS));
	EXPECT_ERRNO(test, EACCES, security_file_ioctl_compat(file, FS_IOC32_SETFLAGS, 0));
	EXPECT_UNRECORDED(test, 0, security_file_ioctl_compat(file, FS_IOC32_GETFLAGS, 0));
	EXPECT_UNRECORDED(test, 0, security_file_lock(file, F_UNLCK));
	fput(file);
}

static void quotas(struct kunit *test)
{
	EXPECT_REFUSED(test, security_quotactl(0, 0, 0, NULL));
	EXPECT_REFUSED(test, security_quota_on(NULL));
}

static void code_of_the_kernel(struct kunit *test)
{
	EXPECT_REFUSED(test, security_kernel_module_request("escape"));
	EXPECT_REFUSED(test, security_kernel_load_data(LOADING_MODULE, true));
	EXPECT_REFUSED(test, security_kernel_load_data(LOADING_KEXEC_IMAGE, false));
	EXPECT_REFUSED(test, security_kernel_read_file(NULL, READING_MODULE, true));
	EXPECT_REFUSED(test, security_kernel_read_file(NULL, READING_KEXEC_IMAGE, true));
	EXPECT_UNRECORDED(test, 0, security_kernel_load_data(LOADING_FIRMWARE, true));
	EXPECT_UNRECORDED(test, 0, security_kernel_read_file(NULL, READING_FIRMWARE, true));
}

/* init_module(2), kexec_load(2), iopl(2) and others ask nothing but this. */
static void linux_capabilities(struct kunit *test)
{
	static const int refused[] = {
		CAP_SYS_MODULE, CAP_SYS_BOOT, CAP_SYS_RAWIO, CAP_SYS_ADMIN, CAP_SYS_PTRACE,
		CAP_NET_ADMIN, CAP_NET_RAW, CAP_SETFCAP, CAP_BPF, CAP_PERFMON, CAP_SYSLOG,
		CAP_MAC_ADMIN, CAP_MAC_OVERRIDE, CAP_LINUX_IMMUTABLE, CAP_CHECKPOINT_RESTORE,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		EXPECT_REFUSED(test, security_capable(current_cred(), &init_user_ns,
						      refused[i], CAP_OPT_NONE));
	/* Who only wants to know is told, and there is no record. */
	EXPECT_UNRECORDED(test, EPERM, security_capable(current_cred(), &init_user_ns,
							CAP_SYS_ADMIN, CAP_OPT_NOAUDIT));
	EXPECT_UNRECORDED(test, 0, security_capable(current_cred(), &init_user_ns,
						    CAP_DAC_OVERRIDE, CAP_OPT_NONE));
}

static void surface_of_the_kernel(struct kunit *test)
{
	EXPECT_REFUSED(test, security_create_user_ns(current_cred()));
	EXPECT_REFUSED(test, security_syslog(SYSLOG_ACTION_READ_ALL));
#ifdef CONFIG_BPF_SYSCALL
	EXPECT_REFUSED(test, security_bpf(0, NULL, 0));
#endif
#ifdef CONFIG_PERF_EVENTS
	EXPECT_REFUSED(test, security_perf_event_open(NULL, PERF_SECURITY_OPEN));
#endif
#ifdef CONFIG_IO_URING
	EXPECT_REFUSED(test, security_uring_override_creds(current_cred()));
	EXPECT_REFUSED(test, security_uring_sqpoll());
	EXPECT_REFUSED(test, security_uring_cmd(NULL));
#endif
}

/* What the kernel looks up on its own way is nobody's request. */
static void keys(struct kunit *test)
{
	static const enum key_need_perm own[] = {
		KEY_NEED_UNLINK, KEY_SYSADMIN_OVERRIDE, KEY_AUTHTOKEN_OVERRIDE,
		KEY_DEFER_PERM_CHECK,
	};
	static const enum key_need_perm asked[] = {
		KEY_NEED_VIEW, KEY_NEED_READ, KEY_NEED_WRITE, KEY_NEED_SEARCH, KEY_NEED_LINK,
		KEY_NEED_SETATTR,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(own); i++)
		EXPECT_UNRECORDED(test, 0,
				  security_key_permission(NULL, current_cred(), own[i]));
	for (i = 0; i < ARRAY_SIZE(asked); i++)
		EXPECT_REFUSED(test, security_key_permission(NULL, current_cred(), asked[i]));
}

static void other_tasks(struct kunit *test)
{
	EXPECT_REFUSED(test, security_task_movememory(&init_task));
	EXPECT_REFUSED(test, security_task_setscheduler(&init_task));
	EXPECT_REFUSED(test, security_task_setpgid(&init_task, 1));
	EXPECT_REFUSED(test, security_task_setnice(&init_task, 0));
	EXPECT_REFUSED(test, security_task_setioprio(&init_task, 0));
	EXPECT_REFUSED(test, security_task_prlimit(current_cred(), &init_cred, 0));
	EXPECT_REFUSED(test, security_ptrace_access_check(&init_task,
							  PTRACE_MODE_READ_REALCREDS));
	EXPECT_UNRECORDED(test, EPERM,
			  security_ptrace_access_check(&init_task, PTRACE_MODE_READ_REALCREDS |
						       PTRACE_MODE_NOAUDIT));
	EXPECT_REFUSED(test, security_task_kill(&init_task, SEND_SIG_NOINFO, 0, NULL));
	EXPECT_REFUSED(test, security_task_kill(&init_task, SEND_SIG_NOINFO, 0,
						current_cred()));
}

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
	KUNIT_CASE(surface_of_the_kernel),
	KUNIT_CASE(keys),
	KUNIT_CASE(other_tasks),
	KUNIT_CASE(spawning),
	{}
};

static struct kunit_suite suite = {
	.name = "coconut_walls",
	.init = walls_init,
	.test_cases = cases,
};

kunit_test_suite(suite);
