// SPDX-License-Identifier: GPL-2.0
/*
 * Open files: class fs.
 *
 * A file is decided when it is opened and, since a descriptor can be passed,
 * inherited or outlive a revoke, again at the first use by another agent or in
 * another epoch. What is found is cached in the file, so that reading and
 * writing cost a comparison.
 *
 * - A descriptor that was open when a task entered an agent gives that agent
 *   nothing: it is decided at first use like a passed one, terminals and other
 *   device files included.
 * - Pipes, sockets, memfds and anonymous inodes name no object of a hierarchy:
 *   they pass, and whoever hands one to an agent hands over what is behind it.
 *   Sockets have hooks of their own.
 * - O_PATH descriptors, and metadata such as stat(2), are not mediated.
 * - Mapping a file to execute from it needs the right to read it, as shared
 *   libraries do; the class exec is about starting programs. Anonymous memory
 *   may be made executable: programs with a JIT run as they are.
 * - What is mapped is taken back by a revoke: mapping.c.
 */
#include <linux/agent.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/lsm_hooks.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/slab.h>

#include "decide.h"
#include "device.h"
#include "exec.h"
#include "file.h"
#include "inode.h"
#include "ioctl.h"
#include "mapping.h"
#include "measure.h"
#include "proc.h"

/* The kernel's own, as memory is that lies on the spill volume. */
static bool self_contained(const struct file *file)
{
	return file_user_path(file)->mnt->mnt_flags & MNT_INTERNAL || IS_PRIVATE(file_inode(file));
}

static bool for_exec(const struct file *file)
{
	return file->f_flags & __FMODE_EXEC;
}

static bool is_dir(const struct file *file)
{
	return S_ISDIR(file_inode(file)->i_mode);
}

/* The reverse of rights_of_mask(). */
static u64 mask_of_rights(const struct file *file, u64 rights)
{
	u64 mask = 0;

	if (is_dir(file))
		return rights & AGENT_FS_READ_DIR ? MAY_READ | MAY_WRITE | MAY_EXEC : 0;
	if (rights & AGENT_FS_READ_FILE)
		mask |= MAY_READ | MAY_EXEC;
	if (rights & AGENT_FS_WRITE_FILE)
		mask |= MAY_WRITE | MAY_APPEND;
	return mask;
}

static void remember(struct file *file, u64 stamp, u64 granted)
{
	struct coconut_file *blob = coconut_file(file);

	coconut_cache_store(&blob->cache, stamp, 0, granted);
	if (!for_exec(file))
		WRITE_ONCE(blob->passes, stamp | mask_of_rights(file, granted));
}

static int decide_file(struct agent *agent, struct file *file, u64 need, bool atomic)
{
	const struct agent_request req = {
		.class = AGENT_CLASS_FS,
		.rights = need,
		.path = file_user_path(file),
		.atomic = atomic,
	};
	u64 granted = 0, stamp;
	int err;

	if (!need || coconut_cache_covers(&coconut_file(file)->cache, agent, 0, need))
		return 0;
	stamp = atomic64_read_acquire(&agent->stamp);	/* a revoke from here on is seen */
	err = coconut_decide(agent, &req, &granted);
	if (!err)
		remember(file, stamp, granted);
	return err;
}

static u64 rights_of_mask(const struct file *file, int mask)
{
	u64 need = 0;

	if (is_dir(file))
		return AGENT_FS_READ_DIR;
	if (mask & (MAY_READ | MAY_EXEC))
		need |= AGENT_FS_READ_FILE;
	if (mask & (MAY_WRITE | MAY_APPEND))
		need |= AGENT_FS_WRITE_FILE;
	return need;
}

static u64 rights_of_mode(const struct file *file)
{
	int mask = 0;

	if (file->f_mode & FMODE_READ)
		mask |= MAY_READ;
	if (file->f_mode & FMODE_WRITE)
		mask |= MAY_WRITE;
	return mask ? rights_of_mask(file, mask) : 0;
}

/*
 * A new file is charged here and not when path_mknod is asked, for that is
 * asked before anybody knows whether the file exists (see path.c).
 *
 * So is cutting one: file_truncate is asked once the file is open, when overlayfs
 * has made a copy without content in the upper layer already. And so is a
 * descriptor for ioctl(2) alone, which is opened for neither reading nor writing:
 * Linux wants the permission for both, and what a driver does on open is done.
 */
static u64 rights_to_open(const struct file *file)
{
	u64 need = rights_of_mode(file);

	if ((file->f_flags & O_ACCMODE) == O_ACCMODE)
		need |= rights_of_mask(file, MAY_READ | MAY_WRITE);
	if (!S_ISREG(file_inode(file)->i_mode))
		return need;
	if ((file->f_mode & FMODE_CREATED) || (file->f_flags & __O_TMPFILE))
		return need | AGENT_FS_MAKE_REG;
	return file->f_flags & O_TRUNC ? need | AGENT_FS_TRUNCATE : need;
}

static int coconut_file_open(struct file *file)
{
	struct agent *agent = cred_agent(file->f_cred);
	struct inode *inode = file_inode(file);
	int err;

	if (file->f_mode & FMODE_WRITE)
		coconut_measure_forget(inode);
	if (!agent)
		return 0;
	if (coconut_inode_is_mqueue(inode))
		return coconut_decide_mqueue(agent, inode);
	/* Decided in exec.c, once it can be read and nobody can write to it. */
	if (self_contained(file) || for_exec(file))
		return 0;
	err = decide_file(agent, file, rights_to_open(file), false);
	if (!err && coconut_inode_is_device(inode))
		err = coconut_decide_device(agent, file);
	if (!err && coconut_inode_is_proc(inode))
		err = coconut_decide_proc(agent, file);
	return err;
}

static_assert((MAY_READ | MAY_WRITE | MAY_EXEC | MAY_APPEND) < AGENT_STAMP_STEP);

/* Is what this asks for in the word that an earlier decision has left in the file? */
static bool passes(const struct file *file, const struct agent *agent, unsigned int mask)
{
	u64 found = READ_ONCE(coconut_file(file)->passes) ^ atomic64_read(&agent->stamp);

	return found < AGENT_STAMP_STEP && !(mask & ~found);
}

static noinline int decide_use(struct agent *agent, struct file *file, int mask)
{
	if (for_exec(file))
		return coconut_decide_exec(agent, file);
	if (self_contained(file))
		return 0;
	return decide_file(agent, file, rights_of_mask(file, mask), false);
}

/* Each read(2) and write(2) comes by here. */
static int coconut_file_permission(struct file *file, int mask)
{
	struct agent *agent = agent_current();

	if (!agent || passes(file, agent, mask))
		return 0;
	return decide_use(agent, file, mask);
}

static int coconut_file_receive(struct file *file)
{
	struct agent *agent = agent_current();

	if (!agent || self_contained(file) || (file->f_mode & FMODE_PATH))
		return 0;
	return decide_file(agent, file, rights_of_mode(file), false);
}

/* A lock holds others up; letting go of one never does. */
static int coconut_file_lock(struct file *file, unsigned int cmd)
{
	struct agent *agent = agent_current();

	if (!agent || cmd == F_UNLCK || self_contained(file))
		return 0;
	return decide_file(agent, file, rights_of_mode(file), false);
}

static int coconut_file_truncate(struct file *file)
{
	struct agent *agent = agent_current();

	coconut_measure_forget(file_inode(file));
	if (!agent || self_contained(file))
		return 0;
	return decide_file(agent, file, AGENT_FS_TRUNCATE, false);
}

static int decide_ioctl(struct file *file, unsigned int cmd, u64 need)
{
	struct agent *agent = agent_current();
	int err;

	if (!agent || !need || self_contained(file))
		return 0;
	if (need == AGENT_FS_IOCTL_DEV && coconut_device_covered(agent, file, cmd, &err))
		return err;
	return decide_file(agent, file, need, false);
}

static int coconut_file_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return decide_ioctl(file, cmd, coconut_ioctl_rights(file_inode(file), cmd));
}

static int coconut_file_ioctl_compat(struct file *file, unsigned int cmd,
				     unsigned long arg)
{
	return decide_ioctl(file, cmd, coconut_ioctl_rights_compat(file_inode(file), cmd));
}

static u64 rights_to_map(const struct file *file, unsigned long prot, bool shared)
{
	u64 need = 0;

	/* A private mapping is read however it is protected: it is a copy. */
	if (!shared || (prot & (PROT_READ | PROT_EXEC)))
		need |= AGENT_FS_READ_FILE;
	if (shared && (prot & PROT_WRITE))
		need |= AGENT_FS_WRITE_FILE;
	return need;
}

static int coconut_mmap_file(struct file *file, unsigned long reqprot,
			     unsigned long prot, unsigned long flags)
{
	struct agent *agent = agent_current();
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
	u32 epoch;
	u64 need;
	int err;

	if (!agent || !file)
		return 0;
	if (for_exec(file))
		return coconut_decide_exec(agent, file);
	if (self_contained(file))
		return 0;
	/* However it is protected: a tracer within the agent would read it all the same. */
	need = rights_to_map(file, prot, shared) | AGENT_FS_READ_FILE;
	epoch = atomic_read_acquire(&agent->epoch);
	err = decide_file(agent, file, need, false);
	if (!err)
		coconut_mapping_made(agent, file, epoch);
	return err;
}

/*
 * Atomic, since the address space is locked: a reader of the chain that looks
 * into /proc/PID/maps would wait for this task, and this task for that reader.
 */
static int coconut_file_mprotect(struct vm_area_struct *vma, unsigned long reqprot,
				 unsigned long prot)
{
	struct agent *agent = agent_current();
	struct file *file = vma->vm_file;

	if (!agent || !file || self_contained(file) || for_exec(file))
		return 0;
	return decide_file(agent, file,
			   rights_to_map(file, prot, vma->vm_flags & VM_SHARED), true);
}

/* Called with file->f_owner->lock held. */
static void coconut_file_set_fowner(struct file *file)
{
	struct coconut_file *blob = coconut_file(file);
	struct agent *old = blob->owner;

	blob->owner = agent_get(agent_current());
	agent_put(old);
}

/*
 * SIGIO comes from whoever made the file ready, which may be an interrupt: it is
 * the agent that pointed the file at the task which is held to its capabilities.
 */
static int coconut_file_send_sigiotask(struct task_struct *task,
				       struct fown_struct *fown, int sig)
{
	const struct agent *target;
	struct agent *owner = coconut_file(fown->file)->owner;
	int err = 0;

	if (!owner)
		return 0;
	rcu_read_lock();
	target = __task_cred(task)->agent;
	if (target != owner)
		err = coconut_decide(owner, &(struct agent_request){
			.class = AGENT_CLASS_AGENT,
			.rights = AGENT_AGENT_SIGNAL,
			.target = target ?: &agent_boot,
			.object = "sigio",
			.atomic = true,
		}, NULL);
	rcu_read_unlock();
	return err;
}

static void coconut_file_free_security(struct file *file)
{
	struct coconut_file *blob = coconut_file(file);

	agent_put(blob->owner);
	kfree(blob->digest);
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(file_open, coconut_file_open),
	LSM_HOOK_INIT(file_permission, coconut_file_permission),
	LSM_HOOK_INIT(file_receive, coconut_file_receive),
	LSM_HOOK_INIT(file_lock, coconut_file_lock),
	LSM_HOOK_INIT(file_truncate, coconut_file_truncate),
	LSM_HOOK_INIT(file_ioctl, coconut_file_ioctl),
	LSM_HOOK_INIT(file_ioctl_compat, coconut_file_ioctl_compat),
	LSM_HOOK_INIT(mmap_file, coconut_mmap_file),
	LSM_HOOK_INIT(file_mprotect, coconut_file_mprotect),
	LSM_HOOK_INIT(file_set_fowner, coconut_file_set_fowner),
	LSM_HOOK_INIT(file_send_sigiotask, coconut_file_send_sigiotask),
	LSM_HOOK_INIT(file_free_security, coconut_file_free_security),
};

/**
 * coconut_add_file_hooks() - Mediate open files
 */
void __init coconut_add_file_hooks(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &coconut_lsmid);
}
