// SPDX-License-Identifier: Apache-2.0
/*
 * persist LOG OUT: copies the audit chain's log to a file, acknowledging what is
 * sealed, as the daemon does. When a file OUT.stop appears it closes the chain and
 * copies the rest: the log is then whole on the other side.
 */
#include "agent_call.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* The last sealed sequence number that stands in the text, or 0. */
static uint64_t last_sealed(const char *text, size_t len)
{
	static const char key[] = "{\"seal\":";
	const char *at = NULL, *p = text, *field;

	while ((p = memmem(p, text + len - p, key, sizeof(key) - 1))) {
		if (memchr(p, '\n', text + len - p))
			at = p;
		p++;
	}
	if (!at)
		return 0;
	field = strstr(at, "\"last\":");
	return field ? strtoull(field + 7, NULL, 10) : 0;
}

int main(int argc, char **argv)
{
	static char buf[(1 << 20) + 1];
	char stop[4096];
	int in, out, closed = 0;

	if (argc != 3)
		return 2;
	snprintf(stop, sizeof(stop), "%s.stop", argv[2]);
	in = open(argv[1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
	out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (in < 0 || out < 0)
		die("persist");

	for (;;) {
		struct pollfd pfd = { .fd = in, .events = POLLIN };
		ssize_t n = read(in, buf, sizeof(buf) - 1);
		uint64_t sealed;

		if (n < 0 && errno != EAGAIN)
			die("read");
		if (n <= 0) {
			struct stat st;

			if (closed)
				return 0;
			if (!stat(stop, &st)) {
				if (ioctl(in, AGENT_IOC_CLOSE))
					die("close the chain");
				closed = 1;
				continue;
			}
			poll(&pfd, 1, 200);
			continue;
		}
		buf[n] = '\0';
		for (ssize_t done = 0; done < n;) {
			ssize_t w = write(out, buf + done, n - done);

			if (w < 0)
				die("write");
			done += w;
		}
		sealed = last_sealed(buf, n);
		if (sealed && ioctl(in, AGENT_IOC_PERSISTED, &sealed))
			die("acknowledge");
	}
}
