/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a call is described to the fuzzer. descriptions.h, which is generated, is
 * made of these.
 */
#ifndef TESTS_FUZZ_DESCRIBE_H
#define TESTS_FUZZ_DESCRIBE_H

#include <errno.h>
#include <stdint.h>

enum fuzz_kind {
	FUZZ_MAGIC,
	FUZZ_FLAGS,	/* detail: those that the call knows */
	FUZZ_AID,
	FUZZ_ZERO,
	FUZZ_OUT,
	FUZZ_NUMBER,
	FUZZ_ENUM,	/* detail: how many values there are, from 0 */
	FUZZ_LENGTH,	/* detail: index of the field whose length it is */
	FUZZ_PAGES,	/* bytes, whole pages of them */
	FUZZ_MANIFEST,	/* this and what follows: pointers */
	FUZZ_CAPS,
	FUZZ_CAP,
	FUZZ_BYTES,
	FUZZ_ROOM,	/* to be written to */
};

struct fuzz_field {
	const char *name;
	uint32_t offset;
	uint32_t size;
	enum fuzz_kind kind;
	uint64_t detail;
};

/* @errnos: all that the call may answer, 0 at the end */
struct fuzz_call {
	const char *name;
	int nr;
	uint32_t size;
	uint32_t min_size;
	uint32_t nr_fields;
	const struct fuzz_field *fields;
	const int *errnos;
};

#endif /* TESTS_FUZZ_DESCRIBE_H */
