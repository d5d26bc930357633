// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own surface: class kernel, always refused.
 *
 * An agent that runs as root has Linux capabilities, which were made for a user
 * and not for an agent. Those are left to it that only lift a check on something
 * that a hook of ours decides as well, or that give up a privilege. All others
 * are refused here, and with them the system calls that ask for one: mounting,
 * namespaces, modules, kexec, raw sockets, the clock, swapping, tracing. In user
 * namespaces of an agent's own some do what sandbox.c speaks of.
 *
 * Where the kernel asks with CAP_OPT_NOAUDIT it wants to know and refuses nothing
 * by itself: it gets the same answer, and there is no record.
 */
#include <linux/agent.h>
#include <linux/bits.h>
#include <linux/capability.h>
#include <linux/key.h>
#include <linux/kernel_read_file.h>
#include <linux/lsm_hooks.h>
#include <linux/security.h>

#include "decide.h"
#include "kernel.h"
#include "sandbox.h"
#include "setup.h"

/* What each lifts is decided by the class behind it. */
static const u64 linux_caps_left =
	BIT_ULL(CAP_CHOWN) |		/* fs: setattr */
	BIT_ULL(CAP_DAC_OVERRIDE) |	/* fs */
	BIT_ULL(CAP_DAC_READ_SEARCH) |	/* fs; of open_by_handle_at(2) file_open sees the file */
	BIT_ULL(CAP_FOWNER) |		/* fs: setattr, remove_* */
	BIT_ULL(CAP_FSETID) |		/* fs; path.c refuses to make set-id programs */
	BIT_ULL(CAP_MKNOD) |		/* fs: make_char, make_block */
	BIT_ULL(CAP_LEASE) |		/* fs: what is open */
	BIT_ULL(CAP_KILL) |		/* agent: signal */
	BIT_ULL(CAP_NET_BIND_SERVICE) |	/* net: bind */
	BIT_ULL(CAP_IPC_OWNER) |	/* ipc */
	BIT_ULL(CAP_IPC_LOCK) |		/* its own memory */
	BIT_ULL(CAP_SETUID) |		/* gives root up; the agent stays what it is */
	BIT_ULL(CAP_SETGID) |
	BIT_ULL(CAP_SETPCAP);

/* What an agent has in user namespaces of its own: to build a sandbox with, no more. */
static const u64 linux_caps_sandbox =
	BIT_ULL(CAP_SYS_ADMIN) |	/* mounting is decided in mount.c */
	BIT_ULL(CAP_SYS_CHROOT) |
	BIT_ULL(CAP_NET_ADMIN);		/* by sockets that socket.c lets it have */

static const char *const linux_cap_names[] = {
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill",
	"setgid", "setuid", "setpcap", "linux_immutable", "net_bind_service",
	"net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
	"sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
	"sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time",
	"sys_tty_config", "mknod", "lease", "audit_write", "audit_control",
	"setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm",
	"block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
};

static_assert(ARRAY_SIZE(linux_cap_names) == CAP_LAST_CAP + 1);

static int coconut_capable(const struct cred *cred, struct user_namespace *ns, int cap,
			   unsigned int opts)
{
	struct agent *agent = cred_agent(cred);
	char what[32];

	if (!agent || (linux_caps_left & BIT_ULL(cap)))
		return 0;
	/* Over tasks in it, which task.c decides; userfaultfd(2) asks in the initial one. */
	if (cap == CAP_SYS_PTRACE && ns != &init_user_ns)
		return 0;
	if ((linux_caps_sandbox & BIT_ULL(cap)) && coconut_sandboxed(agent, cred, ns))
		return 0;
	if (opts & CAP_OPT_NOAUDIT)
		return -EPERM;
	snprintf(what, sizeof(what), "cap_%s", linux_cap_names[cap]);
	return coconut_decide_once(agent, &(struct agent_request){
		.class = AGENT_CLASS_KERNEL,
		.rights = COCONUT_RIGHT_NEVER,
		.object = what,
		.atomic = true,
	}, 0);
}

static int refuse(const struct cred *cred, const char *what)
{
	struct agent *agent = cred_agent(cred);

	return agent ? coconut_refuse(agent, AGENT_CLASS_KERNEL, what, true) : 0;
}

static int coconut_userns_create(const struct cred *cred)
{
	struct agent *agent = cred_agent(cred);

	return agent ? coconut_make_sandbox(agent) : 0;
}

static int coconut_quotactl(int cmds, int type, int id, const struct super_block *sb)
{
	return refuse(current_cred(), "quotactl");
}

static int coconut_quota_on(struct dentry *dentry)
{
	return refuse(current_cred(), "quota_on");
}

static int coconut_syslog(int type)
{
	return refuse(current_cred(), "syslog");
}

/* Code that the agent makes the kernel load runs for everybody. */
static int coconut_kernel_module_request(char *name)
{
	return refuse(current_cred(), "module request");
}

static int coconut_kernel_load_data(enum kernel_load_data_id id, bool contents)
{
	/* A device that was opened may want its firmware: the kernel chose the file. */
	return id == LOADING_FIRMWARE ? 0 : refuse(current_cred(), "load data");
}

static int coconut_kernel_read_file(struct file *file, enum kernel_read_file_id id,
				    bool contents)
{
	return id == READING_FIRMWARE ? 0 : refuse(current_cred(), "read file");
}

#ifdef CONFIG_BPF_SYSCALL
static int coconut_bpf(int cmd, union bpf_attr *attr, unsigned int size)
{
	return refuse(current_cred(), "bpf");
}
#endif

#ifdef CONFIG_PERF_EVENTS
static int coconut_perf_event_open(struct perf_event_attr *attr, int type)
{
	return refuse(current_cred(), "perf_event");
}
#endif

#ifdef CONFIG_KEYS
/*
 * Keyrings are found through users and sessions, which agents share with others.
 * The searches that a request for one key makes ask for many: one record.
 */
static int refuse_key(const struct cred *cred)
{
	struct agent *agent = cred_agent(cred);

	if (!agent)
		return 0;
	return coconut_decide_once(agent, &(struct agent_request){
		.class = AGENT_CLASS_KERNEL,
		.rights = COCONUT_RIGHT_NEVER,
		.object = "key",
		.atomic = true,
	}, 0);
}

static int coconut_key_alloc(struct key *key, const struct cred *cred, unsigned long flags)
{
	return refuse_key(cred);
}

static int coconut_key_permission(key_ref_t key_ref, const struct cred *cred,
				  enum key_need_perm need_perm)
{
	/* What the kernel itself looks up on its way, and tells nobody of. */
	if (need_perm == KEY_NEED_UNLINK || need_perm == KEY_SYSADMIN_OVERRIDE ||
	    need_perm == KEY_AUTHTOKEN_OVERRIDE || need_perm == KEY_DEFER_PERM_CHECK)
		return 0;
	return refuse_key(cred);
}
#endif

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(capable, coconut_capable),
	LSM_HOOK_INIT(userns_create, coconut_userns_create),
	LSM_HOOK_INIT(quotactl, coconut_quotactl),
	LSM_HOOK_INIT(quota_on, coconut_quota_on),
	LSM_HOOK_INIT(syslog, coconut_syslog),
	LSM_HOOK_INIT(kernel_module_request, coconut_kernel_module_request),
	LSM_HOOK_INIT(kernel_load_data, coconut_kernel_load_data),
	LSM_HOOK_INIT(kernel_read_file, coconut_kernel_read_file),
#ifdef CONFIG_BPF_SYSCALL
	LSM_HOOK_INIT(bpf, coconut_bpf),
#endif
#ifdef CONFIG_PERF_EVENTS
	LSM_HOOK_INIT(perf_event_open, coconut_perf_event_open),
#endif
#ifdef CONFIG_KEYS
	LSM_HOOK_INIT(key_alloc, coconut_key_alloc),
	LSM_HOOK_INIT(key_permission, coconut_key_permission),
#endif
};

/**
 * coconut_add_kernel_hooks() - Mediate the kernel's own surface
 */
void __init coconut_add_kernel_hooks(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &coconut_lsmid);
}
