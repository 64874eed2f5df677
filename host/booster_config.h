/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two keys of /etc/booster.yaml that matter here. */
#ifndef VFIOKIT_BOOSTER_CONFIG_H
#define VFIOKIT_BOOSTER_CONFIG_H

#include <stddef.h>

/* A list of words with commas between them, on one line. */
struct booster_list {
	const char *key;
	char *words; /* owned; without quotes; "" if there is none, NULL if the line is written in a way that we do not
			read */
	char quote;  /* what stands around it, or '\0' */
	size_t line; /* where it is, from 1; 0: nowhere */
};

/*
 * Finds list->key at the top level of the file's text. YAML has many ways to say a thing. Understood is "key: words" on
 * one line, plain or in quotes, with or without a comment.
 */
void booster_config_find(const char *text, struct booster_list *list);

/* Adds a word, unless it is there. Returns whether it was not. */
int booster_list_add(struct booster_list *list, const char *word);

void booster_list_free(struct booster_list *list);

#endif
