// SPDX-License-Identifier: GPL-2.0
/*
 * Class fs: opening, names in directories, attributes; and revoking what is open.
 */
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include <linux/fs.h>

#include "files.h"

#define DIR_PATH	"/tmp/coconut_fs"
#define IN		DIR_PATH "/in"		/* what capabilities speak of */
#define OUT		DIR_PATH "/out"		/* what none speaks of */

FIXTURE(fs) {
	struct agent_task task;
	struct bytes caps;
	unsigned int nr;
};

FIXTURE_SETUP(fs)
{
	const char *why = authorize();

	ASSERT_EQ(NULL, why) TH_LOG("%s", why);
	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, system("rm -rf " DIR_PATH));
	ASSERT_EQ(0, mkdir(DIR_PATH, 0755));
	ASSERT_EQ(0, mkdir(IN, 0755));
	ASSERT_EQ(0, mkdir(OUT, 0755));
	ASSERT_EQ(0, mkdir(IN "/dir", 0755));
	ASSERT_EQ(0, mkdir(IN "/empty", 0755));
	ASSERT_EQ(0, mkdir(OUT "/empty", 0755));
	ASSERT_EQ(0, mkdir(IN "/secret", 0755));
	make_file(IN "/file");
	make_file(IN "/other");
	make_file(IN "/secret/file");
	make_file(OUT "/file");
	self->nr = 0;
	memset(&self->caps, 0, sizeof(self->caps));
}

FIXTURE_TEARDOWN(fs)
{
	stop(&self->task);
	EXPECT_EQ(0, system("rm -rf " DIR_PATH));
}

/* ---- what the agent does ---- */

static long opened(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static long read_in(void) { return opened(IN "/file", O_RDONLY); }
static long read_out(void) { return opened(OUT "/file", O_RDONLY); }
static long read_secret(void) { return opened(IN "/secret/file", O_RDONLY); }
static long write_in(void) { return opened(IN "/file", O_WRONLY); }
static long write_out(void) { return opened(OUT "/file", O_WRONLY); }
static long path_out(void) { return opened(OUT "/file", O_PATH); }
static long list_in(void) { return opened(IN, O_RDONLY | O_DIRECTORY); }
static long list_out(void) { return opened(OUT, O_RDONLY | O_DIRECTORY); }
static long missing_out(void) { return opened(OUT "/missing", O_RDONLY); }
static long create_in(void) { return opened(IN "/new", O_WRONLY | O_CREAT); }
static long create_out(void) { return opened(OUT "/new", O_WRONLY | O_CREAT); }
static long create_there(void) { return opened(IN "/file", O_WRONLY | O_CREAT); }
static long trunc_open_in(void) { return opened(IN "/file", O_WRONLY | O_TRUNC); }
static long tmpfile_in(void) { return opened(IN, O_WRONLY | O_TMPFILE); }
static long tmpfile_out(void) { return opened(OUT, O_WRONLY | O_TMPFILE); }
static long truncate_in(void) { return done(truncate(IN "/file", 0)); }
static long truncate_out(void) { return done(truncate(OUT "/file", 0)); }
static long mkdir_in(void) { return done(mkdir(IN "/d", 0755)); }
static long mkdir_out(void) { return done(mkdir(OUT "/d", 0755)); }
static long rmdir_in(void) { return done(rmdir(IN "/empty")); }
static long rmdir_out(void) { return done(rmdir(OUT "/empty")); }
static long rmdir_secret(void) { return done(rename(IN "/secret", IN "/public")); }
static long unlink_in(void) { return done(unlink(IN "/other")); }
static long unlink_out(void) { return done(unlink(OUT "/file")); }
static long symlink_in(void) { return done(symlink("file", IN "/sym")); }
static long symlink_out(void) { return done(symlink("file", OUT "/sym")); }
static long fifo_in(void) { return done(mknod(IN "/fifo", S_IFIFO | 0644, 0)); }
static long fifo_out(void) { return done(mknod(OUT "/fifo", S_IFIFO | 0644, 0)); }
static long char_out(void) { return done(mknod(OUT "/null", S_IFCHR | 0644, 0x103)); }
static long setid_create(void) { return done(mknod(IN "/suid", S_IFREG | 04755, 0)); }
static long setid_chmod(void) { return done(chmod(IN "/file", 04755)); }
static long chmod_in(void) { return done(chmod(IN "/file", 0600)); }
static long chmod_out(void) { return done(chmod(OUT "/file", 0600)); }
static long chown_in(void) { return done(chown(IN "/file", 1, 1)); }
static long chown_out(void) { return done(chown(OUT "/file", 1, 1)); }
static long xattr_in(void) { return done(setxattr(IN "/file", "user.a", "b", 1, 0)); }
static long xattr_out(void) { return done(setxattr(OUT "/file", "user.a", "b", 1, 0)); }

static long times_at(const char *path)
{
	const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	return done(utimensat(AT_FDCWD, path, times, 0));
}

static long times_in(void) { return times_at(IN "/file"); }
static long times_out(void) { return times_at(OUT "/file"); }
static long touch_in(void) { return done(utimensat(AT_FDCWD, IN "/file", NULL, 0)); }
static long touch_out(void) { return done(utimensat(AT_FDCWD, OUT "/file", NULL, 0)); }
static long rename_in(void) { return done(rename(IN "/other", IN "/renamed")); }
static long rename_down(void) { return done(rename(IN "/renamed", IN "/dir/renamed")); }
static long rename_out(void) { return done(rename(IN "/file", OUT "/gone")); }
static long rename_gain(void) { return done(rename(OUT "/file", IN "/dir/gain")); }
static long link_gain(void) { return done(link(OUT "/file", IN "/dir/gain")); }
static long link_in(void) { return done(link(IN "/file", IN "/link")); }

static long isatty_null(void)
{
	char termios[64];
	int fd = open("/dev/null", O_RDWR);

	if (fd < 0)
		return -errno;
	/* TCGETS: harmless, so that the driver says what it is. */
	return ioctl(fd, 0x5401, termios) ? -errno : 0;
}

static long ioctl_null(void)
{
	int fd = open("/dev/null", O_RDWR);

	if (fd < 0)
		return -errno;
	return ioctl(fd, 0x5412 /* TIOCSTI */, "x") ? -errno : 0;
}

static long chattr_in(void)
{
	int flags = FS_NOATIME_FL, fd = open(IN "/file", O_RDONLY);

	if (fd < 0)
		return -errno;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) ? -errno : 0;
}

/* By number instead of by name, as CAP_DAC_READ_SEARCH lets root do. */
static long by_handle(const char *path)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = { .handle.handle_bytes = MAX_HANDLE_SZ };
	int mount_id, fd;

	/* The working directory tells the file system. */
	if (chdir("/tmp") || name_to_handle_at(AT_FDCWD, path, &u.handle, &mount_id, 0))
		return -errno;
	fd = open_by_handle_at(AT_FDCWD, &u.handle, O_RDONLY);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static long handle_in(void) { return by_handle(IN "/file"); }
static long handle_out(void) { return by_handle(OUT "/file"); }

static long watch(const char *path)
{
	int fd = inotify_init();
	long ret = done(inotify_add_watch(fd, path, IN_OPEN));

	close(fd);
	return ret;
}

static long watch_in(void) { return watch(IN); }
static long watch_out(void) { return watch(OUT); }

/* ---- tests ---- */

TEST_F(fs, nothing_without_capabilities)
{
	START();
	EXPECT_REFUSED(&self->task, read_in, EACCES);
	EXPECT_REFUSED(&self->task, write_in, EACCES);
	EXPECT_REFUSED(&self->task, list_in, EACCES);
	EXPECT_REFUSED(&self->task, create_in, EACCES);
	EXPECT_ALLOWED(&self->task, path_out);
	EXPECT_FAILED(&self->task, missing_out, ENOENT);
}

TEST_F(fs, open)
{
	CAP(IN, AGENT_FS_READ_FILE | AGENT_FS_READ_DIR);
	START();
	EXPECT_ALLOWED(&self->task, read_in);
	EXPECT_ALLOWED(&self->task, list_in);
	EXPECT_REFUSED(&self->task, write_in, EACCES);
	EXPECT_REFUSED(&self->task, read_out, EACCES);
	EXPECT_REFUSED(&self->task, list_out, EACCES);
}

/* Denials are in every level. */
TEST_F(fs, audit_level_denials)
{
	CAP(IN, AGENT_FS_READ_FILE);
	ASSERT_EQ(0, start_manifest(&self->task, manifest_quiet, sizeof(manifest_quiet),
				    &self->caps, self->nr));
	EXPECT_ALLOWED(&self->task, read_in);
	EXPECT_REFUSED(&self->task, write_in, EACCES);
	EXPECT_REFUSED(&self->task, read_out, EACCES);
}

TEST_F(fs, write)
{
	CAP(IN, AGENT_FS_WRITE_FILE);
	START();
	EXPECT_ALLOWED(&self->task, write_in);
	EXPECT_REFUSED(&self->task, read_in, EACCES);
	EXPECT_REFUSED(&self->task, write_out, EACCES);
	EXPECT_REFUSED(&self->task, trunc_open_in, EACCES);
	EXPECT_REFUSED(&self->task, truncate_in, EACCES);
	EXPECT_ALLOWED(&self->task, touch_in);
	EXPECT_REFUSED(&self->task, touch_out, EACCES);
	EXPECT_REFUSED(&self->task, times_in, EACCES);
}

/* A file that is there is no refused creation, cached or not. */
TEST_F(fs, create)
{
	CAP(IN, AGENT_FS_WRITE_FILE);
	START();
	EXPECT_ALLOWED(&self->task, create_there);
	ASSERT_EQ(0, system("echo 2 > /proc/sys/vm/drop_caches"));
	EXPECT_ALLOWED(&self->task, create_there);
	EXPECT_REFUSED(&self->task, create_in, EACCES);
	EXPECT_REFUSED(&self->task, create_in, EACCES);
	EXPECT_REFUSED(&self->task, tmpfile_in, EACCES);
}

TEST_F(fs, make_reg)
{
	CAP(IN, AGENT_FS_WRITE_FILE | AGENT_FS_MAKE_REG);
	START();
	EXPECT_ALLOWED(&self->task, create_in);
	EXPECT_ALLOWED(&self->task, tmpfile_in);
	EXPECT_REFUSED(&self->task, create_out, EACCES);
	EXPECT_REFUSED(&self->task, tmpfile_out, EACCES);
	EXPECT_REFUSED(&self->task, setid_create, EACCES);
}

TEST_F(fs, names)
{
	CAP(IN, AGENT_FS_MAKE_DIR | AGENT_FS_REMOVE_DIR | AGENT_FS_REMOVE_FILE |
		AGENT_FS_MAKE_SYM | AGENT_FS_MAKE_FIFO | AGENT_FS_TRUNCATE);
	START();
	EXPECT_ALLOWED(&self->task, truncate_in);
	EXPECT_ALLOWED(&self->task, mkdir_in);
	EXPECT_ALLOWED(&self->task, rmdir_in);
	EXPECT_ALLOWED(&self->task, unlink_in);
	EXPECT_ALLOWED(&self->task, symlink_in);
	EXPECT_ALLOWED(&self->task, fifo_in);
	EXPECT_REFUSED(&self->task, truncate_out, EACCES);
	EXPECT_REFUSED(&self->task, mkdir_out, EACCES);
	EXPECT_REFUSED(&self->task, rmdir_out, EACCES);
	EXPECT_REFUSED(&self->task, unlink_out, EACCES);
	EXPECT_REFUSED(&self->task, symlink_out, EACCES);
	EXPECT_REFUSED(&self->task, fifo_out, EACCES);
	EXPECT_REFUSED(&self->task, char_out, EACCES);
	EXPECT_REFUSED(&self->task, link_in, EACCES);
}

TEST_F(fs, attributes)
{
	CAP(IN, AGENT_FS_SETATTR | AGENT_FS_READ_FILE);
	START();
	EXPECT_ALLOWED(&self->task, chmod_in);
	EXPECT_ALLOWED(&self->task, chown_in);
	EXPECT_ALLOWED(&self->task, xattr_in);
	EXPECT_ALLOWED(&self->task, times_in);
	EXPECT_REFUSED(&self->task, chmod_out, EACCES);
	EXPECT_REFUSED(&self->task, chown_out, EACCES);
	EXPECT_REFUSED(&self->task, xattr_out, EACCES);
	EXPECT_REFUSED(&self->task, times_out, EACCES);
	EXPECT_REFUSED(&self->task, setid_chmod, EACCES);
}

TEST_F(fs, rename)
{
	CAP(IN, AGENT_FS_REFER | AGENT_FS_REMOVE_FILE | AGENT_FS_MAKE_REG |
		AGENT_FS_REMOVE_DIR | AGENT_FS_MAKE_DIR);
	START();
	EXPECT_ALLOWED(&self->task, rename_in);
	EXPECT_ALLOWED(&self->task, rename_down);
	EXPECT_ALLOWED(&self->task, link_in);
	EXPECT_REFUSED(&self->task, rename_out, EACCES);
	EXPECT_REFUSED(&self->task, rename_gain, EACCES);
}

/* What may be moved, but would be more accessible where it is moved to. */
TEST_F(fs, no_gain)
{
	CAP(OUT, AGENT_FS_REFER | AGENT_FS_REMOVE_FILE);
	CAP(IN, AGENT_FS_REFER | AGENT_FS_MAKE_REG | AGENT_FS_READ_FILE);
	START();
	EXPECT_REFUSED(&self->task, rename_gain, EACCES);
	EXPECT_REFUSED(&self->task, link_gain, EACCES);
}

TEST_F(fs, carve_out)
{
	cap_fs_except(&self->caps, IN, AGENT_FS_ALL, IN "/secret");
	self->nr = 1;
	START();
	EXPECT_ALLOWED(&self->task, read_in);
	EXPECT_REFUSED(&self->task, read_secret, EACCES);
	EXPECT_REFUSED(&self->task, rmdir_secret, EACCES);
}

TEST_F(fs, no_way_around_the_name)
{
	CAP(IN, AGENT_FS_READ_FILE | AGENT_FS_READ_DIR);
	START();
	EXPECT_ALLOWED(&self->task, handle_in);
	EXPECT_REFUSED(&self->task, handle_out, EACCES);
	EXPECT_ALLOWED(&self->task, watch_in);
	EXPECT_REFUSED(&self->task, watch_out, EACCES);
}

TEST_F(fs, ioctl)
{
	CAP("/dev/null", AGENT_FS_READ_FILE | AGENT_FS_WRITE_FILE);
	CAP(IN, AGENT_FS_READ_FILE);
	START();
	EXPECT_FAILED(&self->task, isatty_null, ENOTTY);
	EXPECT_REFUSED(&self->task, ioctl_null, EACCES);
	EXPECT_REFUSED(&self->task, chattr_in, EACCES);
}

TEST_F(fs, ioctl_dev)
{
	CAP("/dev/null", AGENT_FS_READ_FILE | AGENT_FS_WRITE_FILE | AGENT_FS_IOCTL_DEV);
	START();
	EXPECT_FAILED(&self->task, ioctl_null, ENOTTY);
}

/* ---- what is open ---- */

static int held = -1;

static long open_held(void)
{
	held = open(IN "/file", O_RDWR);
	return held < 0 ? -errno : 0;
}

static long take_held(void)
{
	held = take_fd(agent_socket);
	return held < 0 ? held : 0;
}

static long read_held(void)
{
	char byte;

	return done(pread(held, &byte, 1, 0));
}

static long write_held(void) { return done(pwrite(held, "x", 1, 0)); }
static long truncate_held(void) { return done(ftruncate(held, 1)); }

static long map_held(void)
{
	void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, held, 0);

	if (map == MAP_FAILED)
		return -errno;
	munmap(map, 4096);
	return 0;
}

static long memfd(void)
{
	held = memfd_create("test", 0);
	return held < 0 ? -errno : 0;
}

TEST_F(fs, revoke_reaches_open_files)
{
	CAP(IN, AGENT_FS_READ_FILE | AGENT_FS_WRITE_FILE | AGENT_FS_TRUNCATE);
	START();
	EXPECT_ALLOWED(&self->task, open_held);
	EXPECT_ALLOWED(&self->task, read_held);
	EXPECT_ALLOWED(&self->task, write_held);
	EXPECT_ALLOWED(&self->task, truncate_held);
	EXPECT_ALLOWED(&self->task, map_held);
	REVOKE();
	EXPECT_REFUSED(&self->task, read_held, EACCES);
	EXPECT_REFUSED(&self->task, write_held, EACCES);
	EXPECT_REFUSED(&self->task, truncate_held, EACCES);
	EXPECT_REFUSED(&self->task, map_held, EACCES);
	/* And what is granted again works again. */
	ASSERT_EQ(0, grant(self->task.aid, &self->caps));
	EXPECT_ALLOWED(&self->task, read_held);
}

/* What runs out by itself is looked at again each time. */
TEST_F(fs, expiry_reaches_open_files)
{
	cap_fs_expiring(&self->caps, IN, AGENT_FS_READ_FILE | AGENT_FS_WRITE_FILE, 1);
	self->nr = 1;
	START();
	EXPECT_ALLOWED(&self->task, open_held);
	EXPECT_ALLOWED(&self->task, read_held);
	usleep(1200000);
	EXPECT_REFUSED(&self->task, read_held, EACCES);
	EXPECT_REFUSED(&self->task, open_held, EACCES);
}

TEST_F(fs, passed_files_are_decided_for_the_receiver)
{
	int fd;

	CAP(IN, AGENT_FS_READ_FILE);
	START();
	fd = open(IN "/file", O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pass_fd(self->task.passed, fd));
	EXPECT_ALLOWED(&self->task, take_held);
	EXPECT_ALLOWED(&self->task, read_held);
	close(fd);
	fd = open(OUT "/file", O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pass_fd(self->task.passed, fd));
	EXPECT_REFUSED(&self->task, take_held, EACCES);
	close(fd);
}

TEST_F(fs, inherited_files_are_decided_at_first_use)
{
	held = open(OUT "/file", O_RDWR);
	ASSERT_LE(0, held);
	START();
	EXPECT_REFUSED(&self->task, read_held, EACCES);
	EXPECT_REFUSED(&self->task, write_held, EACCES);
	close(held);
}

TEST_F(fs, memory_files_are_its_own)
{
	START();
	EXPECT_ALLOWED(&self->task, memfd);
	EXPECT_ALLOWED(&self->task, write_held);
	EXPECT_ALLOWED(&self->task, read_held);
	EXPECT_ALLOWED(&self->task, truncate_held);
}

TEST_HARNESS_MAIN
