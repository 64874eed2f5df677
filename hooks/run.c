/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "hooks/call.h"
#include "hooks/claims.h"
#include "hooks/commandline.h"
#include "hooks/held.h"
#include "hooks/reconcile.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/root.h"

/* What systemd may take to make a scope (ms). */
#define SCOPE_TIME 5000

/* As shells say it: there is no such program; it cannot be run. */
#define EXIT_NOT_FOUND 127
#define EXIT_CANNOT_RUN 126

/* How often the lock is tried (ns), and for how long (ms): a start takes CALL_TIME at most. */
#define LOCK_INTERVAL 20000000
#define LOCK_TIME (2 * CALL_TIME)

static const struct timespec lock_interval = { 0, LOCK_INTERVAL };

/* --- disks ------------------------------------------------------------------------------------------------------- */

/* Names that mean something else in each process. */
static bool is_of_a_process(const char *path)
{
	return starts_with(path, "/" PATH_PROC "/") || starts_with(path, DEV_PREFIX "fd/") ||
	       starts_with(path, DEV_PREFIX "std");
}

/* What QEMU opens by a descriptor or from where it stands, by the name that others use. NULL: as it is. */
static char *real_path(const char *path)
{
	char target[PATH_MAX];

	if (is_of_a_process(path)) {
		cleanup_close int fd = open(path, O_PATH | O_CLOEXEC);
		cleanup_free char *link = util_format(FDS_PREFIX "%d", fd);
		ssize_t n = fd >= 0 ? readlink(link, target, sizeof(target) - 1) : 0;

		target[n > 0 ? n : 0] = '\0';
		return util_copy(target);
	}
	if (path[0] == '/')
		return NULL;
	return getcwd(target, sizeof(target)) != NULL ? util_format("%s/%s", target, path) : NULL;
}

static bool is_block_device(int root, const char *path)
{
	cleanup_close int fd = path[0] == '/' ? root_open(root, path + 1, O_PATH, 0) : -1;
	struct stat info;

	return fd >= 0 && fstat(fd, &info) == 0 && S_ISBLK(info.st_mode);
}

/* All others are images, or no disks at all. */
static void keep_block_devices(int root, struct domain *domain)
{
	size_t n = 0;

	for (size_t i = 0; i < domain->n_disks; i++) {
		struct domain_disk disk = domain->disks[i];
		char *path = real_path(disk.path);

		if (path != NULL) {
			free(disk.path);
			disk.path = path;
		}
		if (is_block_device(root, disk.path))
			domain->disks[n++] = disk;
		else
			free(disk.path);
	}
	domain->n_disks = n;
}

/* --- one at a time ----------------------------------------------------------------------------------------------- */

/* Between the look for others and the claim; it goes with the start of QEMU. Returns a descriptor or a negative errno.
 */
static int take_lock(int root)
{
	uint64_t deadline = claims_clock() + LOCK_TIME;
	int result = file_make_directories(root, PATH_RUN), fd;

	if (result < 0)
		return result;
	fd = root_open(root, PATH_RUN_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (claims_clock() >= deadline) {
			close(fd);
			return -ETIMEDOUT;
		}
		(void)nanosleep(&lock_interval, NULL);
	}
	return fd;
}

/* Why another of this name or UUID is in the way. Owned by the caller; NULL: there is none. */
static char *find_other(int root, const struct domain *domain)
{
	struct claims claims;
	char *why = NULL;

	claims_read(root, &claims);
	for (size_t i = 0; i < claims.count && why == NULL; i++) {
		const struct claim *claim = &claims.items[i];

		if ((!streq(claim->uuid, domain->uuid) && !streq(claim->name, domain->name)) ||
		    !claims_is_alive(root, claim))
			continue;
		if (claim->is_running)
			why = util_format("it runs already, as process %d", claim->pid);
		else
			why = util_format("it is being started, or a start of it was killed; try again in %d s",
					  (int)((claim->deadline - claims_now()) / 1000) + 1);
	}
	claims_free(&claims);
	return why;
}

/* --- becoming QEMU ----------------------------------------------------------------------------------------------- */

/* Where isolation does not reach, as libvirt's guests. */
static void enter_slice(struct host *host, const struct domain *domain)
{
	cleanup_free char *scope = util_format("vfiokit-qemu-%d.scope", getpid());
	cleanup_free char *name = util_copy_printable(domain->name), *text = util_format("Guest %s", name);
	struct bus *bus = host_bus(host, SCOPE_TIME);
	int result = bus != NULL ? bus_enter_scope(bus, scope, domain->slice, text) : 0;

	if (result < 0)
		log_warning("guest %s: cannot be put into %s: %s %s; isolation for any guest keeps it off its CPUs",
			    name, domain->slice, strerror(-result), bus_error(bus));
	host_bus_said(host, result);
}

static void set_affinity(const struct claim *claim)
{
	cleanup_free char *name = util_copy_printable(claim->name);
	size_t size = CPU_ALLOC_SIZE(CPULIST_MAX);
	cpu_set_t *set = util_alloc(size);
	unsigned int cpu;

	for (cpu = cpulist_next(&claim->cpus, 0); cpu < CPULIST_MAX; cpu = cpulist_next(&claim->cpus, cpu + 1))
		CPU_SET_S(cpu, size, set);
	if (!cpulist_is_empty(&claim->cpus) && sched_setaffinity(0, size, set) < 0)
		log_warning("guest %s: cannot be bound to the CPUs that are its own: %s; it runs on all that it may "
			    "use",
			    name, strerror(errno));
	free(set);
}

/* The pid and the time of its start stay when this process becomes QEMU. Does the claim say so now? */
static bool be_running(struct host *host, struct claim *claim)
{
	const struct reconcile_change change = { .add = claim, .only_if_changed = true };
	struct claim now;
	bool is_written;

	claim->started = claims_process_start(host->root, getpid());
	if (claim->started == 0 && !host->is_live)
		return true; /* a folder has no processes */
	claim->pid = getpid();
	claim->is_running = true;
	claim->deadline = 0;
	if (claim->started != 0)
		(void)reconcile(host, &change, NULL);
	is_written = claims_find(host->root, claim->uuid, &now) && now.is_running && now.pid == getpid();
	claim_free(&now);
	return is_written;
}

/* What it was given ends with a claim that nobody knows to be of a living guest, or its guard: rather no guest. */
static int refuse(struct host *host, const struct domain *domain, const char *why)
{
	call_give_back(host, domain);
	return call_refuse(host, domain->name, "", why);
}

static int become(struct host *host, const struct domain *domain, char **words)
{
	struct claim claim;
	bool has_claim = claims_find(host->root, domain->uuid, &claim), is_running = true;
	bool had_guard = held_is_guarded(host->root, domain->uuid);
	int error;

	host->deadline = claims_clock() + CALL_TIME;
	enter_slice(host, domain);
	if (has_claim) {
		set_affinity(&claim);
		is_running = be_running(host, &claim);
	}
	claim_free(&claim);
	if (!is_running)
		return refuse(host, domain, "its claim could not be written, so its disks would not stay its own");
	if (had_guard && !held_is_guarded(host->root, domain->uuid))
		return refuse(host, domain, "its guard has ended, so its disks would not stay its own");
	host_close(host);
	execvp(words[0], words);
	error = errno;
	if (has_claim)
		call_give_back(host, domain);
	(void)call_refuse(host, domain->name, words[0], strerror(error));
	return error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

int run_guest(struct host *host, const char *guest, char **words)
{
	cleanup_free char *other = NULL;
	cleanup_close int lock = -1;
	struct commandline line;
	int code = EXIT_SUCCESS;

	if (host->is_live && geteuid() != 0)
		return call_refuse(host, guest, "", "only root can claim anything for it");
	commandline_read(&line, guest, (const char *const *)(words + 1));
	if (line.refusal != NULL) {
		code = call_refuse(host, guest, "", line.refusal);
	} else {
		keep_block_devices(host->root, &line.domain);
		lock = take_lock(host->root);
		other = lock >= 0 ? find_other(host->root, &line.domain) : NULL;
		if (lock < 0)
			code = call_refuse(host, guest, PATH_RUN_LOCK, strerror(-lock));
		else if (other != NULL)
			code = call_refuse(host, guest, "", other);
		else
			code = call_prepare(host, &line.domain, line.unclear);
	}
	if (code == EXIT_SUCCESS)
		code = become(host, &line.domain, words);
	commandline_free(&line);
	return code;
}
