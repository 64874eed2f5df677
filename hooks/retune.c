/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/retune.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>

#include "hooks/claims.h"
#include "hooks/conf_guest.h"
#include "hooks/reconcile.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/util.h"

/* A daemon that has just made its socket does not listen yet (ms). */
#define SETTLE_TIME 500
#define RETRY_TIME 3000
#define TRIES 4

/* For one look at everything (ms). */
#define RECONCILE_TIME 10000

/* inotify has no openat(): through the descriptor. */
static void watch_directory(const struct retune *retune, int root, const char *path, uint32_t events)
{
	cleanup_close int directory = root_open(root, path, O_PATH | O_DIRECTORY, 0);
	cleanup_free char *name = util_format("/proc/self/fd/%d", directory);

	if (directory >= 0)
		(void)inotify_add_watch(retune->watch, name, events);
}

static void look_soon(struct retune *retune)
{
	retune->tries = TRIES;
	retune->due = claims_clock() + SETTLE_TIME;
}

/* systemd makes the directory of irqbalance when that starts, and removes it when it ends. */
static void watch_irqbalance(const struct retune *retune, int root)
{
	watch_directory(retune, root, "run", IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	watch_directory(retune, root, PATH_IRQBALANCE, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
}

void retune_open(struct retune *retune, int root, unsigned int tune)
{
	*retune = (struct retune){ .tune = tune, .root = root, .watch = -1 };
	if ((tune & TUNE_IRQS) != 0) {
		retune->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		watch_irqbalance(retune, root);
		look_soon(retune);
	}
}

void retune_close(struct retune *retune)
{
	util_close_fd(&retune->watch);
	retune->watch = -1;
}

/* In /run other things come and go as well. */
void retune_note(struct retune *retune)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(retune->watch, events, sizeof(events));

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event = (const void *)(events + at);

		if (event->len > 0 && starts_with(event->name, "irqbalance")) {
			watch_irqbalance(retune, retune->root);
			look_soon(retune);
		}
		at += (ssize_t)(sizeof(*event) + event->len);
	}
}

int retune_time(const struct retune *retune, int time)
{
	uint64_t clock = claims_clock();
	int own = retune->due > clock ? (int)(retune->due - clock) : 0;

	if (retune->tries == 0)
		return time;
	return time < 0 || own < time ? own : time;
}

void retune_run(struct retune *retune, struct host *host)
{
	const struct reconcile_change nothing = { .remove = NULL };
	struct reconcile_outcome outcome;

	if (retune->tries == 0 || claims_clock() < retune->due)
		return;
	host->deadline = claims_clock() + RECONCILE_TIME;
	(void)reconcile(host, &nothing, &outcome);
	host_close(host);
	host->has_no_bus = false;
	host->deadline = UINT64_MAX;
	retune->tries = outcome.tuning < 0 ? retune->tries - 1 : 0;
	retune->due = claims_clock() + RETRY_TIME;
}
