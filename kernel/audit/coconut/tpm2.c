// SPDX-License-Identifier: GPL-2.0
/*
 * The commands of a TPM 2 that linux/tpm.h lacks (TCG, TPM 2.0 Library, part 3).
 *
 * A response is read as what it is: bytes that came over a bus.
 */

#include <linux/random.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "tpm2.h"

#define RH_OWNER		0x40000001

enum tpm2_nv_commands {
	CC_NV_DEFINE_SPACE	= 0x012A,
	CC_NV_INCREMENT		= 0x0134,
	CC_NV_WRITE		= 0x0137,
	CC_NV_READ_PUBLIC	= 0x0169,
	CC_POLICY_PCR		= 0x017F,
	CC_POLICY_GET_DIGEST	= 0x0189,
};

#define NONCE_SIZE		16	/* what a session asks for at least */
#define SELECT_SIZE		3	/* bytes that say which of 24 PCRs */

/* ---- commands and responses ---- */

/**
 * struct reply - what is left to read of a response
 * @at: the next byte
 * @left: how many
 */
struct reply {
	const u8 *at;
	size_t left;
};

static bool take(struct reply *reply, void *to, size_t size)
{
	if (reply->left < size)
		return false;
	memcpy(to, reply->at, size);
	reply->at += size;
	reply->left -= size;
	return true;
}

static bool take_u16(struct reply *reply, u16 *value)
{
	__be16 raw;

	if (!take(reply, &raw, sizeof(raw)))
		return false;
	*value = be16_to_cpu(raw);
	return true;
}

static bool take_u32(struct reply *reply, u32 *value)
{
	__be32 raw;

	if (!take(reply, &raw, sizeof(raw)))
		return false;
	*value = be32_to_cpu(raw);
	return true;
}

/* A TPM2B that has exactly this size. */
static bool take_sized(struct reply *reply, void *to, u16 size)
{
	u16 found;

	return take_u16(reply, &found) && found == size && take(reply, to, size);
}

/* What a TPM answers is a positive number, and of no use to callers. */
static int sent(ssize_t ret)
{
	if (ret <= 0)
		return ret;
	return tpm2_rc_value(ret) == TPM2_RC_HANDLE ? -ENOENT : -EIO;
}

/* Sends a command; the response stays in @buf, @reply is its body. */
static int transmit(struct tpm_chip *chip, struct tpm_buf *buf, struct reply *reply)
{
	int err = tpm_try_get_ops(chip);

	if (err)
		return err;
	err = sent(tpm_transmit_cmd(chip, buf, 0, NULL));
	tpm_put_ops(chip);
	if (!err) {
		reply->at = buf->data + sizeof(struct tpm_header);
		reply->left = tpm_buf_length(buf) - sizeof(struct tpm_header);
	}
	return err;
}

/* Buffers may hold the root: nothing of it stays in free memory. */
static void discard(struct tpm_buf *buf)
{
	memzero_explicit(buf->data, PAGE_SIZE);
	tpm_buf_destroy(buf);
}

/* No password and no HMAC; a session stays open until it is closed, whatever becomes of this. */
static void append_session(struct tpm_buf *buf, u32 session)
{
	tpm_buf_append_u32(buf, 4 + 2 + 1 + 2);
	tpm_buf_append_u32(buf, session);
	tpm_buf_append_u16(buf, 0);
	tpm_buf_append_u8(buf, TPM2_SA_CONTINUE_SESSION);
	tpm_buf_append_u16(buf, 0);
}

/* ---- indices ---- */

/* TPMS_NV_PUBLIC, in a TPM2B */
static void append_public(struct tpm_buf *buf, const struct tpm2_nv *nv)
{
	bool sealed = nv->attributes & TPM2_NV_POLICY_READ;
	u16 policy = sealed ? sizeof(nv->policy) : 0;

	tpm_buf_append_u16(buf, 4 + 2 + 4 + 2 + policy + 2);
	tpm_buf_append_u32(buf, nv->index);
	tpm_buf_append_u16(buf, TPM_ALG_SHA256);
	tpm_buf_append_u32(buf, nv->attributes);
	tpm_buf_append_u16(buf, policy);
	tpm_buf_append(buf, nv->policy, policy);
	tpm_buf_append_u16(buf, nv->size);
}

/* Is the index what @nv says, to the bit? Who could choose a bit of it could read it. */
static int compare_public(struct reply *reply, const struct tpm2_nv *nv, bool *written)
{
	u16 size, name, policy = nv->attributes & TPM2_NV_POLICY_READ ? sizeof(nv->policy) : 0;
	u8 digest[SHA256_DIGEST_SIZE] = {};
	u32 index, attributes;

	if (!take_u16(reply, &size) || !take_u32(reply, &index) || !take_u16(reply, &name) ||
	    !take_u32(reply, &attributes))
		return -EIO;
	*written = attributes & TPM2_NV_WRITTEN;
	if (index != nv->index || name != TPM_ALG_SHA256 ||
	    (attributes & ~TPM2_NV_WRITTEN) != nv->attributes)
		return -EKEYREJECTED;
	if (!take_sized(reply, digest, policy) || memcmp(digest, nv->policy, policy))
		return -EKEYREJECTED;
	return take_u16(reply, &size) && size == nv->size ? 0 : -EKEYREJECTED;
}

/**
 * tpm2_nv_look - is there an index, and is it what it should be?
 * @chip: the TPM
 * @nv: what it should be
 * @written: whether it has data
 *
 * Context: process, may sleep.
 * Return: 0; -ENOENT: there is none; -EKEYREJECTED: it is another; -ENOMEM, -EIO and what
 * the driver returns.
 */
int tpm2_nv_look(struct tpm_chip *chip, const struct tpm2_nv *nv, bool *written)
{
	struct reply reply;
	struct tpm_buf buf;
	int err;

	err = tpm_buf_init(&buf, TPM2_ST_NO_SESSIONS, CC_NV_READ_PUBLIC);
	if (err)
		return err;
	tpm_buf_append_u32(&buf, nv->index);
	err = transmit(chip, &buf, &reply);
	if (!err)
		err = compare_public(&reply, nv, written);
	tpm_buf_destroy(&buf);
	return err;
}

/**
 * tpm2_nv_define - make an index
 * @chip: the TPM
 * @nv: what it is to be
 *
 * Context: process, may sleep.
 * Return: 0; -EIO where the TPM refuses, as one does whose owner has a password; -ENOMEM and
 * what the driver returns.
 */
int tpm2_nv_define(struct tpm_chip *chip, const struct tpm2_nv *nv)
{
	struct reply reply;
	struct tpm_buf buf;
	int err;

	err = tpm_buf_init(&buf, TPM2_ST_SESSIONS, CC_NV_DEFINE_SPACE);
	if (err)
		return err;
	tpm_buf_append_u32(&buf, RH_OWNER);
	append_session(&buf, TPM2_RS_PW);
	tpm_buf_append_u16(&buf, 0);
	append_public(&buf, nv);
	err = transmit(chip, &buf, &reply);
	tpm_buf_destroy(&buf);
	return err;
}

/* Each command on an index's data: who may is the index itself, by @session. */
static int begin(struct tpm_buf *buf, u32 command, u32 session, u32 index)
{
	int err = tpm_buf_init(buf, TPM2_ST_SESSIONS, command);

	if (err)
		return err;
	tpm_buf_append_u32(buf, index);
	tpm_buf_append_u32(buf, index);
	append_session(buf, session);
	return 0;
}

/**
 * tpm2_nv_increment - count one up
 * @chip: the TPM
 * @index: a counter
 *
 * Context: process, may sleep.
 * Return: 0; -ENOENT, -ENOMEM, -EIO and what the driver returns.
 */
int tpm2_nv_increment(struct tpm_chip *chip, u32 index)
{
	struct reply reply;
	struct tpm_buf buf;
	int err;

	err = begin(&buf, CC_NV_INCREMENT, TPM2_RS_PW, index);
	if (err)
		return err;
	err = transmit(chip, &buf, &reply);
	tpm_buf_destroy(&buf);
	return err;
}

/**
 * tpm2_nv_read - read all data of an index
 * @chip: the TPM
 * @session: of tpm2_policy_open(), or TPM2_RS_PW
 * @index: which
 * @data: where to
 * @size: exactly so many bytes
 *
 * Context: process, may sleep.
 * Return: 0; -ENOENT, -ENOMEM, -EIO and what the driver returns.
 */
int tpm2_nv_read(struct tpm_chip *chip, u32 session, u32 index, void *data, u16 size)
{
	struct reply reply;
	struct tpm_buf buf;
	u32 parameters;
	int err;

	err = begin(&buf, TPM2_CC_NV_READ, session, index);
	if (err)
		return err;
	tpm_buf_append_u16(&buf, size);
	tpm_buf_append_u16(&buf, 0);
	err = transmit(chip, &buf, &reply);
	if (!err && (!take_u32(&reply, &parameters) || !take_sized(&reply, data, size)))
		err = -EIO;
	discard(&buf);
	return err;
}

/**
 * tpm2_nv_write - write the data of an index
 * @chip: the TPM
 * @session: of tpm2_policy_open()
 * @index: which
 * @data: all of it
 * @size: bytes
 *
 * Context: process, may sleep.
 * Return: 0; -ENOENT, -ENOMEM, -EIO and what the driver returns.
 */
int tpm2_nv_write(struct tpm_chip *chip, u32 session, u32 index, const void *data, u16 size)
{
	struct reply reply;
	struct tpm_buf buf;
	int err;

	err = begin(&buf, CC_NV_WRITE, session, index);
	if (err)
		return err;
	tpm_buf_append_u16(&buf, size);
	tpm_buf_append(&buf, data, size);
	tpm_buf_append_u16(&buf, 0);
	err = transmit(chip, &buf, &reply);
	discard(&buf);
	return err;
}

/* ---- sessions ---- */

static int start_session(struct tpm_chip *chip, u32 *session)
{
	u8 nonce[NONCE_SIZE];
	struct reply reply;
	struct tpm_buf buf;
	int err;

	err = tpm_buf_init(&buf, TPM2_ST_NO_SESSIONS, TPM2_CC_START_AUTH_SESS);
	if (err)
		return err;
	get_random_bytes(nonce, sizeof(nonce));
	tpm_buf_append_u32(&buf, TPM2_RH_NULL);
	tpm_buf_append_u32(&buf, TPM2_RH_NULL);
	tpm_buf_append_u16(&buf, sizeof(nonce));
	tpm_buf_append(&buf, nonce, sizeof(nonce));
	tpm_buf_append_u16(&buf, 0);
	tpm_buf_append_u8(&buf, TPM2_SE_POLICY);
	tpm_buf_append_u16(&buf, TPM_ALG_NULL);
	tpm_buf_append_u16(&buf, TPM_ALG_SHA256);
	err = transmit(chip, &buf, &reply);
	if (!err && !take_u32(&reply, session))
		err = -EIO;
	tpm_buf_destroy(&buf);
	return err;
}

/* Binds a session to what the PCRs are now. */
static int policy_pcr(struct tpm_chip *chip, u32 session, u32 pcrs)
{
	u8 select[sizeof(pcrs)];
	struct reply reply;
	struct tpm_buf buf;
	int err;

	err = tpm_buf_init(&buf, TPM2_ST_NO_SESSIONS, CC_POLICY_PCR);
	if (err)
		return err;
	put_unaligned_le32(pcrs, select);
	tpm_buf_append_u32(&buf, session);
	tpm_buf_append_u16(&buf, 0);
	tpm_buf_append_u32(&buf, 1);
	tpm_buf_append_u16(&buf, TPM_ALG_SHA256);
	tpm_buf_append_u8(&buf, SELECT_SIZE);
	tpm_buf_append(&buf, select, SELECT_SIZE);
	err = transmit(chip, &buf, &reply);
	tpm_buf_destroy(&buf);
	return err;
}

/**
 * tpm2_policy_close - end a session
 * @chip: the TPM
 * @session: of tpm2_policy_open()
 *
 * Context: process, may sleep.
 */
void tpm2_policy_close(struct tpm_chip *chip, u32 session)
{
	if (tpm_try_get_ops(chip))
		return;
	tpm2_flush_context(chip, session);
	tpm_put_ops(chip);
}

/**
 * tpm2_policy_open - a session for what is sealed to PCRs
 * @chip: the TPM
 * @pcrs: which, a bit each, of the SHA-256 bank
 * @session: where to; opens an index for one command
 *
 * Context: process, may sleep.
 * Return: 0; -ENOMEM, -EIO and what the driver returns.
 */
int tpm2_policy_open(struct tpm_chip *chip, u32 pcrs, u32 *session)
{
	int err = start_session(chip, session);

	if (err)
		return err;
	err = policy_pcr(chip, *session, pcrs);
	if (err)
		tpm2_policy_close(chip, *session);
	return err;
}

/**
 * tpm2_policy_digest - what an index is defined with to be opened by such a session
 * @chip: the TPM
 * @session: of tpm2_policy_open()
 * @digest: where to
 *
 * Context: process, may sleep.
 * Return: 0; -ENOMEM, -EIO and what the driver returns.
 */
int tpm2_policy_digest(struct tpm_chip *chip, u32 session, u8 digest[SHA256_DIGEST_SIZE])
{
	struct reply reply;
	struct tpm_buf buf;
	int err;

	err = tpm_buf_init(&buf, TPM2_ST_NO_SESSIONS, CC_POLICY_GET_DIGEST);
	if (err)
		return err;
	tpm_buf_append_u32(&buf, session);
	err = transmit(chip, &buf, &reply);
	if (!err && !take_sized(&reply, digest, SHA256_DIGEST_SIZE))
		err = -EIO;
	tpm_buf_destroy(&buf);
	return err;
}
