// SPDX-License-Identifier: Apache-2.0
/*
 * tokens ROUNDS LOOPS MANIFEST: nanoseconds of getppid(), of a reservation and of its
 * settlement, of an agent whose records are its denials. A line a round.
 */
#include "../guest/common/agent_call.h"
#include "clock.h"

#define BATCH		20
#define LIFETIME_NS	3600000000000ULL

static void quota(struct agent_quota_args *args)
{
	if (syscall(NR_agent_quota, args, sizeof(*args)))
		die("agent_quota, operation %u", args->op);
}

static double time_getppid(long loops)
{
	double start = now_ns();

	for (long i = 0; i < loops; i++)
		syscall(SYS_getppid);
	return now_ns() - start;
}

/* As many at once as callers have under way. */
static uint64_t reservations[BATCH];

static double time_reserve(struct agent_quota_args *args)
{
	double start = now_ns();

	args->op = AGENT_QUOTA_RESERVE;
	args->amount = 100;
	args->lifetime_ns = LIFETIME_NS;
	for (int i = 0; i < BATCH; i++) {
		quota(args);
		reservations[i] = args->reservation;
	}
	return now_ns() - start;
}

static double time_settle(struct agent_quota_args *args)
{
	double start = now_ns();

	args->op = AGENT_QUOTA_SETTLE;
	for (int i = 0; i < BATCH; i++) {
		args->reservation = reservations[i];
		quota(args);
	}
	return now_ns() - start;
}

int main(int argc, char **argv)
{
	struct agent_quota_args args = {
		.magic = AGENT_MAGIC,
		.kind = AGENT_QUOTA_INFERENCE_TOKENS,
	};
	struct blob manifest;
	uint64_t aid;
	long loops;

	if (argc != 4)
		return 2;
	loops = atol(argv[2]);
	manifest = blob_read(argv[3]);
	if (agent_spawn(&manifest, 0, &aid))
		die("spawn");
	args.aid = aid;
	for (int r = 0; r < atoi(argv[1]); r++) {
		double parent = time_getppid(loops), reserve = 0, settle = 0;

		for (long i = 0; i < loops; i += BATCH) {
			reserve += time_reserve(&args);
			settle += time_settle(&args);
		}
		printf("%.1f %.1f %.1f\n", parent / loops, reserve / loops, settle / loops);
	}
	return 0;
}
