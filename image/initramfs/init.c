// SPDX-License-Identifier: Apache-2.0
/*
 * init - from the boot loader to the root
 *
 * The only file of the initramfs. Finds the medium by the label of its ISO 9660
 * file system (coconut_label= on the kernel's command line, which arrives here
 * as environment), and stacks on it: the compressed root, read-only; a tmpfs
 * for what is written; then /sbin/coconutd as PID 1 in it.
 *
 * Where it cannot go on it says why and ends, upon which the kernel panics: a
 * machine without a root has nothing else to do, and panic= decides the rest.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ROOT_IMAGE	"/medium/live/root.squashfs"
#define INIT		"/sbin/coconutd"
#define WAIT_SECONDS	60
#define LABEL_OFFSET	(16 * 2048 + 40)	/* volume identifier of the primary descriptor */
#define LABEL_SIZE	32

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "coconut: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void attach(const char *what, const char *where, const char *type, unsigned long flags,
		   const char *data)
{
	if (mkdir(where, 0755) && errno != EEXIST)
		fail(where);
	if (mount(what, where, type, flags, data) && errno != EBUSY)
		fail(where);
}

static bool has_label(const char *device, const char *label)
{
	char magic[5], found[LABEL_SIZE + 1] = "";
	int fd = open(device, O_RDONLY | O_CLOEXEC);
	bool yes;

	if (fd < 0)
		return false;
	yes = pread(fd, magic, sizeof(magic), 16 * 2048 + 1) == (ssize_t)sizeof(magic) &&
	      !memcmp(magic, "CD001", sizeof(magic)) &&
	      pread(fd, found, LABEL_SIZE, LABEL_OFFSET) == LABEL_SIZE;
	close(fd);
	for (int i = LABEL_SIZE - 1; i >= 0 && found[i] == ' '; i--)
		found[i] = '\0';
	return yes && !strcmp(found, label);
}

/*
 * The shortest name wins: a stick shows the same file system as sda and as sda1,
 * and only the whole device holds all of it.
 */
static bool find_medium(const char *label, char *device, size_t size)
{
	DIR *dir = opendir("/sys/class/block");
	struct dirent *entry;
	char path[300];
	bool found = false;

	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !strncmp(entry->d_name, "loop", 4) ||
		    !strncmp(entry->d_name, "ram", 3))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		if (found && strlen(path) >= strlen(device))
			continue;
		if (has_label(path, label)) {
			snprintf(device, size, "%s", path);
			found = true;
		}
	}
	closedir(dir);
	return found;
}

static void mount_medium(const char *label)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	char device[300] = "";
	time_t start = time(NULL);

	/* Buses are scanned in the background, and a stick takes seconds to answer. */
	while (!find_medium(label, device, sizeof(device))) {
		if (time(NULL) - start > WAIT_SECONDS) {
			errno = ENODEV;
			fail(label);
		}
		nanosleep(&pause, NULL);
	}
	attach(device, "/medium", "iso9660", MS_RDONLY | MS_NODEV | MS_NOSUID, NULL);
}

static void mount_image(void)
{
	struct loop_config config = { .info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR };
	char device[32];
	int control, loop, number;

	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	if (number < 0)
		fail("/dev/loop-control");
	close(control);
	snprintf(device, sizeof(device), "/dev/loop%d", number);
	loop = open(device, O_RDONLY | O_CLOEXEC);
	if (loop < 0)
		fail(device);
	config.fd = (__u32)open(ROOT_IMAGE, O_RDONLY | O_CLOEXEC);
	if ((int)config.fd < 0)
		fail(ROOT_IMAGE);
	if (ioctl(loop, LOOP_CONFIGURE, &config))
		fail(device);
	close((int)config.fd);
	attach(device, "/lower", "squashfs", MS_RDONLY | MS_NODEV, NULL);
	close(loop);
}

static void stack(void)
{
	/* Half of the memory is the default; the writer here is the operator. */
	attach("tmpfs", "/upper", "tmpfs", MS_NODEV, "mode=0755");
	if (mkdir("/upper/data", 0755) || mkdir("/upper/work", 0755))
		fail("/upper");
	attach("overlay", "/root", "overlay", 0,
	       "lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work");
}

static void enter(char **argv, char **envp)
{
	/* The mounts under the new root are needed there; the rest is freed with this one. */
	if (mount("/dev", "/root/dev", NULL, MS_MOVE, NULL))
		fail("/root/dev");
	if (mount("/medium", "/root/media", NULL, MS_MOVE, NULL))
		fail("/root/media");
	umount2("/proc", MNT_DETACH);
	umount2("/sys", MNT_DETACH);
	unlink("/init");
	if (chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		fail("/root");
	argv[0] = INIT;
	execve(INIT, argv, envp);
	fail(INIT);
}

int main(int argc, char **argv, char **envp)
{
	const char *label = getenv("coconut_label");

	(void)argc;
	attach("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
	attach("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	attach("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	if (fcntl(STDERR_FILENO, F_GETFD) < 0) {
		int fd = open("/dev/console", O_RDWR);

		for (int i = fd; i >= 0 && i < STDERR_FILENO; i++)
			dup(fd);
	}
	if (!label || !*label) {
		errno = EINVAL;
		fail("coconut_label= is not on the kernel's command line");
	}
	mount_medium(label);
	mount_image();
	stack();
	enter(argv, envp);
}
