/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/xml.h"

#include <expat.h>
#include <stdint.h>

#include "lib/util.h"

/* libvirt writes about ten levels; what users put into <metadata> may have more. */
#define DEPTH_MAX 256

struct xml_element {
	struct xml_element *parent, *first, *last, *next; /* last: of those below it */
	char *text;                                       /* owned; NULL for none */
	const char *name;                                 /* behind the attributes, in the same memory */
	size_t n_words;
	const char *words[]; /* of the attributes: NAME, VALUE ... */
};

struct tree {
	XML_Parser parser;
	struct xml_element *top, *current; /* current: the innermost that is open */
	unsigned int depth;
	char *text; /* owned; what was read since the last tag */
	size_t length, size;
};

static char *put(char **place, const char *text)
{
	char *start = *place;
	size_t size = strlen(text) + 1;

	memcpy(start, text, size);
	*place += size;
	return start;
}

static struct xml_element *new_element(const char *name, const char **words)
{
	size_t n = 0, size = strlen(name) + 1;
	struct xml_element *element;
	char *place;

	for (; words[n] != NULL; n++)
		size += strlen(words[n]) + 1;
	element = util_alloc(sizeof(*element) + n * sizeof(*words) + size);
	place = (char *)(element->words + n);
	element->n_words = n;
	for (size_t i = 0; i < n; i++)
		element->words[i] = put(&place, words[i]);
	element->name = put(&place, name);
	return element;
}

static void XMLCALL on_start(void *context, const char *name, const char **words)
{
	struct tree *tree = context;
	struct xml_element *element, *parent = tree->current;

	tree->length = 0;
	if (++tree->depth > DEPTH_MAX) {
		XML_StopParser(tree->parser, XML_FALSE);
		return;
	}
	element = new_element(name, words);
	element->parent = parent;
	if (parent == NULL)
		tree->top = element;
	else if (parent->last == NULL)
		parent->first = element;
	else
		parent->last->next = element;
	if (parent != NULL)
		parent->last = element;
	tree->current = element;
}

static void XMLCALL on_text(void *context, const char *text, int length)
{
	struct tree *tree = context;
	size_t n = (size_t)length;

	if (tree->length + n >= tree->size) {
		size_t size = (tree->length + n) * 2 + 256;
		char *larger = util_alloc(size);

		if (tree->length > 0)
			memcpy(larger, tree->text, tree->length);
		free(tree->text);
		tree->text = larger;
		tree->size = size;
	}
	memcpy(tree->text + tree->length, text, n);
	tree->length += n;
}

static void XMLCALL on_end(void *context, const char *name)
{
	struct tree *tree = context;

	(void)name;
	if (tree->length > 0) {
		tree->text[tree->length] = '\0';
		tree->current->text = util_copy(tree->text);
		tree->length = 0;
	}
	tree->current = tree->current->parent;
	tree->depth--;
}

/* libvirt writes no document type: whoever did may want entities that never end. */
static void XMLCALL on_document_type(void *context, const char *name, const char *system, const char *public,
				     int has_internal)
{
	struct tree *tree = context;

	(void)name;
	(void)system;
	(void)public;
	(void)has_internal;
	XML_StopParser(tree->parser, XML_FALSE);
}

struct xml_element *xml_parse(const char *text, size_t length)
{
	struct tree tree = { .parser = XML_ParserCreate(NULL) };
	enum XML_Status status = XML_STATUS_ERROR;

	if (tree.parser != NULL && length <= INT32_MAX) {
		XML_SetUserData(tree.parser, &tree);
		XML_SetElementHandler(tree.parser, on_start, on_end);
		XML_SetCharacterDataHandler(tree.parser, on_text);
		XML_SetStartDoctypeDeclHandler(tree.parser, on_document_type);
		status = XML_Parse(tree.parser, text, (int)length, XML_TRUE);
	}
	XML_ParserFree(tree.parser);
	free(tree.text);
	if (status == XML_STATUS_OK)
		return tree.top;
	xml_free(tree.top);
	return NULL;
}

/* From the leaves up, without a recursion. */
void xml_free(struct xml_element *top)
{
	struct xml_element *element = top;

	while (element != NULL) {
		struct xml_element *child = element->first, *parent = element->parent;

		if (child != NULL) {
			element->first = child->next;
			element = child;
			continue;
		}
		free(element->text);
		free(element);
		element = parent;
	}
}

const struct xml_element *xml_first(const struct xml_element *element, const char *name)
{
	for (element = element != NULL ? element->first : NULL; element != NULL; element = element->next)
		if (streq(element->name, name))
			return element;
	return NULL;
}

const struct xml_element *xml_next(const struct xml_element *element)
{
	const char *name = element->name;

	for (element = element->next; element != NULL; element = element->next)
		if (streq(element->name, name))
			return element;
	return NULL;
}

const struct xml_element *xml_child(const struct xml_element *element)
{
	return element != NULL ? element->first : NULL;
}

const struct xml_element *xml_sibling(const struct xml_element *element)
{
	return element->next;
}

const char *xml_local_name(const struct xml_element *element)
{
	const char *colon = strchr(xml_name(element), ':');

	return colon != NULL ? colon + 1 : xml_name(element);
}

/* "xmlns:PREFIX", or "xmlns" without one, of the innermost element that has it. */
static const char *find_space(const struct xml_element *element)
{
	const char *colon = strchr(element->name, ':');
	cleanup_free char *name = colon == NULL
					  ? util_copy("xmlns")
					  : util_format("xmlns:%.*s", (int)(colon - element->name), element->name);

	for (; element != NULL; element = element->parent)
		for (size_t i = 0; i + 1 < element->n_words; i += 2)
			if (streq(element->words[i], name))
				return element->words[i + 1];
	return "";
}

bool xml_is_in(const struct xml_element *element, const char *space)
{
	return element != NULL && streq(find_space(element), space);
}

const char *xml_any_attribute(const struct xml_element *element)
{
	for (size_t i = 0; element != NULL && i + 1 < element->n_words; i += 2)
		if (!streq(element->words[i], "xmlns") && !starts_with(element->words[i], "xmlns:"))
			return element->words[i];
	return NULL;
}

const char *xml_name(const struct xml_element *element)
{
	return element != NULL ? element->name : "";
}

const char *xml_attribute(const struct xml_element *element, const char *name)
{
	for (size_t i = 0; element != NULL && i + 1 < element->n_words; i += 2)
		if (streq(element->words[i], name))
			return element->words[i + 1];
	return "";
}

const char *xml_text(const struct xml_element *element)
{
	return element != NULL && element->text != NULL ? element->text : "";
}
