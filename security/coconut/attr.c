// SPDX-License-Identifier: GPL-2.0
/*
 * Who an agent is, as text: "a:00017".
 *
 * lsm_get_self_attr(2) and /proc/PID/attr/current show it, and writing it with
 * lsm_set_self_attr(2) enters that agent. A task outside every agent is
 * "a:00000" to lsm_get_self_attr(2), which names this module, and has nothing in
 * /proc/PID/attr/current, which does not: programs that look there for other
 * modules find what they found before.
 */
#include <linux/agent.h>
#include <linux/kstrtox.h>
#include <linux/lsm_hooks.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "attr.h"
#include "setup.h"

/**
 * coconut_aid_text() - Write an AID as people read it
 * @text: room for it
 * @aid: 0: the boot agent
 *
 * Return: Its length without the NUL.
 */
int coconut_aid_text(char text[COCONUT_AID_TEXT], u64 aid)
{
	return scnprintf(text, COCONUT_AID_TEXT, "a:%05llu", aid);
}

static int coconut_getselfattr(unsigned int attr, struct lsm_ctx __user *ctx, u32 *size,
			       u32 flags)
{
	char text[COCONUT_AID_TEXT];
	int err, len;

	if (attr != LSM_ATTR_CURRENT)
		return -EOPNOTSUPP;
	len = coconut_aid_text(text, agent_aid(agent_current())) + 1;
	err = lsm_fill_user_ctx(ctx, size, text, len, LSM_ID_COCONUT, 0);
	return err ?: 1;
}

/* The context may end in NUL, or not. */
static int parse_aid(const struct lsm_ctx *ctx, u64 *aid)
{
	char text[COCONUT_AID_TEXT] = {};

	if (ctx->ctx_len < 3 || ctx->ctx_len > sizeof(text))
		return -EINVAL;
	memcpy(text, ctx->ctx, ctx->ctx_len);
	if (text[sizeof(text) - 1] || strncmp(text, "a:", 2) || text[2] == '+')
		return -EINVAL;
	return kstrtou64(text + 2, 10, aid) ? -EINVAL : 0;
}

static int coconut_setselfattr(unsigned int attr, struct lsm_ctx *ctx, u32 size,
			       u32 flags)
{
	u64 aid;
	int err;

	if (attr != LSM_ATTR_CURRENT)
		return -EOPNOTSUPP;
	if (ctx->flags)
		return -EINVAL;
	err = parse_aid(ctx, &aid);
	if (err)
		return err;
	return agent_enter_aid(aid);	/* decides, and records */
}

static int coconut_getprocattr(struct task_struct *task, const char *name, char **value)
{
	u64 aid;

	if (strcmp(name, "current"))
		return -EINVAL;
	rcu_read_lock();
	aid = agent_aid(__task_cred(task)->agent);
	rcu_read_unlock();
	if (!aid)
		return -EINVAL;
	*value = kmalloc(COCONUT_AID_TEXT, GFP_KERNEL);
	if (!*value)
		return -ENOMEM;
	return coconut_aid_text(*value, aid);
}

static struct security_hook_list hooks[] __ro_after_init = {
	LSM_HOOK_INIT(getselfattr, coconut_getselfattr),
	LSM_HOOK_INIT(setselfattr, coconut_setselfattr),
	LSM_HOOK_INIT(getprocattr, coconut_getprocattr),
};

/**
 * coconut_add_attr_hooks() - Show and take agents as text
 */
void __init coconut_add_attr_hooks(void)
{
	security_add_hooks(hooks, ARRAY_SIZE(hooks), &coconut_lsmid);
}
