// SPDX-License-Identifier: GPL-2.0
/* linux/tpm.h over a socket to swtpm, the descriptor of which is TPM_FD in the environment. */

#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#include "chain.h"

static struct tpm_chip the_chip = {
	.nr_allocated_banks = 1,
	.allocated_banks = { { TPM_ALG_SHA256 } },
};

int tpm_buf_init(struct tpm_buf *buf, u16 tag, u32 ordinal)
{
	buf->data = calloc(1, PAGE_SIZE);
	buf->length = 0;
	tpm_buf_append_u16(buf, tag);
	tpm_buf_append_u32(buf, 0);
	tpm_buf_append_u32(buf, ordinal);
	return 0;
}

void tpm_buf_destroy(struct tpm_buf *buf)
{
	free(buf->data);
}

u32 tpm_buf_length(struct tpm_buf *buf)
{
	return buf->length;
}

void tpm_buf_append(struct tpm_buf *buf, const u8 *data, u16 len)
{
	if (buf->length + len > PAGE_SIZE)
		errx(1, "a command of more than a page");
	memcpy(buf->data + buf->length, data, len);
	buf->length += len;
}

void tpm_buf_append_u8(struct tpm_buf *buf, u8 value)
{
	tpm_buf_append(buf, &value, 1);
}

void tpm_buf_append_u16(struct tpm_buf *buf, u16 value)
{
	u16 raw = htobe16(value);

	tpm_buf_append(buf, (u8 *)&raw, sizeof(raw));
}

void tpm_buf_append_u32(struct tpm_buf *buf, u32 value)
{
	u32 raw = htobe32(value);

	tpm_buf_append(buf, (u8 *)&raw, sizeof(raw));
}

int tpm_try_get_ops(struct tpm_chip *chip)
{
	return 0;
}

void tpm_put_ops(struct tpm_chip *chip)
{
}

static ssize_t ask(struct tpm_chip *chip, const u8 *command, size_t len, u8 *response)
{
	if (write(chip->fd, command, len) != (ssize_t)len)
		return -EIO;
	return read(chip->fd, response, PAGE_SIZE);
}

ssize_t tpm_transmit_cmd(struct tpm_chip *chip, struct tpm_buf *buf, size_t least,
			 const char *desc)
{
	struct tpm_header *head = (struct tpm_header *)buf->data;
	u8 command[PAGE_SIZE];
	u32 size = buf->length;
	ssize_t len;

	head->length = htobe32(size);
	memcpy(command, buf->data, size);
	do {
		len = ask(chip, command, size, buf->data);
		if (len < (ssize_t)sizeof(*head))
			return -EIO;
		usleep(1000);
	} while (be32toh(head->code) == TPM2_RC_RETRY);
	buf->length = len;
	return be32toh(head->code);
}

static void append_pcr(struct tpm_buf *buf, u32 pcr)
{
	u8 select[3] = {};

	select[pcr / 8] = 1 << pcr % 8;
	tpm_buf_append_u32(buf, 1);
	tpm_buf_append_u16(buf, TPM_ALG_SHA256);
	tpm_buf_append_u8(buf, sizeof(select));
	tpm_buf_append(buf, select, sizeof(select));
}

int tpm_pcr_read(struct tpm_chip *chip, u32 pcr, struct tpm_digest *digest)
{
	struct tpm_buf buf;
	ssize_t ret;

	tpm_buf_init(&buf, TPM2_ST_NO_SESSIONS, TPM2_CC_PCR_READ);
	append_pcr(&buf, pcr);
	ret = tpm_transmit_cmd(chip, &buf, 0, "read");
	if (!ret)
		memcpy(digest->digest, buf.data + buf.length - SHA256_DIGEST_SIZE,
		       SHA256_DIGEST_SIZE);
	tpm_buf_destroy(&buf);
	return ret;
}

int tpm_pcr_extend(struct tpm_chip *chip, u32 pcr, struct tpm_digest *digests)
{
	struct tpm_buf buf;
	ssize_t ret;

	tpm_buf_init(&buf, TPM2_ST_SESSIONS, TPM2_CC_PCR_EXTEND);
	tpm_buf_append_u32(&buf, pcr);
	tpm_buf_append_u32(&buf, 9);
	tpm_buf_append_u32(&buf, TPM2_RS_PW);
	tpm_buf_append(&buf, (const u8 *)"\0\0\0\0", 5);
	tpm_buf_append_u32(&buf, 1);
	tpm_buf_append_u16(&buf, TPM_ALG_SHA256);
	tpm_buf_append(&buf, digests->digest, SHA256_DIGEST_SIZE);
	ret = tpm_transmit_cmd(chip, &buf, 0, "extend");
	tpm_buf_destroy(&buf);
	return ret;
}

void tpm2_flush_context(struct tpm_chip *chip, u32 handle)
{
	struct tpm_buf buf;

	tpm_buf_init(&buf, TPM2_ST_NO_SESSIONS, TPM2_CC_FLUSH_CONTEXT);
	tpm_buf_append_u32(&buf, handle);
	if (tpm_transmit_cmd(chip, &buf, 0, "flush"))
		errx(1, "a session that is not there was closed");
	tpm_buf_destroy(&buf);
}

struct tpm_chip *tpm_default_chip(void)
{
	the_chip.fd = atoi(getenv("TPM_FD"));
	return &the_chip;
}

int tpm_is_tpm2(struct tpm_chip *chip)
{
	return 1;
}
