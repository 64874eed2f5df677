/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Huge pages of guests, had from the kernel before they start and given back when they have ended; pages.h decides.
 * What is about to be written is remembered in /run first, so whoever is killed at any step, the next call gives it
 * back.
 *
 * The kernel may grant fewer pages than were asked for, without an error (mm/hugetlb.c): it is read back. Then, or if
 * less memory is free than they need, the page cache is dropped and memory is compacted, before it is tried (again).
 * Dropped is the page cache alone (drop_caches: 1): that is whole pages which can be read again. Objects of the slab
 * (2) hardly ever free a whole block, and everybody is slow until they are there again.
 *
 * If it takes longer than there is time, the figures are those of that moment, and pages that a writer who was left
 * behind still adds (hugetlb_write.h) are given back by the next call.
 */
#ifndef VFIOKIT_HOOKS_HUGEPAGES_H
#define VFIOKIT_HOOKS_HUGEPAGES_H

#include "hooks/claims.h"
#include "hooks/hugetlb_write.h"
#include "hooks/pages.h"

/*
 * Gives back what belonged to guests that have no claim, and takes what this guest, which is among the claims, needs
 * to start; NULL: nobody starts. Takes the lock of the hooks as held. deadline: of claims_clock(), for taking; the call
 * has more to do then. control: NULL for the kernel. Returns 0 or a negative errno, which was logged; ret_why: the
 * sentence for the user if not all could be had, owned by the caller, or NULL.
 */
int hugepages_apply(int root, const struct claims *claims, const struct claim *start, uint64_t deadline,
		    const struct hugetlb_control *control, char **ret_why);

/* What is remembered; nothing if that cannot be read. Free it with pages_free_records(). */
void hugepages_read_records(int root, struct pages_records *ret);

#endif
