// SPDX-License-Identifier: GPL-2.0
/*
 * What the operator of this machine puts up with: numbers, set at run time, on record.
 */

#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/kstrtox.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "policy.h"

static const struct {
	const char *name;
	u32 least, most;
} policies[AGENT_NR_POLICIES] = {
	[AGENT_POLICY_DENIALS]		= { "denials", 0, 1000000 },
	[AGENT_POLICY_STRIKES]		= { "strikes", 0, 1000000 },
	[AGENT_POLICY_APPROVAL_SECONDS]	= { "approval_seconds", 1, 86400 },
	[AGENT_POLICY_APPROVAL_QUEUE]	= { "approval_queue", 0, 256 },
	[AGENT_POLICY_APPROVAL_RATE]	= { "approval_rate", 0, 1000000 },
};

static u32 values[AGENT_NR_POLICIES] = {
	[AGENT_POLICY_APPROVAL_SECONDS]	= 300,
	[AGENT_POLICY_APPROVAL_QUEUE]	= 16,
	[AGENT_POLICY_APPROVAL_RATE]	= 60,
};

/**
 * agent_policy() - one of the numbers, as it is now
 * @which: which
 *
 * Context: any.
 * Return: the number.
 */
u32 agent_policy(enum agent_policy which)
{
	return READ_ONCE(values[which]);
}

static void policy_record(const char *name, u32 value)
{
	char object[48];
	struct audit_entry entry = {
		.aid		= agent_aid(agent_current()),
		.event		= AGENT_EVENT_POLICY,
		.class		= AGENT_CLASS_LIFE,
		.decision	= AGENT_DECISION_NONE,
		.object		= object,
	};

	entry.object_len = scnprintf(object, sizeof(object), "%s %u", name, value);
	audit_chain_append(&entry);
}

/**
 * agent_policy_set() - set one of the numbers
 * @line: its name, a space, its value; written to
 *
 * Context: process. Who may is the caller's to ask.
 * Return: 0; -EINVAL for a line of another form or an unknown name; -ERANGE.
 */
int agent_policy_set(char *line)
{
	const char *name = strsep(&line, " ");
	u32 value;
	int i, err;

	if (!line)
		return -EINVAL;
	err = kstrtou32(line, 10, &value);
	if (err)
		return err;
	for (i = 0; i < AGENT_NR_POLICIES; i++) {
		if (strcmp(name, policies[i].name))
			continue;
		if (value < policies[i].least || value > policies[i].most)
			return -ERANGE;
		WRITE_ONCE(values[i], value);
		policy_record(name, value);
		return 0;
	}
	return -EINVAL;
}

/**
 * agent_policy_show() - all of them, a name and its value a line
 * @m: where to
 */
void agent_policy_show(struct seq_file *m)
{
	int i;

	for (i = 0; i < AGENT_NR_POLICIES; i++)
		seq_printf(m, "%s %u\n", policies[i].name, agent_policy(i));
}
