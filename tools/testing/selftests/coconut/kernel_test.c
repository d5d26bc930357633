// SPDX-License-Identifier: GPL-2.0
/*
 * Classes kernel, mount and uring; and who an agent is, as text.
 */
#include <sched.h>
#include <sys/klog.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/swap.h>
#include <sys/timex.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/lsm.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>

#include "agent.h"

/* C libraries learn of them later than kernels. */
#define NR_LSM_GET_SELF_ATTR	459
#define NR_LSM_SET_SELF_ATTR	460
#define LSM_ID		200	/* LSM_ID_COCONUT */

#define DIR_PATH	"/tmp/coconut_kernel"

FIXTURE(kernel) {
	struct agent_task task;
	struct bytes caps;
};

FIXTURE_SETUP(kernel)
{
	const char *why = authorize();

	ASSERT_EQ(NULL, why) TH_LOG("%s", why);
	signal(SIGPIPE, SIG_IGN);
	mkdir(DIR_PATH, 0755);
	memset(&self->caps, 0, sizeof(self->caps));
}

FIXTURE_TEARDOWN(kernel)
{
	stop(&self->task);
	EXPECT_EQ(0, rmdir(DIR_PATH));
}

/* ---- what the agent does ---- */

static long do_mount(void) { return done(mount("t", DIR_PATH, "tmpfs", 0, NULL)); }
static long do_bind(void) { return done(mount("/", DIR_PATH, NULL, MS_BIND, NULL)); }
static long do_umount(void) { return done(umount("/tmp")); }
static long do_pivot(void) { return done(syscall(SYS_pivot_root, "/tmp", "/tmp")); }
static long do_open_tree(void) { return done(syscall(SYS_open_tree, AT_FDCWD, "/", 1)); }
static long do_fsopen(void) { return done(syscall(SYS_fsopen, "tmpfs", 0)); }
static long do_chroot(void) { return done(chroot("/tmp")); }
static long do_userns(void) { return done(unshare(CLONE_NEWUSER)); }
static long do_mountns(void) { return done(unshare(CLONE_NEWNS)); }
static long do_netns(void) { return done(unshare(CLONE_NEWNET)); }
static long do_hostname(void) { return done(sethostname("agent", 5)); }
static long do_swapoff(void) { return done(swapoff("/none")); }
static long do_reboot(void) { return done(reboot(RB_DISABLE_CAD)); }
static long do_dmesg(void) { return done(klogctl(3, NULL, 0)); }
static long do_init_module(void) { return done(syscall(SYS_init_module, "", 0, "")); }
static long do_kexec(void) { return done(syscall(SYS_kexec_load, 0, 0, NULL, 0)); }
static long do_iopl(void) { return done(syscall(SYS_iopl, 3)); }
static long do_key(void)
{
	return done(syscall(SYS_add_key, "user", "a", "b", 1, KEY_SPEC_PROCESS_KEYRING));
}

static long do_clock(void)
{
	const struct timespec zero = { 0 };

	return done(clock_settime(CLOCK_REALTIME, &zero));
}

static long do_keyring(void)
{
	return done(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL));
}

static long do_bpf(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 1,
	};

	return done(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
}

static long do_perf(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
	};

	return done(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

/* What is left to root: that which has another hook behind it. */
static long do_setuid(void) { return done(setresuid(1000, 1000, 1000)); }

static long ring(unsigned int flags)
{
	struct io_uring_params params = { .flags = flags };
	int fd = syscall(SYS_io_uring_setup, 4, &params);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static long do_ring(void) { return ring(0); }
static long do_sqpoll(void) { return ring(IORING_SETUP_SQPOLL); }

/* ---- tests ---- */

TEST_F(kernel, mount)
{
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	EXPECT_REFUSED(&self->task, do_mount, EPERM);
	EXPECT_REFUSED(&self->task, do_bind, EPERM);
	EXPECT_REFUSED(&self->task, do_umount, EPERM);
	EXPECT_REFUSED(&self->task, do_pivot, EPERM);
	EXPECT_REFUSED(&self->task, do_open_tree, EPERM);
	EXPECT_REFUSED(&self->task, do_fsopen, EPERM);
	EXPECT_REFUSED(&self->task, do_chroot, EPERM);
}

TEST_F(kernel, namespaces)
{
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	EXPECT_REFUSED(&self->task, do_userns, EPERM);
	EXPECT_REFUSED(&self->task, do_mountns, EPERM);
	EXPECT_REFUSED(&self->task, do_netns, EPERM);
}

TEST_F(kernel, linux_capabilities)
{
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	EXPECT_REFUSED(&self->task, do_hostname, EPERM);
	EXPECT_REFUSED(&self->task, do_clock, EPERM);
	EXPECT_REFUSED(&self->task, do_swapoff, EPERM);
	EXPECT_REFUSED(&self->task, do_reboot, EPERM);
	EXPECT_ALLOWED(&self->task, do_setuid);
}

TEST_F(kernel, loading_code)
{
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	if (run(&self->task, do_init_module) != -ENOSYS)
		EXPECT_REFUSED(&self->task, do_init_module, EPERM);
	if (run(&self->task, do_kexec) != -ENOSYS)
		EXPECT_REFUSED(&self->task, do_kexec, EPERM);
	if (run(&self->task, do_iopl) != -ENOSYS)
		EXPECT_REFUSED(&self->task, do_iopl, EPERM);
	if (run(&self->task, do_perf) != -ENOSYS)
		EXPECT_REFUSED(&self->task, do_perf, EPERM);
	EXPECT_REFUSED(&self->task, do_bpf, EPERM);
}

TEST_F(kernel, log_and_keys)
{
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	EXPECT_REFUSED(&self->task, do_dmesg, EPERM);
	EXPECT_REFUSED(&self->task, do_key, EPERM);
	EXPECT_REFUSED(&self->task, do_keyring, EPERM);
}

TEST_F(kernel, io_uring)
{
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	EXPECT_ALLOWED(&self->task, do_ring);
	EXPECT_REFUSED(&self->task, do_sqpoll, EPERM);
}

/* ---- who an agent is ---- */

static long self_attr(char *text, size_t size)
{
	char buf[256] = {};
	struct lsm_ctx *ctx = (struct lsm_ctx *)buf;
	uint32_t len = sizeof(buf);

	ctx->id = LSM_ID;
	if (syscall(NR_LSM_GET_SELF_ATTR, LSM_ATTR_CURRENT, ctx, &len, LSM_FLAG_SINGLE) < 0)
		return -errno;
	snprintf(text, size, "%.*s", (int)ctx->ctx_len, ctx->ctx);
	return 0;
}

static long set_attr(unsigned int attr, uint64_t flags, const char *text, size_t len)
{
	char buf[256] = {};
	struct lsm_ctx *ctx = (struct lsm_ctx *)buf;

	ctx->id = LSM_ID;
	ctx->flags = flags;
	ctx->ctx_len = len;
	ctx->len = sizeof(*ctx) + ctx->ctx_len;
	memcpy(ctx->ctx, text, ctx->ctx_len);
	return done(syscall(NR_LSM_SET_SELF_ATTR, attr, ctx, ctx->len, 0));
}

static long set_self_attr(const char *text)
{
	return set_attr(LSM_ATTR_CURRENT, 0, text, strlen(text));
}

static char own_text[32];

static long text_is_own(void)
{
	char text[32];
	long err = self_attr(text, sizeof(text));

	return err ?: strcmp(text, own_text) ? -EINVAL : 0;
}

static long tell_text(void)
{
	char text[32];
	long err = self_attr(text, sizeof(text));

	return err ?: atol(text + 2);
}

static long enter_self(void)
{
	char text[32];

	return self_attr(text, sizeof(text)) ?: set_self_attr(text);
}

static long enter_boot(void) { return set_self_attr("a:00000"); }
static long enter_other(void) { return set_self_attr(own_text); }
static long enter_nobody(void) { return set_self_attr("a:99999999"); }

TEST_F(kernel, attributes)
{
	char text[32], path[64], line[32] = {};
	int fd;

	EXPECT_EQ(0, self_attr(text, sizeof(text)));
	EXPECT_STREQ("a:00000", text);
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	EXPECT_EQ((long)self->task.aid, run(&self->task, tell_text));
	snprintf(path, sizeof(path), "/proc/%d/attr/current", self->task.pid);
	fd = open(path, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_LT(0, read(fd, line, sizeof(line) - 1));
	EXPECT_EQ(self->task.aid, strtoull(line + 2, NULL, 10));
	close(fd);
	fd = open("/proc/self/attr/current", O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, read(fd, line, sizeof(line)));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
	/* There is no way out. */
	EXPECT_REFUSED(&self->task, enter_boot, ESRCH);
}

/* Whether there is an agent of that number is nobody's business. */
TEST_F(kernel, others_are_not_to_be_found)
{
	struct agent_task other;

	ASSERT_EQ(0, start(&other, &self->caps, 0));
	snprintf(own_text, sizeof(own_text), "a:%05llu", (unsigned long long)other.aid);
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
	EXPECT_REFUSED(&self->task, enter_other, ESRCH);
	EXPECT_REFUSED(&self->task, enter_nobody, ESRCH);
	EXPECT_REFUSED(&self->task, enter_self, EPERM);
	stop(&other);
}

/* What is written must be an AID, whole, and nothing else. */
TEST_F(kernel, attribute_words)
{
	static const struct {
		unsigned int attr;
		uint64_t flags;
		const char *text;
		size_t len;
		long err;
	} words[] = {
		{ LSM_ATTR_CURRENT, 0, "a:99999999", 10, -ESRCH },
		{ LSM_ATTR_CURRENT, 0, "a:99999999", 11, -ESRCH },	/* with its NUL */
		{ LSM_ATTR_CURRENT, 0, "a:99999999\n", 11, -ESRCH },
		{ LSM_ATTR_CURRENT, 0, "a:+9999999", 10, -EINVAL },
		{ LSM_ATTR_CURRENT, 0, "b:99999999", 10, -EINVAL },
		{ LSM_ATTR_CURRENT, 0, "a:9 999999", 10, -EINVAL },
		{ LSM_ATTR_CURRENT, 0, "a:18446744073709551616", 22, -EINVAL },
		{ LSM_ATTR_CURRENT, 0, "a:", 2, -EINVAL },
		{ LSM_ATTR_CURRENT, 0, "a:0000000000000000000001", 24, -EINVAL },
		{ LSM_ATTR_CURRENT, 0, "a:00000000000000000000000000000000001", 37, -EINVAL },
		{ LSM_ATTR_CURRENT, 1, "a:99999999", 10, -EINVAL },
		{ LSM_ATTR_EXEC, 0, "a:99999999", 10, -EOPNOTSUPP },
	};
	struct lsm_ctx ctx;
	uint32_t len;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		EXPECT_EQ(words[i].err, set_attr(words[i].attr, words[i].flags, words[i].text,
						 words[i].len)) TH_LOG("%s", words[i].text);
	ctx.id = LSM_ID;
	len = sizeof(ctx);
	EXPECT_EQ(-E2BIG, done(syscall(NR_LSM_GET_SELF_ATTR, LSM_ATTR_CURRENT, &ctx, &len,
				       LSM_FLAG_SINGLE)));
	EXPECT_LT(sizeof(ctx), len);
	EXPECT_EQ(-EOPNOTSUPP, done(syscall(NR_LSM_GET_SELF_ATTR, LSM_ATTR_EXEC, &ctx, &len,
					    LSM_FLAG_SINGLE)));
}

TEST_F(kernel, enter)
{
	struct bytes none = {};
	uint64_t aid;
	pid_t pid;
	int status;

	ASSERT_EQ(0, spawn_manifest(manifest_all, sizeof(manifest_all), &none, 0, 0, &aid));
	snprintf(own_text, sizeof(own_text), "a:%05llu", (unsigned long long)aid);
	EXPECT_EQ(-EINVAL, set_self_attr("17"));
	EXPECT_EQ(-EINVAL, set_self_attr("a:-1"));
	EXPECT_EQ(-EINVAL, set_self_attr("a:"));
	EXPECT_EQ(-ESRCH, set_self_attr("a:99999999"));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(set_self_attr(own_text) || text_is_own());
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	/* Its last task is gone, and with it the agent. */
	EXPECT_EQ(-ESRCH, set_self_attr(own_text));
	ASSERT_EQ(0, start(&self->task, &self->caps, 0));
}

TEST_HARNESS_MAIN
