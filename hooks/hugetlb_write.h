/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the kernel is told about huge pages, each time by a child process, because one write may take longer than a call
 * of libvirt has: the kernel goes on until it has all pages, clears each of them if it was built or booted with
 * init_on_alloc (as by Debian), and for the last ones reclaims and compacts memory. A signal ends that behind the page
 * at hand only (Linux: mm/hugetlb.c, set_max_huge_pages()), so what was killed may still add pages when we have gone.
 *
 * Whoever writes has the lock of a file, which is his children's, too. So nobody writes while a process that was
 * left behind may do so, and what the next one reads is final.
 */
#ifndef VFIOKIT_HOOKS_HUGETLB_WRITE_H
#define VFIOKIT_HOOKS_HUGETLB_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the kernel is told; for tests. */
struct hugetlb_control {
	int (*write)(void *context, int root, const char *path, const char *value);
	void *context;
	bool is_apart; /* by children, as without this */
};

struct hugetlb_writer {
	int root;
	const struct hugetlb_control *control; /* NULL: the kernel */
	int lock;                              /* -1: not ours */
	bool is_squeezed;
	bool is_stuck; /* a child was left behind: nothing is written any more */
};

/* Takes the lock, and waits for it a little. Returns 0 or a negative errno: -ETIMEDOUT if somebody still writes. */
int hugetlb_begin(struct hugetlb_writer *writer, int root, const struct hugetlb_control *control);
void hugetlb_end(struct hugetlb_writer *writer);

/*
 * Adds pages to a pool (see hugetlb.h) until it has so many that last, or the kernel gives less, or the deadline of
 * claims_clock() has passed, or none came for as long as patience (ms). Returns 0 or a negative errno; what came of it
 * is to be read.
 */
int hugetlb_raise(struct hugetlb_writer *writer, int node, uint64_t size, uint64_t count, uint64_t deadline,
		  uint64_t patience);

/* Takes pages away; what is in use becomes surplus. Returns 0 or a negative errno: -ETIMEDOUT if the kernel is busy. */
int hugetlb_lower(struct hugetlb_writer *writer, int node, uint64_t size, uint64_t count);

/* Drops the page cache, the first time, and compacts the memory of these nodes, until the deadline at most. */
void hugetlb_squeeze(struct hugetlb_writer *writer, const int *nodes, size_t n, uint64_t deadline);

#endif
