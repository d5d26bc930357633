// SPDX-License-Identifier: GPL-2.0
/*
 * Requests for approval as text: one a line, fields apart by one space, the object last.
 *
 * What comes from an agent is escaped as in the log of the chain, blanks too where a
 * field must be one word: no name can imitate another request, or speak to a terminal.
 */

#include <linux/agent.h>
#include <linux/seq_buf.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "approval.h"
#include "approval_queue.h"
#include "cap.h"

static void show_escaped(struct seq_file *m, const u8 *bytes, size_t len, u8 first)
{
	size_t i;

	for (i = 0; i < len; i++) {
		u8 c = bytes[i];

		if (c < first || c > 0x7e)
			seq_printf(m, "\\u00%02x", c);
		else if (c == '"' || c == '\\')
			seq_printf(m, "\\%c", c);
		else
			seq_putc(m, c);
	}
}

static void show_rights(struct seq_file *m, const struct approval *a)
{
	char words[256];
	struct seq_buf s;

	seq_buf_init(&s, words, sizeof(words));
	cap_rights_text(&s, a->class, a->rights);
	seq_puts(m, seq_buf_str(&s));
}

static void show_one(struct seq_file *m, const struct approval *a, u64 now)
{
	u64 left = a->deadline_ns > now ? a->deadline_ns - now : 0;

	seq_printf(m, "%llu a:%05llu %d ", a->id, a->agent->aid, a->pid);
	show_escaped(m, a->comm, strnlen(a->comm, sizeof(a->comm)), 0x21);
	seq_printf(m, " %s %llu %s ", a->atomic ? "retries" : "waits",
		   div_u64(left, NSEC_PER_SEC), cap_class_name(a->class));
	show_rights(m, a);
	seq_putc(m, ' ');
	show_escaped(m, a->object, a->len, 0x20);
	seq_putc(m, '\n');
}

/**
 * approval_show() - the requests that wait for an answer
 * @m: where to; its poll_event is set to what approval_poll() said at that moment
 */
void approval_show(struct seq_file *m)
{
	u64 now = ktime_get_boottime_ns();
	const struct approval *a;
	unsigned long flags;

	spin_lock_irqsave(&approvals_lock, flags);
	m->poll_event = approvals_changes();
	list_for_each_entry(a, &approvals, link)
		if (a->state == APPROVAL_WAITING)
			show_one(m, a, now);
	spin_unlock_irqrestore(&approvals_lock, flags);
}
