// SPDX-License-Identifier: Apache-2.0
/*
 * denials MANIFEST CAP AGENTS TOTAL: AGENTS agents make TOTAL forbidden opens
 * between them, on all CPUs, while capabilities are granted to them and revoked.
 * Prints, as key=value words: aids, refused, allowed, grants, revokes.
 */
#include <sys/wait.h>

#include "../common/agent_call.h"

#define MAX_AGENTS 64

struct report {
	uint64_t aid;
	uint64_t refused;
	uint64_t allowed;
};

static void agent_body(const struct blob *manifest, long count, int ready, int go, int result)
{
	struct report r = { 0 };
	char token;

	r.aid = agent_enter(manifest);
	if (write(ready, &r.aid, sizeof(r.aid)) != sizeof(r.aid))
		die("ready");
	if (read(go, &token, 1) != 1)
		die("go");
	for (long i = 0; i < count; i++) {
		int fd = open("/etc/shadow", O_RDONLY);

		if (fd < 0 && errno == EACCES) {
			r.refused++;
		} else {
			r.allowed++;
			close(fd);
		}
	}
	if (write(result, &r, sizeof(r)) != sizeof(r))
		die("result");
	exit(0);
}

/* Grants and revokes in turn, over all agents, until the last of them is gone. */
static void churn(const uint64_t *aids, int nr, const struct blob *cap,
		  uint64_t *grants, uint64_t *revokes)
{
	int gone = 0;

	for (int i = 0; gone < nr; i = (i + 1) % nr) {
		uint64_t id;

		if (agent_cap_grant(aids[i], cap, &id)) {
			if (errno != ESRCH)
				die("grant");
			gone++;
			continue;
		}
		++*grants;
		gone = 0;
		if (!agent_cap_revoke(aids[i], id, 0))
			++*revokes;
		else if (errno != ESRCH)
			die("revoke");
	}
}

int main(int argc, char **argv)
{
	uint64_t aids[MAX_AGENTS], refused = 0, allowed = 0, grants = 0, revokes = 0;
	int ready[2], go[2], result[2], agents, status, failed = 0;
	struct blob manifest, cap;
	long each;

	if (argc != 5)
		return 2;
	manifest = blob_read(argv[1]);
	cap = blob_read(argv[2]);
	agents = atoi(argv[3]);
	each = atol(argv[4]) / agents;
	if (agents < 1 || agents > MAX_AGENTS || pipe(ready) || pipe(go) || pipe(result))
		die("set up");

	for (int i = 0; i < agents; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			agent_body(&manifest, each, ready[1], go[0], result[1]);
	}
	for (int i = 0; i < agents; i++)
		if (read(ready[0], &aids[i], sizeof(aids[i])) != sizeof(aids[i]))
			die("ready");
	for (int i = 0; i < agents; i++)
		if (write(go[1], "g", 1) != 1)
			die("go");

	churn(aids, agents, &cap, &grants, &revokes);

	for (int i = 0; i < agents; i++) {
		struct report r;

		if (read(result[0], &r, sizeof(r)) != sizeof(r))
			die("result");
		refused += r.refused;
		allowed += r.allowed;
	}
	while (wait(&status) > 0)
		failed |= status;

	printf("refused=%llu allowed=%llu grants=%llu revokes=%llu\n",
	       (unsigned long long)refused, (unsigned long long)allowed,
	       (unsigned long long)grants, (unsigned long long)revokes);
	return failed || allowed || refused != (uint64_t)each * agents;
}
