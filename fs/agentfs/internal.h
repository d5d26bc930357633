/* SPDX-License-Identifier: GPL-2.0 */
/*
 * agentfs: what its files share.
 */
#ifndef _AGENTFS_INTERNAL_H
#define _AGENTFS_INTERNAL_H

#include <linux/agent.h>
#include <linux/fs.h>

struct seq_file;

#define AGENTFS_MAGIC		0x41474654	/* "AGFT" */
#define AGENTFS_LINE_MAX	256		/* of what is written */
#define AGENTFS_AID_NAME_MAX	24		/* "a:" and a u64 in decimal */

/**
 * struct agentfs_entry - a file or directory that is always there
 * @name: within its directory; NULL ends a table
 * @id: unique in this file system; low byte of the inode number
 * @mode: type and permissions
 * @iop: NULL: those of a plain file
 * @fop: NULL: text that @show writes
 * @entries: what is in a directory, where that is fixed
 * @show: writes the whole file; agent is NULL outside the agents' directories
 * @arg: for @show
 * @command: takes a line that an operator writes; what came of it
 * @what: the file, for the record of who was not one
 * @guarded: an agent must be allowed to observe the boot agent
 */
struct agentfs_entry {
	const char *name;
	u8 id;
	umode_t mode;
	const struct inode_operations *iop;
	const struct file_operations *fop;
	const struct agentfs_entry *entries;
	void (*show)(struct seq_file *m, struct agent *agent, unsigned int arg);
	unsigned int arg;
	int (*command)(struct agent *agent, char *line);
	const char *what;
	bool guarded;
};

/**
 * struct agentfs_inode - an inode and whom it speaks of
 * @vfs: the inode
 * @entry: what it is; constant; NULL: stored by the operator
 * @agent: whose directory it is in, referenced; constant; NULL outside of them
 */
struct agentfs_inode {
	struct inode vfs;
	const struct agentfs_entry *entry;
	struct agent *agent;
};

static inline struct agentfs_inode *agentfs_i(const struct inode *inode)
{
	return container_of(inode, struct agentfs_inode, vfs);
}

/* super.c */
extern struct file_system_type agentfs_type;
extern struct vfsmount *agentfs_mnt;	/* the kernel's own mount */

/* inode.c */
extern const struct super_operations agentfs_super_ops;
extern const struct dentry_operations agentfs_dentry_ops;
int agentfs_inode_init(void);
struct inode *agentfs_inode_new(struct super_block *sb, const struct agentfs_entry *entry,
				struct agent *agent);
bool agentfs_sees(const struct inode *inode);	/* may current see it? the pure question */
int agentfs_may_see(const struct inode *inode);	/* a refusal is recorded */
int agentfs_permission(struct mnt_idmap *idmap, struct inode *inode, int mask);
int agentfs_setattr(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr);
int agentfs_refuse(const char *what, bool locked);
int agentfs_operator(const char *what, bool locked);	/* outside every agent, CAP_SYS_ADMIN */
bool agentfs_is_auditor(void);		/* in an agent, or allowed to read audit records */

/* dir.c */
extern const struct agentfs_entry agentfs_root;
extern const struct inode_operations agentfs_static_iops;
extern const struct file_operations agentfs_static_fops;
extern const struct inode_operations agentfs_children_iops;
extern const struct file_operations agentfs_children_fops;
bool agentfs_is_agent_dir(const struct inode *inode);
void agentfs_aid_name(char name[AGENTFS_AID_NAME_MAX], u64 aid);
bool agentfs_parse_aid(const char *name, size_t len, u64 *aid);

/* agent_files.c */
extern const struct agentfs_entry agentfs_agent_entries[];

/* text.c */
extern const struct file_operations agentfs_text_fops;
int agentfs_show_open(struct file *file, int (*show)(struct seq_file *m, void *v), void *data);
int agentfs_text_open(struct inode *inode, struct file *file);
ssize_t agentfs_text_read(struct kiocb *iocb, struct iov_iter *to);
extern const struct file_operations agentfs_command_fops;
char *agentfs_line(const char __user *buf, size_t len);
ssize_t agentfs_text_write(struct file *file, const char __user *buf, size_t len, loff_t *pos);

/* abi.c, audit.c, policy.c: root entries */
void agentfs_abi_show(struct seq_file *m, struct agent *agent, unsigned int arg);
extern const struct agentfs_entry agentfs_audit_entries[];
extern const struct file_operations agentfs_tail_fops;
extern const struct agentfs_entry agentfs_policy_entries[];

/* stored.c: directories that the operator fills */
extern const struct inode_operations agentfs_stored_iops;	/* of text files */
extern const struct inode_operations agentfs_links_iops;	/* of symbolic links */
int agentfs_stored_permission(struct mnt_idmap *idmap, struct inode *inode, int mask);
struct inode *agentfs_stored_inode(struct inode *dir, umode_t mode);
void agentfs_stored_add(struct inode *dir, struct dentry *dentry, struct inode *inode);

/* tenants.c */
extern const struct inode_operations agentfs_tenants_iops;

/* fd.c */
extern const struct agent_fs_ops agentfs_fd_ops;

#define AGENTFS_DIR(_name, _id, _entries) {				\
	.name = (_name), .id = (_id), .mode = S_IFDIR | 0555,		\
	.iop = &agentfs_static_iops, .fop = &agentfs_static_fops,	\
	.entries = (_entries) }

#define AGENTFS_TEXT(_name, _id, _mode, _show, _arg) {			\
	.name = (_name), .id = (_id), .mode = S_IFREG | (_mode),	\
	.fop = &agentfs_text_fops, .show = (_show), .arg = (_arg) }

#endif /* _AGENTFS_INTERNAL_H */
