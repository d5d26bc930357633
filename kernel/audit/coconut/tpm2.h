/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of a TPM 2 that linux/tpm.h lacks: non-volatile indices, and the
 * sessions that open those which are sealed to PCRs.
 */
#ifndef _AUDIT_COCONUT_TPM2_H
#define _AUDIT_COCONUT_TPM2_H

#include <linux/tpm.h>
#include <crypto/sha2.h>

/* TPMA_NV: who may do what with an index. */
#define TPM2_NV_AUTH_WRITE	BIT(2)
#define TPM2_NV_POLICY_WRITE	BIT(3)
#define TPM2_NV_COUNTER		BIT(4)
#define TPM2_NV_AUTH_READ	BIT(18)
#define TPM2_NV_POLICY_READ	BIT(19)
#define TPM2_NV_NO_DA		BIT(25)
#define TPM2_NV_WRITTEN		BIT(29)

/**
 * struct tpm2_nv - an index as it should be
 * @index: its handle
 * @attributes: TPM2_NV_*
 * @size: bytes of data
 * @policy: digest that a session must have; meant for TPM2_NV_POLICY_* only
 */
struct tpm2_nv {
	u32 index;
	u32 attributes;
	u16 size;
	u8 policy[SHA256_DIGEST_SIZE];
};

int tpm2_nv_look(struct tpm_chip *chip, const struct tpm2_nv *nv, bool *written);
int tpm2_nv_define(struct tpm_chip *chip, const struct tpm2_nv *nv);
int tpm2_nv_increment(struct tpm_chip *chip, u32 index);
int tpm2_nv_read(struct tpm_chip *chip, u32 session, u32 index, void *data, u16 size);
int tpm2_nv_write(struct tpm_chip *chip, u32 session, u32 index, const void *data,
		  u16 size);

int tpm2_policy_open(struct tpm_chip *chip, u32 pcrs, u32 *session);
void tpm2_policy_close(struct tpm_chip *chip, u32 session);
int tpm2_policy_digest(struct tpm_chip *chip, u32 session, u8 digest[SHA256_DIGEST_SIZE]);

#endif /* _AUDIT_COCONUT_TPM2_H */
