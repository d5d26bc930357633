/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which tasks are held, and what a task does to another: signals by class agent,
 * the rest by class task. As security/coconut/task.c; and, refused without a
 * capability that speaks of it, what would undo the holding: the mount tree that
 * hierarchies are of, bpf(2), and io_uring under another credential.
 */

#define PTRACE_MODE_NOAUDIT	0x04

/* All tasks that a held one makes are held, those of io_uring too. */
LSM_PROBE(task_alloc, struct task_struct *task, unsigned long clone_flags)
{
	u64 policy = current_policy();
	struct policy *p;

	if (!policy)
		return 0;
	p = policies.lookup(&policy);
	if (!p || p->closing)
		return -EPERM;
	if (!held.task_storage_get(task, &policy, BPF_LOCAL_STORAGE_GET_F_CREATE))
		return -ENOMEM;
	return 0;
}

static __always_inline int decide_task(struct task_struct *task, u32 class, u64 need,
				       const char *what, u32 size)
{
	u64 policy = current_policy();
	u64 target = policy_of(task);
	struct policy *p;
	struct denial *d;

	if (!policy || policy == target)
		return 0;
	p = policies.lookup(&policy);
	if (p && !target && class == CLASS_AGENT && !(need & ~p->outside))
		return 0;
	d = denials.ringbuf_reserve(sizeof(struct denial));
	if (!d)
		return no_room(class);
	fill(d, policy, class, need, FORM_TARGET);
	bpf_probe_read_kernel(d->object, sizeof(target), &target);
	bpf_probe_read_kernel(d->object + sizeof(target), size, what);
	d->len = sizeof(target) + size - 1;
	denials.ringbuf_submit(d, 0);
	return -EPERM;
}

#define DECIDE_TASK(task, class, need, text)	\
	({ const char __text[] = text; decide_task(task, class, need, __text, sizeof(__text)); })

LSM_PROBE(task_kill, struct task_struct *task, void *info, int sig, void *cred)
{
	return DECIDE_TASK(task, CLASS_AGENT, AGENT_SIGNAL, "signal");
}

LSM_PROBE(ptrace_access_check, struct task_struct *child, unsigned int mode)
{
	/* Fields of /proc/PID/stat are blanked, nothing is refused. */
	if (mode & PTRACE_MODE_NOAUDIT) {
		u64 policy = current_policy();

		return policy && policy != policy_of(child) ? -EPERM : 0;
	}
	return DECIDE_TASK(child, CLASS_TASK, NEVER, "ptrace");
}

/* The tracer is the one to hold back. */
LSM_PROBE(ptrace_traceme, struct task_struct *parent)
{
	u64 tracer = policy_of(parent);

	if (!tracer || tracer == current_policy())
		return 0;
	return REFUSE(tracer, CLASS_TASK, "ptrace") ? -EPERM : 0;
}

LSM_PROBE(task_setnice, struct task_struct *task, int nice)
{
	return DECIDE_TASK(task, CLASS_TASK, NEVER, "nice");
}

LSM_PROBE(task_setioprio, struct task_struct *task, int ioprio)
{
	return DECIDE_TASK(task, CLASS_TASK, NEVER, "ioprio");
}

LSM_PROBE(task_setscheduler, struct task_struct *task)
{
	return DECIDE_TASK(task, CLASS_TASK, NEVER, "scheduler");
}

LSM_PROBE(task_movememory, struct task_struct *task)
{
	return DECIDE_TASK(task, CLASS_TASK, NEVER, "move memory");
}

LSM_PROBE(task_setpgid, struct task_struct *task, int pgid)
{
	return DECIDE_TASK(task, CLASS_TASK, NEVER, "process group");
}

/* ---- what would undo it ---- */

#define REFUSE_HELD(class, text)						\
	({ u64 __policy = current_policy();					\
	   __policy ? REFUSE(__policy, class, text) : 0; })

LSM_PROBE(sb_mount, const char *name, struct path *path)
{
	return REFUSE_HELD(CLASS_MOUNT, "mount");
}

LSM_PROBE(sb_umount, void *mnt, int flags)
{
	return REFUSE_HELD(CLASS_MOUNT, "umount");
}

LSM_PROBE(sb_remount, void *sb)
{
	return REFUSE_HELD(CLASS_MOUNT, "remount");
}

LSM_PROBE(sb_pivotroot, void *old_path, void *new_path)
{
	return REFUSE_HELD(CLASS_MOUNT, "pivot_root");
}

LSM_PROBE(move_mount, void *from, void *to)
{
	return REFUSE_HELD(CLASS_MOUNT, "move_mount");
}

LSM_PROBE(bpf, int cmd)
{
	return REFUSE_HELD(CLASS_KERNEL, "bpf");
}

#ifdef HAVE_uring_override_creds
LSM_PROBE(uring_override_creds, void *new)
{
	return REFUSE_HELD(CLASS_URING, "override_creds");
}
#endif

#ifdef HAVE_uring_sqpoll
LSM_PROBE(uring_sqpoll, void *none)
{
	return REFUSE_HELD(CLASS_URING, "sqpoll");
}
#endif

#ifdef HAVE_uring_cmd
LSM_PROBE(uring_cmd, void *cmd)
{
	return REFUSE_HELD(CLASS_URING, "cmd");
}
#endif

LSM_PROBE(kernel_read_file, void *file, int id)
{
	return REFUSE_HELD(CLASS_KERNEL, "kernel_read_file");
}

LSM_PROBE(kernel_load_data, int id)
{
	return REFUSE_HELD(CLASS_KERNEL, "kernel_load_data");
}
