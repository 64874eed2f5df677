/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/content.h"

#include <blkid/blkid.h>

#include "hooks/library.h"
#include "lib/util.h"

#define LIBRARY "libblkid.so.1"

/* All that is used of it, without its "blkid_". */
#define FUNCTIONS(F)                                                                                                   \
	F(do_safeprobe)                                                                                                \
	F(free_probe)                                                                                                  \
	F(new_probe)                                                                                                   \
	F(probe_enable_partitions)                                                                                     \
	F(probe_enable_superblocks)                                                                                    \
	F(probe_lookup_value)                                                                                          \
	F(probe_set_device)                                                                                            \
	F(probe_set_superblocks_flags)

#define POINTER(name) typeof(blkid_##name) *name;
#define FUNCTION(name) { "blkid_" #name, &blkid.name },

static struct {
	FUNCTIONS(POINTER)
} blkid;

char *content_describe(int fd)
{
	static const struct library_function functions[] = { FUNCTIONS(FUNCTION) };
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
