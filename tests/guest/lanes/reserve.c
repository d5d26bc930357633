// SPDX-License-Identifier: Apache-2.0
/*
 * reserve THREADS TIMES LIMIT MANIFEST: threads that reserve from one budget at once, TIMES
 * all together, and settle with a part of what they got. Prints what became of it:
 * granted, refused and settled reservations; used, as the threads counted it and as the
 * kernel did; what is reserved at the end; the most that ever was; and the limit.
 */
#include <pthread.h>

#include "../common/agent_call.h"

#define AMOUNT_MAX	50

static uint64_t aid;
static long times;		/* of one thread */

struct tally {
	unsigned int seed;
	long granted, refused, settled, used;
};

static int quota(struct agent_quota_args *args, unsigned int op, uint64_t amount)
{
	args->magic = AGENT_MAGIC;
	args->aid = aid;
	args->kind = AGENT_QUOTA_INFERENCE_TOKENS;
	args->op = op;
	args->amount = amount;
	return syscall(NR_agent_quota, args, sizeof(*args));
}

static void *run(void *arg)
{
	struct tally *mine = arg;

	for (long i = 0; i < times; i++) {
		struct agent_quota_args args = { .lifetime_ns = 3600000000000ULL };
		uint64_t amount = 1 + rand_r(&mine->seed) % AMOUNT_MAX;
		uint64_t part = rand_r(&mine->seed) % 8 ? 0 : rand_r(&mine->seed) % (amount + 1);

		if (quota(&args, AGENT_QUOTA_RESERVE, amount)) {
			if (errno != EDQUOT)
				die("reserve");
			mine->refused++;
			continue;
		}
		mine->granted++;
		if (quota(&args, AGENT_QUOTA_SETTLE, part))
			die("settle");
		mine->settled++;
		mine->used += part;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct agent_quota_args args = {};
	struct tally all = {}, *tallies;
	struct blob manifest;
	pthread_t *threads;
	int nr;

	if (argc != 5)
		return 2;
	nr = atoi(argv[1]);
	times = atol(argv[2]) / nr;
	manifest = blob_read(argv[4]);
	threads = calloc(nr, sizeof(*threads));
	tallies = calloc(nr, sizeof(*tallies));
	if (!threads || !tallies)
		die("memory");
	if (agent_spawn(&manifest, 0, &aid))
		die("spawn");
	if (quota(&args, AGENT_QUOTA_SET, atol(argv[3])))
		die("limit");
	for (int i = 0; i < nr; i++) {
		tallies[i].seed = i;
		if (pthread_create(&threads[i], NULL, run, &tallies[i]))
			die("thread");
	}
	for (int i = 0; i < nr; i++) {
		pthread_join(threads[i], NULL);
		all.granted += tallies[i].granted;
		all.refused += tallies[i].refused;
		all.settled += tallies[i].settled;
		all.used += tallies[i].used;
	}
	if (quota(&args, AGENT_QUOTA_GET, 0))
		die("get");
	printf("granted=%ld refused=%ld settled=%ld used=%ld counted=%llu reserved=%llu "
	       "high_water=%llu limit=%llu\n", all.granted, all.refused, all.settled, all.used,
	       args.used, args.reserved, args.high_water, args.limit);
	return 0;
}
