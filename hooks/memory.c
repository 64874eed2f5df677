/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/memory.h"

#include "hooks/hugepages.h"
#include "hooks/hugetlb.h"
#include "hooks/shm.h"
#include "hooks/size.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

/* What is left of a call for systemd, which starts the guard (ms). */
#define TIME_FOR_OTHERS 5000

void memory_free(struct memory_outcome *outcome)
{
	free(outcome->pages);
	free(outcome->shm);
	*outcome = (struct memory_outcome){ 0 };
}

void memory_fail(struct memory_outcome *outcome, const char *why)
{
	memory_free(outcome);
	outcome->pages = util_copy(why);
	outcome->shm = util_copy(why);
}

/* --- from settings to a claim ------------------------------------------------------------------------------------ */

/* Each cell of the guest by itself: a page belongs to one. */
static bool add_pages(struct claim *claim, uint64_t size, uint64_t amount, int node)
{
	uint64_t count = amount / 1024 / size + (amount % (size * 1024) != 0 ? 1 : 0);

	for (size_t i = 0; i < claim->n_pages; i++)
		if (claim->pages[i].size == size && claim->pages[i].node == node) {
			claim->pages[i].count += count;
			return true;
		}
	if (claim->n_pages == PAGES_MAX)
		return false;
	claim->pages[claim->n_pages++] = (struct pages_want){ size, count, node };
	return true;
}

/* Returns what is wrong, or NULL. */
static const char *want_automatic(int root, const struct domain *domain, struct claim *claim)
{
	const struct domain_memory *memory = &domain->memory;
	uint64_t standard = hugetlb_default_size(root);

	if (domain->is_by_hand)
		return "auto reads libvirt's description of a guest, and this one has none; say which pages it needs "
		       "(hugepages = 2M:4096); none are taken";
	if (!memory->has_hugepages)
		return "the guest has no <memoryBacking><hugepages/>, so it uses none; none are taken";
	if (memory->wrong != NULL)
		return memory->wrong;
	for (size_t i = 0; i < memory->n_pages; i++) {
		uint64_t size = memory->pages[i].size / 1024;

		if (size == 0 && standard == 0)
			return "this kernel has no huge pages; none are taken";
		if (!add_pages(claim, size > 0 ? size : standard, memory->pages[i].amount, memory->pages[i].node))
			return "the guest has more than 16 kinds of huge pages; the others are not taken";
	}
	return NULL;
}

static void check_mounts(int root, const struct claim *claim, struct problems *problems)
{
	for (size_t i = 0; i < claim->n_pages; i++) {
		cleanup_free char *size = size_format(claim->pages[i].size * 1024);

		if (!hugetlb_is_mounted(root, claim->pages[i].size))
			problem_add(
				problems, PROBLEM_MACHINE, "hugepages",
				"no hugetlbfs for pages of %s is mounted, and libvirt needs one, unless <source> is "
				"memfd: mount -t hugetlbfs -o pagesize=%lluK none DIRECTORY, then restart its daemon",
				size, (unsigned long long)claim->pages[i].size);
	}
}

static void want_pages(int root, const struct domain *domain, const struct guest_settings *settings,
		       struct claim *claim, struct problems *problems)
{
	const char *wrong = NULL;

	if (settings->hugepages == PAGES_AUTO)
		wrong = want_automatic(root, domain, claim);
	if (settings->hugepages == PAGES_LIST) {
		memcpy(claim->pages, settings->pages, sizeof(claim->pages));
		claim->n_pages = settings->n_pages;
	}
	if (wrong != NULL)
		problem_add(problems, PROBLEM_MACHINE, "hugepages", "%s", wrong);
	/* A QEMU that is started by hand says itself where it wants one. */
	if (!domain->is_by_hand)
		check_mounts(root, claim, problems);
}

void memory_want(int root, const struct domain *domain, const struct guest_settings *settings, struct claim *claim,
		 struct problems *problems)
{
	want_pages(root, domain, settings, claim, problems);
	for (size_t i = 0; i < settings->n_shm; i++) {
		cleanup_free char *wrong = shm_resolve(root, &settings->shm[i], &claim->shm[claim->n_shm]);

		if (wrong == NULL)
			claim->n_shm++;
		else
			problem_add(problems, PROBLEM_MACHINE, "shm", "%s; it is not made", wrong);
	}
}

/* --- from claims to the host ------------------------------------------------------------------------------------- */

int memory_apply(int root, const struct claims *claims, const char *start, uint64_t deadline,
		 struct memory_outcome *ret)
{
	const struct claim *claim = NULL;
	int pages, shm;

	for (size_t i = 0; start != NULL && i < claims->count; i++)
		if (streq(claims->items[i].uuid, start))
			claim = &claims->items[i];
	pages = hugepages_apply(root, claims, claim, deadline - TIME_FOR_OTHERS, NULL, &ret->pages);
	shm = shm_apply(root, claims, claim, &ret->shm);
	if (start != NULL && claim == NULL)
		memory_fail(ret, "its claim cannot be written, so nothing was taken");
	return pages < 0 ? pages : shm;
}

bool memory_is_taken(int root)
{
	return sysfs_exists(root, PATH_PAGES) || sysfs_exists(root, PATH_SHM);
}
