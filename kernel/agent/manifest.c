// SPDX-License-Identifier: GPL-2.0
/*
 * Signed manifests.
 *
 * The payload is not looked at before its signature has been verified with a key
 * that is on the authorizer keyring: until then only the fixed shape of COSE_Sign1
 * is parsed, and a decoder of capabilities, which resolves paths and allocates, is
 * out of an unauthenticated caller's reach.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/blake3.h>
#include <kunit/visibility.h>

#include "cap.h"
#include "cap_internal.h"
#include "cbor.h"
#include "manifest.h"
#include "manifest_decode.h"
#include "verified.h"

#define MANIFEST_VERSION	1
#define MANIFEST_CODE_MAX	256
#define MANIFEST_MODEL_MAX	255
#define MANIFEST_APPROVAL_MAX	64
#define MANIFEST_ARGV_MAX	256
#define MANIFEST_ARG_MAX	4096

enum manifest_key {
	MANIFEST_KEY_VERSION	= 1,
	MANIFEST_KEY_NAME	= 2,
	MANIFEST_KEY_TENANT	= 3,
	MANIFEST_KEY_LANE	= 4,
	MANIFEST_KEY_CAPS	= 5,
	MANIFEST_KEY_CODE	= 6,
	MANIFEST_KEY_MODEL	= 7,
	MANIFEST_KEY_QUOTAS	= 8,
	MANIFEST_KEY_APPROVAL	= 9,
	MANIFEST_KEY_AUDIT	= 10,
	MANIFEST_KEY_RESTART	= 11,
	MANIFEST_KEY_ARGV	= 12,
	MANIFEST_KEY_PERMISSIVE	= 13,
};

/* Version, name, tenant, lane, capabilities. */
#define MANIFEST_REQUIRED	GENMASK(MANIFEST_KEY_CAPS, MANIFEST_KEY_VERSION)

/* A number of a small enumeration. */
static int manifest_read_enum(struct cbor_reader *r, u8 *out, u8 max)
{
	u64 v = cbor_read_uint(r);

	if (r->error)
		return -EBADMSG;
	if (v > max)
		return -EINVAL;
	*out = v;
	return 0;
}

static int manifest_read_version(struct cbor_reader *r)
{
	u64 version = cbor_read_uint(r);

	if (r->error)
		return -EBADMSG;
	return version == MANIFEST_VERSION ? 0 : -EINVAL;
}

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

/**
 * manifest_is_name - may an agent or a tenant have this name?
 * @name: the name, ended with a NUL
 * @len: its length
 * @max: the most that it may be
 *
 * Names become names of directories: "." and ".." are not names.
 *
 * Return: true if so.
 */
bool manifest_is_name(const char *name, size_t len, size_t max)
{
	size_t i;

	if (!len || len > max || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (i = 0; i < len; i++)
		if (!is_name_char(name[i]))
			return false;
	return true;
}

static int manifest_read_name(struct cbor_reader *r, char *name, size_t max)
{
	size_t len;
	const char *text = cbor_read_text(r, &len);

	if (r->error)
		return -EBADMSG;
	if (len > max)
		return -EINVAL;
	memcpy(name, text, len);
	name[len] = 0;
	return manifest_is_name(name, len, max) ? 0 : -EINVAL;
}

static bool manifest_code_seen(const struct manifest *m, const u8 *digest)
{
	u32 i;

	for (i = 0; i < m->nr_code; i++)
		if (!memcmp(m->code[i], digest, AGENT_DIGEST_SIZE))
			return true;
	return false;
}

static int manifest_read_code(struct cbor_reader *r, struct manifest *m)
{
	size_t n = cbor_read_array(r);

	if (r->error)
		return -EBADMSG;
	if (n > MANIFEST_CODE_MAX)
		return -EINVAL;
	m->code = kcalloc(n + 1, AGENT_DIGEST_SIZE, GFP_KERNEL_ACCOUNT);
	if (!m->code)
		return -ENOMEM;
	while (n--) {
		size_t len;
		const u8 *digest = cbor_read_bytes(r, &len);

		if (r->error)
			return -EBADMSG;
		if (len != AGENT_DIGEST_SIZE || manifest_code_seen(m, digest))
			return -EINVAL;
		memcpy(m->code[m->nr_code++], digest, AGENT_DIGEST_SIZE);
	}
	return 0;
}

/* User space's: only their form is checked. */
static int manifest_read_text(struct cbor_reader *r, size_t least, size_t max)
{
	size_t len;

	cbor_read_text(r, &len);
	if (r->error)
		return -EBADMSG;
	return len < least || len > max ? -EINVAL : 0;
}

static int manifest_read_argv(struct cbor_reader *r)
{
	size_t n = cbor_read_array(r);
	int err = 0;

	if (r->error)
		return -EBADMSG;
	if (n > MANIFEST_ARGV_MAX)
		return -EINVAL;
	while (!err && n--)
		err = manifest_read_text(r, 0, MANIFEST_ARG_MAX);
	return err;
}

static int manifest_read_quotas(struct cbor_reader *r, struct manifest *m)
{
	struct cbor_map map;
	u64 kind;

	cbor_map_begin(r, &map);
	while (cbor_map_next(r, &map, &kind)) {
		u64 limit = cbor_read_uint(r);

		if (r->error)
			return -EBADMSG;
		if (kind >= AGENT_NR_QUOTAS)
			return -EINVAL;
		m->quota[kind] = limit;
	}
	return r->error;
}

static int manifest_read_approval(struct cbor_reader *r, struct manifest *m)
{
	size_t n = cbor_read_array(r);

	if (r->error)
		return -EBADMSG;
	if (n > MANIFEST_APPROVAL_MAX)
		return -EINVAL;
	m->approval = kcalloc(n + 1, sizeof(*m->approval), GFP_KERNEL_ACCOUNT);
	if (!m->approval)
		return -ENOMEM;
	while (n--) {
		size_t len;
		const char *text = cbor_read_text(r, &len);
		char *name;

		if (r->error)
			return -EBADMSG;
		if (len > CAP_NAME_MAX)
			return -EINVAL;
		name = cap_string(text, len);
		if (IS_ERR(name))
			return PTR_ERR(name);
		m->approval[m->nr_approval++] = name;
	}
	return 0;
}

/* True or absent: a manifest says no default. */
static int manifest_read_permissive(struct cbor_reader *r, struct manifest *m)
{
	m->permissive = cbor_read_bool(r);
	if (r->error)
		return -EBADMSG;
	return m->permissive ? 0 : -EINVAL;
}

static int manifest_read_member(struct cbor_reader *r, struct manifest *m, u64 key)
{
	switch (key) {
	case MANIFEST_KEY_VERSION:
		return manifest_read_version(r);
	case MANIFEST_KEY_NAME:
		return manifest_read_name(r, m->name, AGENT_NAME_MAX);
	case MANIFEST_KEY_TENANT:
		return manifest_read_name(r, m->tenant, AGENT_TENANT_MAX);
	case MANIFEST_KEY_LANE:
		return manifest_read_enum(r, &m->lane, AGENT_LANE_INTERACTIVE);
	case MANIFEST_KEY_CAPS:
		return caps_decode(r, &m->caps, &m->nr_caps);
	case MANIFEST_KEY_CODE:
		return manifest_read_code(r, m);
	case MANIFEST_KEY_MODEL:
		return manifest_read_text(r, 1, MANIFEST_MODEL_MAX);
	case MANIFEST_KEY_QUOTAS:
		return manifest_read_quotas(r, m);
	case MANIFEST_KEY_APPROVAL:
		return manifest_read_approval(r, m);
	case MANIFEST_KEY_AUDIT:
		return manifest_read_enum(r, &m->audit_level, AGENT_AUDIT_SYSCALLS);
	case MANIFEST_KEY_RESTART:
		return manifest_read_enum(r, &m->restart, AGENT_RESTART_ALWAYS);
	case MANIFEST_KEY_ARGV:
		return manifest_read_argv(r);
	case MANIFEST_KEY_PERMISSIVE:
		return manifest_read_permissive(r, m);
	}
	return -EINVAL;
}

/**
 * manifest_decode - read a payload whose signature has been verified
 * @m: zeroed; to be freed by manifest_free() in any case
 * @bytes: the payload
 * @len: its length
 *
 * Context: may sleep.
 * Return: 0, -EBADMSG, -EINVAL, -E2BIG, -ENOMEM, or what resolving a path returned.
 */
VISIBLE_IF_KUNIT int manifest_decode(struct manifest *m, const void *bytes, size_t len)
{
	struct cbor_reader r;
	struct cbor_map map;
	unsigned int seen = 0;
	u64 key;
	int err;

	memset64(m->quota, AGENT_QUOTA_UNLIMITED, AGENT_NR_QUOTAS);
	m->audit_level = AGENT_AUDIT_DECISIONS;
	m->restart = AGENT_RESTART_NEVER;
	cbor_reader_init(&r, bytes, len);
	cbor_map_begin(&r, &map);
	while (cbor_map_next(&r, &map, &key)) {
		err = manifest_read_member(&r, m, key);
		if (r.error)
			return -EBADMSG;
		if (err)
			return err;
		seen |= BIT(key);
	}
	if (!cbor_done(&r))
		return -EBADMSG;
	return (seen & MANIFEST_REQUIRED) == MANIFEST_REQUIRED ? 0 : -EINVAL;
}
EXPORT_SYMBOL_IF_KUNIT(manifest_decode);

/* The order matters: who signed, then whether they did, and only then what. */
static int manifest_open(struct manifest *m)
{
	struct cose_sign1 sign1;
	int err = cose_sign1_parse(&sign1, m->bytes, m->len);

	if (err)
		return err;
	if (!authorizer_known(sign1.kid))
		return -ENOKEY;
	blake3(m->bytes, m->len, m->digest);
	if (!verified_before(m->digest)) {
		err = cose_sign1_verify(&sign1);
		if (err)
			return err;
		verified_remember(m->digest);
	}
	memcpy(m->authorizer, sign1.kid, sizeof(m->authorizer));
	return manifest_decode(m, sign1.payload, sign1.payload_len);
}

/**
 * manifest_parse - verify and decode a manifest
 * @bytes: COSE_Sign1, copied
 * @len: its length
 *
 * Context: may sleep.
 * Return: the manifest, for manifest_free(), or ERR_PTR: -EBADMSG (form), -ENOKEY
 * (authorizer unknown), -EKEYREJECTED (signature), -EINVAL (a value), -E2BIG,
 * -ENOMEM, or what resolving a path returned.
 */
struct manifest *manifest_parse(const void *bytes, size_t len)
{
	struct manifest *m;
	int err = -ENOMEM;

	if (len > AGENT_MANIFEST_MAX)
		return ERR_PTR(-E2BIG);
	m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	if (!m)
		return ERR_PTR(-ENOMEM);
	m->len = len;
	m->bytes = kvmemdup(bytes, len, GFP_KERNEL_ACCOUNT);
	if (m->bytes)
		err = manifest_open(m);
	if (err) {
		manifest_free(m);
		return ERR_PTR(err);
	}
	return m;
}

/**
 * manifest_free - free a manifest, complete or not
 * @manifest: manifest or NULL
 *
 * Context: any but NMI.
 */
void manifest_free(struct manifest *manifest)
{
	if (!manifest)
		return;
	if (manifest->caps)
		caps_free(manifest->caps, manifest->nr_caps);
	while (manifest->nr_approval)
		kfree(manifest->approval[--manifest->nr_approval]);
	kfree(manifest->approval);
	kfree(manifest->code);
	kvfree(manifest->bytes);
	kfree(manifest);
}

/**
 * manifest_allows - is a capability part of what the manifest allows at most?
 * @manifest: manifest, or NULL for the boot agent
 * @cap: what is to be held
 *
 * Return: true if so.
 */
bool manifest_allows(const struct manifest *manifest, const struct cap *cap)
{
	u32 i;

	if (!manifest)
		return true;
	for (i = 0; i < manifest->nr_caps; i++)
		if (cap_subset(cap, manifest->caps[i]))
			return true;
	return false;
}

/**
 * manifest_drop_caps - let go of the maximal capabilities
 * @manifest: of an agent that has ended, or NULL
 *
 * An agent in the graveyard keeps no path busy.
 *
 * Context: agent_tree_lock is held, or nobody else has @manifest.
 */
void manifest_drop_caps(struct manifest *manifest)
{
	if (!manifest)
		return;
	while (manifest->nr_caps)
		cap_put(manifest->caps[--manifest->nr_caps]);
}

/**
 * manifest_needs_approval - must a human answer before this is done?
 * @manifest: manifest, or NULL for the boot agent
 * @request: what is to be done
 *
 * Return: true if the manifest lists it, or a part of it.
 */
bool manifest_needs_approval(const struct manifest *manifest, const struct cap *request)
{
	u32 i;

	if (!manifest || request->class != AGENT_CLASS_SVC)
		return false;
	for (i = 0; i < manifest->nr_approval; i++)
		if (cap_pattern_subset(request->name, manifest->approval[i]) ||
		    cap_pattern_subset(manifest->approval[i], request->name))
			return true;
	return false;
}
