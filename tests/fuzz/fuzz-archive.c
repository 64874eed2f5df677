/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An initramfs image, plain or compressed. Names must be strings without a leading slash. */
#include "host/archive.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

static void on_name(const char *name, void *context)
{
	*(size_t *)context += strlen(name);
	if (name[0] == '/')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;
	size_t length = 0;

	if (fd < 0) {
		fd = memfd_create("image", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	(void)archive_list(AT_FDCWD, path, on_name, &length);
	return 0;
}
