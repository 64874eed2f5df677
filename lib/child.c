/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* In a child: the write end of the pipe by which its parent sees it live. Its own children must not hold it. */
static int own_sign_of_life = -1;

uint64_t child_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int child_start(struct child *child, int (*work)(void *context), void *context)
{
	int ends[2], result;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	(void)fflush(NULL); /* what waits to be written must not be written twice */
	child->pid = fork();
	if (child->pid < 0) {
		result = -errno;
		close(ends[0]);
		close(ends[1]);
		return result;
	}
	if (child->pid == 0) {
		close(ends[0]);
		if (own_sign_of_life >= 0)
			close(own_sign_of_life);
		own_sign_of_life = ends[1];
		result = work(context);
		(void)fflush(NULL);
		_exit(result);
	}
	close(ends[1]);
	child->alive = ends[0];
	return 0;
}

bool child_is_gone(const struct child *child, uint64_t deadline)
{
	struct pollfd poll_for = { .fd = child->alive, .events = POLLIN };

	for (;;) {
		uint64_t now = child_now(), left = deadline > now ? deadline - now : 0;
		int n = poll(&poll_for, 1, left > INT_MAX ? INT_MAX : (int)left);

		if (n > 0)
			return true;
		if (n == 0 && left <= INT_MAX)
			return false;
	}
}

int child_wait(struct child *child, uint64_t deadline)
{
	bool gone = child_is_gone(child, deadline);
	int status;
	pid_t pid;

	close(child->alive);
	if (!gone) {
		kill(child->pid, SIGKILL);
		(void)waitpid(child->pid, NULL, WNOHANG);
		return -ETIMEDOUT;
	}
	do {
		pid = waitpid(child->pid, &status, 0);
	} while (pid < 0 && errno == EINTR);
	if (pid < 0 || !WIFEXITED(status))
		return -ECHILD;
	return WEXITSTATUS(status);
}
