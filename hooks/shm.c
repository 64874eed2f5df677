/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "hooks/accounts.h"
#include "hooks/size.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/sysfs.h"
#include "lib/util.h"

#define HEADER "vfiokit-shm 1"
#define RECORDS_SIZE_MAX (1024 * 1024)
#define MODE 0660

/* (uid_t)-1 stands for "leave it as it is". */
#define ID_MAX (UINT32_MAX - 1)

/* --- texts ------------------------------------------------------------------------------------------------------- */

static bool take_name(char name[SHM_NAME_SIZE], const char *text)
{
	return text[0] != '\0' && text[0] != '.' && strpbrk(text, "/\n\t ") == NULL &&
	       util_copy_fixed(name, SHM_NAME_SIZE, text);
}

bool shm_parse_list(char *value, struct shm_want ret[static SHM_MAX], size_t *ret_count)
{
	size_t n = 0;
	char *name;

	while ((name = parse_next_word(&value)) != NULL) {
		const char *size = parse_next_word(&value);
		char *owner = parse_next_word(&value);
		const char *user = owner != NULL ? strsep(&owner, ":") : NULL;

		if (n == SHM_MAX || user == NULL || owner == NULL || user[0] == '\0' || owner[0] == '\0' ||
		    strchr(owner, ':') != NULL || !take_name(ret[n].name, name) ||
		    !size_parse_word(size, &ret[n].size) || ret[n].size > INT64_MAX ||
		    !util_copy_fixed(ret[n].user, SHM_USER_SIZE, user) ||
		    !util_copy_fixed(ret[n].group, SHM_USER_SIZE, owner))
			return false;
		for (size_t i = 0; i < n; i++)
			if (streq(ret[i].name, ret[n].name))
				return false;
		n++;
	}
	*ret_count = n;
	return n > 0;
}

static char *say_unknown(const struct shm_want *want, const char *what, const char *name, const char *path)
{
	return util_format("/" PATH_SHARED_MEMORY
			   "/%s: there is no %s '%s' in /%s; one of another service is written as a number",
			   want->name, what, name, path);
}

char *shm_resolve(int root, const struct shm_want *want, struct shm_file *ret)
{
	uint64_t number;

	memcpy(ret->name, want->name, sizeof(ret->name));
	ret->size = want->size;
	if (parse_number(want->user, 10, ID_MAX, &number))
		ret->uid = (uid_t)number;
	else if (!accounts_find_user(root, want->user, &ret->uid))
		return say_unknown(want, "user", want->user, PATH_PASSWD);
	if (parse_number(want->group, 10, ID_MAX, &number))
		ret->gid = (gid_t)number;
	else if (!accounts_find_group(root, want->group, &ret->gid))
		return say_unknown(want, "group", want->group, PATH_GROUP);
	return NULL;
}

static bool take_number(char **line, uint64_t max, uint64_t *ret)
{
	const char *word = strsep(line, " ");

	return word != NULL && parse_number(word, 10, max, ret);
}

bool shm_parse_file(char *value, struct shm_file *ret)
{
	uint64_t uid, gid;

	if (!take_number(&value, INT64_MAX, &ret->size) || !take_number(&value, ID_MAX, &uid) ||
	    !take_number(&value, ID_MAX, &gid) || value == NULL || !take_name(ret->name, value))
		return false;
	ret->uid = (uid_t)uid;
	ret->gid = (gid_t)gid;
	return true;
}

char *shm_format_file(const struct shm_file *file)
{
	return util_format("%llu %u %u %s", (unsigned long long)file->size, file->uid, file->gid, file->name);
}

bool shm_parse_records(struct shm_records *records, const char *text, size_t length)
{
	cleanup_free char *copy = util_copy(text);
	char *rest = copy, *line = strsep(&rest, "\n");

	*records = (struct shm_records){ 0 };
	if (strlen(text) != length || !streq(line, HEADER))
		return false;
	while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0') {
		struct shm_record record;
		const char *name = strsep(&line, " ");

		if (!take_name(record.name, name) || !take_number(&line, UINT64_MAX, &record.device) ||
		    !take_number(&line, UINT64_MAX, &record.inode) || line != NULL) {
			free(records->items);
			*records = (struct shm_records){ 0 };
			return false;
		}
		*(struct shm_record *)util_append(&records->items, &records->count, sizeof(record)) = record;
	}
	return true;
}

char *shm_format_records(const struct shm_records *records)
{
	char *text = util_copy(HEADER "\n");

	for (size_t i = 0; i < records->count; i++) {
		char *longer = util_format("%s%s %llu %llu\n", text, records->items[i].name,
					   (unsigned long long)records->items[i].device,
					   (unsigned long long)records->items[i].inode);

		free(text);
		text = longer;
	}
	return text;
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static void read_records(int root, struct shm_records *ret)
{
	cleanup_free char *text = NULL;
	size_t length = 0;
	int result = file_read(root, PATH_SHM, RECORDS_SIZE_MAX, &text, &length);

	*ret = (struct shm_records){ 0 };
	if (result != -ENOENT && (result < 0 || !shm_parse_records(ret, text, length)))
		log_warning("/" PATH_SHM ": cannot be read; shared memory that was made before stays");
}

static int write_records(int root, const struct shm_records *records)
{
	cleanup_free char *text = shm_format_records(records);
	int result = records->count == 0 ? file_remove(root, PATH_SHM, 0)
					 : file_write(root, PATH_SHM, text, strlen(text));

	return result == -ENOENT ? 0 : result;
}

static bool is_wanted(const struct claims *claims, const char *name)
{
	for (size_t i = 0; i < claims->count; i++)
		for (size_t k = 0; k < claims->items[i].n_shm; k++)
			if (streq(claims->items[i].shm[k].name, name))
				return true;
	return false;
}

static bool is_same(const struct shm_record *record, const struct stat *status)
{
	return record->device == (uint64_t)status->st_dev && record->inode == (uint64_t)status->st_ino;
}

/* Returns 0 also if it is gone, or another file has its name: then nothing of ours is left. */
static int remove_file(int directory, const struct shm_record *record)
{
	struct stat status;

	if (fstatat(directory, record->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!is_same(record, &status)) {
		log_warning("/" PATH_SHARED_MEMORY "/%s: is not the file that we made any more; it was left",
			    record->name);
		return 0;
	}
	return unlinkat(directory, record->name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_unwanted(int directory, const struct claims *claims, struct shm_records *records)
{
	int first = 0;

	for (size_t i = records->count; i-- > 0;) {
		int result;

		if (is_wanted(claims, records->items[i].name))
			continue;
		result = directory < 0 ? 0 : remove_file(directory, &records->items[i]);
		if (result < 0) {
			log_warning("/" PATH_SHARED_MEMORY "/%s: cannot be removed: %s; tried again later",
				    records->items[i].name, strerror(-result));
			first = first < 0 ? first : result;
			continue;
		}
		records->items[i] = records->items[--records->count];
	}
	return first;
}

/* Something has the name already. Returns NULL if it is what the guest needs, or what is wrong with it. */
static char *judge(int root, const struct shm_file *file, const struct stat *status)
{
	cleanup_free char *owner = NULL;

	if (!S_ISREG(status->st_mode))
		return util_copy("is there and no regular file; it was left as it is");
	if (status->st_nlink != 1)
		return util_copy("is there and has more than one name; it was left as it is");
	owner = accounts_user_name(root, status->st_uid);
	if (status->st_uid != 0 && status->st_uid != file->uid)
		return util_format("is there and belongs to %s; it was left as it is", owner);
	if (status->st_uid == file->uid && status->st_gid == file->gid && (status->st_mode & 07777) == MODE &&
	    (uint64_t)status->st_size == file->size)
		return NULL;
	return util_format("is there, but not as it is wanted: owner %u:%u, mode %04o, %llu bytes; wanted are %u:%u, "
			   "%04o, %llu; it was left as it is, remove it to have it made",
			   status->st_uid, status->st_gid, status->st_mode & 07777, (unsigned long long)status->st_size,
			   file->uid, file->gid, MODE, (unsigned long long)file->size);
}

/* Without a name, so that nobody can meet it half done. Returns a descriptor or a negative errno. */
static int make_nameless(int directory, const struct shm_file *file)
{
	cleanup_close int fd = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int result;

	if (fd < 0 || ftruncate(fd, (off_t)file->size) < 0 || fchown(fd, file->uid, file->gid) < 0 ||
	    fchmod(fd, MODE) < 0)
		return -errno;
	result = fd;
	fd = -1;
	return result;
}

/* linkat() replaces nothing. Through /proc, as open(2) has it for O_TMPFILE. */
static int make(int root, int directory, const struct shm_file *file, struct shm_records *records)
{
	cleanup_close int fd = make_nameless(directory, file);
	cleanup_free char *path = util_format("/proc/self/fd/%d", fd);
	struct shm_record *record;
	struct stat status;
	int result;

	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0)
		return -errno;
	record = util_append(&records->items, &records->count, sizeof(*record));
	memcpy(record->name, file->name, sizeof(record->name));
	record->device = (uint64_t)status.st_dev;
	record->inode = (uint64_t)status.st_ino;
	result = write_records(root, records);
	if (result == 0 && linkat(AT_FDCWD, path, directory, file->name, AT_SYMLINK_FOLLOW) < 0)
		result = -errno;
	if (result < 0)
		records->count--;
	return result;
}

static void forget(struct shm_records *records, const char *name)
{
	for (size_t i = records->count; i-- > 0;)
		if (streq(records->items[i].name, name))
			records->items[i] = records->items[--records->count];
}

/* Returns NULL, or what is wrong. */
static char *have(int root, int directory, const struct shm_file *file, struct shm_records *records)
{
	struct stat status;
	int result;

	if (fstatat(directory, file->name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return judge(root, file, &status);
	if (errno != ENOENT)
		return util_format("cannot be looked at: %s", strerror(errno));
	forget(records, file->name); /* somebody has removed the one that we had made */
	result = make(root, directory, file, records);
	return result < 0 ? util_format("cannot be made: %s", strerror(-result)) : NULL;
}

int shm_apply(int root, const struct claims *claims, const struct claim *start, char **ret_why)
{
	cleanup_close int directory = -1;
	struct shm_records records;
	int result;

	*ret_why = NULL;
	if ((start == NULL || start->n_shm == 0) && !sysfs_exists(root, PATH_SHM))
		return 0;
	directory = root_open(root, PATH_SHARED_MEMORY, O_RDONLY | O_DIRECTORY, 0);
	read_records(root, &records);
	result = remove_unwanted(directory, claims, &records);
	for (size_t i = 0; start != NULL && i < start->n_shm; i++) {
		cleanup_free char *why = directory < 0 ? util_format("cannot be made: %s", strerror(-directory))
						       : have(root, directory, &start->shm[i], &records);

		if (why != NULL && *ret_why == NULL)
			*ret_why = util_format("/" PATH_SHARED_MEMORY "/%s: %s", start->shm[i].name, why);
	}
	if (write_records(root, &records) < 0)
		result = result < 0 ? result : -EIO;
	free(records.items);
	return result;
}
