// SPDX-License-Identifier: GPL-2.0
/*
 * Files that are a text, written anew for each reader.
 */
#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

/*
 * A budget, or a tenant, is shown with locks that are held where files of cgroups are read:
 * those are of the same make, and never above these.
 */
static struct lock_class_key text_lock_class;

/**
 * agentfs_show_open() - open a file that is written anew for each reader
 * @file: opened
 * @show: what writes it
 * @data: of the seq_file
 *
 * Return: 0 or -ENOMEM.
 */
int agentfs_show_open(struct file *file, int (*show)(struct seq_file *m, void *v), void *data)
{
	int err = single_open(file, show, data);

	if (!err)
		lockdep_set_class(&((struct seq_file *)file->private_data)->lock,
				  &text_lock_class);
	return err;
}

static int text_show(struct seq_file *m, void *unused)
{
	const struct agentfs_inode *node = agentfs_i(m->private);

	node->entry->show(m, node->agent, node->entry->arg);
	return 0;
}

/**
 * agentfs_text_open() - open a text
 * @inode: of an entry with a show function
 * @file: opened
 *
 * Return: 0, -ENOENT, -EACCES or -ENOMEM.
 */
int agentfs_text_open(struct inode *inode, struct file *file)
{
	int err = agentfs_may_see(inode) ?: agentfs_show_open(file, text_show, inode);

	/* Nothing was read: for whoever polls, all of it is new. */
	if (!err)
		((struct seq_file *)file->private_data)->poll_event = -1;
	return err;
}

/**
 * agentfs_text_read() - read a text
 * @iocb: position and file
 * @to: where to
 *
 * Who reads may be another than who opened: a descriptor that was handed to an
 * agent shows it no more than a path would.
 *
 * Return: bytes read, or a negative errno.
 */
ssize_t agentfs_text_read(struct kiocb *iocb, struct iov_iter *to)
{
	int err = agentfs_may_see(file_inode(iocb->ki_filp));

	return err ?: seq_read_iter(iocb, to);
}

/**
 * agentfs_line() - the one line of a write, as echo(1) makes it
 * @buf: from user space
 * @len: how long it is
 *
 * Return: the line without its line feed, for kfree(); or an ERR_PTR(): -EINVAL for more
 * than a line, a NUL, or what is too long; -EFAULT; -ENOMEM.
 */
char *agentfs_line(const char __user *buf, size_t len)
{
	char *line;

	if (len > AGENTFS_LINE_MAX)
		return ERR_PTR(-EINVAL);
	line = memdup_user_nul(buf, len);
	if (IS_ERR(line))
		return line;
	if (len && line[len - 1] == '\n')
		line[--len] = '\0';
	if (strlen(line) == len && !strchr(line, '\n'))
		return line;
	kfree(line);
	return ERR_PTR(-EINVAL);
}

/**
 * agentfs_text_write() - do what a line says
 * @file: of an entry with a command function
 * @buf: the line
 * @len: how long it is
 * @pos: not looked at: each write is a command
 *
 * Return: @len, or a negative errno: -EPERM but for an operator, -EINVAL for what is no
 * line or no command, or what the command returns.
 */
ssize_t agentfs_text_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	const struct agentfs_inode *node = agentfs_i(file_inode(file));
	int err = agentfs_operator(node->entry->what, false);
	char *line;

	if (err)
		return err;
	line = agentfs_line(buf, len);
	if (IS_ERR(line))
		return PTR_ERR(line);
	err = node->entry->command(node->agent, line);
	kfree(line);
	return err ?: len;
}

const struct file_operations agentfs_text_fops = {
	.open		= agentfs_text_open,
	.read_iter	= agentfs_text_read,
	.llseek		= seq_lseek,
	.release	= single_release,
};

const struct file_operations agentfs_command_fops = {
	.open		= agentfs_text_open,
	.read_iter	= agentfs_text_read,
	.write		= agentfs_text_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};
