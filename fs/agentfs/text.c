// SPDX-License-Identifier: GPL-2.0
/*
 * Files that are a text, written anew for each reader.
 */
#include <linux/err.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "internal.h"

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
	int err = agentfs_may_see(inode);

	return err ?: single_open(file, text_show, inode);
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
 * agentfs_line() - take the one line of a write, as echo(1) makes it
 * @buf: from the writer
 * @len: how much
 *
 * Return: the line without its line feed; or an ERR_PTR: -EINVAL for more than a line,
 * a NUL, or what is too long; -EFAULT, -ENOMEM.
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

const struct file_operations agentfs_text_fops = {
	.open		= agentfs_text_open,
	.read_iter	= agentfs_text_read,
	.llseek		= seq_lseek,
	.release	= single_release,
};
