/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/content.h"

#include <blkid/blkid.h>

#include "hooks/library.h"
#include "lib/util.h"

#define LIBRARY "libblkid.so.1"

/* All that is used of it, without its "blkid_". */
static struct {
	typeof(blkid_do_safeprobe) *do_safeprobe;
	typeof(blkid_free_probe) *free_probe;
	typeof(blkid_new_probe) *new_probe;
	typeof(blkid_probe_enable_partitions) *probe_enable_partitions;
	typeof(blkid_probe_enable_superblocks) *probe_enable_superblocks;
	typeof(blkid_probe_lookup_value) *probe_lookup_value;
	typeof(blkid_probe_set_device) *probe_set_device;
	typeof(blkid_probe_set_superblocks_flags) *probe_set_superblocks_flags;
} blkid;

char *content_describe(int fd)
{
	static const struct library_function functions[] = {
		{ "blkid_do_safeprobe", &blkid.do_safeprobe },
		{ "blkid_free_probe", &blkid.free_probe },
		{ "blkid_new_probe", &blkid.new_probe },
		{ "blkid_probe_enable_partitions", &blkid.probe_enable_partitions },
		{ "blkid_probe_enable_superblocks", &blkid.probe_enable_superblocks },
		{ "blkid_probe_lookup_value", &blkid.probe_lookup_value },
		{ "blkid_probe_set_device", &blkid.probe_set_device },
		{ "blkid_probe_set_superblocks_flags", &blkid.probe_set_superblocks_flags },
	};
	blkid_probe probe;
	const char *value;
	char *text = NULL;

	if (!library_load(LIBRARY, functions, ARRAY_SIZE(functions)))
		return NULL;
	probe = blkid.new_probe();
	if (probe == NULL)
		return NULL;
	if (blkid.probe_set_device(probe, fd, 0, 0) == 0) {
		blkid.probe_enable_superblocks(probe, 1);
		blkid.probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE);
		blkid.probe_enable_partitions(probe, 1);
		if (blkid.do_safeprobe(probe) == 0) {
			if (blkid.probe_lookup_value(probe, "TYPE", &value, NULL) == 0)
				text = util_copy_printable(value);
			else if (blkid.probe_lookup_value(probe, "PTTYPE", &value, NULL) == 0)
				text = util_format("a %s partition table", value);
		}
	}
	blkid.free_probe(probe);
	return text;
}
