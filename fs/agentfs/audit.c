// SPDX-License-Identifier: GPL-2.0
/*
 * /agent/audit: the chain, as the whole system's log and as each agent's tail.
 */
#include <linux/audit_chain.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "internal.h"

enum { ID_LOG = 96, ID_HEAD, ID_TPM_ROOT, ID_STATS, ID_ROTATED };

/* ---- chain.log ---- */

/* Whoever opens it for writing says that he will keep the log: the kernel waits for him. */
static int log_open(struct inode *inode, struct file *file)
{
	int err = agentfs_may_see(inode);

	if (err)
		return err;
	if (!agentfs_is_auditor())
		return -EACCES;
	if (!(file->f_mode & FMODE_WRITE))
		return 0;
	err = agentfs_operator("agentfs/audit/chain.log write", false);
	if (!err)
		audit_chain_persister(true);
	return err;
}

static int log_release(struct inode *inode, struct file *file)
{
	if (file->f_mode & FMODE_WRITE)
		audit_chain_persister(false);
	return 0;
}

/* The end of the log is an end of file, so that cat(1) returns; poll(2) waits for more. */
static ssize_t log_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	int err = agentfs_may_see(file_inode(file));

	return err ?: audit_chain_log_read(buf, len, pos, true);
}

static __poll_t log_poll(struct file *file, struct poll_table_struct *wait)
{
	if (!agentfs_sees(file_inode(file)))
		return EPOLLERR;
	return audit_chain_log_poll(file, wait, file->f_pos);
}

static long log_persisted(const u64 __user *arg)
{
	u64 seq;

	return copy_from_user(&seq, arg, sizeof(seq)) ? -EFAULT : audit_chain_persisted(seq);
}

static long log_link(const struct agent_audit_link __user *arg)
{
	struct agent_audit_link link;

	return copy_from_user(&link, arg, sizeof(link)) ? -EFAULT : audit_chain_link(&link);
}

static long log_gap(const u64 __user *arg)
{
	u64 seq;

	return copy_from_user(&seq, arg, sizeof(seq)) ? -EFAULT : audit_chain_gap(seq);
}

static long log_command(unsigned int cmd, void __user *arg)
{
	switch (cmd) {
	case AGENT_IOC_PERSISTED:
		return log_persisted(arg);
	case AGENT_IOC_LINK:
		return log_link(arg);
	case AGENT_IOC_GAP:
		return log_gap(arg);
	default:
		return audit_chain_close();
	}
}

static bool log_knows(unsigned int cmd)
{
	return cmd == AGENT_IOC_PERSISTED || cmd == AGENT_IOC_LINK || cmd == AGENT_IOC_GAP ||
	       cmd == AGENT_IOC_CLOSE;
}

/* Asks again who it is: a descriptor that was handed on must not let an agent drop records. */
static long log_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	int err;

	if (!log_knows(cmd))
		return -ENOTTY;
	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	err = agentfs_operator("agentfs/audit/chain.log ioctl", false);
	return err ?: log_command(cmd, (void __user *)arg);
}

static const struct file_operations log_fops = {
	.open		= log_open,
	.read		= log_read,
	.poll		= log_poll,
	.unlocked_ioctl	= log_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= generic_file_llseek,
	.release	= log_release,
};

/* ---- live/<aid>/audit/tail ---- */

static int tail_open(struct inode *inode, struct file *file)
{
	int err = agentfs_may_see(inode);

	if (!err && !agentfs_is_auditor())
		err = -EACCES;
	return err;
}

static ssize_t tail_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct inode *inode = file_inode(file);
	int err = agentfs_may_see(inode);

	return err ?: audit_chain_log_read_aid(agentfs_i(inode)->agent->aid, buf, len, pos);
}

const struct file_operations agentfs_tail_fops = {
	.open		= tail_open,
	.read		= tail_read,
	.llseek		= generic_file_llseek,
};

/* ---- the rest ---- */

static void head_show(struct seq_file *m, struct agent *agent, unsigned int arg)
{
	u8 head[BLAKE3_OUT_SIZE];
	u64 seq;

	audit_chain_head(head, &seq);
	seq_printf(m, "%*phN\n", BLAKE3_OUT_SIZE, head);
}

static const char * const anchored_names[] = {
	[AUDIT_ANCHORED_NOT]	= "not",
	[AUDIT_ANCHORED_PCR]	= "pcr",
	[AUDIT_ANCHORED_ROOT]	= "root",
	[AUDIT_ANCHORED_LOST]	= "lost",
};

static void stats_show(struct seq_file *m, struct agent *agent, unsigned int arg)
{
	struct audit_stats s;

	audit_chain_stats(&s);
	seq_printf(m, "recorded %llu\nsealed %llu\nin_flight %llu\nlost %llu\n",
		   s.recorded, s.sealed, s.in_flight, s.lost);
	seq_printf(m, "waits %llu\nreserve_used %llu\nepochs %llu\n",
		   s.waits, s.reserve_used, s.epochs);
	seq_printf(m, "persisted_seq %llu\noldest_seq %llu\n", s.persisted_seq, s.oldest_seq);
	seq_printf(m, "head %*phN\n", BLAKE3_OUT_SIZE, s.head);
	seq_printf(m, "anchored %s\ntpm_counter %llu\ntpm_extends %llu\n",
		   anchored_names[s.anchored], s.tpm_counter, s.tpm_extends);
}

/* The seed leaves the kernel once, on record, by agent_audit_query(2): not by cat(1). */
static int tpm_root_open(struct inode *inode, struct file *file)
{
	return agentfs_refuse("agentfs/audit/tpm_root", false);
}

static const struct file_operations tpm_root_fops = {
	.open		= tpm_root_open,
};

const struct agentfs_entry agentfs_audit_entries[] = {
	{ .name = "chain.log", .id = ID_LOG, .mode = S_IFREG | 0644, .fop = &log_fops,
	  .guarded = true },
	AGENTFS_TEXT("head", ID_HEAD, 0444, head_show, 0),
	{ .name = "tpm_root", .id = ID_TPM_ROOT, .mode = S_IFREG | 0400, .fop = &tpm_root_fops },
	AGENTFS_TEXT("stats", ID_STATS, 0444, stats_show, 0),
	{ .name = "rotated", .id = ID_ROTATED, .mode = S_IFDIR | 0755,
	  .iop = &agentfs_links_iops, .fop = &simple_dir_operations, .guarded = true },
	{}
};
