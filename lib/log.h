/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where our lines go: the kernel log at boot, standard error otherwise. errno is left alone. */
#ifndef VFIOKIT_LOG_H
#define VFIOKIT_LOG_H

#include <stdbool.h>

#include "lib/util.h"

/* The numbers of syslog(3), which the kernel log and journald understand as "<3>". */
enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/*
 * program: stands in front of each line, must stay valid. verbose: debug lines too.
 * kmsg_root: directory descriptor under which dev/kmsg is written, or -1 for standard error.
 */
void log_setup(const char *program, bool verbose, int kmsg_root);

/* Where lines go that the kernel log does not get, instead of standard error; NULL: there again. */
void log_set_sink(void (*sink)(enum log_level level, const char *text));

/*
 * One line, without a newline at its end. The kernel's default rate limit (10 lines in 5 s) is kept per
 * open file (devkmsg_open() in kernel/printk/printk.c), so /dev/kmsg is opened anew in time and no line is lost.
 * A line that the kernel log does not take goes to standard error.
 */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
