/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files, and agents that hold capabilities for some.
 *
 * The macros are for fixtures with a task, caps and nr.
 */
#ifndef _COCONUT_FILES_H
#define _COCONUT_FILES_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent.h"

static inline void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, "content\n", 8) != 8)
		abort();
	close(fd);
}

#define CAP(fs_path, rights)							\
	do {									\
		cap_fs(&self->caps, fs_path, rights);				\
		self->nr++;							\
	} while (0)

#define START()		ASSERT_EQ(0, start(&self->task, &self->caps, self->nr))
#define REVOKE()	ASSERT_EQ(0, revoke_from(self->task.aid, AGENT_REVOKE_ALL))

#endif /* _COCONUT_FILES_H */
