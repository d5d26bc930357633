// SPDX-License-Identifier: Apache-2.0
/*
 * bursts MANIFEST HELD LACKED AGENTS SECONDS: so many agents make records as fast as they
 * may, in bursts with pauses between them, on all CPUs. Each burst ends with a denial.
 * Prints how many records of either kind they know of: "allowed=N denied=N".
 */
#include "agent_call.h"

#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define AGENTS_MAX	64
#define BURST_MAX	8192
#define PAUSE_MAX_US	20000

struct made {
	uint64_t allowed;
	uint64_t denied;
};

static int present(const struct blob *cap)
{
	struct agent_cap_present_args args = {
		.magic = AGENT_MAGIC,
		.cap = (uintptr_t)cap->data,
		.cap_len = cap->len,
	};

	return syscall(NR_agent_cap_present, &args, sizeof(args));
}

static void burst(const struct blob *held, const struct blob *lacked, struct made *made)
{
	for (int left = rand() % BURST_MAX; left; left--) {
		if (present(held))
			die("what is held was refused");
		made->allowed++;
	}
	if (!present(lacked))
		die("what is lacked was allowed");
	made->denied++;
}

static void agent_body(char **argv, unsigned int number, time_t end, struct made *made)
{
	struct blob manifest = blob_read(argv[1]), held = blob_read(argv[2]);
	struct blob lacked = blob_read(argv[3]);

	srand(number);
	agent_enter(&manifest);
	while (time(NULL) < end) {
		burst(&held, &lacked, made);
		usleep(rand() % PAUSE_MAX_US);
	}
	exit(0);
}

int main(int argc, char **argv)
{
	unsigned int agents = argc == 6 ? atoi(argv[4]) : 0;
	struct made *made, sum = { 0 };
	int status, failed = 0;
	time_t end;

	if (!agents || agents > AGENTS_MAX)
		return 2;
	end = time(NULL) + atoi(argv[5]);
	made = mmap(NULL, sizeof(*made) * agents, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (made == MAP_FAILED)
		die("mmap");
	for (unsigned int i = 0; i < agents; i++)
		if (!fork())
			agent_body(argv, i, end, &made[i]);
	while (wait(&status) > 0)
		failed |= status;
	for (unsigned int i = 0; i < agents; i++) {
		sum.allowed += made[i].allowed;
		sum.denied += made[i].denied;
	}
	printf("allowed=%llu denied=%llu\n", (unsigned long long)sum.allowed,
	       (unsigned long long)sum.denied);
	return failed != 0;
}
