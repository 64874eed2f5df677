/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/paths.h"
#include "lib/root.h"

/* A record of the kernel log has at most 1024 bytes, its prefix included; longer writes fail (EINVAL). */
#define LINE_SIZE 960

/* So many lines the kernel takes from one open file within 5 s (devkmsg_open(), kernel/printk/printk.c). */
#define LINES_PER_FILE 10

static struct {
	const char *program;
	bool verbose;
	int kmsg_root;
	void (*sink)(enum log_level level, const char *text);
} target = { .program = "vfiokit", .kmsg_root = -1 };

/* The kernel log, if it is open. */
static struct {
	int fd;
	unsigned n_lines;
	pid_t owner; /* a child opens its own, and counts its own lines; 0: not open */
} kmsg;

static void close_kmsg(void)
{
	if (kmsg.owner != 0)
		close(kmsg.fd);
	kmsg.owner = 0;
}

void log_setup(const char *program, bool verbose, int kmsg_root)
{
	target.program = program;
	target.verbose = verbose;
	target.kmsg_root = kmsg_root;
	close_kmsg();
}

void log_set_sink(void (*sink)(enum log_level level, const char *text))
{
	target.sink = sink;
}

/* A file that takes one more line. */
static int open_kmsg(void)
{
	pid_t self = getpid();

	if (kmsg.owner == self && kmsg.n_lines < LINES_PER_FILE)
		return kmsg.fd;
	close_kmsg();
	kmsg.fd = root_open(target.kmsg_root, PATH_KMSG, O_WRONLY | O_NONBLOCK, 0);
	kmsg.n_lines = 0;
	kmsg.owner = kmsg.fd >= 0 ? self : 0;
	return kmsg.fd;
}

static bool write_kmsg(enum log_level level, const char *text)
{
	char line[LINE_SIZE];
	int fd, n;

	if (target.kmsg_root < 0)
		return false;
	fd = open_kmsg();
	if (fd < 0)
		return false;
	n = snprintf(line, sizeof(line), "<%d>%s: %s\n", level, target.program, text);
	if (n < 0)
		return false;
	if ((size_t)n >= sizeof(line))
		n = sizeof(line) - 1;
	kmsg.n_lines++;
	return write(fd, line, (size_t)n) == n;
}

void log_line(enum log_level level, const char *format, ...)
{
	int saved = errno;
	char text[LINE_SIZE];
	va_list args;

	if (level == LOG_LEVEL_DEBUG && !target.verbose)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (write_kmsg(level, text)) {
		errno = saved;
		return;
	}
	if (target.sink != NULL)
		target.sink(level, text);
	else
		fprintf(stderr, "%s: %s\n", target.program, text);
	errno = saved;
}
