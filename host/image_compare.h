/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is what an image holds of ours what is on disk? */
#ifndef VFIOKIT_HOST_IMAGE_COMPARE_H
#define VFIOKIT_HOST_IMAGE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/image_items.h"

/* A file that belongs in the image, and what was found there. */
struct image_copy {
	const char *path; /* borrowed from the items */
	uint64_t wanted;  /* the digest of the content on disk */
	char *content;    /* owned; in the image */
	size_t n_content; /* bytes; no more than a file of ours can have are kept */
	bool is_there;
	bool is_unread; /* on disk: whether it is the same cannot be told */
};

struct image_comparison {
	int root;
	struct image_copy *copies; /* owned */
	size_t n_copies;
	char **extra; /* owned, each too; files of the policy and the record that the image has and the disk lacks */
	size_t n_extra;
	const char *release;             /* borrowed; the kernel that the image is for */
	const char *generator;           /* static; who made it, without the add-on; NULL if that is not known */
	bool has_addon;                  /* then only what is in that counts, as for the boot */
	bool is_for_kernel;              /* the add-on is for that kernel */
	const struct image_items *items; /* borrowed */
	bool *has_modules;               /* owned; for each module of the items */
	struct image_copy *now;          /* whose content comes while an image is read */
};

/* Reads what is on disk. items (of the kernel with this release) and release: borrowed until image_compare_end(). */
void image_compare_begin(struct image_comparison *comparison, int root, const char *release,
			 const struct image_items *items);

/* Reads an image into it. Returns 0, or the negative errno of archive_read_image(): then only a part was seen. */
int image_compare_read(struct image_comparison *comparison, const char *image);
void image_compare_end(struct image_comparison *comparison);

/* Is the file in the image the one on disk? A program that generators have stripped is the same. */
bool image_compare_is_same(const struct image_copy *copy);

/* Does the image hold this module of the items, if it has a file? */
bool image_compare_has_module(const struct image_comparison *comparison, size_t module);

/* Does the file begin with an add-on of ours? */
bool image_compare_is_addon(int root, const char *path);

/* Is it a file of the policy, or the record, which a boot reads? path: relative to the root. */
bool image_compare_is_read(const char *path);

#endif
