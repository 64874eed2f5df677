/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the tests: each in a child, sorted by name. usage: unit [PART-OF-A-NAME] */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "tests/unit/test-internal.h"
#include "tests/unit/test.h"

/* No single test may take longer (seconds). */
#define TIME_LIMIT 50

static struct test *tests;
static size_t n_tests;

void test_register(const char *name, void (*run)(void))
{
	*(struct test *)util_append(&tests, &n_tests, sizeof(*tests)) = (struct test){ name, run };
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct test *)a)->name, ((const struct test *)b)->name);
}

/* exit(), not _exit(): the leak check of the sanitizers runs at its end. */
static void run_in_child(const struct test *test)
{
	alarm(TIME_LIMIT);
	test->run();
	test_close_roots();
	fflush(NULL);
	free(tests);
	exit(test_failures() > 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static bool run_test(const struct test *test)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run_in_child(test);
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (status != 0 && WIFSIGNALED(status))
		printf("# %s: ended by signal %d (%s)\n", test->name, WTERMSIG(status), strsignal(WTERMSIG(status)));
	printf("%s %s\n", status == 0 ? "ok" : "not ok", test->name);
	return status == 0;
}

int main(int argc, char **argv)
{
	size_t passed = 0, failed = 0;

	if (n_tests > 0)
		qsort(tests, n_tests, sizeof(*tests), by_name);
	for (size_t i = 0; i < n_tests; i++) {
		if (argc > 1 && strstr(tests[i].name, argv[1]) == NULL)
			continue;
		if (run_test(&tests[i]))
			passed++;
		else
			failed++;
	}
	printf("%zu passed, %zu failed\n", passed, failed);
	free(tests);
	return failed > 0 || passed == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
