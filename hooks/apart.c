/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/apart.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "hooks/claims.h"
#include "lib/paths.h"
#include "lib/root.h"

void apart_stand(int root)
{
	int null = root_open(root, PATH_NULL, O_RDWR, 0);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	claims_leave_lock();
	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		(void)dup2(null, fd);
}
