/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Open files: class fs; and what is opened for execution: class exec.
 *
 * execve(2) opens the program, the interpreter that a script names and ld.so alike,
 * so that the decision about each stands in file_open.
 *
 * Nothing is cached: each read and write walks. A prototype may be slow.
 */

#define FMODE_READ	0x1
#define FMODE_WRITE	0x2
#define FMODE_EXEC	0x20
#define FMODE_PATH	0x4000
#define FMODE_CREATED	0x100000
#define O_ACCMODE	3
#define O_TRUNC		01000
#define O_TMPFILE_BIT	020000000
#define MQUEUE_MAGIC	0x19800202

#define F_UNLCK		2

#define MAY_EXEC	1
#define MAY_WRITE	2
#define MAY_READ	4
#define MAY_APPEND	8

#define PROT_READ	1
#define PROT_WRITE	2
#define PROT_EXEC	4
#define MAP_TYPE	0xf
#define MAP_PRIVATE	2
#define VM_SHARED	8

#define S_IFMT		0170000
#define S_IFSOCK	0140000
#define S_IFLNK		0120000
#define S_IFREG		0100000
#define S_IFBLK		0060000
#define S_IFDIR		0040000
#define S_IFCHR		0020000
#define S_IFIFO		0010000

static __always_inline struct spot spot_of_file(u64 file)
{
	return spot_of(INSIDE(file, file_f_path));
}

static __always_inline u16 mode_of(u64 inode)
{
	return READ(u16, inode, inode_i_mode);
}

static __always_inline u64 rights_of_mask(u64 file, u32 mask)
{
	u64 need = 0;

	if ((mode_of(READ(u64, file, file_f_inode)) & S_IFMT) == S_IFDIR)
		return FS_READ_DIR;
	if (mask & (MAY_READ | MAY_EXEC))
		need |= FS_READ_FILE;
	if (mask & (MAY_WRITE | MAY_APPEND))
		need |= FS_WRITE_FILE;
	return need;
}

static __always_inline u64 rights_of_mode(u64 file)
{
	u32 mode = READ(u32, file, file_f_mode);
	u32 mask = 0;

	if (mode & FMODE_READ)
		mask |= MAY_READ;
	if (mode & FMODE_WRITE)
		mask |= MAY_WRITE;
	return mask ? rights_of_mask(file, mask) : 0;
}

static __always_inline u64 rights_to_open(u64 file)
{
	u64 need = rights_of_mode(file);
	u32 flags = READ(u32, file, file_f_flags);

	if ((flags & O_ACCMODE) == O_ACCMODE)
		need |= rights_of_mask(file, MAY_READ | MAY_WRITE);
	if ((mode_of(READ(u64, file, file_f_inode)) & S_IFMT) != S_IFREG)
		return need;
	if (READ(u32, file, file_f_mode) & FMODE_CREATED || flags & O_TMPFILE_BIT)
		return need | FS_MAKE_REG;
	return flags & O_TRUNC ? need | FS_TRUNCATE : need;
}

static __always_inline bool for_exec(u64 file)
{
	return READ(u32, file, file_f_flags) & FMODE_EXEC;
}

static __always_inline int decide_file(u64 policy, u64 file, u64 need)
{
	struct spot at = spot_of_file(file);

	if (!need || self_contained(at))
		return 0;
	return decide_at(policy, at, CLASS_FS, need);
}

LSM_PROBE(file_open, struct file *arg)
{
	u64 policy = current_policy();
	u64 file = number(arg);

	if (!policy)
		return 0;
	/* Memory files are exempt as files, but not as programs. */
	if (for_exec(file))
		return decide_at(policy, spot_of_file(file), CLASS_EXEC, EXEC_RUN);
	return decide_file(policy, file, rights_to_open(file));
}

LSM_PROBE(file_permission, struct file *arg, int mask)
{
	u64 policy = current_policy();
	u64 file = number(arg);

	if (!policy || for_exec(file))
		return 0;
	return decide_file(policy, file, rights_of_mask(file, mask));
}

LSM_PROBE(file_receive, struct file *arg)
{
	u64 policy = current_policy();
	u64 file = number(arg);

	if (!policy || READ(u32, file, file_f_mode) & FMODE_PATH)
		return 0;
	return decide_file(policy, file, rights_of_mode(file));
}

/* A lock holds others up; letting go of one never does. */
LSM_PROBE(file_lock, struct file *arg, unsigned int cmd)
{
	u64 policy = current_policy();
	u64 file = number(arg);

	return policy && cmd != F_UNLCK ? decide_file(policy, file, rights_of_mode(file)) : 0;
}

#ifdef HAVE_file_truncate
LSM_PROBE(file_truncate, struct file *arg)
{
	u64 policy = current_policy();

	return policy ? decide_file(policy, number(arg), FS_TRUNCATE) : 0;
}
#endif

static __always_inline int decide_map(u64 policy, u64 file, u64 prot, bool shared)
{
	u64 need = 0;

	if (!policy || !file || for_exec(file))
		return 0;
	if (!shared || prot & (PROT_READ | PROT_EXEC))
		need |= FS_READ_FILE;
	if (shared && prot & PROT_WRITE)
		need |= FS_WRITE_FILE;
	return decide_file(policy, file, need);
}

LSM_PROBE(mmap_file, struct file *arg, unsigned long reqprot, unsigned long prot,
	  unsigned long flags)
{
	return decide_map(current_policy(), number(arg), prot,
			  (flags & MAP_TYPE) != MAP_PRIVATE);
}

/* On overlayfs a mapping is of the layer's file, which is not decided. */
LSM_PROBE(file_mprotect, struct vm_area_struct *arg, unsigned long reqprot, unsigned long prot)
{
	u64 vma = number(arg);

	return decide_map(current_policy(), READ(u64, vma, vma_vm_file), prot,
			  READ(u64, vma, vma_vm_flags) & VM_SHARED);
}

/* Those that do no more than the descriptor allows; see security/coconut/ioctl.c. */
static __always_inline bool harmless_ioctl(u32 cmd)
{
	switch (cmd) {
	case 0x5451:		/* FIOCLEX */
	case 0x5450:		/* FIONCLEX */
	case 0x5421:		/* FIONBIO */
	case 0x5452:		/* FIOASYNC */
	case 0x541b:		/* FIONREAD */
	case 0x5460:		/* FIOQSIZE */
	case 0x2:		/* FIGETBSZ */
	case 0xc020660b:	/* FS_IOC_FIEMAP */
	case 0x80111500:	/* FS_IOC_GETFSUUID */
	case 0x80811501:	/* FS_IOC_GETFSSYSFSPATH */
	case 0x80086601:	/* FS_IOC_GETFLAGS */
	case 0x80087601:	/* FS_IOC_GETVERSION */
	case 0x801c581f:	/* FS_IOC_FSGETXATTR */
	case 0x40049409:	/* FICLONE */
	case 0x4020940d:	/* FICLONERANGE */
	case 0xc0189436:	/* FIDEDUPERANGE */
	case 0x5401:		/* TCGETS */
	case 0x802c542a:	/* TCGETS2 */
	case 0x5413:		/* TIOCGWINSZ */
		return true;
	}
	return false;
}

LSM_PROBE(file_ioctl, struct file *arg, unsigned int cmd)
{
	u64 policy = current_policy();
	u64 file = number(arg);
	u32 type;

	if (!policy || harmless_ioctl(cmd))
		return 0;
	type = mode_of(READ(u64, file, file_f_inode)) & S_IFMT;
	if (type == S_IFIFO || type == S_IFSOCK)
		return 0;
	return decide_file(policy, file,
			   type == S_IFCHR || type == S_IFBLK ? FS_IOCTL_DEV : FS_SETATTR);
}

/* What stat(2) of the enforcer was about. */
LSM_PROBE(inode_getattr, struct path *arg)
{
	u32 zero = 0;
	struct question *question = questions.lookup(&zero);
	u64 path = number(arg);

	if (question && question->asked && question->tgid == bpf_get_current_pid_tgid() >> 32) {
		question->inode = inode_of(READ(u64, path, path_dentry));
		question->exempt = exempt(spot_of(path));
		question->asked = 0;
	}
	return 0;
}
