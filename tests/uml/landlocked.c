// SPDX-License-Identifier: Apache-2.0
/* Shuts itself in with Landlock: what is here can be read then, what is elsewhere cannot. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct landlock_ruleset_attr handled = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE,
	};
	struct landlock_path_beneath_attr here = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
		.parent_fd = open(".", O_RDONLY | O_DIRECTORY),
	};
	int rules = syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);

	if (argc != 3 || rules < 0 || here.parent_fd < 0)
		return 1;
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &here, 0))
		return 2;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_landlock_restrict_self, rules, 0))
		return 3;
	if (open(argv[1], O_RDONLY) < 0)
		return 4;
	if (open(argv[2], O_RDONLY) >= 0 || errno != EACCES)
		return 5;
	puts("shut in");
	return 0;
}
