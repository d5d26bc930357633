// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of agents' directories: names that cannot come to mean another agent.
 */
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/sprintf.h>

#include "internal.h"

static struct file *open_agent_dir(struct agent *agent)
{
	char name[sizeof("live/") + AGENTFS_AID_NAME_MAX] = "live/";
	struct file *file;
	struct path path;
	int err;

	agentfs_aid_name(name + strlen(name), agent->aid);
	err = vfs_path_lookup(agentfs_mnt->mnt_root, agentfs_mnt, name, 0, &path);
	if (err)
		return ERR_PTR(err);
	file = dentry_open(&path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, current_cred());
	path_put(&path);
	return file;
}

static int agentfs_open_dir(struct agent *agent)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct file *file;

	if (fd < 0)
		return fd;
	file = open_agent_dir(agent);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

static struct agent *agentfs_from_fd(int fd)
{
	CLASS(fd_raw, f)(fd);
	const struct inode *inode;

	if (!fd_file(f))
		return ERR_PTR(-EBADF);
	inode = file_inode(fd_file(f));
	if (inode->i_sb->s_type != &agentfs_type || !agentfs_is_agent_dir(inode))
		return ERR_PTR(-EBADF);
	return agent_get(agentfs_i(inode)->agent);
}

const struct agent_fs_ops agentfs_fd_ops = {
	.open_dir	= agentfs_open_dir,
	.from_fd	= agentfs_from_fd,
};
