/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel shows of its pools of huge pages (Linux: Documentation/admin-guide/mm/hugetlbpage.rst). Sizes are in
 * KiB; node: PAGES_ANY_NODE for all of them together.
 */
#ifndef VFIOKIT_HOOKS_HUGETLB_H
#define VFIOKIT_HOOKS_HUGETLB_H

#include "hooks/pages.h"

/* The path of an attribute of the pool, or with "" of its folder. Owned by the caller. */
char *hugetlb_path(int node, uint64_t size, const char *name);

/* Returns 0 or a negative errno: -ENOENT if there is no such pool. */
int hugetlb_view(int root, int node, uint64_t size, struct pages_view *ret);

/* Memory that is free there, KiB; 0 if nobody knows. */
uint64_t hugetlb_free_memory(int root, int node);

/* The size of a huge page if nobody says one; 0: there are none. */
uint64_t hugetlb_default_size(int root);

/* Is a file system for pages of this size mounted? libvirt wants one, unless memory is from memfd. */
bool hugetlb_is_mounted(int root, uint64_t size);

#endif
