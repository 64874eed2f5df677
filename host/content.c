/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/content.h"

#include <blkid/blkid.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/paths.h"
#include "lib/root.h"
#include "lib/sysfs.h"
#include "lib/util.h"

/* Optical drives and floppies may take long to say that they are empty, and no host needs what is in them. */
static bool is_removed_by_hand(const char *name)
{
	return starts_with(name, "sr") || starts_with(name, "fd");
}

static int open_block(int root, const char *name)
{
	cleanup_free char *node = util_format("%s%s", &DEV_PREFIX[1], name);
	cleanup_free char *attribute = util_format(PATH_BLOCK "/%s/dev", name);
	cleanup_close int fd = -1;
	char number[32], is[32];
	struct stat info;
	int result;

	for (char *c = node; *c != '\0'; c++)
		if (*c == '!')
			*c = '/';
	fd = root_open(root, node, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0 || fstat(fd, &info) < 0 || !S_ISBLK(info.st_mode) ||
	    sysfs_read(root, attribute, number, sizeof(number)) < 0)
		return -1;
	snprintf(is, sizeof(is), "%u:%u", major(info.st_rdev), minor(info.st_rdev));
	result = streq(is, number) ? fd : -1;
	if (result >= 0)
		fd = -1;
	return result;
}

char *content_identify(int root, const char *name)
{
	cleanup_close int fd = is_removed_by_hand(name) ? -1 : open_block(root, name);
	blkid_probe probe = fd >= 0 ? blkid_new_probe() : NULL;
	const char *type;
	char *text = NULL;

	if (probe == NULL)
		return NULL;
	if (blkid_probe_set_device(probe, fd, 0, 0) == 0 && blkid_probe_enable_superblocks(probe, 1) == 0 &&
	    blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE) == 0) {
		switch (blkid_do_safeprobe(probe)) {
		case 0:
			if (blkid_probe_lookup_value(probe, "TYPE", &type, NULL) == 0)
				text = util_copy_printable(type);
			break;
		case 1:
			text = util_copy("");
			break;
		case -2:
			text = util_copy("several signatures");
			break;
		default:
			break; /* it cannot be read */
		}
	}
	blkid_free_probe(probe);
	return text;
}
