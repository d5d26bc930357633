// SPDX-License-Identifier: Apache-2.0
/*
 * tokens ROUNDS LOOPS MANIFEST: nanoseconds of getppid(), of a reservation and of its
 * settlement, of an agent whose records are its denials. A line a round.
 */
#include <time.h>

#include "../guest/common/agent_call.h"

static double now_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e9 + at.tv_nsec;
}

static void quota(struct agent_quota_args *args)
{
	if (syscall(NR_agent_quota, args, sizeof(*args)))
		die("agent_quota, operation %u", args->op);
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
		double start = now_ns(), parent, reserve = 0, settle = 0;

		for (long i = 0; i < loops; i++)
			syscall(SYS_getppid);
		parent = now_ns() - start;
		for (long i = 0; i < loops; i++) {
			args.op = AGENT_QUOTA_RESERVE;
			args.amount = 100;
			args.lifetime_ns = 3600000000000ULL;
			start = now_ns();
			quota(&args);
			reserve += now_ns() - start;
			args.op = AGENT_QUOTA_SETTLE;
			start = now_ns();
			quota(&args);
			settle += now_ns() - start;
		}
		printf("%.1f %.1f %.1f\n", parent / loops, reserve / loops, settle / loops);
	}
	return 0;
}
