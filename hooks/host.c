/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/host.h"

#include <errno.h>
#include <syslog.h>

#include "hooks/claims.h"
#include "lib/log.h"
#include "lib/util.h"

struct bus *host_bus(struct host *host, unsigned int milliseconds)
{
	uint64_t deadline = claims_clock() + milliseconds;
	int result;

	if (deadline > host->deadline)
		deadline = host->deadline;
	if (!host->is_live || host->has_no_bus)
		return NULL;
	if (host->bus != NULL) {
		bus_set_deadline(host->bus, deadline);
		return host->bus;
	}
	result = bus_open(&host->bus, deadline);
	if (result < 0) {
		log_warning("cannot reach the system bus: %s; CPUs, sleep and guards stay as they are",
			    strerror(-result));
		host->bus = NULL;
		host->has_no_bus = true;
	}
	return host->bus;
}

void host_bus_said(struct host *host, int result)
{
	if (result != -ETIMEDOUT || host->bus == NULL)
		return;
	log_warning("the system bus or systemd did not answer in time; it is not asked again by this call");
	bus_close(host->bus);
	host->bus = NULL;
	host->has_no_bus = true;
}

void host_close(struct host *host)
{
	bus_close(host->bus);
	host->bus = NULL;
}

static void write_journal(enum log_level level, const char *text)
{
	syslog((int)level, "%s", text);
}

void host_log_to_journal(const char *program)
{
	openlog(program, LOG_PID, LOG_DAEMON);
	log_set_sink(write_journal);
}
