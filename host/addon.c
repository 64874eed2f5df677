/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/addon.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "binder/modules.h"
#include "host/addon_modules.h"
#include "host/cpio.h"
#include "host/image_items.h"
#include "lib/file.h"
#include "lib/paths.h"

/* Larger than any file that belongs in it. */
#define FILE_MAX_SIZE (64UL * 1024 * 1024)

#define MODE_FILE 0644
#define MODE_PROGRAM 0755

/* A dynamic program names what loads its libraries. The kernel panics if that is not in the image. */
static bool needs_libraries(const char *data, size_t length)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;

	if (length < sizeof(header) || memcmp(data, ELFMAG, SELFMAG) != 0)
		return false;
	memcpy(&header, data, sizeof(header));
	for (size_t i = 0; i < header.e_phnum; i++) {
		if (header.e_phoff > length || length - header.e_phoff < (i + 1) * sizeof(segment))
			return false;
		memcpy(&segment, data + header.e_phoff + i * sizeof(segment), sizeof(segment));
		if (segment.p_type == PT_INTERP)
			return true;
	}
	return false;
}

static int add_file(struct cpio *cpio, int root, const char *path, const char *name, unsigned int mode)
{
	cleanup_free char *target = util_format(PATH_ADDON "/%s", name);
	cleanup_free char *data = NULL;
	size_t length = 0;
	int result = file_read(root, path, FILE_MAX_SIZE, &data, &length);

	if (result < 0) {
		fprintf(stderr, "vfiokit: image: cannot read /%s: %s\n", path, strerror(-result));
		return result;
	}
	if (mode == MODE_PROGRAM && needs_libraries(data, length)) {
		fprintf(stderr,
			"vfiokit: image: /%s needs shared libraries, which no add-on holds; build it without "
			"STATIC=0\n",
			path);
		return -ENOEXEC;
	}
	return cpio_add_file(cpio, target, mode, data, length);
}

static int add_policy(struct cpio *cpio, const struct session *session, const char *policy)
{
	int result = 0;

	if (policy != NULL)
		return add_file(cpio, AT_FDCWD, policy, NAME_POLICY, MODE_FILE);
	for (size_t i = 0; i < session->policy.n_files && result == 0; i++)
		result = add_file(cpio, session->root, session->policy.files[i],
				  session->policy.files[i] + strlen(PATH_POLICY_DIRECTORY "/"), MODE_FILE);
	if (result == 0 && sysfs_exists(session->root, PATH_RECORD))
		result = add_file(cpio, session->root, PATH_RECORD, NAME_RECORD, MODE_FILE);
	return result;
}

static bool has_modules(const struct image_items *items, const char *release)
{
	bool complete = modules_directory(items->source) != NULL;

	if (!complete)
		fprintf(stderr, "vfiokit: image: no modules of kernel %s are installed\n", release);
	for (size_t i = 0; i < items->n_modules && complete; i++)
		if (items->modules[i].is_missing)
			fprintf(stderr,
				"vfiokit: image: warning: kernel %s has no module %s; without it the rules that "
				"need it bind nothing\n",
				release, items->modules[i].name);
	return complete;
}

static int fill(struct cpio *cpio, const struct session *session, const struct image_items *items, const char *policy)
{
	const char *release = session->inventory.release;
	int result = add_file(cpio, session->root, PATH_BINDER, "vfio-bind", MODE_PROGRAM);

	if (result == 0)
		result = add_policy(cpio, session, policy);
	if (result == 0)
		result = has_modules(items, release) ? addon_add_modules(cpio, session->root, release, items) : -ENOENT;
	return result;
}

int addon_write(const struct session *session, const struct options *options, size_t *ret_bytes)
{
	struct image_items items;
	struct cpio cpio;
	int result;

	image_items_collect(&items, session, options, session->inventory.release);
	cpio_begin(&cpio);
	result = fill(&cpio, session, &items, options->policy);
	if (result == 0)
		result = cpio_finish(&cpio, options->output);
	if (result < 0)
		fprintf(stderr, "vfiokit: image: cannot write %s: %s; nothing was changed\n", options->output,
			strerror(-result));
	*ret_bytes = result == 0 ? cpio.size : 0;
	cpio_free(&cpio);
	image_items_free(&items);
	return result == 0 ? 0 : EXIT_FAILURE;
}
