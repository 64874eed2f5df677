/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/paths.h"
#include "lib/root.h"

/* A record of the kernel log has at most 1024 bytes, its prefix included; longer writes fail (EINVAL). */
#define LINE_SIZE 960

static struct {
	const char *program;
	bool verbose;
	int kmsg_root;
	void (*sink)(enum log_level level, const char *text);
} target = { .program = "vfiokit", .kmsg_root = -1 };

void log_setup(const char *program, bool verbose, int kmsg_root)
{
	target.program = program;
	target.verbose = verbose;
	target.kmsg_root = kmsg_root;
}

void log_set_sink(void (*sink)(enum log_level level, const char *text))
{
	target.sink = sink;
}

static bool write_kmsg(enum log_level level, const char *text)
{
	cleanup_close int fd = -1;
	char line[LINE_SIZE];
	int n;

	if (target.kmsg_root < 0)
		return false;
	fd = root_open(target.kmsg_root, PATH_KMSG, O_WRONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return false;
	n = snprintf(line, sizeof(line), "<%d>%s: %s\n", level, target.program, text);
	if (n < 0)
		return false;
	if ((size_t)n >= sizeof(line))
		n = sizeof(line) - 1;
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
