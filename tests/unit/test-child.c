/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/child.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "tests/unit/test.h"

static int leave(void *context)
{
	return *(const int *)context;
}

static int die(void *context)
{
	(void)context;
	raise(SIGKILL);
	return 0;
}

static int hang(void *context)
{
	(void)context;
	for (;;)
		pause();
	return 0;
}

/* Its own child hangs: that one must not keep up those who wait for this one. It ends by its own alarm. */
static int hang_shortly(void *context)
{
	alarm(2);
	return hang(context);
}

static int leave_hanging_child(void *context)
{
	struct child child;

	(void)context;
	return child_start(&child, hang_shortly, NULL) < 0 ? 1 : 3;
}

TEST(child_results)
{
	static int codes[] = { 0, 7, 125 };
	struct child child;

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		CHECK_INT(child_start(&child, leave, &codes[i]), 0);
		CHECK_INT(child_wait(&child, child_now() + 5000), codes[i]);
	}
	CHECK_INT(child_start(&child, die, NULL), 0);
	CHECK_INT(child_wait(&child, child_now() + 5000), -ECHILD);
}

TEST(child_deadline)
{
	static const uint64_t times[] = { 0, 50 };

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		uint64_t start = child_now(), took;
		struct child child;

		test_case("after %d ms", (int)times[i]);
		CHECK_INT(child_start(&child, hang, NULL), 0);
		CHECK_INT(child_wait(&child, start + times[i]), -ETIMEDOUT);
		took = child_now() - start;
		CHECK_TRUE(took >= times[i] && took < times[i] + 1000);
	}
}

TEST(child_left_alone)
{
	static int code = 7;
	struct child child;

	CHECK_INT(child_start(&child, hang, NULL), 0);
	CHECK_TRUE(!child_is_gone(&child, child_now() + 20));
	CHECK_TRUE(!child_is_gone(&child, 0));
	CHECK_INT(kill(child.pid, SIGKILL), 0);
	CHECK_TRUE(child_is_gone(&child, child_now() + 5000));
	CHECK_INT(child_wait(&child, 0), -ECHILD);
	CHECK_INT(child_start(&child, leave, &code), 0);
	CHECK_TRUE(child_is_gone(&child, child_now() + 5000));
	CHECK_INT(child_wait(&child, 0), 7);
}

TEST(child_deadline_in_the_past)
{
	struct child child;

	CHECK_INT(child_start(&child, hang, NULL), 0);
	CHECK_INT(child_wait(&child, 0), -ETIMEDOUT);
}

TEST(child_of_child_that_hangs)
{
	uint64_t start = child_now();
	struct child child;

	CHECK_INT(child_start(&child, leave_hanging_child, NULL), 0);
	CHECK_INT(child_wait(&child, start + 10000), 3);
	CHECK_TRUE(child_now() - start < 1500);
}
