/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ns COMMAND...: runs the command and prints three numbers: the wall time in nanoseconds from the fork to its end, the
 * peak memory in KiB of the largest of its processes, and their processor time in nanoseconds. Its output is thrown
 * away. Exits with its exit code.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint64_t nanoseconds(const struct timeval *time)
{
	return ((uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec) * 1000;
}

static _Noreturn void become(char **argv)
{
	int null = open("/dev/null", O_WRONLY);

	dup2(null, 1);
	dup2(null, 2);
	execvp(argv[0], argv);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	uint64_t start;
	int status;
	pid_t pid;

	if (argc < 2)
		return 2;
	start = now();
	pid = fork();
	if (pid == 0)
		become(argv + 1);
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 2;
	printf("%llu %ld %llu\n", (unsigned long long)(now() - start), usage.ru_maxrss,
	       (unsigned long long)(nanoseconds(&usage.ru_utime) + nanoseconds(&usage.ru_stime)));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}
