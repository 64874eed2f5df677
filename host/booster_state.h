/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What booster's configuration says, what it has to say, and what its images hold. */
#ifndef VFIOKIT_BOOSTER_STATE_H
#define VFIOKIT_BOOSTER_STATE_H

#include "host/image_items.h"

enum booster_edit {
	BOOSTER_COMPLETE, /* nothing to do */
	BOOSTER_ADD,      /* a new line */
	BOOSTER_REPLACE,  /* in place of one that is there */
	BOOSTER_BY_HAND,  /* the line is written in a way that we do not read */
};

struct booster_key {
	const char *name;
	const char **words; /* owned; what has to be in it; NULL-terminated */
	enum booster_edit edit;
	size_t line; /* where it is, from 1; 0: nowhere */
	char *text;  /* owned; the whole line, for ADD and REPLACE; else NULL */
};

struct booster_image {
	char *name;   /* owned; printable */
	char *error;  /* owned; why it cannot be read, and whether it is complete is not known; NULL if it can */
	char **lacks; /* owned, each too; paths in it */
	size_t n_lacks;
};

enum { BOOSTER_KEYS = 2 };

struct booster {
	struct image_items items;
	char *config_error; /* owned; why the configuration cannot be read; NULL if it can, or there is none */
	struct booster_key keys[BOOSTER_KEYS];
	struct booster_image *images; /* owned; the one that was named, or those in /boot */
	size_t n_images;
	bool is_complete; /* the kernel argument may be given */
};

/* options: words and policy. Free it with booster_free(). */
void booster_read(struct booster *booster, const struct session *session, const struct options *options);
void booster_free(struct booster *booster);

#endif
