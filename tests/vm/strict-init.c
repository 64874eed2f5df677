/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The /init of every image: stands in for the strictest of the real ones, booster's, which dies
 * if something is mounted where it mounts. It then writes what it was started with to
 * /run/init-facts, one "name value" a line, and becomes /guest/main.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static __attribute__((noreturn)) void die(const char *what, const char *why)
{
	printf("strict-init: %s: %s\n", what, why);
	fflush(stdout);
	sleep(1);
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void mount_or_die(const char *type, const char *dir)
{
	static const char *const marks[] = { "/proc/self", "/sys/kernel", "/dev/null", "/run/vfiokit" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strncmp(marks[i], dir, strlen(dir)) == 0 && access(marks[i], F_OK) == 0)
			die(marks[i], "is there before I have mounted anything");
	if (mount(type, dir, type, 0, NULL) < 0)
		die(dir, strerror(errno));
}

static void write_words(FILE *facts, const char *name, char **words)
{
	fputs(name, facts);
	for (; *words; words++)
		fprintf(facts, " %s", *words);
	fputc('\n', facts);
}

static void write_signals(FILE *facts)
{
	struct sigaction action;
	sigset_t blocked;

	sigprocmask(SIG_SETMASK, NULL, &blocked);
	fputs("signals", facts);
	for (int sig = 1; sig < NSIG; sig++) {
		if (sigismember(&blocked, sig) == 1)
			fprintf(facts, " blocked:%d", sig);
		if (sigaction(sig, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
			fprintf(facts, " ignored:%d", sig);
	}
	fputc('\n', facts);
}

static void write_files(FILE *facts, int own)
{
	fputs("files", facts);
	for (int fd = 0; fd < 256; fd++)
		if (fd != own && fcntl(fd, F_GETFD) >= 0)
			fprintf(facts, " %d", fd);
	fputc('\n', facts);
}

int main(int argc, char **argv)
{
	char cwd[256] = "?";
	mode_t mask = umask(022);
	unsigned left = alarm(0);
	/* With no child at all this fails; a child that was left behind makes it 0, or its number. */
	int children = waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD ? 0 : 1;
	FILE *facts;

	(void)argc;
	mount_or_die("devtmpfs", "/dev");
	mount_or_die("sysfs", "/sys");
	mount_or_die("proc", "/proc");
	mount_or_die("tmpfs", "/run");

	facts = fopen("/run/init-facts", "we");
	if (!facts)
		die("/run/init-facts", strerror(errno));
	fprintf(facts, "pid %d\n", getpid());
	write_words(facts, "argv", argv);
	write_words(facts, "env", environ);
	write_signals(facts);
	write_files(facts, fileno(facts));
	fprintf(facts, "umask %03o\n", (unsigned)mask);
	fprintf(facts, "cwd %s\n", getcwd(cwd, sizeof(cwd)) ? cwd : "?");
	fprintf(facts, "children %d\nalarm %u\n", children, left);
	fclose(facts);

	setenv("PATH", "/usr/sbin:/usr/bin", 1);
	execl("/bin/sh", "sh", "/guest/main", (char *)NULL);
	die("/bin/sh", strerror(errno));
}
