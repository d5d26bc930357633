// SPDX-License-Identifier: GPL-2.0
/*
 * The form of the eight calls: magic, size, tail, flags, reserved fields, pointers.
 */
#include <stddef.h>
#include <sys/mman.h>

#include "agent.h"

#define UNKNOWN_FLAG	0x10000000000ULL

struct call {
	const char *name;
	long nr;
	size_t size;		/* of the first version */
	size_t reserved;	/* offset of the reserved __u32; 0: there is none */
	int zero;		/* errno when everything but the magic is zero */
	size_t pointer;		/* offset of a pointer that is followed, and */
	size_t length;		/* of its length; 0: it follows none */
	size_t width;		/* of the length */
	int faults;		/* errno when it points nowhere */
};

#define SIZE(call_name)		sizeof(struct agent_##call_name##_args)
#define FIELD(call_name, field)	offsetof(struct agent_##call_name##_args, field)

static const struct call calls[] = {
	{ "spawn", NR_AGENT_SPAWN, SIZE(spawn), FIELD(spawn, reserved),
	  EBADMSG, FIELD(spawn, manifest), FIELD(spawn, manifest_len), 4, EFAULT },
	{ "attest", NR_AGENT_ATTEST, SIZE(attest), FIELD(attest, reserved),
	  EMSGSIZE, FIELD(attest, nonce), FIELD(attest, nonce_len), 4, EFAULT },
	{ "quota", NR_AGENT_QUOTA, SIZE(quota), 0, 0 },
	{ "cap_grant", NR_AGENT_CAP_GRANT, SIZE(cap_grant), FIELD(cap_grant, reserved),
	  EBADMSG, FIELD(cap_grant, cap), FIELD(cap_grant, cap_len), 4, EFAULT },
	{ "cap_revoke", NR_AGENT_CAP_REVOKE, SIZE(cap_revoke), 0, EPERM },
	{ "cap_present", NR_AGENT_CAP_PRESENT, SIZE(cap_present), FIELD(cap_present, reserved),
	  EBADMSG, FIELD(cap_present, cap), FIELD(cap_present, cap_len), 4, EFAULT },
	{ "audit_query", NR_AGENT_AUDIT_QUERY, SIZE(audit_query), 0, 0,
	  FIELD(audit_query, buf), FIELD(audit_query, buf_len), 8, EFAULT },
	{ "memory_tier", NR_AGENT_MEMORY_TIER, SIZE(memory_tier), FIELD(memory_tier, reserved),
	  EINVAL },
};

FIXTURE(abi) {
	size_t page;
	unsigned char *args;	/* two pages, and nothing behind them */
};

FIXTURE_VARIANT(abi) {
	const struct call *call;
};

FIXTURE_VARIANT_ADD(abi, spawn) { .call = &calls[0] };
FIXTURE_VARIANT_ADD(abi, attest) { .call = &calls[1] };
FIXTURE_VARIANT_ADD(abi, quota) { .call = &calls[2] };
FIXTURE_VARIANT_ADD(abi, cap_grant) { .call = &calls[3] };
FIXTURE_VARIANT_ADD(abi, cap_revoke) { .call = &calls[4] };
FIXTURE_VARIANT_ADD(abi, cap_present) { .call = &calls[5] };
FIXTURE_VARIANT_ADD(abi, audit_query) { .call = &calls[6] };
FIXTURE_VARIANT_ADD(abi, memory_tier) { .call = &calls[7] };

FIXTURE_SETUP(abi)
{
	const char *why = authorize();
	const uint64_t magic = AGENT_MAGIC;

	ASSERT_EQ(NULL, why) TH_LOG("%s", why);
	self->page = sysconf(_SC_PAGESIZE);
	self->args = mmap(NULL, 3 * self->page, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->args);
	ASSERT_EQ(0, mprotect(self->args + 2 * self->page, self->page, PROT_NONE));
	memcpy(self->args, &magic, sizeof(magic));
}

FIXTURE_TEARDOWN(abi)
{
	munmap(self->args, 3 * self->page);
}

/* Results are written back; the next try is to find what this one found. */
static long invoke(const struct call *call, void *args, size_t size)
{
	unsigned char saved[256];
	bool ours = args && args != (void *)-1UL && size >= call->size;
	long ret;

	if (ours)
		memcpy(saved, args, sizeof(saved));
	ret = result(syscall(call->nr, args, size));
	if (ours)
		memcpy(args, saved, sizeof(saved));
	return ret;
}

/* Whoever else's call stands at this number on another kernel falls back as on an old one. */
TEST_F(abi, magic)
{
	const struct call *call = variant->call;

	memset(self->args, 0, sizeof(uint64_t));
	EXPECT_EQ(-ENOSYS, invoke(call, self->args, call->size));
	EXPECT_EQ(-ENOSYS, invoke(call, self->args, 0));
	EXPECT_EQ(-ENOSYS, invoke(call, NULL, call->size));
	EXPECT_EQ(-ENOSYS, invoke(call, NULL, 0));
	EXPECT_EQ(-ENOSYS, invoke(call, (void *)-1UL, -1UL));
}

TEST_F(abi, size)
{
	const struct call *call = variant->call;

	EXPECT_EQ(-EINVAL, invoke(call, self->args, 0));
	EXPECT_EQ(-EINVAL, invoke(call, self->args, sizeof(uint64_t)));
	EXPECT_EQ(-EINVAL, invoke(call, self->args, call->size - 1));
	EXPECT_EQ(-call->zero, invoke(call, self->args, call->size));
	EXPECT_EQ(-call->zero, invoke(call, self->args, call->size + 1));
	EXPECT_EQ(-call->zero, invoke(call, self->args, call->size + 8));
	EXPECT_EQ(-call->zero, invoke(call, self->args, self->page));
	EXPECT_EQ(-E2BIG, invoke(call, self->args, self->page + 1));
	EXPECT_EQ(-E2BIG, invoke(call, self->args, -1UL));
}

TEST_F(abi, tail)
{
	const struct call *call = variant->call;

	self->args[call->size] = 1;
	EXPECT_EQ(-call->zero, invoke(call, self->args, call->size));
	EXPECT_EQ(-E2BIG, invoke(call, self->args, call->size + 1));
	self->args[call->size] = 0;
	self->args[self->page - 1] = 1;
	EXPECT_EQ(-E2BIG, invoke(call, self->args, self->page));
}

TEST_F(abi, flags)
{
	const struct call *call = variant->call;
	uint64_t flags = UNKNOWN_FLAG;

	memcpy(self->args + 8, &flags, sizeof(flags));
	EXPECT_EQ(-EINVAL, invoke(call, self->args, call->size));
	flags = 0x100000000ULL;
	memcpy(self->args + 8, &flags, sizeof(flags));
	EXPECT_EQ(-EINVAL, invoke(call, self->args, call->size));
}

TEST_F(abi, reserved)
{
	const struct call *call = variant->call;

	if (call->reserved) {
		self->args[call->reserved] = 1;
		EXPECT_EQ(-EINVAL, invoke(call, self->args, call->size));
	}
}

/* The magic can be read, what follows it not. */
TEST_F(abi, partly_unmapped)
{
	const struct call *call = variant->call;
	unsigned char *args = self->args + 2 * self->page - sizeof(uint64_t);

	memcpy(args, self->args, sizeof(uint64_t));
	EXPECT_EQ(-EFAULT, result(syscall(call->nr, args, call->size)));
}

TEST_F(abi, pointers)
{
	const struct call *call = variant->call;
	const uint64_t nowhere = (uintptr_t)(self->args + 2 * self->page), length = 32;

	if (!call->width)
		return;
	memcpy(self->args + call->pointer, &nowhere, sizeof(nowhere));
	memcpy(self->args + call->length, &length, call->width);
	if (call->nr == NR_AGENT_AUDIT_QUERY) {
		const uint64_t room = 1 << 16, all = -1ULL;

		memcpy(self->args + call->length, &room, sizeof(room));
		memcpy(self->args + FIELD(audit_query, last_seq), &all, sizeof(all));
	}
	EXPECT_EQ(-call->faults, invoke(call, self->args, call->size));
}

/* ---- what each gives back ---- */

FIXTURE(calls) {
	struct agent_task task;
	struct bytes caps;
};

FIXTURE_SETUP(calls)
{
	const char *why = authorize();

	ASSERT_EQ(NULL, why) TH_LOG("%s", why);
	signal(SIGPIPE, SIG_IGN);
	memset(&self->caps, 0, sizeof(self->caps));
	cap_svc(&self->caps, "tool:*");
	ASSERT_EQ(0, start(&self->task, &self->caps, 1));
}

FIXTURE_TEARDOWN(calls)
{
	stop(&self->task);
}

TEST_F(calls, spawn)
{
	struct bytes set = {};
	struct agent_spawn_args args = {
		.magic = AGENT_MAGIC,
		.flags = AGENT_SPAWN_FD,
		.manifest = (uintptr_t)manifest_all,
		.manifest_len = sizeof(manifest_all),
		.cap_set = (uintptr_t)set.data,
	};

	put_head(&set, 4, 0);
	args.cap_set_len = set.len;
	ASSERT_EQ(0, syscall(NR_AGENT_SPAWN, &args, sizeof(args)));
	EXPECT_GT(args.aid, self->task.aid);
	EXPECT_LE(0, args.fd);
	EXPECT_EQ(0, faccessat(args.fd, "status", R_OK, 0));

	/* The same agent by its directory. */
	struct agent_cap_revoke_args end = {
		.magic = AGENT_MAGIC,
		.flags = AGENT_BY_FD | AGENT_REVOKE_TERMINATE,
		.aid = args.fd,
	};

	EXPECT_EQ(0, syscall(NR_AGENT_CAP_REVOKE, &end, sizeof(end)));
	close(args.fd);
}

TEST_F(calls, spawn_refuses_what_is_not_signed)
{
	unsigned char manifest[sizeof(manifest_all)];
	struct bytes none = {};
	uint64_t aid;

	memcpy(manifest, manifest_all, sizeof(manifest));
	manifest[sizeof(manifest) - 1] ^= 1;
	EXPECT_EQ(-1, spawn_manifest(manifest, sizeof(manifest), &none, 0, 0, &aid));
	EXPECT_EQ(EKEYREJECTED, errno);
	EXPECT_EQ(-1, spawn_manifest(manifest, sizeof(manifest) - 1, &none, 0, 0, &aid));
	EXPECT_EQ(EBADMSG, errno);
}

TEST_F(calls, attest)
{
	static unsigned char buf[1 << 14];
	struct agent_attest_args args = {
		.magic = AGENT_MAGIC,
		.aid = self->task.aid,
		.nonce = (uintptr_t)"12345678",
		.nonce_len = 8,
		.buf = (uintptr_t)buf,
	};

	EXPECT_EQ(-EMSGSIZE, result(syscall(NR_AGENT_ATTEST, &args, sizeof(args))));
	EXPECT_LT(0, args.buf_len);
	ASSERT_GE(sizeof(buf), args.buf_len);
	EXPECT_EQ(0, syscall(NR_AGENT_ATTEST, &args, sizeof(args)));
	/* An array of two: the agent, and the boot agent. */
	EXPECT_EQ(0x82, buf[0]);
	args.nonce_len = 7;
	EXPECT_EQ(-EINVAL, result(syscall(NR_AGENT_ATTEST, &args, sizeof(args))));
	args.aid = 1ULL << 62;
	args.nonce_len = 8;
	EXPECT_EQ(-ESRCH, result(syscall(NR_AGENT_ATTEST, &args, sizeof(args))));
}

TEST_F(calls, quota)
{
	struct agent_quota_args args = {
		.magic = AGENT_MAGIC,
		.aid = self->task.aid,
		.kind = AGENT_QUOTA_INFERENCE_TOKENS,
		.op = AGENT_QUOTA_SET,
		.amount = 100,
	};

	ASSERT_EQ(0, syscall(NR_AGENT_QUOTA, &args, sizeof(args)));
	EXPECT_EQ(100, args.limit);
	args.op = AGENT_QUOTA_RESERVE;
	args.amount = 80;
	args.lifetime_ns = 1000000000;
	ASSERT_EQ(0, syscall(NR_AGENT_QUOTA, &args, sizeof(args)));
	EXPECT_EQ(80, args.reserved);
	EXPECT_NE(0, args.reservation);
	args.op = AGENT_QUOTA_DEBIT;
	args.amount = 21;
	EXPECT_EQ(-EDQUOT, result(syscall(NR_AGENT_QUOTA, &args, sizeof(args))));
	args.op = AGENT_QUOTA_SETTLE;
	args.amount = 30;
	ASSERT_EQ(0, syscall(NR_AGENT_QUOTA, &args, sizeof(args)));
	EXPECT_EQ(30, args.used);
	EXPECT_EQ(0, args.reserved);
	EXPECT_EQ(-ENOENT, result(syscall(NR_AGENT_QUOTA, &args, sizeof(args))));
}

TEST_F(calls, grant_and_revoke)
{
	struct bytes cap = {};
	struct agent_cap_grant_args args = {
		.magic = AGENT_MAGIC,
		.aid = self->task.aid,
		.cap = (uintptr_t)cap.data,
	};
	struct agent_cap_revoke_args end = { .magic = AGENT_MAGIC, .aid = self->task.aid };

	cap_svc(&cap, "skill:pdf");
	args.cap_len = cap.len;
	ASSERT_EQ(0, syscall(NR_AGENT_CAP_GRANT, &args, sizeof(args)));
	EXPECT_NE(0, args.id);
	end.id = args.id;
	ASSERT_EQ(0, syscall(NR_AGENT_CAP_REVOKE, &end, sizeof(end)));
	EXPECT_EQ(1, end.withdrawn);
	EXPECT_EQ(-ENOENT, result(syscall(NR_AGENT_CAP_REVOKE, &end, sizeof(end))));
	end.flags = AGENT_REVOKE_ALL;
	EXPECT_EQ(-EINVAL, result(syscall(NR_AGENT_CAP_REVOKE, &end, sizeof(end))));
	/* Trailing bytes are no capability. */
	args.cap_len++;
	EXPECT_EQ(-EBADMSG, result(syscall(NR_AGENT_CAP_GRANT, &args, sizeof(args))));
}

TEST_F(calls, present)
{
	struct bytes cap = {};
	struct agent_cap_present_args args = {
		.magic = AGENT_MAGIC,
		.aid = self->task.aid,
		.cap = (uintptr_t)cap.data,
	};
	long denied = count_denied(self->task.aid, self->task.born);

	cap_svc(&cap, "tool:web");
	args.cap_len = cap.len;
	EXPECT_EQ(0, syscall(NR_AGENT_CAP_PRESENT, &args, sizeof(args)));
	EXPECT_NE(0, args.id);
	EXPECT_NE(0, args.seq);
	memset(&cap, 0, sizeof(cap));
	cap_svc(&cap, "skill:pdf");
	args.cap_len = cap.len;
	EXPECT_EQ(-EPERM, result(syscall(NR_AGENT_CAP_PRESENT, &args, sizeof(args))));
	EXPECT_EQ(denied + 1, count_denied(self->task.aid, self->task.born));
}

TEST_F(calls, audit_query)
{
	static unsigned char buf[1 << 16];
	struct agent_audit_query_args args = {
		.magic = AGENT_MAGIC,
		.aid = self->task.aid,
		.last_seq = -1ULL,
		.buf = (uintptr_t)buf,
		.buf_len = sizeof(buf),
	};

	EXPECT_EQ(0, count_denied(self->task.aid, self->task.born));	/* waits for them */
	ASSERT_EQ(0, syscall(NR_AGENT_AUDIT_QUERY, &args, sizeof(args)));
	EXPECT_LT(0, args.count);
	EXPECT_LT(0, args.buf_len);
	/* Each record is an array of 14. */
	EXPECT_EQ(0x8e, buf[0]);
	args.first_seq = 2;
	args.last_seq = 1;
	EXPECT_EQ(-EINVAL, result(syscall(NR_AGENT_AUDIT_QUERY, &args, sizeof(args))));
}

TEST_F(calls, memory_tier)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	struct agent_memory_tier_args args = {
		.magic = AGENT_MAGIC,
		.tier = AGENT_TIER_RAM,
		.op = AGENT_TIER_MAP,
		.length = 4 * page,
	};

	ASSERT_EQ(0, syscall(NR_AGENT_MEMORY_TIER, &args, sizeof(args)));
	ASSERT_NE(0, args.address);
	memset((void *)(uintptr_t)args.address, 1, 2 * page);
	args.op = AGENT_TIER_MOVE;
	EXPECT_EQ(0, syscall(NR_AGENT_MEMORY_TIER, &args, sizeof(args)));
	EXPECT_EQ(4 * page, args.achieved);
	args.op = AGENT_TIER_QUERY;
	EXPECT_EQ(0, syscall(NR_AGENT_MEMORY_TIER, &args, sizeof(args)));
	EXPECT_EQ(4 * page, args.achieved);
	args.tier = AGENT_TIER_SSD;
	EXPECT_EQ(-ENODEV, result(syscall(NR_AGENT_MEMORY_TIER, &args, sizeof(args))));
	args.tier = 7;
	EXPECT_EQ(-EINVAL, result(syscall(NR_AGENT_MEMORY_TIER, &args, sizeof(args))));
	args.tier = AGENT_TIER_RAM;
	args.aid = self->task.aid;
	EXPECT_EQ(-EPERM, result(syscall(NR_AGENT_MEMORY_TIER, &args, sizeof(args))));
}

TEST_HARNESS_MAIN
