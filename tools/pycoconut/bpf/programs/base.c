/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs of every class share: the maps that hold a policy, how a
 * structure of the running kernel is read, how a denial is told.
 *
 * Before this text stand the constants that programs.py writes: OFFSET_*, where a
 * member is in this kernel, from its BTF; rights and classes from the ABI.
 */

struct dentry;
struct file;
struct msghdr;
struct path;
struct sock;
struct sockaddr;
struct socket;
struct task_struct;
struct vm_area_struct;

#define WALK_MAX	48	/* steps up the tree; what lies deeper is refused */
#define RULES_MAX	32	/* of one kind in one policy */
#define CARVED_MAX	4	/* capabilities with carve-outs on one object */
#define NAME_WORDS	14	/* of eight bytes: 108, as sun_path, and zeroes */
#define OBJECT_MAX	2048	/* a power of two */
#define PART_MAX	256

#define READ(type, object, member)						\
	({ type __v = 0;							\
	   bpf_probe_read_kernel(&__v, sizeof(__v), (void *)((object) + OFFSET_##member)); \
	   __v; })
#define INSIDE(object, member)	((object) + OFFSET_##member)

/* A pointer that the verifier knows is made a number: what is read through it is read
 * by a helper that may fault, and numbers survive every join of paths.
 */
static __always_inline u64 number(const void *pointer)
{
	u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), &pointer);
	return value;
}

/*
 * Zero, which the verifier does not know. It follows what it knows of each number
 * through a loop, and where that differs it goes through the rest again.
 */
static __always_inline u64 some_zero(void)
{
	return number(0);
}

/*
 * A compiler that sees why @value is below a power of two leaves the mask out; verifiers
 * of before 6.3 have then forgotten it, if the number was on the stack meanwhile.
 */
static __always_inline u64 masked(u64 value, u64 mask)
{
	asm volatile("" : "+r"(value));
	return value & mask;
}

/* ---- the policy ---- */

/* Which policy a task is held to; inherited in task_alloc. */
BPF_TASK_STORAGE(held, u64);

struct place_key {
	u64 policy;
	u64 inode;		/* its address: pinned by user space, as /agent pins a path */
};

struct carved {
	u64 rights;
	u32 cap;		/* a bit of struct place.hides */
	u32 class;
};

struct place {
	u64 fs;			/* rights from capabilities without carve-outs */
	u64 exec;
	u64 hides;		/* capabilities that do not reach above from here */
	struct carved carved[CARVED_MAX];
};
BPF_HASH(places, struct place_key, struct place, 65536);

struct rule_key {
	u64 policy;
	u64 index;		/* dense, from 0 */
};

struct address_rule {
	u64 address[2];
	u64 mask[2];
	u64 rights;
	u16 first, last;
	u8 proto, family;
	u8 pad[2];
};
BPF_HASH(address_rules, struct rule_key, struct address_rule, 16384);

struct name_rule {
	u64 name[NAME_WORDS];
	u64 mask[NAME_WORDS];
	u64 rights;
	u32 len;
	u32 wild;		/* a prefix, not the whole */
};
BPF_HASH(name_rules, struct rule_key, struct name_rule, 16384);

struct policy {
	u64 outside;		/* rights of class agent on tasks that are not held */
	u64 closing;		/* no new tasks: it is being ended */
	u64 carves;		/* whether any capability has a carve-out */
};
BPF_HASH(policies, u64, struct policy, 4096);

/* Whose a socket is. */
BPF_HASH(owners, u64, u64, 65536);

/* User space asks for the inode behind a path: it calls stat(2), this answers. */
struct question {
	u32 tgid;
	u32 asked;
	u64 inode;
	u64 exempt;
};
BPF_ARRAY(questions, struct question, 1);

static __always_inline u64 policy_of(struct task_struct *task)
{
	u64 *policy = held.task_storage_get(task, 0, 0);

	return policy ? *policy : 0;
}

static __always_inline u64 current_policy(void)
{
	return policy_of(bpf_get_current_task_btf());
}

/* ---- denials ---- */

#define FORM_PATH	1	/* names, from the object upward, each with its NUL */
#define FORM_ADDRESS	2	/* struct peer */
#define FORM_TARGET	3	/* u64 policy, then a text */
#define FORM_TEXT	4
#define FORM_NAME	5	/* an abstract name */

struct denial {
	u64 mono;
	u64 policy;
	u64 rights;		/* all that were asked for */
	u32 cpu;
	u32 tid;
	u32 class;
	s32 result;
	u32 form;
	u32 len;
	char object[OBJECT_MAX + PART_MAX];
};
BPF_RINGBUF_OUTPUT(denials, 256);

/* Denials that found no room there: refused all the same. */
BPF_ARRAY(untold, u64, 1);

static __always_inline int result_of(u32 class)
{
	return class == CLASS_FS || class == CLASS_EXEC || class == CLASS_NET ||
	       class == CLASS_DEV ? -EACCES : -EPERM;
}

/*
 * Looked at once and left: verifiers of before 6.3 do not know at a second look that
 * what is no NULL is none.
 */
static __always_inline int no_room(u32 class)
{
	u32 zero = 0;
	u64 *count = untold.lookup(&zero);

	if (count)
		__sync_fetch_and_add(count, 1);
	return result_of(class);
}

static __always_inline void fill(struct denial *d, u64 policy, u32 class, u64 rights, u32 form)
{
	d->mono = bpf_ktime_get_ns();
	d->policy = policy;
	d->rights = rights;
	d->cpu = bpf_get_smp_processor_id();
	d->tid = (u32)bpf_get_current_pid_tgid();
	d->class = class;
	d->result = result_of(class);
	d->form = form;
	d->len = 0;
}

/* Refuses what no capability speaks of. @size counts the NUL of @text. */
static __always_inline int refuse(u64 policy, u32 class, const char *text, u32 size)
{
	struct denial *d = denials.ringbuf_reserve(sizeof(struct denial));

	if (!d)
		return no_room(class);
	fill(d, policy, class, NEVER, FORM_TEXT);
	bpf_probe_read_kernel(d->object, size, text);
	d->len = size - 1;
	denials.ringbuf_submit(d, 0);
	return result_of(class);
}

#define REFUSE(policy, class, text)	\
	({ const char __text[] = text; refuse(policy, class, __text, sizeof(__text)); })
