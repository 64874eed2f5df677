/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XML as a tree, by libexpat; xml.c is the only file that includes it. A document that declares a type is refused, and
 * with that every entity and everything that would be fetched; so is one of more levels than anybody writes.
 *
 * A prefix is part of a name: nothing that we look for has one.
 */
#ifndef VFIOKIT_HOOKS_XML_H
#define VFIOKIT_HOOKS_XML_H

#include <stddef.h>

struct xml_element;

/* Returns the element that holds all others, or NULL if this is no such document. Free it with xml_free(). */
struct xml_element *xml_parse(const char *text, size_t length);
void xml_free(struct xml_element *top); /* NULL is fine */

/* In the following an element may be NULL: then it has nothing in it. What is returned belongs to the tree. */

/* The first element of that name directly below this one, or NULL; and the next of the same name beside it. */
const struct xml_element *xml_first(const struct xml_element *element, const char *name);
const struct xml_element *xml_next(const struct xml_element *element);

const char *xml_name(const struct xml_element *element);
const char *xml_attribute(const struct xml_element *element, const char *name); /* "" if there is none */
const char *xml_text(const struct xml_element *element); /* what stands in it, behind its last element: "" for none */

#endif
