// SPDX-License-Identifier: Apache-2.0
/*
 * connect ROUNDS LOOPS RULES MANIFEST: what one TCP connection over the loopback
 * costs, from socket() to the close() of both ends, outside every agent, under
 * Landlock and in an agent; each of the confined two with RULES rules, each for
 * one port, of which the last is connected to. Prints a line a round: nanoseconds
 * of the three.
 *
 * The worker is both ends, so that no switch to another task is counted, and the
 * end that connects is reset, so that nothing of the connection stays behind.
 */
#include "landlock.h"
#include "turns.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#define FIRST_PORT	1000

static int rules;
static int listener;

static struct sockaddr_in address(void)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(FIRST_PORT + rules - 1),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static void connect_once(void)
{
	static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	struct sockaddr_in to = address();
	int near = socket(AF_INET, SOCK_STREAM, 0), far;

	if (near < 0 || setsockopt(near, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)))
		die("socket");
	if (connect(near, (const struct sockaddr *)&to, sizeof(to)))
		die("connect");
	far = accept(listener, NULL, NULL);
	if (far < 0)
		die("accept");
	close(near);
	close(far);
}

static double time_connect(long loops)
{
	double start = now_ns();

	for (long i = 0; i < loops; i++)
		connect_once();
	return (now_ns() - start) / loops;
}

static void listen_once(void)
{
	struct sockaddr_in at = address();

	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (const struct sockaddr *)&at, sizeof(at)) ||
	    listen(listener, 8))
		die("listen");
}

static void enter_landlock(const struct blob *unused)
{
	const struct landlock_ruleset_attr attr = {
		.handled_access_net = LANDLOCK_ACCESS_NET_CONNECT_TCP |
				      LANDLOCK_ACCESS_NET_BIND_TCP,
	};
	int set = landlock_new(&attr, sizeof(attr));

	for (int i = 0; i < rules; i++) {
		const struct landlock_net_port_attr rule = {
			.allowed_access = LANDLOCK_ACCESS_NET_CONNECT_TCP,
			.port = FIRST_PORT + i,
		};

		landlock_add(set, LANDLOCK_RULE_NET_PORT, &rule);
	}
	landlock_enter(set);
}

int main(int argc, char **argv)
{
	struct blob manifest;
	const struct turn turns[] = {
		{ .measure = time_connect },
		{ .measure = time_connect, .enter = enter_landlock },
		{ .measure = time_connect, .enter = enter_agent, .manifest = &manifest },
	};

	if (argc != 5)
		return 2;
	rules = atoi(argv[3]);
	manifest = blob_read(argv[4]);
	listen_once();
	turns_run(turns, sizeof(turns) / sizeof(*turns), atoi(argv[1]), atol(argv[2]));
	return 0;
}
