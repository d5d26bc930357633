/* SPDX-License-Identifier: Apache-2.0 */
/* Generated from syscalls/agent.yaml by `make regen`; edit that. */
#ifndef TESTS_FUZZ_DESCRIPTIONS_H
#define TESTS_FUZZ_DESCRIPTIONS_H

#include "describe.h"

static const struct fuzz_field agent_spawn_fields[] = {
	{ "magic", 0, 8, FUZZ_MAGIC, 0x0ULL },
	{ "flags", 8, 8, FUZZ_FLAGS, 0x3ULL },
	{ "manifest", 16, 8, FUZZ_MANIFEST, 0x0ULL },
	{ "manifest_len", 24, 4, FUZZ_LENGTH, 0x2ULL },
	{ "cap_set_len", 28, 4, FUZZ_LENGTH, 0x5ULL },
	{ "cap_set", 32, 8, FUZZ_CAPS, 0x0ULL },
	{ "aid", 40, 8, FUZZ_OUT, 0x0ULL },
	{ "fd", 48, 4, FUZZ_OUT, 0x0ULL },
	{ "reserved", 52, 4, FUZZ_ZERO, 0x0ULL },
};

static const int agent_spawn_errnos[] = { E2BIG, EACCES, EBADMSG, EBUSY, EDQUOT, EFAULT, EINVAL, EKEYREJECTED, ELOOP, EMFILE, ENAMETOOLONG, ENFILE, ENOENT, ENOKEY, ENOMEM, ENOSYS, ENOTDIR, EOPNOTSUPP, EPERM, ESRCH, 0 };

static const struct fuzz_field agent_attest_fields[] = {
	{ "magic", 0, 8, FUZZ_MAGIC, 0x0ULL },
	{ "flags", 8, 8, FUZZ_FLAGS, 0x8000000000000000ULL },
	{ "aid", 16, 8, FUZZ_AID, 0x0ULL },
	{ "nonce", 24, 8, FUZZ_BYTES, 0x0ULL },
	{ "nonce_len", 32, 4, FUZZ_LENGTH, 0x3ULL },
	{ "reserved", 36, 4, FUZZ_ZERO, 0x0ULL },
	{ "buf", 40, 8, FUZZ_ROOM, 0x0ULL },
	{ "buf_len", 48, 8, FUZZ_LENGTH, 0x6ULL },
};

static const int agent_attest_errnos[] = { E2BIG, EBADF, EFAULT, EINVAL, EMSGSIZE, ENOMEM, ENOSYS, ESRCH, 0 };

static const struct fuzz_field agent_quota_fields[] = {
	{ "magic", 0, 8, FUZZ_MAGIC, 0x0ULL },
	{ "flags", 8, 8, FUZZ_FLAGS, 0x8000000000000000ULL },
	{ "aid", 16, 8, FUZZ_AID, 0x0ULL },
	{ "kind", 24, 4, FUZZ_ENUM, 0xdULL },
	{ "op", 28, 4, FUZZ_ENUM, 0x5ULL },
	{ "amount", 32, 8, FUZZ_NUMBER, 0x0ULL },
	{ "reservation", 40, 8, FUZZ_NUMBER, 0x0ULL },
	{ "lifetime_ns", 48, 8, FUZZ_NUMBER, 0x0ULL },
	{ "limit", 56, 8, FUZZ_OUT, 0x0ULL },
	{ "used", 64, 8, FUZZ_OUT, 0x0ULL },
	{ "reserved", 72, 8, FUZZ_OUT, 0x0ULL },
	{ "high_water", 80, 8, FUZZ_OUT, 0x0ULL },
};

static const int agent_quota_errnos[] = { E2BIG, EBADF, EDQUOT, EFAULT, EINVAL, ENOENT, ENOMEM, ENOSYS, EOPNOTSUPP, EPERM, ESRCH, 0 };

static const struct fuzz_field agent_cap_grant_fields[] = {
	{ "magic", 0, 8, FUZZ_MAGIC, 0x0ULL },
	{ "flags", 8, 8, FUZZ_FLAGS, 0x8000000000000000ULL },
	{ "aid", 16, 8, FUZZ_AID, 0x0ULL },
	{ "cap", 24, 8, FUZZ_CAP, 0x0ULL },
	{ "cap_len", 32, 4, FUZZ_LENGTH, 0x3ULL },
	{ "reserved", 36, 4, FUZZ_ZERO, 0x0ULL },
	{ "parent", 40, 8, FUZZ_NUMBER, 0x0ULL },
	{ "id", 48, 8, FUZZ_OUT, 0x0ULL },
};

static const int agent_cap_grant_errnos[] = { E2BIG, EACCES, EBADF, EBADMSG, EFAULT, EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOSYS, ENOTDIR, EPERM, ESRCH, 0 };

static const struct fuzz_field agent_cap_revoke_fields[] = {
	{ "magic", 0, 8, FUZZ_MAGIC, 0x0ULL },
	{ "flags", 8, 8, FUZZ_FLAGS, 0x8000000000000003ULL },
	{ "aid", 16, 8, FUZZ_AID, 0x0ULL },
	{ "id", 24, 8, FUZZ_NUMBER, 0x0ULL },
	{ "withdrawn", 32, 8, FUZZ_OUT, 0x0ULL },
};

static const int agent_cap_revoke_errnos[] = { E2BIG, EBADF, EFAULT, EINVAL, ENOENT, ENOMEM, ENOSYS, EPERM, ESRCH, 0 };

static const struct fuzz_field agent_cap_present_fields[] = {
	{ "magic", 0, 8, FUZZ_MAGIC, 0x0ULL },
	{ "flags", 8, 8, FUZZ_FLAGS, 0x8000000000000000ULL },
	{ "aid", 16, 8, FUZZ_AID, 0x0ULL },
	{ "cap", 24, 8, FUZZ_CAP, 0x0ULL },
	{ "cap_len", 32, 4, FUZZ_LENGTH, 0x3ULL },
	{ "reserved", 36, 4, FUZZ_ZERO, 0x0ULL },
	{ "id", 40, 8, FUZZ_OUT, 0x0ULL },
	{ "seq", 48, 8, FUZZ_OUT, 0x0ULL },
};

static const int agent_cap_present_errnos[] = { E2BIG, EACCES, EBADF, EBADMSG, EFAULT, EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOSYS, ENOTDIR, EPERM, ESRCH, 0 };

static const struct fuzz_field agent_audit_query_fields[] = {
	{ "magic", 0, 8, FUZZ_MAGIC, 0x0ULL },
	{ "flags", 8, 8, FUZZ_FLAGS, 0x8000000000000001ULL },
	{ "aid", 16, 8, FUZZ_AID, 0x0ULL },
	{ "first_seq", 24, 8, FUZZ_NUMBER, 0x0ULL },
	{ "last_seq", 32, 8, FUZZ_NUMBER, 0x0ULL },
	{ "events", 40, 8, FUZZ_NUMBER, 0x0ULL },
	{ "decisions", 48, 8, FUZZ_NUMBER, 0x0ULL },
	{ "buf", 56, 8, FUZZ_ROOM, 0x0ULL },
	{ "buf_len", 64, 8, FUZZ_LENGTH, 0x7ULL },
	{ "count", 72, 8, FUZZ_OUT, 0x0ULL },
	{ "next_seq", 80, 8, FUZZ_OUT, 0x0ULL },
	{ "sealed_seq", 88, 8, FUZZ_OUT, 0x0ULL },
};

static const int agent_audit_query_errnos[] = { E2BIG, EALREADY, EBADF, EFAULT, EINVAL, EMSGSIZE, ENOMEM, ENOSYS, EPERM, ESRCH, 0 };

static const struct fuzz_field agent_memory_tier_fields[] = {
	{ "magic", 0, 8, FUZZ_MAGIC, 0x0ULL },
	{ "flags", 8, 8, FUZZ_FLAGS, 0x8000000000000001ULL },
	{ "aid", 16, 8, FUZZ_AID, 0x0ULL },
	{ "tier", 24, 4, FUZZ_ENUM, 0x3ULL },
	{ "op", 28, 4, FUZZ_ENUM, 0x7ULL },
	{ "address", 32, 8, FUZZ_NUMBER, 0x0ULL },
	{ "length", 40, 8, FUZZ_PAGES, 0x0ULL },
	{ "achieved", 48, 8, FUZZ_OUT, 0x0ULL },
	{ "event_fd", 56, 4, FUZZ_NUMBER, 0x0ULL },
	{ "reserved", 60, 4, FUZZ_ZERO, 0x0ULL },
};

static const int agent_memory_tier_errnos[] = { E2BIG, EBADF, EBUSY, EDQUOT, EFAULT, EINTR, EINVAL, EIO, ENODEV, ENOMEM, ENOSPC, ENOSYS, EOPNOTSUPP, EPERM, ESRCH, 0 };

static const struct fuzz_call fuzz_calls[] = {
	{ "agent_spawn", 472, 56, 56, 9, agent_spawn_fields, agent_spawn_errnos },
	{ "agent_attest", 473, 56, 56, 8, agent_attest_fields, agent_attest_errnos },
	{ "agent_quota", 474, 88, 88, 12, agent_quota_fields, agent_quota_errnos },
	{ "agent_cap_grant", 475, 56, 56, 8, agent_cap_grant_fields, agent_cap_grant_errnos },
	{ "agent_cap_revoke", 476, 40, 40, 5, agent_cap_revoke_fields, agent_cap_revoke_errnos },
	{ "agent_cap_present", 477, 56, 56, 8, agent_cap_present_fields, agent_cap_present_errnos },
	{ "agent_audit_query", 478, 96, 96, 12, agent_audit_query_fields, agent_audit_query_errnos },
	{ "agent_memory_tier", 479, 64, 56, 10, agent_memory_tier_fields, agent_memory_tier_errnos },
};

#endif /* TESTS_FUZZ_DESCRIPTIONS_H */
