// SPDX-License-Identifier: GPL-2.0
/*
 * Attestation: an Entity Attestation Token (RFC 9711) for an agent and for each of
 * its ancestors, signed with a key of this boot. syscalls/attestation.cddl has the form.
 */

#include <crypto/ed25519.h>
#include <linux/agent.h>
#include <linux/audit_chain.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "attest.h"
#include "cap.h"
#include "cbor.h"
#include "manifest.h"

/* Never leaves this file, and is gone with the boot: a token proves this boot only. */
static u8 attest_seed[ED25519_SEED_SIZE] __ro_after_init;
static u8 attest_public[ED25519_PUBLIC_SIZE] __ro_after_init;

#define CLAIM_IAT		6
#define CLAIM_NONCE		10
#define CLAIM_AID		(-75000)
#define CLAIM_PARENT		(-75001)
#define CLAIM_MANIFEST		(-75002)
#define CLAIM_CODE		(-75003)
#define CLAIM_AUTHORIZER	(-75004)
#define CLAIM_CAP_SET		(-75005)
#define CLAIM_HEAD		(-75006)
#define CLAIM_BOOT		(-75007)
#define CLAIM_NAME		(-75008)
#define CLAIM_STATE		(-75009)
#define CLAIM_PERMISSIVE	(-75010)
#define NR_CLAIMS		12	/* without the nonce */

#define CLAIMS_MAX		768	/* bytes: six digests, a nonce, a name, integers */
#define TOKEN_MAX		1024	/* the claims in COSE_Sign1 */
#define BOOT_ID_SIZE		16

/**
 * struct attest_view - what changes about an agent, read at one moment
 * @code: BLAKE3 of the program executed last
 * @caps: of the capability set
 * @state: enum agent_state
 */
struct attest_view {
	u8 code[AGENT_DIGEST_SIZE];
	u8 caps[AGENT_DIGEST_SIZE];
	enum agent_state state;
};

/**
 * agent_attest_init() - make the key of this boot
 */
void __init agent_attest_init(void)
{
	get_random_bytes_wait(attest_seed, sizeof(attest_seed));
	ed25519_public_key(attest_public, attest_seed);
}

/**
 * agent_attest_key() - the public half of the key that signs attestations
 *
 * Return: 32 bytes that stay.
 */
const u8 *agent_attest_key(void)
{
	return attest_public;
}

static void attest_look(struct agent *agent, struct attest_view *view)
{
	struct cap_set *set = agent_caps_get(agent);
	unsigned long flags;

	memset(view, 0, sizeof(*view));
	if (set) {
		memcpy(view->caps, set->digest, sizeof(view->caps));
		cap_set_put(set);
	}
	spin_lock_irqsave(&agent->lock, flags);
	memcpy(view->code, agent->code_digest, sizeof(view->code));
	view->state = agent->state;
	spin_unlock_irqrestore(&agent->lock, flags);
}

static void claim_bytes(struct cbor_writer *w, int claim, const void *data, size_t len)
{
	cbor_write_int(w, claim);
	cbor_write_bytes(w, data, len);
}

static void claim_uint(struct cbor_writer *w, int claim, u64 value)
{
	cbor_write_int(w, claim);
	cbor_write_uint(w, value);
}

static void attest_claims(struct cbor_writer *w, struct agent *agent, const void *nonce,
			  size_t nonce_len)
{
	struct attest_view view;

	attest_look(agent, &view);
	cbor_write_map(w, NR_CLAIMS + !!nonce_len);
	claim_uint(w, CLAIM_IAT, ktime_get_seconds());
	if (nonce_len)
		claim_bytes(w, CLAIM_NONCE, nonce, nonce_len);
	claim_uint(w, CLAIM_AID, agent->aid);
	claim_uint(w, CLAIM_PARENT, agent_aid(agent->parent));
	claim_bytes(w, CLAIM_MANIFEST, agent->manifest_digest, AGENT_DIGEST_SIZE);
	claim_bytes(w, CLAIM_CODE, view.code, AGENT_DIGEST_SIZE);
	claim_bytes(w, CLAIM_AUTHORIZER, agent->authorizer, sizeof(agent->authorizer));
	claim_bytes(w, CLAIM_CAP_SET, view.caps, AGENT_DIGEST_SIZE);
	claim_bytes(w, CLAIM_HEAD, agent->head_at_spawn, AGENT_DIGEST_SIZE);
	claim_bytes(w, CLAIM_BOOT, audit_chain_boot_id(), BOOT_ID_SIZE);
	cbor_write_int(w, CLAIM_NAME);
	cbor_write_text(w, agent->name, strlen(agent->name));
	claim_uint(w, CLAIM_STATE, view.state);
	cbor_write_int(w, CLAIM_PERMISSIVE);
	cbor_write_bool(w, agent->permissive);
}

/* Appends one token; payload is scratch of CLAIMS_MAX bytes. */
static int attest_one(struct cbor_writer *w, struct agent *agent, const void *nonce,
		      size_t nonce_len, u8 *payload)
{
	struct cbor_writer claims;
	size_t len;

	cbor_writer_init(&claims, payload, CLAIMS_MAX);
	attest_claims(&claims, agent, nonce, nonce_len);
	if (WARN_ON_ONCE(cbor_overflow(&claims)))
		return -EOVERFLOW;
	len = cose_sign1_write(w->buf + w->len, w->size - w->len, payload, claims.len,
			       attest_seed, attest_public);
	if (WARN_ON_ONCE(len > w->size - w->len))
		return -EOVERFLOW;
	w->len += len;
	return 0;
}

static int attest_chain(struct cbor_writer *w, struct agent *agent, const void *nonce,
			size_t nonce_len)
{
	u8 *payload = kmalloc(CLAIMS_MAX, GFP_KERNEL);
	int err = 0;

	if (!payload)
		return -ENOMEM;
	cbor_write_array(w, agent->depth + 1);
	for (; agent && !err; agent = agent->parent)
		err = attest_one(w, agent, nonce, nonce_len, payload);
	kfree(payload);
	return err;
}

/**
 * agent_attest() - sign who an agent is, and who its ancestors are
 * @agent: the agent; may have ended
 * @nonce: the caller's, or NULL
 * @nonce_len: its bytes, at most AGENT_NONCE_MAX
 * @chain: set to an array of COSE_Sign1, @agent's first; kvfree() it
 *
 * Ancestors are in it even where the caller may not see them: without them a token
 * would say nothing about where the agent's authority comes from.
 *
 * Context: may sleep.
 * Return: bytes of @chain, or -ENOMEM.
 */
ssize_t agent_attest(struct agent *agent, const void *nonce, size_t nonce_len, void **chain)
{
	size_t size = (agent->depth + 2) * TOKEN_MAX;
	struct cbor_writer w;
	void *buf = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	int err;

	if (!buf)
		return -ENOMEM;
	cbor_writer_init(&w, buf, size);
	err = attest_chain(&w, agent, nonce, nonce_len);
	if (err) {
		kvfree(buf);
		return err;
	}
	*chain = buf;
	return w.len;
}

/* Names hold letters, digits, dots, lines and underscores: nothing to escape. */
static void attest_show_one(struct seq_file *m, struct agent *agent)
{
	struct attest_view view;

	attest_look(agent, &view);
	seq_printf(m, "{\"aid\":\"a:%05llu\",\"parent\":\"a:%05llu\",\"name\":\"%s\",",
		   agent->aid, agent_aid(agent->parent), agent->name);
	seq_printf(m, "\"state\":\"%s\",\"permissive\":%s,\"manifest_digest\":\"%*phN\",",
		   agent_state_status(view.state), agent->permissive ? "true" : "false",
		   AGENT_DIGEST_SIZE, agent->manifest_digest);
	seq_printf(m, "\"code\":\"%*phN\",\"authorizer\":\"%*phN\",",
		   AGENT_DIGEST_SIZE, view.code, AGENT_DIGEST_SIZE, agent->authorizer);
	seq_printf(m, "\"caps\":\"%*phN\",\"head_at_spawn\":\"%*phN\",\"boot\":\"%*phN\"}\n",
		   AGENT_DIGEST_SIZE, view.caps, AGENT_DIGEST_SIZE, agent->head_at_spawn,
		   BOOT_ID_SIZE, audit_chain_boot_id());
}

/**
 * agent_attestation_show() - an agent and its ancestors as JSON, one a line
 * @m: where to
 * @agent: the agent
 *
 * Unsigned: for people. agent_attest(2) signs the same.
 *
 * Context: may sleep.
 */
void agent_attestation_show(struct seq_file *m, struct agent *agent)
{
	for (; agent; agent = agent->parent)
		attest_show_one(m, agent);
}
