// SPDX-License-Identifier: GPL-2.0
/*
 * Programs and what interprets them: class exec.
 *
 * execve(2) opens the program, the interpreter that a script names and the one
 * that an ELF file names (ld.so) in one way: for execution, and with writing
 * denied from then on. Each is decided once, at the first byte that is read of
 * it, which is before anything of the caller is torn down, so that a refusal is
 * an errno and not a dead task. There is no bprm hook for ld.so.
 *
 * A program is measured (BLAKE3 of its content) before it may run, and what is
 * decided about is measured first wherever a digest could decide. Writing stays
 * denied from before the measurement to the end of execve(2); on file systems
 * that others can write to (network, FUSE) that is worth what their server is.
 *
 * The class is about starting programs. An interpreter may read a program as
 * data and do what it says, and needs no exec right for that; nor do shared
 * libraries, which need fs rights (file.c).
 */
#include <linux/agent.h>
#include <linux/binfmts.h>
#include <linux/fs.h>
#include <linux/lsm_hooks.h>

#include "../../kernel/agent/cap.h"
#include "../../kernel/agent/manifest.h"
#include "decide.h"
#include "exec.h"
#include "file.h"
#include "measure.h"
#include "setup.h"

/* In a file's cache, tells a decision about executing from one about reading. */
#define OBJECT_EXEC	1

/* Can a digest decide what this agent starts? */
static bool by_digest(struct agent *agent)
{
	const struct cap_set *set;
	bool found = false;
	u32 i;

	if (agent->manifest && agent->manifest->nr_code)
		return true;
	rcu_read_lock();
	set = rcu_dereference(agent->caps);
	for (i = 0; set && i < set->nr && !found; i++)
		found = set->caps[i]->class == AGENT_CLASS_EXEC && set->caps[i]->by_digest;
	rcu_read_unlock();
	return found;
}

/* A manifest that lists code admits none but that, whatever the capabilities say. */
static bool unlisted(const struct agent *agent, const u8 *digest)
{
	const struct manifest *manifest = agent->manifest;
	u32 i;

	if (!manifest || !manifest->nr_code)
		return false;
	for (i = 0; i < manifest->nr_code; i++)
		if (!memcmp(manifest->code[i], digest, AGENT_DIGEST_SIZE))
			return false;
	return true;
}

/**
 * coconut_decide_exec() - May an agent run this file?
 * @agent: who wants to; not NULL
 * @file: opened for execution, writing denied
 *
 * Context: May sleep; reads the file.
 * Return: 0, the denial (recorded), or an error of reading.
 */
int coconut_decide_exec(struct agent *agent, struct file *file)
{
	struct coconut_cache *cache = &coconut_file(file)->cache;
	struct agent_request req = {
		.class = AGENT_CLASS_EXEC,
		.rights = AGENT_EXEC_RUN,
		.path = file_user_path(file),
	};
	u64 stamp;
	int err;

	if (coconut_cache_covers(cache, agent, OBJECT_EXEC, AGENT_EXEC_RUN))
		return 0;
	stamp = atomic64_read_acquire(&agent->stamp);
	if (by_digest(agent)) {
		err = coconut_measure(file);
		if (err)
			return err;
		req.digest = coconut_file(file)->digest;
		if (unlisted(agent, req.digest))
			req.rights |= COCONUT_RIGHT_NEVER;
	}
	err = coconut_decide(agent, &req, NULL);
	if (!err)
		coconut_cache_store(cache, stamp, OBJECT_EXEC, AGENT_EXEC_RUN);
	return err;
}

/* Asked for the program, then for the interpreter that a script names. */
static int coconut_bprm_check_security(struct linux_binprm *bprm)
{
	return agent_current() ? coconut_measure(bprm->file) : 0;
}

static void coconut_bprm_committed_creds(const struct linux_binprm *bprm)
{
	struct agent *agent = agent_current();
	const u8 *digest = coconut_file(bprm->file)->digest;

	if (agent && digest)
		agent_exec_measured(agent, digest, file_user_path(bprm->file));
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(bprm_check_security, coconut_bprm_check_security),
	LSM_HOOK_INIT(bprm_committed_creds, coconut_bprm_committed_creds),
};

/**
 * coconut_add_exec_hooks() - Mediate and measure programs
 */
void __init coconut_add_exec_hooks(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &coconut_lsmid);
}
