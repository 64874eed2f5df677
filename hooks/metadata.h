/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings that travel with a guest, in the <metadata> of its description, under a namespace of ours: one element, in
 * which each key of [guest NAME] may stand as an element of its own.
 *
 *	<vfiokit:guest xmlns:vfiokit='urn:vfiokit:guest:1'>
 *	  <vfiokit:isolate-cpus>pinned</vfiokit:isolate-cpus>
 *	</vfiokit:guest>
 *
 * Who may edit a guest is not always who owns the host: hooks.conf says which keys count (key "metadata").
 */
#ifndef VFIOKIT_HOOKS_METADATA_H
#define VFIOKIT_HOOKS_METADATA_H

#include <stddef.h>

#include "lib/problem.h"

#define METADATA_NAMESPACE "urn:vfiokit:guest:1"

struct xml_element;
struct guest_settings;

struct metadata_item {
	char *name;  /* owned; of the element, without a prefix */
	char *value; /* owned; without blanks around it */
};

struct metadata {
	struct metadata_item *items; /* owned */
	size_t n_items;
	char *wrong; /* owned; what is wrong with the form, or NULL; then there is no item */
};

/* top: <domain>. Free it with metadata_free(). */
void metadata_read(struct metadata *metadata, const struct xml_element *top);
void metadata_free(struct metadata *metadata);

/*
 * Replaces what these may set, by settings->metadata. One thing that is wrong, and nothing of it is used. problems:
 * that, and what may not be set, as PROBLEM_MACHINE.
 */
void metadata_apply(const struct metadata *metadata, struct guest_settings *settings, struct problems *problems);

#endif
