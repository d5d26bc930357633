// SPDX-License-Identifier: GPL-2.0
/*
 * The tree of a transparency log, in memory that does not grow with it.
 */

#include <linux/string.h>

#include "record.h"
#include "line.h"
#include "tlog.h"

#define LEAF	0
#define NODE	1

static void join(const u8 left[SHA256_SIZE], const u8 right[SHA256_SIZE], u8 out[SHA256_SIZE])
{
	u8 node[1 + 2 * SHA256_SIZE] = { NODE };

	memcpy(node + 1, left, SHA256_SIZE);
	memcpy(node + 1 + SHA256_SIZE, right, SHA256_SIZE);
	sha256(node, sizeof(node), out);
}

/**
 * tlog_add - another leaf
 * @tree: that it goes into
 * @data: line of a seal
 * @len: of @data, AUDIT_SEAL_LINE_MAX at most
 */
void tlog_add(struct tlog *tree, const void *data, size_t len)
{
	u8 leaf[1 + AUDIT_SEAL_LINE_MAX] = { LEAF }, node[SHA256_SIZE];
	unsigned int level;

	memcpy(leaf + 1, data, len);
	sha256(leaf, 1 + len, node);
	for (level = 0; tree->nr >> level & 1; level++)
		join(tree->peaks[level], node, node);
	memcpy(tree->peaks[level], node, sizeof(node));
	tree->nr++;
}

/**
 * tlog_root - root of the tree as it is now
 * @tree: may go on to grow
 * @root: over its leaves; hash of nothing where there are none
 */
void tlog_root(const struct tlog *tree, u8 root[SHA256_SIZE])
{
	bool any = false;
	unsigned int level;

	sha256("", 0, root);
	for (level = 0; level < 64; level++) {
		if (!(tree->nr >> level & 1))
			continue;
		if (any)
			join(tree->peaks[level], root, root);
		else
			memcpy(root, tree->peaks[level], SHA256_SIZE);
		any = true;
	}
}
