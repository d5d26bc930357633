// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own code for the TPM, run here: main BOOT-ID WORD..., a line of answer a word.
 *
 *	open		opens the chain
 *	unseal		asks for the root as the kernel does
 *	head=SEQ	seals up to this record, under a head of bytes SEQ, and does the work
 *	dead		closes the way to the TPM
 *	close		closes the chain
 */

#include <err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "chain.h"

/* With what is static in them. */
#include "anchor.c"
#include "extend.c"

static struct audit_chain chain;
static u64 records = 1;

static void put_hex(const void *at, size_t len)
{
	const u8 *byte = at;

	while (len--)
		printf("%02x", *byte++);
}

/* The kernel's own form for bytes is not the C library's: this knows the one that is used. */
int scnprintf(char *to, size_t size, const char *form, ...)
{
	size_t at, len;
	va_list list;

	if (strcmp(form, "%llu:%*phN:%*phN"))
		errx(1, "another form: %s", form);
	va_start(list, form);
	at = snprintf(to, size, "%llu", (unsigned long long)va_arg(list, u64));
	for (int part = 0; part < 2; part++) {
		const u8 *byte;

		len = va_arg(list, int);
		byte = va_arg(list, const u8 *);
		at += snprintf(to + at, size - at, ":");
		while (len--)
			at += snprintf(to + at, size - at, "%02x", *byte++);
	}
	va_end(list);
	return at;
}

const void *memchr_inv(const void *at, int byte, size_t len)
{
	const u8 *one = at;

	for (; len--; one++)
		if (*one != byte)
			return one;
	return NULL;
}

u64 audit_chain_add(struct audit_chain *to, const struct audit_entry *entry)
{
	printf("record %d %.*s ", entry->result, entry->object_len,
	       (const char *)entry->object);
	return ++records;
}

static void open_chain(void)
{
	struct audit_opening opening = {};
	size_t len;

	memset(opening.seal_key, 0x51, sizeof(opening.seal_key));
	memset(opening.attest_key, 0xa7, sizeof(opening.attest_key));
	len = audit_anchor_open(&chain, &opening);
	audit_extend_start(&chain);
	put_hex(&opening, len);
}

static void unseal(void)
{
	u8 root[ROOT_SIZE];

	printf("%d", root_unseal(tpm_default_chip(), root));
}

static void seal(u64 seq)
{
	records = max(records, seq);
	chain.sealer.sealed_seq = seq;
	memset(chain.sealer.head, seq, sizeof(chain.sealer.head));
	audit_extend_notice(&chain);
	if (!chain.tpm.lost)
		chain.tpm.work.work.func(&chain.tpm.work.work);
	printf("extends=%lu lost=%d", chain.tpm.extends, chain.tpm.lost);
}

static void act(const char *word)
{
	if (!strcmp(word, "open"))
		open_chain();
	else if (!strcmp(word, "unseal"))
		unseal();
	else if (!strncmp(word, "head=", 5))
		seal(strtoull(word + 5, NULL, 10));
	else if (!strcmp(word, "dead"))
		close(tpm_default_chip()->fd);
	else if (!strcmp(word, "close"))
		audit_anchor_close(&chain.tpm);
	else
		errx(1, "%s?", word);
	putchar('\n');
}

int main(int argc, char **argv)
{
	memset(chain.boot_id, atoi(argv[1]), sizeof(chain.boot_id));
	for (int i = 2; i < argc; i++)
		act(argv[i]);
	return 0;
}
