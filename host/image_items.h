/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What belongs in an initramfs: the one answer for every generator's glue and for the add-on. */
#ifndef VFIOKIT_IMAGE_ITEMS_H
#define VFIOKIT_IMAGE_ITEMS_H

#include <stddef.h>

#include "binder/session.h"

struct image_module {
	char name[SYSFS_NAME_SIZE]; /* with _ */
	char **paths;               /* owned, each too; of the module and what it needs, below modules_directory() */
	size_t n_paths;             /* 0: built in, or missing */
	bool is_missing;            /* neither a file nor built in */
};

struct image_items {
	char **files; /* owned, each too; relative to the root, and in an image at the same place */
	size_t n_files;
	struct image_module *modules; /* owned */
	size_t n_modules;
	struct modules *source; /* owned; where the modules are */
	bool has_binder;        /* the program itself is installed */
};

/*
 * For the kernel with this release; asks a session that was planned. Of the installed policy (not of --policy) come the
 * files that were read and can be; of the modules those of vfio-pci, of vfio_iommu_type1 (which vfio only asks for
 * softly), and of each driver that a rule names.
 */
void image_items_collect(struct image_items *items, const struct session *session, const struct options *options,
			 const char *release);
void image_items_free(struct image_items *items);

#endif
