/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Huge pages that guests want in pools of this host: what is remembered of them, and how many a pool shall have.
 * Decided without touching anything; hugepages.h carries it out.
 *
 * A pool is the pages of one size on one node. Its base is what it has without us. Each guest for which pages were
 * added has a share of it, and the pool shall have the base and what was added for the guests that are there. So any
 * guest may end first, and each gives back the difference that was made for it, not an absolute number.
 *
 * What others set stays: if a pool has another number than we left it with, then somebody else has set that. It is the
 * base from then on, and nothing that was added before is given back.
 *
 * Counted are the pages that last: nr_hugepages without surplus_hugepages. If fewer are written than are in use, the
 * kernel takes no page from anybody: the pages too many become surplus, and each is freed when its user gives it back
 * (Linux: mm/hugetlb.c, set_max_huge_pages(), free_huge_folio()). So a QEMU that still lets go of its memory, when we
 * give its pages back, needs no waiting, and another one that uses them meanwhile keeps them as long as it lives.
 */
#ifndef VFIOKIT_HOOKS_PAGES_H
#define VFIOKIT_HOOKS_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hooks/uuid.h"

/* Pools that one guest may want. */
#define PAGES_MAX 16

/* Whatever node; and the one pool of a kernel that knows no nodes. */
#define PAGES_ANY_NODE (-1)
/* Of the largest configuration (Linux: CONFIG_NODES_SHIFT). */
#define PAGES_NODE_MAX 1023

struct pages_want {
	uint64_t size; /* of one page, KiB */
	uint64_t count;
	int node;
};

/* Reads a list of SIZE:COUNT or SIZE:COUNT@NODE ("2M:4096, 1G:8@0"), at least one, none twice. value is cut. */
bool pages_parse_list(char *value, struct pages_want ret[static PAGES_MAX], size_t *ret_count);

/* One of them as it stands in a claim: "SIZE COUNT NODE", NODE "any" or a number. */
bool pages_parse_want(char *value, struct pages_want *ret);
char *pages_format_want(const struct pages_want *want); /* owned by the caller */

/* --- what is remembered ------------------------------------------------------------------------------------------ */

struct pages_pool {
	int node;
	uint64_t size;
	uint64_t base;
	uint64_t written; /* what it had behind our last write */
	uint64_t next;    /* what we were about to write: if we were killed then, it has something between both */
};

/* Of a guest in a pool. */
struct pages_share {
	char uuid[UUID_SIZE];
	int node;
	uint64_t size;
	uint64_t count;  /* pages that are meant for it */
	uint64_t added;  /* of these, how many we added */
	bool is_pending; /* it does not use them yet: not remembered, but known from its claim */
};

/*
 *	vfiokit-hugepages 1
 *	pool NODE SIZE BASE WRITTEN NEXT
 *	guest UUID NODE SIZE COUNT ADDED
 */
struct pages_records {
	struct pages_pool *pools; /* owned */
	size_t n_pools;
	struct pages_share *shares; /* owned */
	size_t n_shares;
};

/* The text of the file; false if it is none, then it is empty. */
bool pages_parse_records(struct pages_records *records, const char *text, size_t length);
char *pages_format_records(const struct pages_records *records);
void pages_free_records(struct pages_records *records);

struct pages_pool *pages_find_pool(const struct pages_records *records, int node, uint64_t size);
void pages_drop_pool(struct pages_records *records, struct pages_pool *pool);
void pages_drop_share(struct pages_records *records, size_t index);

/* --- what to do -------------------------------------------------------------------------------------------------- */

/* A pool as the kernel shows it. */
struct pages_view {
	uint64_t count; /* that last */
	uint64_t free;
	uint64_t reserved; /* of the free ones, promised to somebody (known for all nodes together only) */
};

/* What the pool shall have. */
uint64_t pages_target(const struct pages_records *records, const struct pages_pool *pool);

/* Has somebody else set the number? Then it is the base from now on. */
bool pages_is_foreign(struct pages_records *records, struct pages_pool *pool, uint64_t count);

/* Free pages that nobody else waits for, and that are not to be given back. */
uint64_t pages_available(const struct pages_records *records, const struct pages_pool *pool,
			 const struct pages_view *view);

/* Is there a guest that has a share of it? */
bool pages_is_shared(const struct pages_records *records, const struct pages_pool *pool);

#endif
