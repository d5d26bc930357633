// SPDX-License-Identifier: Apache-2.0
/*
 * neighbours SECONDS QUIET MEMORY FORKS DISK SOCKETS LOG: how late quiet agents are that wake
 * up, open a file and read it, alone and beside five agents that take all that they are given.
 * A manifest each; the quiet ones read /quiet, the filler fills /disk.
 *
 * Prints the 99th percentile in nanoseconds, alone and beside the five.
 */
#include "crew.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#define QUIET		3
#define WARM_UP_S	1
#define CHUNK		(1 << 20)

enum bomb { MEMORY, FORKS, DISK, SOCKETS, LOG, NR_BOMBS };

static struct waker *wakers;
static struct blob quiet, manifests[NR_BOMBS];
static volatile uint64_t *agents;	/* who of each kind runs; shared by all tasks */

static void enter_quiet(int who)
{
	(void)who;
	agent_enter(&quiet);
}

static void enter_bomb(int bomb)
{
	agents[bomb] = agent_enter(&manifests[bomb]);
}

static void read_one(void)
{
	char byte;
	int fd = open("/quiet", O_RDONLY);

	if (fd < 0 || read(fd, &byte, 1) != 1)
		die("/quiet");
	close(fd);
}

static void wake_up(int who)
{
	waker_run(&wakers[who], read_one);
}

/* ---- those who take what they can get ---- */

static void take_memory(void)
{
	for (;;) {
		char *more = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (more == MAP_FAILED)
			pause();
	}
}

static void take_tasks(void)
{
	for (;;)
		fork();
}

static void take_disk(void)
{
	static char chunk[CHUNK];
	int fd = open("/disk/filled", O_CREAT | O_WRONLY, 0644);

	if (fd < 0)
		die("/disk/filled");
	for (;;)
		if (write(fd, chunk, CHUNK) < CHUNK && (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET)))
			die("ftruncate");
}

static void take_sockets(void)
{
	static const char packet[1400];
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	for (;;)	/* nobody listens, and says so now and then */
		if (sendto(fd, packet, sizeof(packet), 0, (void *)&to, sizeof(to)) < 0 &&
		    errno != ECONNREFUSED)
			die("sendto");
}

static void take_records(void)
{
	for (;;)
		if (open("/forbidden", O_RDONLY) >= 0)
			die("/forbidden was to be denied");
}

static void (*const bombs[NR_BOMBS])(void) = {
	take_memory, take_tasks, take_disk, take_sockets, take_records,
};

/* Outside of every agent: one that dies of what it took is followed by the next. */
static void again_and_again(int bomb)
{
	int status;

	for (;;) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid) {
			enter_bomb(bomb);
			bombs[bomb]();
		}
		if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
			die("bomb %d ended with %d by itself", bomb, status);
	}
}

static void stay_outside(int who)
{
	(void)who;
}

/* Nobody makes another one any more. */
static void end_bombs(int nr)
{
	usleep(100000);
	for (int bomb = 0; bomb < nr; bomb++)
		if (agent_cap_revoke(agents[bomb], 0, AGENT_REVOKE_ALL | AGENT_REVOKE_TERMINATE) < 0 &&
		    errno != ESRCH)
			die("bomb %d cannot be ended", bomb);
}

static long late(int seconds, int nr)
{
	for (int i = 0; i < QUIET; i++)
		crew_start(enter_quiet, wake_up, i);
	for (int bomb = 0; bomb < nr; bomb++)
		crew_start(stay_outside, again_and_again, bomb);
	sleep(WARM_UP_S);
	for (int i = 0; i < QUIET; i++)
		wakers[i].nr = 0;
	sleep(seconds);
	crew_stop();
	end_bombs(nr);
	return wakers_p99(wakers, QUIET);
}

int main(int argc, char **argv)
{
	int seconds;
	long alone;

	if (argc != 3 + NR_BOMBS)
		return 2;
	seconds = atoi(argv[1]);
	quiet = blob_read(argv[2]);
	for (int i = 0; i < NR_BOMBS; i++)
		manifests[i] = blob_read(argv[3 + i]);
	wakers = wakers_new(QUIET);
	agents = shared(NR_BOMBS * sizeof(*agents));
	alone = late(seconds, 0);
	printf("%ld %ld\n", alone, late(seconds, NR_BOMBS));
	return 0;
}
