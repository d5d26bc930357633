// SPDX-License-Identifier: Apache-2.0
/*
 * promote ROUNDS PAGES MANIFEST: nanoseconds that PAGES pages of shared memory take from
 * plain memory to the fast node: in an agent by agent_memory_tier(), its budget and the
 * decision with it, and outside of every agent by move_pages(2). A line a round.
 */
#include "../guest/common/tier.h"
#include "turns.h"

#include <sys/mman.h>

#define HBM_NODE	1
#define RAM_NODE	0
#define MPOL_MF_MOVE	2
#define PAGES_MAX	4096

static char *touched(char *at)
{
	for (long i = 0; i < PAGES_MAX; i++)
		at[i * PAGE] = 1;
	return at;
}

/* ---- ours ---- */

static char *of_agent;

static void map_in_agent(const struct blob *manifest)
{
	enter_agent(manifest);
	of_agent = touched(tier_map(AGENT_TIER_RAM, PAGES_MAX * PAGE));
}

static double promote(long pages)
{
	const long length = pages * PAGE;
	double start = now_ns(), ns;

	if (tier_do(AGENT_TIER_PROMOTE, AGENT_TIER_HBM, of_agent, length) != length)
		die("promote");
	ns = now_ns() - start;
	if (tier_do(AGENT_TIER_DEMOTE, AGENT_TIER_RAM, of_agent, length) != length)
		die("demote");
	return ns;
}

/* ---- Linux's ---- */

static void *pages_at[PAGES_MAX];

static void map_pages(const struct blob *unused)
{
	char *at = mmap(NULL, PAGES_MAX * PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)unused;
	if (at == MAP_FAILED)
		die("mmap");
	touched(at);
	for (long i = 0; i < PAGES_MAX; i++)
		pages_at[i] = at + i * PAGE;
}

/* Nanoseconds. */
static double move_to(int node, long pages)
{
	static int nodes[PAGES_MAX], status[PAGES_MAX];
	double start, ns;

	for (long i = 0; i < pages; i++)
		nodes[i] = node;
	start = now_ns();
	if (syscall(SYS_move_pages, 0, pages, pages_at, nodes, status, MPOL_MF_MOVE))
		die("move_pages");
	ns = now_ns() - start;
	for (long i = 0; i < pages; i++)
		if (status[i] != node)
			die("page %ld is on node %d", i, status[i]);
	return ns;
}

static double move(long pages)
{
	double ns = move_to(HBM_NODE, pages);

	move_to(RAM_NODE, pages);
	return ns;
}

int main(int argc, char **argv)
{
	struct blob manifest;
	const struct turn turns[] = {
		{ .enter = map_in_agent, .measure = promote, .manifest = &manifest },
		{ .enter = map_pages, .measure = move },
	};
	long pages;

	if (argc != 4)
		return 2;
	pages = atol(argv[2]);
	if (pages < 1 || pages > PAGES_MAX)
		return 2;
	manifest = blob_read(argv[3]);
	turns_run(turns, sizeof(turns) / sizeof(*turns), atoi(argv[1]), pages);
	return 0;
}
