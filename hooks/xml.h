/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XML as a tree, by libexpat; xml.c is the only file that includes it. A document that declares a type is refused, and
 * with that every entity and everything that would be fetched; so is one of more levels than anybody writes.
 *
 * A prefix is part of a name, for nothing that libvirt looks for has one; what has a namespace is found by xml_is_in().
 */
#ifndef VFIOKIT_HOOKS_XML_H
#define VFIOKIT_HOOKS_XML_H

#include <stdbool.h>
#include <stddef.h>

struct xml_element;

/* Returns the element that holds all others, or NULL if this is no such document. Free it with xml_free(). */
struct xml_element *xml_parse(const char *text, size_t length);
void xml_free(struct xml_element *top); /* NULL is fine */

/* In the following an element may be NULL: then it has nothing in it. What is returned belongs to the tree. */

/* The first element of that name directly below this one, or NULL; and the next of the same name beside it. */
const struct xml_element *xml_first(const struct xml_element *element, const char *name);
const struct xml_element *xml_next(const struct xml_element *element);

/* The first element directly below this one, whatever its name, or NULL; and the next beside it. */
const struct xml_element *xml_child(const struct xml_element *element);
const struct xml_element *xml_sibling(const struct xml_element *element);

/*
 * Is it in this namespace, by whatever prefix, or without one if that is the default there? A prefix that nobody has
 * declared is no error, and stands for nothing. Its name without the prefix.
 */
bool xml_is_in(const struct xml_element *element, const char *space);
const char *xml_local_name(const struct xml_element *element);

/* An attribute that is no declaration of a namespace; NULL if there is none. */
const char *xml_any_attribute(const struct xml_element *element);

const char *xml_name(const struct xml_element *element);
const char *xml_attribute(const struct xml_element *element, const char *name); /* "" if there is none */
const char *xml_text(const struct xml_element *element); /* what stands in it, behind its last element: "" for none */

#endif
