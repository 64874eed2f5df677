/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work that may never come back, in a child process. A write to a driver's unbind can block in the kernel for ever, and
 * SIGKILL does not end it then; so after the deadline the child is killed, not waited for, and forgotten.
 */
#ifndef VFIOKIT_CHILD_H
#define VFIOKIT_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int alive; /* read end of a pipe that the child holds open while it lives */
};

/* Milliseconds of the monotonic clock: deadlines are points on it. */
uint64_t child_now(void);

/*
 * Starts work(context) in a child; what it returns (0 to 125) is the exit code. Returns 0 or a negative errno. A child
 * that its parent has to wait for must not be started from two threads.
 */
int child_start(struct child *child, int (*work)(void *context), void *context);

/* Waits for the child as long, and leaves it alone. Returns whether it is gone. */
bool child_is_gone(const struct child *child, uint64_t deadline);

/*
 * Waits until the child is gone or the deadline has passed. Returns its exit code, -ECHILD if a signal ended it,
 * or -ETIMEDOUT after having killed it; then it may still be there. The child is done with in each case.
 */
int child_wait(struct child *child, uint64_t deadline);

#endif
