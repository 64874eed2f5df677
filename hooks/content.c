/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/content.h"

#include <blkid/blkid.h>

#include "lib/util.h"

char *content_describe(int fd)
{
	blkid_probe probe;
	const char *value;
	char *text = NULL;

	probe = blkid_new_probe();
	if (probe == NULL)
		return NULL;
	if (blkid_probe_set_device(probe, fd, 0, 0) == 0) {
		blkid_probe_enable_superblocks(probe, 1);
		blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE);
		blkid_probe_enable_partitions(probe, 1);
		if (blkid_do_safeprobe(probe) == 0) {
			if (blkid_probe_lookup_value(probe, "TYPE", &value, NULL) == 0)
				text = util_copy_printable(value);
			else if (blkid_probe_lookup_value(probe, "PTTYPE", &value, NULL) == 0)
				text = util_format("a %s partition table", value);
		}
	}
	blkid_free_probe(probe);
	return text;
}
