// SPDX-License-Identifier: GPL-2.0
/*
 * A capability as one line: CLASS:OBJECT:RIGHTS[;limits].
 *
 * Names come from outside and end up on terminals and in files of one capability a
 * line: what is not plain is written \xNN, and so are the backslash and the
 * semicolon, so that no name can imitate a limit.
 */
#include <linux/bitops.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "cap_internal.h"

static const char *const class_names[] = {
	[AGENT_CLASS_LIFE]	= "life",
	[AGENT_CLASS_FS]	= "fs",
	[AGENT_CLASS_EXEC]	= "exec",
	[AGENT_CLASS_NET]	= "net",
	[AGENT_CLASS_AGENT]	= "agent",
	[AGENT_CLASS_DEV]	= "dev",
	[AGENT_CLASS_MEM]	= "mem",
	[AGENT_CLASS_SVC]	= "svc",
	[AGENT_CLASS_MOUNT]	= "mount",
	[AGENT_CLASS_IPC]	= "ipc",
	[AGENT_CLASS_TASK]	= "task",
	[AGENT_CLASS_KERNEL]	= "kernel",
	[AGENT_CLASS_URING]	= "uring",
};

static const char *const fs_rights[] = {
	"read_file", "write_file", "read_dir", "remove_dir", "remove_file", "make_char",
	"make_dir", "make_reg", "make_sock", "make_fifo", "make_block", "make_sym", "refer",
	"truncate", "ioctl_dev", "setattr", "connect",
};

static const char *const exec_rights[] = { "run" };
static const char *const net_rights[] = { "connect", "bind", "listen", "send" };
static const char *const agent_rights[] = { "spawn", "message", "signal", "observe", "sandbox" };
static const char *const use_rights[] = { "use" };

static_assert(AGENT_FS_ALL == (1ULL << ARRAY_SIZE(fs_rights)) - 1);
static_assert(AGENT_EXEC_ALL == (1ULL << ARRAY_SIZE(exec_rights)) - 1);
static_assert(AGENT_NET_ALL == (1ULL << ARRAY_SIZE(net_rights)) - 1);
static_assert(AGENT_AGENT_ALL == (1ULL << ARRAY_SIZE(agent_rights)) - 1);
static_assert(AGENT_SVC_ALL == (1ULL << ARRAY_SIZE(use_rights)) - 1);

static const struct {
	const char *const *names;
	unsigned int nr;
} rights_of_class[] = {
	[AGENT_CLASS_FS]	= { fs_rights, ARRAY_SIZE(fs_rights) },
	[AGENT_CLASS_EXEC]	= { exec_rights, ARRAY_SIZE(exec_rights) },
	[AGENT_CLASS_NET]	= { net_rights, ARRAY_SIZE(net_rights) },
	[AGENT_CLASS_AGENT]	= { agent_rights, ARRAY_SIZE(agent_rights) },
	[AGENT_CLASS_DEV]	= { use_rights, ARRAY_SIZE(use_rights) },
	[AGENT_CLASS_MEM]	= { use_rights, ARRAY_SIZE(use_rights) },
	[AGENT_CLASS_SVC]	= { use_rights, ARRAY_SIZE(use_rights) },
};

static const char *const proto_names[] = {
	[AGENT_NET_ANY]			= "any",
	[AGENT_NET_TCP]			= "tcp",
	[AGENT_NET_UDP]			= "udp",
	[AGENT_NET_UNIX_ABSTRACT]	= "unix",
};

static const char *const tier_names[] = {
	[AGENT_TIER_HBM]	= "hbm",
	[AGENT_TIER_RAM]	= "ram",
	[AGENT_TIER_SSD]	= "ssd",
};

/**
 * cap_class_name - name of a class
 * @class: enum agent_class
 *
 * Return: "fs" and so on, or NULL.
 */
const char *cap_class_name(u8 class)
{
	return class < ARRAY_SIZE(class_names) ? class_names[class] : NULL;
}

static void text_escaped(struct seq_buf *s, const char *bytes, size_t len)
{
	for (; len--; bytes++) {
		u8 c = *bytes;

		if (c <= ' ' || c > '~' || c == '\\' || c == ';')
			seq_buf_printf(s, "\\x%02x", c);
		else
			seq_buf_putc(s, c);
	}
}

/* Slashes at the end do not count: "/" is shown as the root of what is beneath. */
static void text_hierarchy(struct seq_buf *s, const struct cap *cap)
{
	size_t len = strlen(cap->fs.name);

	while (len && cap->fs.name[len - 1] == '/')
		len--;
	text_escaped(s, cap->fs.name, len);
	if (cap->fs.dir)
		seq_buf_puts(s, "/*");
}

static void text_net(struct seq_buf *s, const struct cap *cap)
{
	seq_buf_printf(s, "%s/", proto_names[cap->net.proto]);
	if (cap->net.proto == AGENT_NET_UNIX_ABSTRACT) {
		seq_buf_putc(s, '@');
		text_escaped(s, cap->net.name, strlen(cap->net.name));
		return;
	}
	if (cap->net.family == AF_INET6)
		seq_buf_printf(s, "%pI6c/%u/", cap->net.addr, cap->net.prefix);
	else
		seq_buf_printf(s, "%pI4/%u/", cap->net.addr, cap->net.prefix);
	seq_buf_printf(s, "%u", cap->net.port_first);
	if (cap->net.port_last != cap->net.port_first)
		seq_buf_printf(s, "-%u", cap->net.port_last);
}

static void text_agent(struct seq_buf *s, const struct cap *cap)
{
	if (cap->agent.who == AGENT_WHO_AID)
		seq_buf_printf(s, "aid/%llu/%u", cap->agent.aid, cap->agent.max);
	else
		seq_buf_printf(s, "%s/%u", cap->agent.who == AGENT_WHO_SELF ? "self" : "children",
			       cap->agent.max);
}

static void text_object(struct seq_buf *s, const struct cap *cap)
{
	switch (cap->class) {
	case AGENT_CLASS_FS:
	case AGENT_CLASS_EXEC:
		if (cap_is_hierarchy(cap))
			text_hierarchy(s, cap);
		else
			seq_buf_printf(s, "blake3=%*phN", AGENT_DIGEST_SIZE, cap->digest);
		break;
	case AGENT_CLASS_NET:
		text_net(s, cap);
		break;
	case AGENT_CLASS_AGENT:
		text_agent(s, cap);
		break;
	case AGENT_CLASS_DEV:
		text_escaped(s, cap->name, strlen(cap->name));
		seq_buf_printf(s, "/0x%x-0x%x", cap->ioctl_first, cap->ioctl_last);
		break;
	case AGENT_CLASS_MEM:
		seq_buf_printf(s, "%s/%llu", tier_names[cap->mem.tier], cap->mem.bytes);
		break;
	case AGENT_CLASS_SVC:
		text_escaped(s, cap->name, strlen(cap->name));
		break;
	}
}

/**
 * cap_rights_text - the names of rights, apart by commas
 * @s: where to
 * @class: one that has capabilities
 * @rights: of that class
 */
void cap_rights_text(struct seq_buf *s, u8 class, u64 rights)
{
	const char *separator = "";
	unsigned int i;

	for (i = 0; i < rights_of_class[class].nr; i++) {
		if (!(rights & BIT_ULL(i)))
			continue;
		seq_buf_printf(s, "%s%s", separator, rights_of_class[class].names[i]);
		separator = ",";
	}
}

static void text_limits(struct seq_buf *s, const struct cap *cap)
{
	const struct cap_limits *limits = &cap->limits;
	u32 i;

	if (limits->lifetime_s)
		seq_buf_printf(s, ";expires=%llus", limits->lifetime_s);
	if (limits->uses)
		seq_buf_printf(s, ";uses=%llu", limits->uses);
	if (limits->rate)
		seq_buf_printf(s, ";rate=%u/%llus", limits->rate,
			       div_u64(limits->window_ns, NSEC_PER_SEC));
	if (limits->depth != CAP_DEPTH_ANY)
		seq_buf_printf(s, ";depth=%u", limits->depth);
	if (limits->approval)
		seq_buf_puts(s, ";approval");
	for (i = 0; cap_is_hierarchy(cap) && i < cap->fs.nr_carve; i++) {
		seq_buf_puts(s, ";except=");
		text_escaped(s, cap->fs.carve_name[i], strlen(cap->fs.carve_name[i]));
	}
}

/* Four bytes for one of the encoding, which holds all names; the rest is bounded. */
static size_t text_room(const struct cap *cap)
{
	struct cbor_writer w;

	cbor_writer_init(&w, NULL, 0);
	cap_encode(&w, cap);
	return 4 * w.len + 512 + (cap_is_hierarchy(cap) ? 8 * cap->fs.nr_carve : 0);
}

/**
 * cap_text - make the capability's text
 * @cap: complete but for it
 *
 * Return: 0 or -ENOMEM.
 */
int cap_text(struct cap *cap)
{
	size_t room = text_room(cap);
	char *buf = kvmalloc(room, GFP_KERNEL);
	struct seq_buf s;

	if (!buf)
		return -ENOMEM;
	seq_buf_init(&s, buf, room);
	seq_buf_printf(&s, "%s:", cap_class_name(cap->class));
	text_object(&s, cap);
	seq_buf_putc(&s, ':');
	cap_rights_text(&s, cap->class, cap->rights);
	text_limits(&s, cap);
	WARN_ON_ONCE(seq_buf_has_overflowed(&s));
	cap->text = kstrdup(seq_buf_str(&s), GFP_KERNEL_ACCOUNT);
	kvfree(buf);
	return cap->text ? 0 : -ENOMEM;
}
