// SPDX-License-Identifier: GPL-2.0
/*
 * The Merkle tree of an epoch, grown leaf by leaf; its shape is RFC 6962's.
 *
 * Leaves and nodes are hashed with different first bytes, else a node could be
 * passed off as a record.
 */

#include <linux/bitops.h>
#include <linux/string.h>

#include "merkle.h"

static void merkle_node(const u8 *left, const u8 *right, u8 *out)
{
	u8 buf[1 + 2 * BLAKE3_OUT_SIZE];

	buf[0] = AUDIT_MERKLE_NODE;
	memcpy(buf + 1, left, BLAKE3_OUT_SIZE);
	memcpy(buf + 1 + BLAKE3_OUT_SIZE, right, BLAKE3_OUT_SIZE);
	blake3_vector(buf, sizeof(buf), out);
}

/**
 * audit_merkle_init - an empty tree
 * @tree: the tree
 */
void audit_merkle_init(struct audit_merkle *tree)
{
	tree->count = 0;
}

/**
 * audit_merkle_add - append a leaf
 * @tree: the tree, with fewer than 2^AUDIT_MERKLE_LEVELS - 1 leaves
 * @leaf: BLAKE3(AUDIT_MERKLE_LEAF || bytes)
 */
void audit_merkle_add(struct audit_merkle *tree, const u8 leaf[BLAKE3_OUT_SIZE])
{
	u8 node[BLAKE3_OUT_SIZE];
	unsigned int level = 0;

	memcpy(node, leaf, sizeof(node));
	/* As in a binary counter: each set bit is a tree of equal size to join. */
	for (; tree->count & BIT(level); level++)
		merkle_node(tree->peaks[level], node, node);
	memcpy(tree->peaks[level], node, sizeof(node));
	tree->count++;
}

/**
 * audit_merkle_root - the root over all leaves so far
 * @tree: the tree
 * @root: where to; zeros for an empty tree
 */
void audit_merkle_root(const struct audit_merkle *tree, u8 root[BLAKE3_OUT_SIZE])
{
	unsigned int level;

	memset(root, 0, BLAKE3_OUT_SIZE);
	if (!tree->count)
		return;

	level = __ffs(tree->count);
	memcpy(root, tree->peaks[level], BLAKE3_OUT_SIZE);
	for (level++; level < AUDIT_MERKLE_LEVELS; level++)
		if (tree->count & BIT(level))
			merkle_node(tree->peaks[level], root, root);
}
