// SPDX-License-Identifier: GPL-2.0
/*
 * Taking back what is mapped.
 *
 * An access to mapped memory is no system call, so nothing could be decided anew.
 * A revoke therefore looks through the memory of each process of the subtree and
 * takes from it what a task of an agent mapped by a right that this agent has no
 * longer: all access where it may not read the file, writing where it may not write
 * it. The range stays taken up and faults for ever. What somebody outside had mapped
 * before the agent was entered, and the program and ld.so, which the class exec
 * decided about, stay.
 *
 * Whose right it was is in the blob of the mapped file. A file of overlayfs maps
 * another one beneath, which is met only in the finished mapping: that is marked
 * when the system call ends.
 *
 * mmap(2) decides before it takes the lock of the address space. Its end sees that
 * the epoch has moved, and has everything looked through again. mprotect(2) and
 * mremap(2) hold that lock.
 *
 * Pages that somebody pinned (io_uring's registered buffers) stay in the hands of
 * whoever did that. An agent that lost a mapping while it has such is quarantined,
 * and so is one from whom a mapping could not be taken.
 */
#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <asm/tlb.h>

#include "../../kernel/agent/cap.h"
#include "decide.h"
#include "file.h"
#include "mapping.h"
#include "revoke.h"

#define MAPPED_BY_MANY	U64_MAX
#define VM_MAY_ACCESS	(VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)

/**
 * struct walk - one process that is looked through
 * @agent: whose it is
 * @pid: of the process, for the record
 * @taken: mappings that lost something
 * @left: mappings that should have and did not, or all, where the walk was cut short
 * @pinned: some of its pages are held by others
 */
struct walk {
	struct agent *agent;
	pid_t pid;
	unsigned int taken;
	unsigned int left;
	bool pinned;
};

/* ---- whose right ---- */

static void mark(const struct file *file, const struct agent *agent)
{
	struct coconut_file *blob = coconut_file(file);
	u64 old = cmpxchg(&blob->mapper, 0, agent->aid);

	if (old && old != agent->aid)
		WRITE_ONCE(blob->mapper, MAPPED_BY_MANY);
}

static u64 held_by(struct agent *agent, const struct file *file, u64 rights)
{
	const struct agent_request req = {
		.class = AGENT_CLASS_FS,
		.rights = rights,
		.path = file_user_path((struct file *)file),
		.atomic = true,
		.approved = true,
	};
	struct cap_set *set;
	u64 held;

	set = agent->permissive ? NULL : agent_caps_get(agent);
	if (!set)
		return rights;
	held = cap_set_held(set, agent, &req);
	cap_set_put(set);
	return held;
}

/* Where several agents mapped one open file, each answers for its own tasks. */
static u64 still_held(struct agent *agent, const struct file *file, u64 rights)
{
	u64 mapper = READ_ONCE(coconut_file(file)->mapper);
	struct agent *other;
	u64 held;

	if (!mapper)
		return rights;
	if (mapper == MAPPED_BY_MANY || mapper == agent->aid)
		return held_by(agent, file, rights);
	other = agent_lookup(mapper);
	held = other ? held_by(other, file, rights) : 0;
	agent_put(other);
	return held;
}

/* A private mapping reads the file wherever it has not been written to. */
static u64 lost(struct agent *agent, const struct vm_area_struct *vma)
{
	const struct file *file = vma->vm_file;
	u64 need = AGENT_FS_READ_FILE;

	if (!file || !(vma->vm_flags & VM_MAYREAD))
		return 0;
	if ((vma->vm_flags & (VM_SHARED | VM_WRITE)) == (VM_SHARED | VM_WRITE))
		need |= AGENT_FS_WRITE_FILE;
	return need & ~still_held(agent, file, need);
}

/* ---- one address space ---- */

static int protect(struct vm_area_struct *vma, vm_flags_t flags)
{
	VMA_ITERATOR(vmi, vma->vm_mm, vma->vm_start);
	struct vm_area_struct *prev = NULL;
	struct mmu_gather tlb;
	int err;

	vma = vma_find(&vmi, vma->vm_end);
	tlb_gather_mmu(&tlb, vma->vm_mm);
	err = mprotect_fixup(&vmi, &tlb, vma, &prev, vma->vm_start, vma->vm_end, flags);
	tlb_finish_mmu(&tlb);
	return err;
}

/*
 * Without the flags that say what may be, not even a tracer reads it. Sealing is a
 * promise to the program, not to us. What maps no pages of a file is unmapped.
 */
static int take(struct vm_area_struct *vma, u64 rights)
{
	vm_flags_t flags;

	vm_flags_clear(vma, VM_SEALED);
	if (rights & AGENT_FS_READ_FILE)
		flags = vma->vm_flags & ~(VM_ACCESS_FLAGS | VM_MAY_ACCESS);
	else
		flags = vma->vm_flags & ~VM_WRITE;
	if (!(vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP)) && !protect(vma, flags))
		return 0;
	return do_munmap(vma->vm_mm, vma->vm_start, vma->vm_end - vma->vm_start, NULL);
}

static void walk_locked(struct walk *w, struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	unsigned long addr = 0;
	u64 rights;

	while ((vma = find_vma(mm, addr))) {
		addr = vma->vm_end;
		rights = lost(w->agent, vma);
		if (!rights)
			continue;
		if (take(vma, rights))
			w->left++;
		else
			w->taken++;
	}
}

static void walk_mm(struct walk *w, struct mm_struct *mm)
{
	if (mmap_write_lock_killable(mm)) {
		w->left++;
		return;
	}
	walk_locked(w, mm);
	mmap_write_unlock(mm);
	w->pinned = w->taken && atomic64_read(&mm->pinned_vm);
}

static void record(const struct walk *w)
{
	char object[64];
	struct audit_entry entry = {
		.aid		= w->agent->aid,
		.event		= AGENT_EVENT_REVOKE,
		.class		= AGENT_CLASS_FS,
		.decision	= AGENT_DECISION_NONE,
		.object		= object,
	};

	entry.object_len = scnprintf(object, sizeof(object), "mappings of %d: %u taken, %u left",
				     w->pid, w->taken, w->left);
	audit_chain_throttle(entry.aid);
	audit_chain_append(&entry);
}

/**
 * coconut_mapping_revoked() - Take back what a process mapped by rights that are gone
 * @agent: whose process it is
 * @pid: its number, for the record
 * @mm: its memory
 *
 * Context: May sleep.
 */
void coconut_mapping_revoked(struct agent *agent, pid_t pid, struct mm_struct *mm)
{
	struct walk w = { .agent = agent, .pid = pid };

	walk_mm(&w, mm);
	if (w.taken || w.left)
		record(&w);
	if (w.left)
		agent_quarantine(agent, "a mapping stayed");
	else if (w.pinned)
		agent_quarantine(agent, "a mapping is pinned");
}

/* ---- what races with it ---- */

/**
 * coconut_mapping_made() - A task of an agent may map a file, and is about to
 * @agent: current's
 * @file: what it maps
 * @epoch: of @agent, read before that was decided
 *
 * Context: Process.
 */
void coconut_mapping_made(struct agent *agent, struct file *file, u32 epoch)
{
	struct coconut_task *state = coconut_task_arm(current);

	mark(file, agent);
	if (!state)
		return;
	state->mapping.inode = file_inode(file);
	state->mapping.epoch = epoch;
}

/* The file beneath, of which nothing was known when the mapping was decided. */
static void mark_beneath(struct agent *agent, const void *inode)
{
	VMA_ITERATOR(vmi, current->mm, 0);
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	for_each_vma(vmi, vma) {
		struct file *file = vma->vm_file;

		if (file && file->f_mode & FMODE_BACKING && !(file->f_flags & __FMODE_EXEC) &&
		    d_inode(file_user_path(file)->dentry) == inode)
			mark(file, agent);
	}
	mmap_read_unlock(mm);
}

/**
 * coconut_mapping_end() - A system call that mapped a file ends, or a task begins
 * @agent: current's
 * @mapping: what there is to look after; is forgotten
 *
 * Context: Process, without locks.
 */
void coconut_mapping_end(struct agent *agent, struct coconut_mapping *mapping)
{
	if (!current->mm)
		return;
	if (mapping->inode) {
		mark_beneath(agent, mapping->inode);
		if ((u32)atomic_read(&agent->epoch) != mapping->epoch)
			coconut_revoked(agent);
	}
	if (mapping->inherited)
		coconut_mapping_revoked(agent, current->tgid, current->mm);
	memset(mapping, 0, sizeof(*mapping));
}
