/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signed manifests: CBOR in COSE_Sign1, as syscalls/manifest.cddl has them.
 */
#ifndef _AGENT_MANIFEST_H
#define _AGENT_MANIFEST_H

#include <linux/agent.h>

struct cap;

struct manifest {
	void *bytes;			/* the COSE_Sign1 as it came */
	size_t len;
	u8 digest[AGENT_DIGEST_SIZE];
	u8 authorizer[32];
	char name[AGENT_NAME_MAX + 1];
	char tenant[AGENT_TENANT_MAX + 1];
	u8 lane;
	u8 audit_level;
	u8 restart;
	bool permissive;
	u64 quota[AGENT_NR_QUOTAS];	/* AGENT_QUOTA_UNLIMITED where it is silent */
	u32 nr_caps;
	struct cap **caps;		/* the maximum; ids still 0 */
	u32 nr_code;
	u8 (*code)[AGENT_DIGEST_SIZE];	/* programs that the agent may start with; none: any */
	u32 nr_approval;
	char **approval;		/* svc names, '*' at the end, that need an answer */
};

/*
 * Checks the signature against the authorizer keyring, then decodes.
 * ERR_PTR: -EBADMSG (form), -EKEYREJECTED (signature), -ENOKEY (authorizer unknown),
 * -EINVAL (a value), -ENOENT (a path), -E2BIG, -ENOMEM. Takes over nothing.
 */
struct manifest *manifest_parse(const void *bytes, size_t len);
void manifest_free(struct manifest *manifest);
bool manifest_is_name(const char *name, size_t len, size_t max);
/* Is the capability part of one of the maximal ones? NULL: the boot agent, yes. */
bool manifest_allows(const struct manifest *manifest, const struct cap *cap);
void manifest_drop_caps(struct manifest *manifest);	/* they keep paths busy; agent_tree_lock */
bool manifest_needs_approval(const struct manifest *manifest, const struct cap *request);

/* COSE_Sign1, EdDSA, no external data; protected header {1: -8}, kid in the unprotected one. */
struct cose_sign1 {
	const u8 *protected;
	size_t protected_len;
	const u8 *payload;
	size_t payload_len;
	const u8 *kid;			/* 32 bytes: the public key */
	const u8 *signature;		/* 64 bytes */
};

int cose_sign1_parse(struct cose_sign1 *out, const void *bytes, size_t len);	/* -EBADMSG */
int cose_sign1_verify(const struct cose_sign1 *sign1);		/* with its kid; -EKEYREJECTED */
/* Bytes written to buf, or needed; needs seed and public key. */
size_t cose_sign1_write(void *buf, size_t size, const void *payload, size_t payload_len,
			const u8 seed[32], const u8 public[32]);

#endif /* _AGENT_MANIFEST_H */
