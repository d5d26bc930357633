// SPDX-License-Identifier: Apache-2.0
/*
 * moved WHAT [MANIFEST]: memory that is moved to the fast node and back: where it is, what
 * is in it, and what is left of it when who moved it is killed.
 *
 * Prints key=value words: what the call says was achieved, and what Linux itself says.
 */
#include "machine.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#define WRITERS		2
#define TURNS		6
#define KILLS		4
#define KILL_STEP_US	11000
#define NOISE		(4L << 20)	/* a move takes many times as much */
#define PATIENCE_MS	30000

/* ---- what Linux says ---- */

/* Bytes that this process has touched of the mapping at @at, on a node. */
static long in_maps(const void *at, int node)
{
	char line[1024], start[32], key[16], *found;
	FILE *maps = fopen("/proc/self/numa_maps", "r");
	long bytes = 0;

	if (!maps)
		die("numa_maps");
	snprintf(start, sizeof(start), "%lx ", (unsigned long)(uintptr_t)at);
	snprintf(key, sizeof(key), " N%d=", node);
	while (fgets(line, sizeof(line), maps)) {
		found = strncmp(line, start, strlen(start)) ? NULL : strstr(line, key);
		if (found)
			bytes = atol(found + strlen(key)) * PAGE;
	}
	fclose(maps);
	return bytes;
}

static long node_free(int node)
{
	char path[64], line[256];
	long kib = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo", node);
	file = fopen(path, "r");
	if (!file)
		die("%s", path);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "Node %*d MemFree: %ld", &kib);
	fclose(file);
	return kib * 1024;
}

/* ---- places: where query says that pages are, and where they are ---- */

static void places_of_memory(void)
{
	long got;
	uint64_t *at = tier_try_map(AGENT_TIER_HBM, LENGTH, &got);

	if (!at)
		die("map: %ld", got);
	fill(at);
	printf("mapped=%ld mapped_maps=%ld\n", got, in_maps(at, HBM_NODE));
	got = tier_do(AGENT_TIER_DEMOTE, AGENT_TIER_RAM, at, LENGTH);
	printf("demoted=%ld demoted_maps=%ld ", got, in_maps(at, HBM_NODE));
	printf("demoted_intact=%d\n", intact(at));
	got = tier_do(AGENT_TIER_PROMOTE, AGENT_TIER_HBM, at, LENGTH / 2);
	printf("half=%ld half_maps=%ld ", got, in_maps(at, HBM_NODE));
	printf("half_query=%ld ", tier_do(AGENT_TIER_QUERY, AGENT_TIER_HBM, at, LENGTH));
	printf("half_ram=%ld ", tier_do(AGENT_TIER_QUERY, AGENT_TIER_RAM, at, LENGTH));
	printf("half_intact=%d\n", intact(at));
	munmap(at, LENGTH);
}

static void places_of_file(void)
{
	uint64_t *at = tier_map(AGENT_TIER_SSD, LENGTH);
	long got, sum = 0;

	fill(at);
	got = tier_do(AGENT_TIER_DEMOTE, AGENT_TIER_SSD, at, LENGTH);
	for (int node = 0; node < NODES; node++)
		sum += in_maps(at, node);
	printf("spilled=%ld spilled_maps=%ld\n", got, sum);
	got = tier_do(AGENT_TIER_PROMOTE, AGENT_TIER_HBM, at, LENGTH);
	printf("raised_intact=%d ", intact(at));
	printf("raised=%ld raised_maps=%ld\n", got, in_maps(at, HBM_NODE));
	got = tier_do(AGENT_TIER_DEMOTE, AGENT_TIER_SSD, at, LENGTH);
	printf("sunk=%ld sunk_intact=%d\n", got, intact(at));
	munmap(at, LENGTH);
}

static void places(const struct blob *manifest)
{
	(void)manifest;
	places_of_memory();
	places_of_file();
}

/* ---- writers: what is written meanwhile ---- */

/*
 * Each has every WRITERS-th word, and writes what it writes to plain memory too; what it
 * finds before it writes has to be there as well.
 */
struct writer {
	pthread_t thread;
	uint64_t *at, *shadow;
	size_t first;
	uint64_t written, lost;
};

static bool stop;

static void *write_on(void *arg)
{
	struct writer *w = arg;
	uint64_t x = w->first + 1;
	size_t i;

	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		i = x % (WORDS / WRITERS) * WRITERS + w->first;
		w->lost += __atomic_load_n(&w->at[i], __ATOMIC_RELAXED) != w->shadow[i];
		__atomic_store_n(&w->at[i], x, __ATOMIC_RELAXED);
		w->shadow[i] = x;
		w->written++;
	}
	return NULL;
}

/* Moves memory back and forth under writers; says how often all of it arrived in HBM. */
static void written_to(const char *name, uint32_t home)
{
	struct writer writers[WRITERS] = {};
	uint64_t *at = tier_map(home, LENGTH), *shadow = malloc(LENGTH), lost = 0;
	bool every = true;
	int whole = 0;

	fill(at);
	memcpy(shadow, at, LENGTH);
	stop = false;
	for (size_t i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ .at = at, .shadow = shadow, .first = i };
		if (pthread_create(&writers[i].thread, NULL, write_on, &writers[i]))
			die("thread");
	}
	for (int i = 0; i < TURNS; i++) {
		whole += tier_do(AGENT_TIER_PROMOTE, AGENT_TIER_HBM, at, LENGTH) == (long)LENGTH;
		if (tier_do(AGENT_TIER_DEMOTE, home, at, LENGTH) < 0)
			die("demote");
	}
	__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
	for (size_t i = 0; i < WRITERS; i++) {
		pthread_join(writers[i].thread, NULL);
		lost += writers[i].lost;
		every &= writers[i].written > TURNS;
	}
	printf("%s_same=%d %s_lost=%lu ", name, !memcmp(at, shadow, LENGTH), name, lost);
	printf("%s_every=%d %s_whole=%d\n", name, every, name, whole);
	munmap(at, LENGTH);
	free(shadow);
}

static void writers(const struct blob *manifest)
{
	(void)manifest;
	written_to("ram", AGENT_TIER_RAM);
	written_to("ssd", AGENT_TIER_SSD);
}

/* ---- killed: kill -9 in the middle of a move ---- */

struct marks {
	uint64_t begun, ended;
};

static void move_on(struct marks *marks)
{
	void *at = tier_map(AGENT_TIER_RAM, BUDGET);

	memset(at, 1, BUDGET);
	for (bool up = true;; up = !up) {
		marks->begun++;
		if (up)
			tier_do(AGENT_TIER_PROMOTE, AGENT_TIER_HBM, at, BUDGET);
		else
			tier_do(AGENT_TIER_DEMOTE, AGENT_TIER_RAM, at, BUDGET);
		marks->ended++;
	}
}

static void move_in_background(void)
{
	struct agent_memory_tier_args args = {
		.magic = AGENT_MAGIC, .op = AGENT_TIER_PROMOTE, .tier = AGENT_TIER_HBM,
		.flags = AGENT_TIER_EVENT, .length = BUDGET, .event_fd = eventfd(0, 0),
		.address = (uintptr_t)tier_map(AGENT_TIER_RAM, BUDGET),
	};

	memset((void *)(uintptr_t)args.address, 1, BUDGET);
	if (tier_call(&args) < 0)
		die("background");
	kill(getpid(), SIGKILL);
}

static bool becomes_free(void)
{
	for (int ms = 0; ms < PATIENCE_MS; ms += 10) {
		if (!budget_used())
			return true;
		usleep(10000);
	}
	return false;
}

/* Says whether it died in the middle of a call. */
static bool kill_in_move(struct marks *marks, useconds_t after)
{
	pid_t child;

	*marks = (struct marks){};
	child = fork();
	if (!child)
		move_on(marks);
	while (!__atomic_load_n(&marks->begun, __ATOMIC_SEQ_CST))
		usleep(100);
	usleep(after);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return marks->begun != marks->ended;
}

static void kill_in_background(void)
{
	pid_t child = fork();

	if (!child)
		move_in_background();
	waitpid(child, NULL, 0);
}

/* Of one agent, processes that are killed; what they had is its again. */
static void kill_each(void)
{
	struct marks *marks = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int amid = 0, unused = 0;

	for (int i = 0; i < KILLS; i++) {
		amid += kill_in_move(marks, i * KILL_STEP_US);
		unused += becomes_free();
		kill_in_background();
		unused += becomes_free();
	}
	printf("amid=%d unused=%d\n", amid, unused);
}

static void killed(const struct blob *manifest)
{
	long before[NODES], left = 0;

	in_agent(manifest, kill_each);	/* what the kernel keeps for later is there now */
	for (int node = 0; node < NODES; node++)
		before[node] = node_free(node);
	in_agent(manifest, kill_each);
	for (int ms = 0; ms < PATIENCE_MS; ms += 10) {
		left = 0;
		for (int node = 0; node < NODES; node++)
			left += before[node] - node_free(node) > NOISE;
		if (!left)
			break;
		usleep(10000);
	}
	for (int node = 0; node < NODES; node++)
		fprintf(stderr, "node %d: %ld bytes fewer\n", node, before[node] - node_free(node));
	printf("leaking_nodes=%ld\n", left);
}

int main(int argc, char **argv)
{
	static const struct command commands[] = {
		{ "places", places },
		{ "writers", writers },
		{ "killed", killed },
	};

	return run_command(commands, sizeof(commands) / sizeof(*commands), argc, argv);
}
