/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/store.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/child.h"
#include "lib/file.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/util.h"

#define REPORT_MAX (64 * 1024 * 1024)

/* Beyond this size old runs are dropped, but never the first report. */
#define REPORT_AIM (8 * 1024 * 1024)

/* One that fits into this is printed without growing its buffer. */
#define REPORT_USUAL 8192

#define PATH_SIZE 64

/* Between two looks at a lock (milliseconds). */
#define LOCK_PAUSE 20

/* Runs kept beside the first one. udev may start us again and again; /run is memory. */
#define RUNS_MAX 100

/* PATH_RUN or PATH_RUN_PID1, and a name. */
static void make_path(char path[static PATH_SIZE], const char *directory, const char *name)
{
	snprintf(path, PATH_SIZE, "%s/%s", directory, name);
}

static cJSON *read_reports(int root, const char *directory)
{
	char path[PATH_SIZE];
	cleanup_free char *text = NULL;
	size_t length = 0;
	cJSON *document;

	make_path(path, directory, NAME_REPORT);
	if (file_read(root, path, REPORT_MAX, &text, &length) < 0)
		return NULL;
	document = cJSON_ParseWithLength(text, length);
	if (document != NULL && !cJSON_IsObject(document)) {
		cJSON_Delete(document);
		document = NULL;
	}
	return document;
}

static int write_reports(int root, const char *directory, cJSON *document)
{
	char path[PATH_SIZE];
	cJSON *runs = cJSON_GetObjectItemCaseSensitive(document, "runs");
	char *text = cJSON_PrintBuffered(document, REPORT_USUAL, true);
	int result;

	make_path(path, directory, NAME_REPORT);
	while (text != NULL && strlen(text) > REPORT_AIM && cJSON_GetArraySize(runs) > 1) {
		for (int n = cJSON_GetArraySize(runs) / 2; n > 0; n--)
			cJSON_DeleteItemFromArray(runs, 0);
		cJSON_free(text);
		text = cJSON_Print(document);
	}
	if (text == NULL)
		return -ENOMEM;
	result = file_write(root, path, text, strlen(text));
	cJSON_free(text);
	return result;
}

/* Puts a report behind the first one. Takes it over. */
static void append_run(cJSON *first, cJSON *later)
{
	cJSON *runs = cJSON_GetObjectItemCaseSensitive(first, "runs");

	if (!cJSON_IsArray(runs)) {
		cJSON_DeleteItemFromObjectCaseSensitive(first, "runs");
		runs = cJSON_AddArrayToObject(first, "runs");
	}
	cJSON_AddItemToArray(runs, later);
	while (cJSON_GetArraySize(runs) > RUNS_MAX)
		cJSON_DeleteItemFromArray(runs, 0);
}

/* What is there but cannot be read is kept for its owner to look at. */
static void set_aside(int root, const char *directory)
{
	char path[PATH_SIZE];

	make_path(path, directory, NAME_REPORT);
	(void)file_rename(root, path, NAME_REPORT ".broken");
}

int store_add(int root, const char *directory, cJSON *document)
{
	cJSON *first = read_reports(root, directory);
	int result;

	if (first == NULL)
		set_aside(root, directory);
	if (first != NULL)
		append_run(first, document);
	else
		first = document;
	result = write_reports(root, directory, first);
	cJSON_Delete(first);
	return result;
}

/* The later document's own report, then its runs, go behind the first. Takes it over. */
static void append_document(cJSON *first, cJSON *later)
{
	cJSON *runs = cJSON_DetachItemFromObjectCaseSensitive(later, "runs");

	append_run(first, later);
	while (cJSON_GetArraySize(runs) > 0)
		append_run(first, cJSON_DetachItemFromArray(runs, 0));
	cJSON_Delete(runs);
}

static cJSON *merge_reports(int root)
{
	cJSON *first = read_reports(root, PATH_RUN_PID1), *later = read_reports(root, PATH_RUN);

	if (first == NULL)
		return later;
	if (later != NULL)
		append_document(first, later);
	return first;
}

int store_adopt(int root)
{
	cJSON *first = read_reports(root, PATH_RUN_PID1);
	int result;

	if (first == NULL)
		return 0;
	cJSON_Delete(first);
	first = read_reports(root, PATH_RUN);
	if (first == NULL)
		set_aside(root, PATH_RUN);
	cJSON_Delete(first);
	first = merge_reports(root);
	result = write_reports(root, PATH_RUN, first);
	cJSON_Delete(first);
	if (result < 0)
		return result;
	(void)file_remove(root, PATH_RUN_PID1 "/" NAME_REPORT, 0);
	(void)file_remove(root, PATH_RUN_PID1 "/" NAME_JOURNAL, 0);
	(void)file_remove(root, PATH_RUN_PID1 "/" NAME_LOCK, 0);
	(void)file_remove(root, PATH_RUN_PID1, AT_REMOVEDIR);
	return 0;
}

cJSON *store_read(int root)
{
	return merge_reports(root);
}

/* Opens the file and locks it. Returns a negative errno, -EAGAIN if another one has it. */
static int try_lock(int root, const char *path)
{
	cleanup_close int fd = root_open(root, path, O_RDWR | O_CREAT, 0644), now = -1;
	struct stat ours, theirs;
	int result = fd;

	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	/* Whoever had it may have removed the file between our open and our lock. */
	now = root_open(root, path, O_PATH, 0);
	if (now < 0 || fstat(fd, &ours) < 0 || fstat(now, &theirs) < 0 || ours.st_ino != theirs.st_ino)
		return -EAGAIN;
	fd = -1;
	return result;
}

void store_lock(struct store_lock *lock, int root, const char *directory, uint64_t deadline)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE * 1000000L };
	char path[PATH_SIZE];

	*lock = (struct store_lock){ root, directory, -1 };
	make_path(path, directory, NAME_LOCK);
	if (file_make_directories(root, directory) < 0)
		return;
	/* Not fcntl(): its locks are not shared with children, which may outlive us. */
	for (;;) {
		lock->fd = try_lock(root, path);
		if (lock->fd != -EAGAIN || child_now() >= deadline)
			return;
		(void)nanosleep(&pause, NULL);
	}
}

void store_unlock(struct store_lock *lock)
{
	char path[PATH_SIZE];

	if (lock->fd < 0)
		return;
	make_path(path, lock->directory, NAME_LOCK);
	/* Without its name the lock is worth nothing to a child that hangs. */
	(void)file_remove(lock->root, path, 0);
	close(lock->fd);
	lock->fd = -1;
}

static const char *text_of(const cJSON *report, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(report, key));

	return text != NULL ? text : "";
}

void store_first(int root, struct store_first *ret)
{
	cJSON *first = store_read(root);
	const char *probation = text_of(first, "probation");
	int n_later = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(first, "runs"));

	ret->is_down = streq(probation, "down");
	ret->is_covered = streq(probation, "tried") || streq(probation, "proven");
	ret->is_uncalled = first == NULL ||
			   (probation[0] == '\0' && n_later == 0 && streq(text_of(first, "command"), "boot"));
	(void)util_copy_fixed(ret->digest, sizeof(ret->digest), text_of(first, "policy_digest"));
	cJSON_Delete(first);
}

static void add_stuck(const cJSON *run, struct bdf **stuck, size_t *count)
{
	const cJSON *device;

	cJSON_ArrayForEach(device, cJSON_GetObjectItemCaseSensitive(run, "devices"))
	{
		struct bdf bdf;

		if (!streq(text_of(device, "reason"), "stuck") || !bdf_parse(text_of(device, "address"), &bdf))
			continue;
		*(struct bdf *)util_append(stuck, count, sizeof(bdf)) = bdf;
	}
}

struct bdf *store_stuck(int root, size_t *ret_count)
{
	cJSON *first = store_read(root);
	struct bdf *stuck = NULL;
	const cJSON *run;

	*ret_count = 0;
	add_stuck(first, &stuck, ret_count);
	cJSON_ArrayForEach(run, cJSON_GetObjectItemCaseSensitive(first, "runs")) add_stuck(run, &stuck, ret_count);
	cJSON_Delete(first);
	return stuck;
}
