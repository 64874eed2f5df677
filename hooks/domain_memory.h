/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of a guest that is to be of huge pages, from its description: formatdomain.rst, "Memory Backing". */
#ifndef VFIOKIT_HOOKS_DOMAIN_MEMORY_H
#define VFIOKIT_HOOKS_DOMAIN_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xml_element;

/* Of one cell of the guest's NUMA, of one memory device, or of the whole guest if it has no cells. */
struct domain_pages {
	uint64_t size;   /* of one page, bytes; 0: the kernel's default */
	uint64_t amount; /* bytes */
	int node;        /* of the host, if the guest is bound to one; PAGES_ANY_NODE otherwise */
};

struct domain_memory {
	bool has_hugepages;         /* <memoryBacking><hugepages/>, or a memory device that has some by itself */
	const char *wrong;          /* why nobody knows what it needs; NULL: all is known */
	struct domain_pages *pages; /* owned */
	size_t n_pages;
};

/* top: <domain>. Free it with domain_memory_free(). */
void domain_memory_read(struct domain_memory *memory, const struct xml_element *top);
void domain_memory_free(struct domain_memory *memory);

#endif
