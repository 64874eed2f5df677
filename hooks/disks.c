/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/disks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "hooks/claims.h"
#include "hooks/content.h"
#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/root.h"
#include "lib/sysfs.h"
#include "lib/util.h"

/* Tables of mounts grow with containers. */
#define TABLE_MAX (4 * 1024 * 1024)

/* mkfs, blkid and udev take a device exclusively for a moment: a busy one that nobody holds openly is tried again. */
#define TRIES_MAX 5
#define TRY_INTERVAL 100000000 /* ns */

/* A disk and its partitions. */
struct family {
	dev_t numbers[256];
	size_t count;
};

static bool read_number(int root, const char *path, dev_t *ret)
{
	char text[32];
	uint64_t major_number, minor_number;
	char *rest = text;
	const char *first;

	if (sysfs_read(root, path, text, sizeof(text)) < 0)
		return false;
	first = strsep(&rest, ":");
	if (rest == NULL || !parse_number(first, 10, UINT32_MAX, &major_number) ||
	    !parse_number(rest, 10, UINT32_MAX, &minor_number))
		return false;
	*ret = makedev(major_number, minor_number);
	return true;
}

static char *directory_of(dev_t number)
{
	return util_format(PATH_BLOCK_BY_NUMBER "/%u:%u", major(number), minor(number));
}

static void read_family(int root, dev_t number, struct family *family)
{
	cleanup_free char *path = directory_of(number);
	DIR *directory = file_open_directory(root, path);
	const struct dirent *entry;

	*family = (struct family){ { number }, 1 };
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		cleanup_free char *sign = util_format("%s/%s/partition", path, entry->d_name);
		cleanup_free char *dev = util_format("%s/%s/dev", path, entry->d_name);

		if (entry->d_name[0] != '.' && family->count < ARRAY_SIZE(family->numbers) &&
		    sysfs_exists(root, sign) && read_number(root, dev, &family->numbers[family->count]))
			family->count++;
	}
	if (directory != NULL)
		closedir(directory);
}

static bool is_of(const struct family *family, dev_t number)
{
	for (size_t i = 0; i < family->count; i++)
		if (family->numbers[i] == number)
			return true;
	return false;
}

/* Is this path (of /proc/swaps, or a mount's source) one of the family's nodes? */
static bool is_node_of(int root, const struct family *family, const char *path)
{
	cleanup_close int fd = path[0] == '/' ? root_open(root, path + 1, O_PATH, 0) : -1;
	struct stat info;

	return fd >= 0 && fstat(fd, &info) == 0 && S_ISBLK(info.st_mode) && is_of(family, info.st_rdev);
}

/* "ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS ... - TYPE SOURCE ...". btrfs has numbers of its own: its source
 * counts. */
static char *find_mount(int root, const struct family *family)
{
	cleanup_free char *table = NULL;
	char *rest, *line;
	size_t length;

	if (file_read(root, PATH_MOUNTINFO, TABLE_MAX, &table, &length) < 0)
		return NULL;
	for (rest = table; (line = strsep(&rest, "\n")) != NULL;) {
		char *words[5] = { NULL }, *source = strstr(line, " - "), *number;
		uint64_t first = 0, second = 0;

		source = source != NULL ? strchr(source + 3, ' ') : NULL;
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			words[i] = strsep(&line, " ");
		if (source == NULL || words[4] == NULL)
			continue;
		number = words[2];
		source++;
		source[strcspn(source, " ")] = '\0';
		if ((parse_number(strsep(&number, ":"), 10, UINT32_MAX, &first) && number != NULL &&
		     parse_number(number, 10, UINT32_MAX, &second) && is_of(family, makedev(first, second))) ||
		    is_node_of(root, family, source))
			return util_format("%s is mounted on %s; unmount it", source, words[4]);
	}
	return NULL;
}

static char *find_swap(int root, const struct family *family)
{
	cleanup_free char *table = NULL;
	char *rest, *line;
	size_t length;

	if (file_read(root, PATH_SWAPS, TABLE_MAX, &table, &length) < 0)
		return NULL;
	for (rest = table; (line = strsep(&rest, "\n")) != NULL;) {
		line[strcspn(line, " \t")] = '\0';
		if (is_node_of(root, family, line))
			return util_format("%s is swap of this host; use 'swapoff %s'", line, line);
	}
	return NULL;
}

/* "dm-0" is nobody's name for it. */
static char *name_of_holder(int root, const char *directory, const char *name)
{
	cleanup_free char *path = util_format("%s/%s/dm/name", directory, name);
	char text[256];

	if (sysfs_read(root, path, text, sizeof(text)) == 0)
		return util_format("/dev/mapper/%s", text);
	return util_format("/dev/%s", name);
}

static char *find_holder(int root, const struct family *family)
{
	for (size_t i = 0; i < family->count; i++) {
		cleanup_free char *above = directory_of(family->numbers[i]), *path = util_format("%s/holders", above);
		DIR *directory = file_open_directory(root, path);
		const struct dirent *entry;
		char *name = NULL;

		while (directory != NULL && name == NULL && (entry = readdir(directory)) != NULL)
			if (entry->d_name[0] != '.')
				name = name_of_holder(root, path, entry->d_name);
		if (directory != NULL)
			closedir(directory);
		if (name != NULL) {
			char *why = util_format("%s is made of it; take that down", name);

			free(name);
			return why;
		}
	}
	return NULL;
}

static bool claims_one_of(int root, const struct claim *claim, const struct family *family)
{
	for (size_t i = 0; i < claim->n_disks; i++)
		if (claim->disks[i].is_held && is_node_of(root, family, claim->disks[i].path))
			return true;
	return false;
}

static char *find_guest(int root, const struct family *family, const char *but)
{
	struct claims claims;
	char *why = NULL;

	claims_read(root, &claims);
	for (size_t i = 0; i < claims.count && why == NULL; i++) {
		cleanup_free char *name = util_copy_printable(claims.items[i].name);

		if (!streq(claims.items[i].uuid, but) && claims_one_of(root, &claims.items[i], family))
			why = util_format("guest %s has it; shut that down, or make the disk <shareable/> in both",
					  name);
	}
	claims_free(&claims);
	return why;
}

/* The disks of a btrfs that is mounted. */
static void read_btrfs(int root, const char *uuid, struct family *members)
{
	cleanup_free char *path = util_format(PATH_BTRFS "/%s/devices", uuid);
	DIR *directory = file_open_directory(root, path);
	const struct dirent *entry;

	*members = (struct family){ 0 };
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		cleanup_free char *dev = util_format("%s/%s/dev", path, entry->d_name);

		if (entry->d_name[0] != '.' && members->count < ARRAY_SIZE(members->numbers) &&
		    read_number(root, dev, &members->numbers[members->count]))
			members->count++;
	}
	if (directory != NULL)
		closedir(directory);
}

/* The table of mounts names one disk of a btrfs, whichever that is: the others are found by it. */
static char *find_btrfs(int root, const struct family *family)
{
	DIR *directory = file_open_directory(root, PATH_BTRFS);
	const struct dirent *entry;
	char *why = NULL;

	while (directory != NULL && why == NULL && (entry = readdir(directory)) != NULL) {
		cleanup_free char *mount = NULL;
		struct family members;

		if (entry->d_name[0] == '.')
			continue;
		read_btrfs(root, entry->d_name, &members);
		for (size_t i = 0; i < members.count && mount == NULL; i++)
			if (is_of(family, members.numbers[i]))
				mount = find_mount(root, &members);
		if (mount != NULL)
			why = util_format("it is a part of a btrfs: %s", mount);
	}
	if (directory != NULL)
		closedir(directory);
	return why;
}

/* What was found, or NULL. */
static char *explain(int root, dev_t number, const char *uuid)
{
	struct family family;
	char *why;

	read_family(root, number, &family);
	why = find_mount(root, &family);
	if (why == NULL)
		why = find_swap(root, &family);
	if (why == NULL)
		why = find_holder(root, &family);
	if (why == NULL)
		why = find_btrfs(root, &family);
	return why != NULL ? why : find_guest(root, &family, uuid);
}

static char *explain_by_content(int root, const char *path)
{
	cleanup_close int fd = root_open(root, path + 1, O_RDONLY | O_NONBLOCK, 0);
	cleanup_free char *content = fd >= 0 ? content_describe(root, fd) : NULL;

	return util_format("some program holds it exclusively%s%s%s; end that", content != NULL ? " (it holds " : "",
			   content != NULL ? content : "", content != NULL ? ")" : "");
}

/* -ENOENT unless it is a block device; what is opened with O_PATH is not touched. */
static int look(int root, const char *path, dev_t *ret)
{
	cleanup_close int fd = path[0] == '/' ? root_open(root, path + 1, O_PATH, 0) : -ENOENT;
	struct stat info;

	if (fd < 0 || fstat(fd, &info) < 0 || !S_ISBLK(info.st_mode))
		return -ENOENT;
	*ret = info.st_rdev;
	return 0;
}

int disks_take(int root, const char *path, const char *uuid, char **ret_why)
{
	const struct timespec interval = { 0, TRY_INTERVAL };
	dev_t number;
	int fd;

	*ret_why = NULL;
	if (look(root, path, &number) < 0)
		return -ENOENT;
	for (int tries = 1;; tries++) {
		fd = root_open(root, path + 1, O_RDONLY | O_EXCL | O_NONBLOCK, 0);
		if (fd != -EBUSY)
			break;
		*ret_why = explain(root, number, uuid);
		if (*ret_why != NULL)
			return -EBUSY;
		if (tries == TRIES_MAX) {
			*ret_why = explain_by_content(root, path);
			return -EBUSY;
		}
		(void)nanosleep(&interval, NULL);
	}
	if (fd == -ENOMEDIUM || fd == -ENXIO || fd == -ENOENT)
		return -ENOENT;
	if (fd < 0)
		*ret_why = util_format("cannot be opened: %s", strerror(-fd));
	return fd;
}

char *disks_user(int root, const char *path, const char *uuid)
{
	dev_t number;

	return look(root, path, &number) == 0 ? explain(root, number, uuid) : NULL;
}

bool disks_is_same(int root, const char *path, int fd)
{
	struct stat info;
	dev_t number;

	return look(root, path, &number) == 0 && fstat(fd, &info) == 0 && S_ISBLK(info.st_mode) &&
	       info.st_rdev == number && disks_is_present(root, fd);
}

bool disks_is_present(int root, int fd)
{
	struct stat info;
	cleanup_free char *path = NULL;

	if (fstat(fd, &info) < 0)
		return false;
	path = directory_of(info.st_rdev);
	return sysfs_exists(root, path);
}

/*
 * The disk's node in /dev. A namespace that the kernel shows below a controller as nvme0c1n2 is a path to nvme0n2,
 * which is what gets used (drivers/nvme/host/multipath.c).
 */
static char *node_of(const char *name)
{
	size_t digits = strspn(name + strcspn(name, "0123456789"), "0123456789");
	size_t head = strcspn(name, "0123456789") + digits;

	if (starts_with(name, "nvme") && name[head] == 'c') {
		const char *tail = name + head + 1;

		return util_format("/dev/%.*s%s", (int)head, name, tail + strspn(tail, "0123456789"));
	}
	return util_format("/dev/%s", name);
}

void disks_add(char *path, bool is_held, struct domain_disk **disks, size_t *n_disks)
{
	for (size_t i = 0; i < *n_disks; i++)
		if (streq((*disks)[i].path, path)) {
			(*disks)[i].is_held = (*disks)[i].is_held || is_held;
			free(path);
			return;
		}
	*(struct domain_disk *)util_append(disks, n_disks, sizeof(**disks)) = (struct domain_disk){ path, is_held };
}

/* Those whose path in sysfs has this part: "/0000:01:00.0/". */
static void add_below(int root, const char *part, struct domain_disk **disks, size_t *n_disks)
{
	DIR *directory = file_open_directory(root, PATH_BLOCK);
	char target[PATH_MAX];
	const struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		cleanup_free char *link = util_format(PATH_BLOCK "/%s", entry->d_name);
		cleanup_free char *sign = util_format("%s/partition", link);

		if (entry->d_name[0] == '.' || sysfs_read_link(root, link, target, sizeof(target)) < 0 ||
		    strstr(target, part) == NULL || sysfs_exists(root, sign))
			continue;
		disks_add(node_of(entry->d_name), true, disks, n_disks);
	}
	if (directory != NULL)
		closedir(directory);
}

void disks_add_of_pci(int root, const struct bdf *bdf, struct domain_disk **disks, size_t *n_disks)
{
	char address[BDF_TEXT_SIZE];
	cleanup_free char *part = NULL;

	bdf_format(bdf, address);
	part = util_format("/%s/", address);
	add_below(root, part, disks, n_disks);
}

void disks_add_of_usb(int root, const char *name, struct domain_disk **disks, size_t *n_disks)
{
	cleanup_free char *part = util_format("/%s/", name);

	add_below(root, part, disks, n_disks);
}
