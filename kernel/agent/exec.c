// SPDX-License-Identifier: GPL-2.0
/*
 * What an agent runs, as it was measured.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/dcache.h>
#include <linux/slab.h>
#include <linux/string.h>

#define EXEC_PATH_MAX	(AUDIT_CHAIN_OBJECT_MAX - AGENT_DIGEST_SIZE)

/* The digest, then the path from the real root; of a long one the tail. */
static size_t exec_object(u8 *object, const u8 *digest, const struct path *path)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL);
	size_t len = 0, skip;
	char *text;

	memcpy(object, digest, AGENT_DIGEST_SIZE);
	text = buf ? d_absolute_path(path, buf, PATH_MAX) : ERR_PTR(-ENOMEM);
	if (buf && IS_ERR(text))
		text = d_path(path, buf, PATH_MAX);
	if (!IS_ERR(text)) {
		len = strlen(text);
		skip = len > EXEC_PATH_MAX ? len - EXEC_PATH_MAX : 0;
		len -= skip;
		memcpy(object + AGENT_DIGEST_SIZE, text + skip, len);
	}
	kfree(buf);
	return AGENT_DIGEST_SIZE + len;
}

/**
 * agent_exec_measured() - an agent runs a program from here on
 * @agent: the agent
 * @digest: BLAKE3 of the program
 * @path: where it lies
 *
 * Context: may sleep.
 */
void agent_exec_measured(struct agent *agent, const u8 digest[AGENT_DIGEST_SIZE],
			 const struct path *path)
{
	u8 object[AUDIT_CHAIN_OBJECT_MAX];
	struct audit_entry entry = {
		.aid		= agent->aid,
		.event		= AGENT_EVENT_EXEC,
		.class		= AGENT_CLASS_EXEC,
		.decision	= AGENT_DECISION_ALLOWED,
		.object		= object,
	};
	unsigned long flags;

	spin_lock_irqsave(&agent->lock, flags);
	memcpy(agent->code_digest, digest, sizeof(agent->code_digest));
	spin_unlock_irqrestore(&agent->lock, flags);
	entry.object_len = exec_object(object, digest, path);
	audit_chain_append(&entry);
}
