/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/domain_memory.h"

#include "hooks/pages.h"
#include "hooks/size.h"
#include "hooks/xml.h"
#include "lib/cpulist.h"
#include "lib/parse.h"
#include "lib/util.h"

#define ITEMS_MAX 1024

/* Which page a cell has: that whose nodeset names it, else one without a nodeset. */
static const struct xml_element *find_page(const struct xml_element *hugepages, unsigned int cell)
{
	const struct xml_element *fallback = NULL;

	for (const struct xml_element *page = xml_first(hugepages, "page"); page != NULL; page = xml_next(page)) {
		const char *nodeset = xml_attribute(page, "nodeset");
		struct cpulist cells;

		if (nodeset[0] == '\0')
			fallback = page;
		else if (cpulist_parse(nodeset, &cells) && cpulist_has(&cells, cell))
			return page;
	}
	return fallback;
}

/* The one node of a policy that lets nothing else be used. */
static int only_node(const struct xml_element *policy)
{
	const char *mode = xml_attribute(policy, "mode");
	struct cpulist nodes;
	unsigned int node;

	if ((mode[0] != '\0' && !streq(mode, "strict")) || !cpulist_parse(xml_attribute(policy, "nodeset"), &nodes))
		return PAGES_ANY_NODE;
	node = cpulist_next(&nodes, 0);
	if (node > PAGES_NODE_MAX || cpulist_next(&nodes, node + 1) < CPULIST_MAX)
		return PAGES_ANY_NODE;
	return (int)node;
}

static int node_of(const struct xml_element *numatune, unsigned int cell)
{
	for (const struct xml_element *item = xml_first(numatune, "memnode"); item != NULL; item = xml_next(item)) {
		uint64_t number;

		if (parse_number(xml_attribute(item, "cellid"), 10, UINT32_MAX, &number) && number == cell)
			return only_node(item);
	}
	return only_node(xml_first(numatune, "memory"));
}

/* amount: libvirt writes it into the text of <memory>, and into an attribute of <cell>. */
static void add_cell(struct domain_memory *memory, const struct xml_element *top, unsigned int cell, const char *amount,
		     const char *unit)
{
	const struct xml_element *hugepages = xml_first(xml_first(top, "memoryBacking"), "hugepages");
	const struct xml_element *page = find_page(hugepages, cell);
	struct domain_pages pages = { .node = node_of(xml_first(top, "numatune"), cell) };

	if (page == NULL && xml_first(hugepages, "page") != NULL)
		return; /* of ordinary pages */
	if (!size_parse(amount, unit, &pages.amount))
		memory->wrong = "the amount of its memory is no number that we know";
	else if (page != NULL && (!size_parse(xml_attribute(page, "size"), xml_attribute(page, "unit"), &pages.size) ||
				  pages.size == 0 || pages.size % 1024 != 0))
		memory->wrong = "the size of its huge pages is no number that we know";
	else if (pages.amount > 0 && memory->n_pages < ITEMS_MAX)
		*(struct domain_pages *)util_append(&memory->pages, &memory->n_pages, sizeof(pages)) = pages;
}

void domain_memory_read(struct domain_memory *memory, const struct xml_element *top)
{
	const struct xml_element *whole = xml_first(top, "memory");
	const struct xml_element *cell = xml_first(xml_first(xml_first(top, "cpu"), "numa"), "cell");
	unsigned int next = 0;

	*memory = (struct domain_memory){ 0 };
	memory->has_hugepages = xml_first(xml_first(top, "memoryBacking"), "hugepages") != NULL;
	if (!memory->has_hugepages)
		return;
	if (cell == NULL)
		add_cell(memory, top, 0, xml_text(whole), xml_attribute(whole, "unit"));
	for (; cell != NULL; cell = xml_next(cell)) {
		uint64_t id;

		/* Without an id they are counted, as libvirt does. */
		if (!parse_number(xml_attribute(cell, "id"), 10, UINT32_MAX, &id))
			id = next;
		next = (unsigned int)id + 1;
		add_cell(memory, top, (unsigned int)id, xml_attribute(cell, "memory"), xml_attribute(cell, "unit"));
	}
}

void domain_memory_free(struct domain_memory *memory)
{
	free(memory->pages);
	*memory = (struct domain_memory){ 0 };
}
