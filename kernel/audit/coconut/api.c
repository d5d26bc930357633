// SPDX-License-Identifier: GPL-2.0
/*
 * What the rest of the kernel may ask of the chain of this boot.
 */

#include <linux/capability.h>
#include <linux/poll.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "chain.h"

/**
 * audit_chain_throttle - wait until an agent may make records
 * @aid: the agent
 *
 * To be called before the decision that will be recorded, where it may sleep.
 * Returns at once in most cases, and to a task that is being killed.
 *
 * Context: process, may sleep.
 */
void audit_chain_throttle(u64 aid)
{
	audit_chain_hold_back(&audit_chain_main, aid);
}

/**
 * audit_chain_append - record what was decided
 * @entry: what the caller knows of it
 *
 * Context: any but NMI.
 * Return: the record's number; 0: it could not be kept, and is counted as lost.
 */
u64 audit_chain_append(const struct audit_entry *entry)
{
	return audit_chain_add(&audit_chain_main, entry);
}

/**
 * audit_chain_head - the head after the last sealed record
 * @head: where to
 * @last_seq: that record's number
 *
 * Context: any but interrupts.
 */
void audit_chain_head(u8 head[BLAKE3_OUT_SIZE], u64 *last_seq)
{
	struct audit_sealer *s = &audit_chain_main.sealer;

	spin_lock(&s->lock);
	memcpy(head, s->head, BLAKE3_OUT_SIZE);
	*last_seq = s->sealed_seq;
	spin_unlock(&s->lock);
}

/**
 * audit_chain_stats - the figures of the chain
 * @stats: where to
 *
 * Context: any but interrupts.
 */
void audit_chain_stats(struct audit_stats *stats)
{
	audit_chain_figures(&audit_chain_main, stats);
}

/**
 * audit_chain_boot_id - the identity of this boot
 *
 * Return: 16 bytes, constant once the chain is open.
 */
const u8 *audit_chain_boot_id(void)
{
	return audit_chain_main.boot_id;
}

/**
 * audit_chain_take_seed - give the seed of the CPUs' keys to an auditor
 * @seed: where to
 *
 * With the seed every MAC of the boot can be recomputed, so it leaves once, and
 * the kernel forgets it.
 *
 * Context: process, may sleep.
 * Return: 0 or -EALREADY.
 */
int audit_chain_take_seed(u8 seed[BLAKE3_KEY_SIZE])
{
	struct audit_chain *chain = &audit_chain_main;
	int err = -EALREADY;

	mutex_lock(&chain->seed_lock);
	if (!chain->seed_taken) {
		memcpy(seed, chain->seed, BLAKE3_KEY_SIZE);
		memzero_explicit(chain->seed, sizeof(chain->seed));
		chain->seed_taken = true;
		err = 0;
	}
	mutex_unlock(&chain->seed_lock);
	return err;
}

/**
 * audit_chain_flush - seal all that is recorded
 *
 * Context: process, may sleep.
 * Return: 0; -ETIMEDOUT where that is not possible for long; -ERESTARTSYS where the
 * task is being killed.
 */
int audit_chain_flush(void)
{
	return audit_sealer_flush(&audit_chain_main, atomic64_read(&audit_chain_main.seq));
}

struct user_buffer {
	char __user *to;
	size_t done;
};

static int emit_to_user(void *arg, const char *text, size_t len)
{
	struct user_buffer *buffer = arg;

	if (copy_to_user(buffer->to + buffer->done, text, len))
		return -EFAULT;
	buffer->done += len;
	return 0;
}

/* What was handed out before a failure is a success; the next read tells. */
static ssize_t log_read(char __user *buf, size_t len, loff_t *pos, const u64 *aid)
{
	struct user_buffer buffer = { .to = buf };
	u64 from = *pos;
	int err;

	err = audit_chain_emit(&audit_chain_main, &from, min_t(size_t, len, MAX_RW_COUNT),
			       aid, emit_to_user, &buffer);
	*pos = from;
	return buffer.done ?: err;
}

static bool log_goes_beyond(u64 pos)
{
	return atomic64_read_acquire(&audit_chain_main.log.text_end) > pos;
}

/**
 * audit_chain_log_read - read the log as text
 * @buf: where to
 * @len: bytes at most
 * @pos: offset since boot, moved past what was read; what was evicted is passed over
 * @nonblock: return 0 at the end rather than wait
 *
 * Context: process, may sleep.
 * Return: bytes read; 0 at the end with @nonblock; -EINVAL, -EFAULT, -ENOMEM,
 * -ERESTARTSYS.
 */
ssize_t audit_chain_log_read(char __user *buf, size_t len, loff_t *pos, bool nonblock)
{
	if (*pos < 0)
		return -EINVAL;
	if (!len)
		return 0;
	if (!nonblock && wait_event_interruptible(audit_chain_main.log.wait,
						  log_goes_beyond(*pos)))
		return -ERESTARTSYS;
	return log_read(buf, len, pos, NULL);
}

/**
 * audit_chain_log_read_aid - read an agent's lines of the log
 * @aid: the agent
 * @buf: where to
 * @len: bytes at most
 * @pos: offset in the whole log, moved past what was looked at
 *
 * Context: process, may sleep.
 * Return: bytes read; 0 at the end; -EINVAL, -EFAULT, -ENOMEM.
 */
ssize_t audit_chain_log_read_aid(u64 aid, char __user *buf, size_t len, loff_t *pos)
{
	if (*pos < 0)
		return -EINVAL;
	return log_read(buf, len, pos, &aid);
}

/**
 * audit_chain_log_poll - does the log go beyond an offset
 * @file: who asks
 * @wait: his
 * @pos: the offset
 *
 * Return: EPOLLIN | EPOLLRDNORM where it does.
 */
__poll_t audit_chain_log_poll(struct file *file, struct poll_table_struct *wait, loff_t pos)
{
	poll_wait(file, &audit_chain_main.log.wait, wait);
	return log_goes_beyond(pos) ? EPOLLIN | EPOLLRDNORM : 0;
}

/* There may be room now, in the log and for who waits. */
static void room_changed(struct audit_chain *chain)
{
	audit_sealer_wake(chain);
	audit_chain_let_go(chain);
}

/**
 * audit_chain_persisted - all records up to one are durable
 * @seq: its number
 *
 * Return: 0, or -EINVAL where the log has no such record.
 */
int audit_chain_persisted(u64 seq)
{
	int err = audit_log_acknowledge(&audit_chain_main.log, seq);

	if (!err)
		room_changed(&audit_chain_main);
	return err;
}

/**
 * audit_chain_persister - somebody begins or ends to keep the log
 * @attached: begins
 *
 * What is not acknowledged stays in memory from now on.
 * One that ends has coconut.audit_hold_s= seconds to come back before records may be
 * evicted that it did not acknowledge.
 */
void audit_chain_persister(bool attached)
{
	if (attached)
		audit_log_attach(&audit_chain_main.log);
	else
		audit_log_detach(&audit_chain_main.log);
	room_changed(&audit_chain_main);
}

static void link_record(const struct agent_audit_link *link)
{
	char object[2 * sizeof(link->boot_id) + 2 * sizeof(link->head) + 24];
	struct audit_entry entry = {
		.event = AGENT_EVENT_LINK,
		.class = AGENT_CLASS_LIFE,
		.object = object,
	};

	entry.object_len = scnprintf(object, sizeof(object), "%*phN:%llu:%*phN",
				     (int)sizeof(link->boot_id), link->boot_id,
				     link->last_seq, (int)sizeof(link->head), link->head);
	audit_chain_append(&entry);
}

/**
 * audit_chain_link - name the head of the previous boot
 * @link: as user space found it in its shards
 *
 * Context: process, may sleep.
 * Return: 0, or -EALREADY: once in a boot.
 */
int audit_chain_link(const struct agent_audit_link *link)
{
	struct audit_chain *chain = &audit_chain_main;
	bool linked;

	mutex_lock(&chain->seed_lock);
	linked = chain->linked;
	chain->linked = true;
	mutex_unlock(&chain->seed_lock);
	if (linked)
		return -EALREADY;
	link_record(link);
	return 0;
}

static void gap_record(u64 last_seq)
{
	char object[24];
	struct audit_entry entry = {
		.event = AGENT_EVENT_GAP,
		.class = AGENT_CLASS_LIFE,
		.object = object,
		.result = -ENODATA,
	};

	entry.object_len = scnprintf(object, sizeof(object), "%llu", last_seq);
	audit_chain_append(&entry);
}

/**
 * audit_chain_gap - say that the previous boot has no end
 * @last_seq: its last record that user space found
 *
 * Context: process, may sleep.
 * Return: 0; -EINVAL before audit_chain_link(); -EALREADY: once in a boot.
 */
int audit_chain_gap(u64 last_seq)
{
	struct audit_chain *chain = &audit_chain_main;
	int err;

	mutex_lock(&chain->seed_lock);
	err = !chain->linked ? -EINVAL : chain->gap ? -EALREADY : 0;
	if (!err)
		chain->gap = true;
	mutex_unlock(&chain->seed_lock);
	if (!err)
		gap_record(last_seq);
	return err;
}

/**
 * audit_chain_close - close the chain of this boot: SHUTDOWN record, final seal
 *
 * For user space that means to end the system and wants to keep the end of the log
 * while there is still a disk. No agent acts after it.
 *
 * Context: process, may sleep.
 * Return: 0 when the final seal is in the log; -EALREADY; -ENOBUFS, -ETIMEDOUT,
 * -ERESTARTSYS where there is none yet.
 */
int audit_chain_close(void)
{
	return audit_boot_close(&audit_chain_main, "close");
}

/**
 * audit_chain_walk - show records to a function
 * @first_seq: from here on
 * @last_seq: to here
 * @fn: may sleep; what it returns, if not 0, ends it
 * @arg: for @fn
 *
 * Context: process, may sleep.
 * Return: 0, or what @fn returned; -EINTR where the task is being killed.
 */
int audit_chain_walk(u64 first_seq, u64 last_seq, audit_chain_fn fn, void *arg)
{
	return audit_chain_visit(&audit_chain_main, first_seq, last_seq, fn, arg);
}
