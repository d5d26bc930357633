// SPDX-License-Identifier: GPL-2.0
/*
 * COSE_Sign1 (RFC 9052) with EdDSA: one algorithm, one shape.
 *
 * Nothing about the message is negotiable, since whatever is negotiable is chosen
 * by an attacker: the protected header is three fixed bytes, the key identifier is
 * the public key itself, and no other header is taken.
 */
#include <linux/errno.h>
#include <linux/string.h>
#include <crypto/ed25519.h>

#include "cbor.h"
#include "manifest.h"

#define COSE_TAG_SIGN1		18
#define COSE_HEADER_KID		4

/* {1: -8}: algorithm EdDSA */
static const u8 cose_protected[] = { 0xa1, 0x01, 0x27 };

/* Up to and including the protected header: ["Signature1", h'a10127', h'', ... */
static const u8 cose_to_be_signed[] = {
	0x84,
	0x6a, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', '1',
	0x43, 0xa1, 0x01, 0x27,
	0x40,
};

static const u8 *cose_read_fixed(struct cbor_reader *r, size_t want)
{
	size_t len;
	const u8 *bytes = cbor_read_bytes(r, &len);

	if (len != want)
		cbor_fail(r);
	return bytes;
}

/* The unprotected header: {4: kid} and no more. */
static const u8 *cose_read_kid(struct cbor_reader *r)
{
	if (cbor_read_map(r) != 1 || cbor_read_uint(r) != COSE_HEADER_KID)
		cbor_fail(r);
	return cose_read_fixed(r, ED25519_PUBLIC_SIZE);
}

/**
 * cose_sign1_parse - take a COSE_Sign1 apart; checks its form, not its signature
 * @out: pointers into @bytes
 * @bytes: a tagged COSE_Sign1
 * @len: its length; nothing may follow
 *
 * Return: 0 or -EBADMSG.
 */
int cose_sign1_parse(struct cose_sign1 *out, const void *bytes, size_t len)
{
	struct cbor_reader r;

	cbor_reader_init(&r, bytes, len);
	if (cbor_read_tag(&r) != COSE_TAG_SIGN1 || cbor_read_array(&r) != 4)
		cbor_fail(&r);
	out->protected = cbor_read_bytes(&r, &out->protected_len);
	if (out->protected_len != sizeof(cose_protected) ||
	    memcmp(out->protected, cose_protected, sizeof(cose_protected)))
		cbor_fail(&r);
	out->kid = cose_read_kid(&r);
	out->payload = cbor_read_bytes(&r, &out->payload_len);
	out->signature = cose_read_fixed(&r, ED25519_SIGNATURE_SIZE);
	return cbor_done(&r) ? 0 : -EBADMSG;
}

/* The head of the payload's byte string: an integer's, with another major type. */
static size_t cose_payload_head(u8 head[9], size_t payload_len)
{
	struct cbor_writer w;

	cbor_writer_init(&w, head, 9);
	cbor_write_uint(&w, payload_len);
	head[0] |= CBOR_BYTES << 5;
	return w.len;
}

/**
 * cose_sign1_verify - check the signature with the key that the message names
 * @sign1: from cose_sign1_parse()
 *
 * Whether that key is to be trusted is the caller's question.
 *
 * Return: 0 or -EKEYREJECTED.
 */
int cose_sign1_verify(const struct cose_sign1 *sign1)
{
	u8 head[9];
	struct ed25519_part parts[] = {
		{ cose_to_be_signed, sizeof(cose_to_be_signed) },
		{ head, cose_payload_head(head, sign1->payload_len) },
		{ sign1->payload, sign1->payload_len },
	};

	if (ed25519_verify(sign1->signature, sign1->kid, parts, ARRAY_SIZE(parts)))
		return -EKEYREJECTED;
	return 0;
}

/**
 * cose_sign1_write - sign a payload
 * @buf: where to, or NULL to learn the size
 * @size: room in @buf
 * @payload: what is signed
 * @payload_len: its length
 * @seed: private key
 * @public: its public key, which becomes the kid
 *
 * Return: bytes needed; they are in @buf if they fit.
 */
size_t cose_sign1_write(void *buf, size_t size, const void *payload, size_t payload_len,
			const u8 seed[32], const u8 public[32])
{
	u8 head[9], signature[ED25519_SIGNATURE_SIZE];
	struct ed25519_part parts[] = {
		{ cose_to_be_signed, sizeof(cose_to_be_signed) },
		{ head, cose_payload_head(head, payload_len) },
		{ payload, payload_len },
	};
	struct cbor_writer w;

	if (buf)
		ed25519_sign(signature, seed, public, parts, ARRAY_SIZE(parts));
	cbor_writer_init(&w, buf, size);
	cbor_write_tag(&w, COSE_TAG_SIGN1);
	cbor_write_array(&w, 4);
	cbor_write_bytes(&w, cose_protected, sizeof(cose_protected));
	cbor_write_map(&w, 1);
	cbor_write_uint(&w, COSE_HEADER_KID);
	cbor_write_bytes(&w, public, ED25519_PUBLIC_SIZE);
	cbor_write_bytes(&w, payload, payload_len);
	cbor_write_bytes(&w, signature, sizeof(signature));
	return w.len;
}
