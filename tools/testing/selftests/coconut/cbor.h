/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Capabilities in deterministic CBOR, as few lines as the tests can do with.
 */
#ifndef COCONUT_SELFTESTS_CBOR_H
#define COCONUT_SELFTESTS_CBOR_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/agent.h>

struct bytes {
	size_t len;
	unsigned char data[4096];
};

static inline void put(struct bytes *b, const void *data, size_t len)
{
	if (len > sizeof(b->data) - b->len)
		abort();
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

static inline void put_head(struct bytes *b, unsigned int major, uint64_t value)
{
	unsigned char head[9] = { major << 5 };
	int size, i;

	if (value < 24) {
		head[0] |= value;
		put(b, head, 1);
		return;
	}
	for (size = 0; size < 3 && value >> (8 << size); size++)
		;
	head[0] |= 24 + size;
	for (i = 0; i < 1 << size; i++)
		head[1 + i] = value >> (8 * ((1 << size) - 1 - i));
	put(b, head, 1 + (1 << size));
}

static inline void put_uint(struct bytes *b, uint64_t value)
{
	put_head(b, 0, value);
}

static inline void put_bstr(struct bytes *b, const void *data, size_t len)
{
	put_head(b, 2, len);
	put(b, data, len);
}

/*
 * A capability is {1: class, 2: object, 3: rights, ...}. Each cap_*() opens one, and
 * the object follows; cap_rights() closes it.
 */
static inline void cap_open(struct bytes *b, unsigned int class, unsigned int entries)
{
	put_head(b, 5, entries);
	put_uint(b, 1);
	put_uint(b, class);
	put_uint(b, 2);
}

static inline void cap_rights(struct bytes *b, uint64_t rights)
{
	put_uint(b, 3);
	put_uint(b, rights);
}

static inline void cap_fs(struct bytes *b, const char *path, uint64_t rights)
{
	cap_open(b, AGENT_CLASS_FS, 3);
	put_bstr(b, path, strlen(path));
	cap_rights(b, rights);
}

static inline void cap_fs_except(struct bytes *b, const char *path, uint64_t rights,
				 const char *carve)
{
	cap_open(b, AGENT_CLASS_FS, 4);
	put_bstr(b, path, strlen(path));
	cap_rights(b, rights);
	put_uint(b, 5);
	put_head(b, 4, 1);
	put_bstr(b, carve, strlen(carve));
}

static inline void cap_fs_expiring(struct bytes *b, const char *path, uint64_t rights,
				   uint64_t seconds)
{
	cap_open(b, AGENT_CLASS_FS, 4);
	put_bstr(b, path, strlen(path));
	cap_rights(b, rights);
	put_uint(b, 4);
	put_head(b, 5, 1);
	put_uint(b, 1);
	put_uint(b, seconds);
}

static inline void cap_exec(struct bytes *b, const char *path)
{
	cap_open(b, AGENT_CLASS_EXEC, 3);
	put_bstr(b, path, strlen(path));
	cap_rights(b, AGENT_EXEC_RUN);
}

static inline void cap_exec_digest(struct bytes *b, const unsigned char *digest)
{
	cap_open(b, AGENT_CLASS_EXEC, 3);
	put_head(b, 4, 2);
	put_uint(b, 1);
	put_bstr(b, digest, AGENT_DIGEST_SIZE);
	cap_rights(b, AGENT_EXEC_RUN);
}

/* 127.0.0.0/8, or ::1 where @family is 10 */
static inline void cap_loopback(struct bytes *b, unsigned int proto, unsigned int family,
				unsigned int first, unsigned int last, uint64_t rights)
{
	static const unsigned char v4[4] = { 127 }, v6[16] = { [15] = 1 };

	cap_open(b, AGENT_CLASS_NET, 3);
	put_head(b, 4, 6);
	put_uint(b, proto);
	put_uint(b, family);
	put_bstr(b, family == 2 ? v4 : v6, family == 2 ? sizeof(v4) : sizeof(v6));
	put_uint(b, family == 2 ? 8 : 128);
	put_uint(b, first);
	put_uint(b, last);
	cap_rights(b, rights);
}

static inline void cap_loopback_expiring(struct bytes *b, unsigned int port, uint64_t rights,
					 uint64_t seconds)
{
	static const unsigned char v4[4] = { 127 };

	cap_open(b, AGENT_CLASS_NET, 4);
	put_head(b, 4, 6);
	put_uint(b, AGENT_NET_TCP);
	put_uint(b, 2);
	put_bstr(b, v4, sizeof(v4));
	put_uint(b, 8);
	put_uint(b, port);
	put_uint(b, port);
	cap_rights(b, rights);
	put_uint(b, 4);
	put_head(b, 5, 1);
	put_uint(b, 1);
	put_uint(b, seconds);
}

static inline void cap_abstract(struct bytes *b, const char *name, uint64_t rights)
{
	cap_open(b, AGENT_CLASS_NET, 3);
	put_head(b, 4, 2);
	put_uint(b, AGENT_NET_UNIX_ABSTRACT);
	put_bstr(b, name, strlen(name));
	cap_rights(b, rights);
}

static inline void cap_agents(struct bytes *b, unsigned int who, uint64_t rights)
{
	cap_open(b, AGENT_CLASS_AGENT, 3);
	put_head(b, 4, 3);
	put_uint(b, who);
	put_uint(b, 0);
	put_uint(b, 0);
	cap_rights(b, rights);
}

static inline void cap_svc(struct bytes *b, const char *name)
{
	cap_open(b, AGENT_CLASS_SVC, 3);
	put_head(b, 3, strlen(name));
	put(b, name, strlen(name));
	cap_rights(b, AGENT_SVC_USE);
}

#endif
