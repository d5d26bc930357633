// SPDX-License-Identifier: Apache-2.0
/*
 * machine MANIFEST: an agent tries the doors that User-Mode Linux does not have.
 * Prints, as key=value words, the errno that each answered; 0 for none.
 */
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/wait.h>

#include "../common/agent_call.h"

static int answer(long result)
{
	return result < 0 ? errno : 0;
}

/* Counts the clock ticks of a task: pid 0 is the caller, -1 all of one CPU. */
static int perf(pid_t pid, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
	};

	return answer(syscall(SYS_perf_event_open, &attr, pid, cpu, -1, 0));
}

/* "return 0": verified, and compiled where the kernel has a compiler for it. */
static int program(void)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (uintptr_t)code,
		.insn_cnt = 2,
		.license = (uintptr_t)"GPL",
	};

	return answer(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));
}

int main(int argc, char **argv)
{
	struct blob manifest;
	int status, found[3], told[2];
	pid_t pid;

	if (argc != 2)
		return 2;
	manifest = blob_read(argv[1]);
	/* What nobody may do proves nothing of agents. */
	printf("outside_perf=%d outside_program=%d\n", perf(0, -1), program());
	fflush(stdout);
	if (pipe(told))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		agent_enter(&manifest);
		found[0] = perf(0, -1);
		found[1] = perf(-1, 0);
		found[2] = program();
		return write(told[1], found, sizeof(found)) != sizeof(found);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		die("the agent ended with %d", status);
	if (read(told[0], found, sizeof(found)) != sizeof(found))
		die("nothing was told");
	printf("own_perf=%d others_perf=%d program=%d\n", found[0], found[1], found[2]);
	return 0;
}
