/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/usb/drivers.h"

#include "lib/file.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

void usb_drivers_probe(int root, const char *name)
{
	cleanup_free char *path = util_format(PATH_USB_DEVICES "/%s", name), *prefix = util_format("%s:", name);
	DIR *directory = file_open_directory(root, path);
	const struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		cleanup_free char *driver = util_format(PATH_USB_DEVICES "/%s/driver", entry->d_name);

		/* That no driver wants it is no news. */
		if (starts_with(entry->d_name, prefix) && !sysfs_exists(root, driver))
			(void)sysfs_write(root, PATH_USB_PROBE, entry->d_name);
	}
	if (directory != NULL)
		closedir(directory);
}
