/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/claims.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/sysfs.h"
#include "lib/util.h"

/* How often a lock is tried that another call holds (ns). */
#define LOCK_INTERVAL 5000000

/* How soon it is asked again whether a guard has ended, and how seldom at last (ns). */
#define GUARD_FIRST 500000
#define GUARD_LAST 8000000

/* QEMU's command line, of which libvirt's has some kilobytes. */
#define COMMAND_LINE_MAX (1024 * 1024)

/* The descriptor of the lock, for children; of no meaning when it was given back. */
static int own_lock = -1;

static uint64_t now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

uint64_t claims_now(void)
{
	return now(CLOCK_BOOTTIME);
}

uint64_t claims_clock(void)
{
	return now(CLOCK_MONOTONIC);
}

int claims_lock_file(int root, const char *path, uint64_t deadline)
{
	cleanup_close int fd = -1;
	int result = file_make_directories(root, PATH_CLAIMS);

	if (result < 0)
		return result;
	fd = root_open(root, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fd;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		const struct timespec interval = { 0, LOCK_INTERVAL };

		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (claims_clock() >= deadline)
			return -ETIMEDOUT;
		(void)nanosleep(&interval, NULL);
	}
	result = fd;
	fd = -1;
	return result;
}

int claims_lock(int root, uint64_t deadline)
{
	int result = claims_lock_file(root, PATH_HOOKS_LOCK, deadline);

	if (result >= 0)
		own_lock = result;
	return result;
}

void claims_leave_lock(void)
{
	if (own_lock >= 0)
		close(own_lock);
	own_lock = -1;
}

static char *path_of(const char *uuid)
{
	return util_format(PATH_CLAIMS "/%s", uuid);
}

bool claims_find(int root, const char *uuid, struct claim *ret)
{
	cleanup_free char *path = path_of(uuid), *text = NULL;
	size_t length;

	*ret = (struct claim){ 0 };
	return file_read(root, path, CLAIM_SIZE_MAX, &text, &length) == 0 && claim_parse(ret, uuid, text, length);
}

bool claims_exists(int root, const char *uuid)
{
	cleanup_free char *path = path_of(uuid);

	return sysfs_find(root, path) != -ENOENT;
}

static int by_uuid(const void *a, const void *b)
{
	return strcmp(((const struct claim *)a)->uuid, ((const struct claim *)b)->uuid);
}

void claims_read(int root, struct claims *claims)
{
	DIR *directory = file_open_directory(root, PATH_CLAIMS);
	const struct dirent *entry;
	char uuid[UUID_SIZE];

	*claims = (struct claims){ 0 };
	if (directory == NULL)
		return;
	while ((entry = readdir(directory)) != NULL) {
		struct claim claim;

		/* Temporary files have longer names. */
		if (uuid_copy(uuid, entry->d_name) && claims_find(root, uuid, &claim))
			*(struct claim *)util_append(&claims->items, &claims->count, sizeof(claim)) = claim;
	}
	closedir(directory);
	if (claims->count > 0)
		qsort(claims->items, claims->count, sizeof(*claims->items), by_uuid);
}

void claims_free(struct claims *claims)
{
	for (size_t i = 0; i < claims->count; i++)
		claim_free(&claims->items[i]);
	free(claims->items);
	*claims = (struct claims){ 0 };
}

int claims_write(int root, const struct claim *claim)
{
	cleanup_free char *path = path_of(claim->uuid), *text = claim_format(claim);

	return file_write(root, path, text, strlen(text));
}

int claims_remove(int root, const char *uuid)
{
	cleanup_free char *path = path_of(uuid);

	return file_remove(root, path, 0);
}

/* --- guards ------------------------------------------------------------------------------------------------------ */

static char *guard_path(const char *uuid)
{
	return util_format(PATH_GUARDS "/%s", uuid);
}

int claims_be_guard(int root, const char *uuid)
{
	cleanup_free char *path = guard_path(uuid);
	int fd = file_create(root, path, O_RDWR);

	if (fd >= 0)
		(void)flock(fd, LOCK_EX | LOCK_NB); /* nobody else has this file yet */
	return fd;
}

void claims_end_guard(int root, const char *uuid)
{
	cleanup_free char *path = guard_path(uuid);

	(void)file_remove(root, path, 0);
}

bool claims_guard_has_ended(int root, const char *uuid, uint64_t deadline)
{
	struct timespec interval = { 0, GUARD_FIRST };
	cleanup_free char *path = guard_path(uuid);

	for (;;) {
		cleanup_close int fd = root_open(root, path, O_RDWR | O_NOFOLLOW, 0);

		if (fd == -ENOENT)
			return true;
		if (fd < 0 || claims_clock() >= deadline)
			return false;
		if (flock(fd, LOCK_SH | LOCK_NB) == 0)
			return !sysfs_exists(root, path);
		(void)nanosleep(&interval, NULL);
		if (interval.tv_nsec < GUARD_LAST)
			interval.tv_nsec *= 2;
	}
}

/* --- processes --------------------------------------------------------------------------------------------------- */

/* "PID (NAME) STATE ..."; the name may hold anything, so what counts begins behind the last bracket. */
uint64_t claims_process_start(int root, pid_t pid)
{
	cleanup_free char *path = util_format(PATH_PROC "/%d/stat", pid);
	char text[SYSFS_VALUE_SIZE], *rest, *word;
	uint64_t started;

	if (sysfs_read(root, path, text, sizeof(text)) < 0)
		return 0;
	rest = strrchr(text, ')');
	if (rest == NULL)
		return 0;
	rest++;
	for (int field = 3; (word = parse_next_word(&rest)) != NULL; field++) {
		if (field == 3 && (word[0] == 'Z' || word[0] == 'X'))
			return 0;
		if (field == 22)
			return parse_number(word, 10, UINT64_MAX, &started) ? started : 0;
	}
	return 0;
}

bool claims_is_alive(int root, const struct claim *claim)
{
	struct claim_evidence evidence = { .now = claims_now() };

	if (claim->is_running)
		evidence.started = claims_process_start(root, claim->pid);
	return claim_is_alive(claim, &evidence);
}

/* Words end at NUL bytes; libvirt gives "-uuid UUID". */
static bool has_uuid(const char *text, size_t length, const char *uuid)
{
	const char *before = "";

	for (const char *word = text; word < text + length; word += strlen(word) + 1) {
		if (streq(before, "-uuid") && streq(word, uuid))
			return true;
		before = word;
	}
	return false;
}

static bool is_process_of(int root, pid_t pid, const char *uuid)
{
	cleanup_free char *path = util_format(PATH_PROC "/%d/cmdline", pid);
	char *command;
	size_t length;
	bool is_it;

	if (file_read(root, path, COMMAND_LINE_MAX, &command, &length) < 0)
		return false;
	is_it = has_uuid(command, length, uuid);
	free(command);
	return is_it;
}

static bool is_found(int root, const char *text, const char *uuid, pid_t *ret_pid, uint64_t *ret_started)
{
	uint64_t pid, started;

	if (!parse_number(text, 10, INT32_MAX, &pid))
		return false;
	started = claims_process_start(root, (pid_t)pid);
	if (started == 0 || !is_process_of(root, (pid_t)pid, uuid))
		return false;
	*ret_pid = (pid_t)pid;
	*ret_started = started;
	return true;
}

/* libvirt 9.0 escapes quotes in the name of a pid file as XML does, so it is not always found by the guest's name. */
bool claims_find_process(int root, const struct claim *claim, pid_t *ret_pid, uint64_t *ret_started)
{
	cleanup_free char *file = util_format(PATH_LIBVIRT_RUN "/%s.pid", claim->name);
	const struct dirent *entry;
	bool found = false;
	char text[32];
	DIR *directory;

	if (strchr(claim->name, '/') == NULL && sysfs_read(root, file, text, sizeof(text)) == 0 &&
	    is_found(root, text, claim->uuid, ret_pid, ret_started))
		return true;
	directory = file_open_directory(root, PATH_PROC);
	while (directory != NULL && !found && (entry = readdir(directory)) != NULL)
		found = is_found(root, entry->d_name, claim->uuid, ret_pid, ret_started);
	if (directory != NULL)
		closedir(directory);
	return found;
}
