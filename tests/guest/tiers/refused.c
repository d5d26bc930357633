// SPDX-License-Identifier: Apache-2.0
/*
 * refused WHAT MANIFEST: memory of the fast node that an agent does not get, and what is
 * as before then.
 *
 * Prints key=value words: the errno of what must be refused, and where pages are.
 */
#include "machine.h"

#include <sys/mman.h>

#define MORE_THAN_IS	(160 * MIB)	/* on the fast node */

/* Bytes of a range on a node, by what Linux says where no file can be opened. */
static long on_node(const char *at, size_t length, int node)
{
	long bytes = 0;
	int status;

	for (size_t i = 0; i < length; i += PAGE) {
		const void *page = at + i;

		if (syscall(SYS_move_pages, 0, 1, &page, NULL, &status, 0))
			die("move_pages");
		bytes += status == node ? PAGE : 0;
	}
	return bytes;
}

/* ---- space: more than there is ---- */

static void no_space(void)
{
	uint64_t *at = tier_map(AGENT_TIER_RAM, MORE_THAN_IS);
	long got;

	fill(at);
	printf("full=%ld ", tier_do(AGENT_TIER_MOVE, AGENT_TIER_HBM, at, MORE_THAN_IS));
	printf("full_query=%ld ", tier_do(AGENT_TIER_QUERY, AGENT_TIER_HBM, at, MORE_THAN_IS));
	printf("full_node=%ld ", on_node((char *)at, LENGTH, HBM_NODE));
	printf("full_used=%ld full_intact=%d\n", budget_used(), intact(at));
	tier_try_map(AGENT_TIER_HBM, MORE_THAN_IS, &got);
	printf("full_map=%ld full_map_used=%ld\n", got, budget_used());
	tier_map(AGENT_TIER_HBM, MORE_THAN_IS / 2);	/* what it had taken is free again */
}

static void space(const struct blob *manifest)
{
	in_agent(manifest, no_space);
}

/* ---- budget: more than the agent may have ---- */

static void over_budget(void)
{
	uint64_t *plain = tier_map(AGENT_TIER_RAM, LENGTH);
	void *at = tier_map(AGENT_TIER_HBM, BUDGET - LENGTH / 2);
	long over;

	fill(plain);
	printf("promote=%ld ", tier_do(AGENT_TIER_PROMOTE, AGENT_TIER_HBM, plain, LENGTH));
	printf("promote_node=%ld ", on_node((char *)plain, LENGTH, HBM_NODE));
	printf("promote_used=%ld\n", budget_used());
	printf("fits=%ld ", tier_do(AGENT_TIER_PROMOTE, AGENT_TIER_HBM, plain, LENGTH / 2));
	printf("fits_node=%ld ", on_node((char *)plain, LENGTH, HBM_NODE));
	printf("fits_used=%ld\n", budget_used());
	tier_try_map(AGENT_TIER_HBM, PAGE, &over);
	printf("over=%ld over_intact=%d\n", over, intact(plain));
	munmap(at, BUDGET - LENGTH / 2);
	munmap(plain, LENGTH);
	printf("over_left=%ld\n", budget_used());
}

static void budget(const struct blob *manifest)
{
	in_agent(manifest, over_budget);
}

/* ---- names: calls that name nodes ---- */

#define MPOL_PREFERRED		1
#define MPOL_BIND		2
#define MPOL_PREFERRED_MANY	5
#define MPOL_F_STATIC_NODES	(1 << 15)
#define MPOL_MF_MOVE		2
#define MASK_BITS		64

static char *page_of_ram(void)
{
	char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		die("mmap");
	*at = 1;
	return at;
}

static long failed(long ret)
{
	return ret ? -errno : 0;
}

/* With a prefix: each call that takes a node, with the fast one. */
static void name_nodes(const char *prefix)
{
	const unsigned long hbm = 1UL << HBM_NODE, all = (1UL << NODES) - 1, ram = all & ~hbm;
	int node = HBM_NODE, status = 0;
	char *at = page_of_ram(), *home = page_of_ram();

	printf("%s_set=%ld ", prefix, failed(syscall(SYS_set_mempolicy, MPOL_PREFERRED |
						     MPOL_F_STATIC_NODES, &hbm, MASK_BITS)));
	syscall(SYS_set_mempolicy, 0, NULL, 0);
	printf("%s_migrate=%ld ", prefix,
	       failed(syscall(SYS_migrate_pages, 0, MASK_BITS, &ram, &hbm)));
	syscall(SYS_migrate_pages, 0, MASK_BITS, &hbm, &ram);
	printf("%s_move=%ld ", prefix, failed(syscall(SYS_move_pages, 0, 1, &at, &node, &status,
						      MPOL_MF_MOVE)));
	printf("%s_bind=%ld ", prefix, failed(syscall(SYS_mbind, at, PAGE, MPOL_BIND, &hbm,
						      MASK_BITS, MPOL_MF_MOVE)));
	if (syscall(SYS_mbind, home, PAGE, MPOL_PREFERRED_MANY, &all, MASK_BITS, 0))
		die("mbind");
	printf("%s_home=%ld ", prefix, failed(syscall(SYS_set_mempolicy_home_node, home, PAGE,
						      HBM_NODE, 0)));
	printf("%s_there=%ld\n", prefix, on_node(at, PAGE, HBM_NODE));
}

static void names_in_agent(void)
{
	name_nodes("agent");
}

static void names(const struct blob *manifest)
{
	name_nodes("else");
	in_agent(manifest, names_in_agent);
}

/* ---- all: without a capability, or without such a node ---- */

static void map_some(void)
{
	long got;

	tier_try_map(AGENT_TIER_HBM, PAGE, &got);
	printf("refused=%ld\n", got);
}

static void all(const struct blob *manifest)
{
	in_agent(manifest, map_some);
}

int main(int argc, char **argv)
{
	static const struct command commands[] = {
		{ "space", space },
		{ "budget", budget },
		{ "names", names },
		{ "all", all },
	};

	return run_command(commands, sizeof(commands) / sizeof(*commands), argc, argv);
}
