// SPDX-License-Identifier: GPL-2.0
/*
 * Which right an ioctl needs: class fs.
 *
 * File systems and drivers define thousands of commands, some of which create
 * files or rewrite the device behind. So those known to do no more than the
 * descriptor already allows are listed, and all others need a right: ioctl_dev
 * on a device file, setattr on any other.
 */
#include <linux/agent.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <linux/termios.h>

#include "ioctl.h"

static bool harmless(unsigned int cmd)
{
	switch (cmd) {
	/* The descriptor and the open file only; VFS does them for every file. */
	case FIOCLEX:
	case FIONCLEX:
	case FIONBIO:
	case FIOASYNC:
	/* Sizes and layout, which stat(2) and reading tell as well. */
	case FIONREAD:
	case FIOQSIZE:
	case FIGETBSZ:
	case FS_IOC_FIEMAP:
	case FS_IOC_GETFSUUID:
	case FS_IOC_GETFSSYSFSPATH:
	case FS_IOC_GETFLAGS:
	case FS_IOC_GETVERSION:
	case FS_IOC_FSGETXATTR:
	/* Content moves between two files: both are decided as they are read and written. */
	case FICLONE:
	case FICLONERANGE:
	case FIDEDUPERANGE:
	/* isatty(3): asked of every descriptor by every C library; tells modes and size. */
	case TCGETS:
	case TCGETS2:
	case TIOCGWINSZ:
		return true;
	default:
		return false;
	}
}

static bool harmless_compat(unsigned int cmd)
{
	switch (cmd) {
	case FS_IOC32_GETFLAGS:
	case FS_IOC32_GETVERSION:
		return true;
	default:
		return harmless(cmd);
	}
}

static u64 rights_of(const struct inode *inode, bool is_harmless)
{
	umode_t mode = inode->i_mode;

	/* A named pipe is what an unnamed one is, once it was opened. */
	if (is_harmless || S_ISFIFO(mode) || S_ISSOCK(mode))
		return 0;
	return S_ISCHR(mode) || S_ISBLK(mode) ? AGENT_FS_IOCTL_DEV : AGENT_FS_SETATTR;
}

/**
 * coconut_ioctl_rights() - Which right does an ioctl need?
 * @inode: of the open file
 * @cmd: as given by user space
 *
 * Return: An fs right, or 0 where none is needed.
 */
u64 coconut_ioctl_rights(const struct inode *inode, unsigned int cmd)
{
	return rights_of(inode, harmless(cmd));
}

/**
 * coconut_ioctl_rights_compat() - The same for a 32-bit task
 * @inode: of the open file
 * @cmd: as given by user space
 *
 * Return: An fs right, or 0 where none is needed.
 */
u64 coconut_ioctl_rights_compat(const struct inode *inode, unsigned int cmd)
{
	return rights_of(inode, harmless_compat(cmd));
}
