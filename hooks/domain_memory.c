/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/domain_memory.h"

#include <unistd.h>

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

/* The one node of these; PAGES_ANY_NODE if there are more, or none. */
static int one_node(const char *nodeset)
{
	struct cpulist nodes;
	unsigned int node;

	if (!cpulist_parse(nodeset, &nodes))
		return PAGES_ANY_NODE;
	node = cpulist_next(&nodes, 0);
	if (node > PAGES_NODE_MAX || cpulist_next(&nodes, node + 1) < CPULIST_MAX)
		return PAGES_ANY_NODE;
	return (int)node;
}

static bool is_strict(const struct xml_element *policy)
{
	const char *mode = xml_attribute(policy, "mode");

	return mode[0] == '\0' || streq(mode, "strict");
}

/*
 * The one node of the policy for a cell, if that lets nothing else be used. source: of a memory device, whose nodemask
 * goes before the policy's nodeset, but not before its mode; NULL: none.
 */
static int node_of(const struct xml_element *numatune, unsigned int cell, const struct xml_element *source)
{
	const struct xml_element *policy = xml_first(numatune, "memory"), *mask = xml_first(source, "nodemask");

	for (const struct xml_element *item = xml_first(numatune, "memnode"); item != NULL; item = xml_next(item)) {
		uint64_t number;

		if (parse_number(xml_attribute(item, "cellid"), 10, UINT32_MAX, &number) && number == cell) {
			policy = item;
			break;
		}
	}
	if (!is_strict(policy))
		return PAGES_ANY_NODE;
	return one_node(mask != NULL ? xml_text(mask) : xml_attribute(policy, "nodeset"));
}

/* What needs memory: a cell, a memory device, or the whole guest if it has no cells. */
struct part {
	unsigned int cell;
	const char *amount, *unit; /* libvirt writes it into the text of <memory>, and into an attribute of <cell> */
	uint64_t less;             /* of it, bytes that are no such memory */
	const struct xml_element
		*source; /* of a device: which pages and nodes it has in spite of its cell; NULL: none */
};

static void add_part(struct domain_memory *memory, const struct xml_element *top, const struct part *part)
{
	const struct xml_element *hugepages = xml_first(xml_first(top, "memoryBacking"), "hugepages");
	const struct xml_element *page = find_page(hugepages, part->cell), *own = xml_first(part->source, "pagesize");
	struct domain_pages pages = { .node = node_of(xml_first(top, "numatune"), part->cell, part->source) };
	const char *size = own != NULL ? xml_text(own) : xml_attribute(page, "size");
	const char *unit = xml_attribute(own != NULL ? own : page, "unit");

	if (own == NULL && page == NULL && (hugepages == NULL || xml_first(hugepages, "page") != NULL))
		return; /* of ordinary pages */
	if (!size_parse(part->amount, part->unit, &pages.amount)) {
		memory->wrong = "the amount of its memory is no number that we know";
		return;
	}
	pages.amount -= part->less < pages.amount ? part->less : pages.amount;
	if ((own != NULL || page != NULL) &&
	    (!size_parse(size, unit, &pages.size) || pages.size == 0 || pages.size % 1024 != 0))
		memory->wrong = "the size of its huge pages is no number that we know";
	else if (pages.size == (uint64_t)sysconf(_SC_PAGESIZE))
		return; /* as libvirt lets ordinary ones be said */
	else if (pages.amount > 0 && memory->n_pages < ITEMS_MAX)
		*(struct domain_pages *)util_append(&memory->pages, &memory->n_pages, sizeof(pages)) = pages;
}

/*
 * Memory devices come on top of the cells. A dimm is memory as that of its cell. Of virtio-mem, libvirt gives QEMU all
 * of <size> as a range of addresses, for which nothing is reserved; QEMU takes pages for what the guest plugs in, and
 * that is <requested> from its start on. What is requested later (virsh update-memory-device) needs pages that nobody
 * has got ready. The others (nvdimm, virtio-pmem, sgx-epc) have a file or the processor behind them.
 */
static void add_devices(struct domain_memory *memory, const struct xml_element *top)
{
	const struct xml_element *device = xml_first(xml_first(top, "devices"), "memory");

	for (; device != NULL; device = xml_next(device)) {
		const struct xml_element *target = xml_first(device, "target"), *amount;
		const char *model = xml_attribute(device, "model");
		struct part part = { .source = xml_first(device, "source") };
		uint64_t cell;

		if (!streq(model, "dimm") && !streq(model, "virtio-mem"))
			continue;
		amount = xml_first(target, streq(model, "dimm") ? "size" : "requested");
		part.amount = amount != NULL ? xml_text(amount) : "0";
		part.unit = xml_attribute(amount, "unit");
		if (parse_number(xml_text(xml_first(target, "node")), 10, UINT32_MAX, &cell))
			part.cell = (unsigned int)cell;
		add_part(memory, top, &part);
	}
}

/* A guest without cells: <memory> is the sum, with all devices. */
static void add_whole(struct domain_memory *memory, const struct xml_element *top)
{
	const struct xml_element *whole = xml_first(top, "memory");
	const struct xml_element *device = xml_first(xml_first(top, "devices"), "memory");
	struct part part = { .amount = xml_text(whole), .unit = xml_attribute(whole, "unit") };

	for (; device != NULL; device = xml_next(device)) {
		const struct xml_element *size = xml_first(xml_first(device, "target"), "size");
		uint64_t bytes;

		if (size_parse(xml_text(size), xml_attribute(size, "unit"), &bytes) && bytes <= UINT64_MAX - part.less)
			part.less += bytes;
	}
	add_part(memory, top, &part);
}

void domain_memory_read(struct domain_memory *memory, const struct xml_element *top)
{
	const struct xml_element *cell = xml_first(xml_first(xml_first(top, "cpu"), "numa"), "cell");
	unsigned int next = 0;

	*memory = (struct domain_memory){ 0 };
	memory->has_hugepages = xml_first(xml_first(top, "memoryBacking"), "hugepages") != NULL;
	if (cell == NULL)
		add_whole(memory, top);
	for (; cell != NULL; cell = xml_next(cell)) {
		struct part part = { .amount = xml_attribute(cell, "memory"), .unit = xml_attribute(cell, "unit") };
		uint64_t id;

		/* Without an id they are counted, as libvirt does. */
		if (!parse_number(xml_attribute(cell, "id"), 10, UINT32_MAX, &id))
			id = next;
		next = (unsigned int)id + 1;
		part.cell = (unsigned int)id;
		add_part(memory, top, &part);
	}
	add_devices(memory, top);
	memory->has_hugepages = memory->has_hugepages || memory->n_pages > 0;
}

void domain_memory_free(struct domain_memory *memory)
{
	free(memory->pages);
	*memory = (struct domain_memory){ 0 };
}
