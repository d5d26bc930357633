/* SPDX-License-Identifier: GPL-2.0 */
/* Of linux/tpm.h what kernel/audit/coconut uses, over a socket to swtpm. */
#ifndef _SHIM_TPM_H
#define _SHIM_TPM_H

#include <sys/types.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/types.h>

#define PAGE_SIZE	4096
#define TPM_ALG_NULL	0x0010
#define TPM_ALG_SHA256	0x000B

enum {
	TPM2_SE_POLICY = 1,
	TPM2_SA_CONTINUE_SESSION = BIT(0),
	TPM2_ST_NO_SESSIONS = 0x8001,
	TPM2_ST_SESSIONS = 0x8002,
	TPM2_RC_HANDLE = 0x8b,
	TPM2_RC_RETRY = 0x922,
	TPM2_CC_NV_READ = 0x14e,
	TPM2_CC_FLUSH_CONTEXT = 0x165,
	TPM2_CC_START_AUTH_SESS = 0x176,
	TPM2_CC_PCR_READ = 0x17e,
	TPM2_CC_PCR_EXTEND = 0x182,
	TPM2_RH_NULL = 0x40000007,
	TPM2_RS_PW = 0x40000009,
};

typedef uint16_t __shim_be16;
typedef uint32_t __shim_be32;
#define be16_to_cpu(value)	be16toh(value)
#define be32_to_cpu(value)	be32toh(value)
#define be64_to_cpu(value)	be64toh(value)

struct tpm_digest {
	u16 alg_id;
	u8 digest[64];
};

struct tpm_bank_info {
	u16 alg_id;
};

struct tpm_chip {
	int fd;
	u32 nr_allocated_banks;
	struct tpm_bank_info allocated_banks[1];
};

struct tpm_header {
	__shim_be16 tag;
	__shim_be32 length;
	__shim_be32 code;
} __attribute__((__packed__));

struct tpm_buf {
	u32 length;
	u8 *data;
};

int tpm_buf_init(struct tpm_buf *buf, u16 tag, u32 ordinal);
void tpm_buf_destroy(struct tpm_buf *buf);
u32 tpm_buf_length(struct tpm_buf *buf);
void tpm_buf_append(struct tpm_buf *buf, const u8 *data, u16 len);
void tpm_buf_append_u8(struct tpm_buf *buf, u8 value);
void tpm_buf_append_u16(struct tpm_buf *buf, u16 value);
void tpm_buf_append_u32(struct tpm_buf *buf, u32 value);
int tpm_try_get_ops(struct tpm_chip *chip);
void tpm_put_ops(struct tpm_chip *chip);
ssize_t tpm_transmit_cmd(struct tpm_chip *chip, struct tpm_buf *buf, size_t least,
			 const char *desc);
int tpm_pcr_read(struct tpm_chip *chip, u32 pcr, struct tpm_digest *digest);
int tpm_pcr_extend(struct tpm_chip *chip, u32 pcr, struct tpm_digest *digests);
void tpm2_flush_context(struct tpm_chip *chip, u32 handle);
struct tpm_chip *tpm_default_chip(void);
int tpm_is_tpm2(struct tpm_chip *chip);

static inline u32 tpm2_rc_value(u32 rc)
{
	return rc & BIT(7) ? rc & 0xbf : rc;
}

#endif /* _SHIM_TPM_H */
