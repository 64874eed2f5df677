/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/hugepages.h"

#include <errno.h>

#include "hooks/hugetlb.h"
#include "hooks/size.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

#define RECORDS_SIZE_MAX (1024 * 1024)

/* How long (ms) we wait for the next pages before we try to make room for them. */
#define PATIENCE 2000

struct work {
	int root;
	uint64_t deadline, patience;
	struct hugetlb_writer writer;
	struct pages_records records;
	char *remembered; /* owned; the records as they are in /run; NULL: there are none */
	int result;       /* of the first thing that went wrong */
};

/* --- what is remembered ------------------------------------------------------------------------------------------ */

static void went_wrong(struct work *work, int error)
{
	if (work->result == 0)
		work->result = error;
}

static void read_records(struct work *work)
{
	size_t length = 0;
	int result = file_read(work->root, PATH_PAGES, RECORDS_SIZE_MAX, &work->remembered, &length);

	if (result == -ENOENT)
		return;
	if (result < 0 || !pages_parse_records(&work->records, work->remembered, length))
		log_warning("/" PATH_PAGES ": cannot be read; huge pages that were added before stay");
}

void hugepages_read_records(int root, struct pages_records *ret)
{
	struct work work = { .root = root };

	read_records(&work);
	*ret = work.records;
	free(work.remembered);
}

static int write_records(struct work *work)
{
	char *text = work->records.n_pools > 0 ? pages_format_records(&work->records) : NULL;
	bool is_same = text == NULL ? work->remembered == NULL
				    : work->remembered != NULL && streq(text, work->remembered);
	int result = 0;

	if (is_same) {
		free(text);
		return 0;
	}
	if (text == NULL)
		result = file_remove(work->root, PATH_PAGES, 0);
	else
		result = file_write(work->root, PATH_PAGES, text, strlen(text));
	if (result < 0 && result != -ENOENT) {
		log_warning("/" PATH_PAGES ": cannot be written: %s", strerror(-result));
		went_wrong(work, result);
		free(text);
		return result;
	}
	free(work->remembered);
	work->remembered = text;
	return 0;
}

static const struct claim *find_claim(const struct claims *claims, const char *uuid)
{
	for (size_t i = 0; i < claims->count; i++)
		if (streq(claims->items[i].uuid, uuid))
			return &claims->items[i];
	return NULL;
}

/* A guest that starts has nothing yet: if it is remembered, that start came to nothing. */
static void drop_shares(struct work *work, const struct claims *claims, const struct claim *start)
{
	for (size_t i = work->records.n_shares; i-- > 0;) {
		struct pages_share *share = &work->records.shares[i];
		const struct claim *claim = find_claim(claims, share->uuid);

		if (claim == NULL || (start != NULL && streq(share->uuid, start->uuid)))
			pages_drop_share(&work->records, i);
		else
			share->is_pending = !claim->is_running;
	}
}

static void check_foreign(struct work *work, struct pages_pool *pool, const struct pages_view *view)
{
	cleanup_free char *path = hugetlb_path(pool->node, pool->size, "nr_hugepages");
	bool has_ours = pages_target(&work->records, pool) != pool->base;

	if (pages_is_foreign(&work->records, pool, view->count) && has_ours)
		log_warning("/%s: somebody else has set it to %llu meanwhile; that is kept, and none of these pages "
			    "is given back",
			    path, (unsigned long long)view->count);
}

/* Pools that are gone, with their node or their size, hold nothing to give back. */
static void look_at_pools(struct work *work)
{
	for (size_t i = work->records.n_pools; i-- > 0;) {
		struct pages_pool *pool = &work->records.pools[i];
		struct pages_view view;

		if (hugetlb_view(work->root, pool->node, pool->size, &view) < 0)
			pages_drop_pool(&work->records, pool);
		else
			check_foreign(work, pool, &view);
	}
}

/* --- giving back ------------------------------------------------------------------------------------------------- */

/* Whom we left behind may still add pages, up to what we were about to write. That stays remembered. */
static bool is_open(const struct work *work, const struct pages_pool *pool)
{
	return work->writer.is_stuck && pool->written != pool->next;
}

/* What is in use becomes surplus: the kernel frees it as soon as its user has gone. */
static void settle_pool(struct work *work, struct pages_pool *pool)
{
	uint64_t target = pages_target(&work->records, pool);
	struct pages_view view = { 0 };
	int result = hugetlb_view(work->root, pool->node, pool->size, &view);

	if (is_open(work, pool))
		result = -EBUSY;
	if (result == 0 && view.count > target) {
		pool->written = view.count;
		pool->next = target;
		result = write_records(work);
		if (result == 0)
			result = hugetlb_lower(&work->writer, pool->node, pool->size, target);
		if (result == 0)
			result = hugetlb_view(work->root, pool->node, pool->size, &view);
		if (result == 0 && view.count > target)
			result = -EIO;
	}
	if (result < 0) {
		cleanup_free char *path = hugetlb_path(pool->node, pool->size, "nr_hugepages");

		log_warning("/%s: cannot be set back to %llu: %s; tried again later", path, (unsigned long long)target,
			    strerror(-result));
		went_wrong(work, result);
		return;
	}
	pool->written = view.count;
	pool->next = view.count;
	if (!pages_is_shared(&work->records, pool))
		pages_drop_pool(&work->records, pool);
}

/* --- taking ------------------------------------------------------------------------------------------------------ */

struct place {
	int node;
	uint64_t free; /* KiB */
};

static int by_free(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->free != y->free)
		return x->free < y->free ? 1 : -1;
	return x->node - y->node;
}

static bool has_pool(int root, int node, uint64_t size)
{
	cleanup_free char *path = hugetlb_path(node, size, "");

	return sysfs_exists(root, path);
}

/* Where such pages may be, those with the most free memory first. Owned by the caller. */
static struct place *list_places(int root, const struct pages_want *want, size_t *ret_n)
{
	struct place *places = NULL;
	int first = want->node != PAGES_ANY_NODE ? want->node : 0;
	int last = want->node != PAGES_ANY_NODE ? want->node : PAGES_NODE_MAX;

	*ret_n = 0;
	if (want->node != PAGES_ANY_NODE || sysfs_exists(root, PATH_NODES "/node0"))
		for (int node = first; node <= last; node++)
			if (has_pool(root, node, want->size))
				*(struct place *)util_append(&places, ret_n, sizeof(*places)) =
					(struct place){ node, hugetlb_free_memory(root, node) };
	if (*ret_n == 0 && want->node == PAGES_ANY_NODE && has_pool(root, PAGES_ANY_NODE, want->size))
		*(struct place *)util_append(&places, ret_n, sizeof(*places)) =
			(struct place){ PAGES_ANY_NODE, hugetlb_free_memory(root, PAGES_ANY_NODE) };
	if (*ret_n > 1)
		qsort(places, *ret_n, sizeof(*places), by_free);
	return places;
}

static struct pages_pool *have_pool(struct work *work, int node, uint64_t size, const struct pages_view *view)
{
	struct pages_pool *pool = pages_find_pool(&work->records, node, size);

	if (pool != NULL)
		return pool;
	pool = util_append(&work->records.pools, &work->records.n_pools, sizeof(*pool));
	*pool = (struct pages_pool){ node, size, view->count, view->count, view->count };
	return pool;
}

static struct pages_share *have_share(struct work *work, const char *uuid, int node, uint64_t size)
{
	struct pages_records *records = &work->records;
	struct pages_share *share;

	for (size_t i = 0; i < records->n_shares; i++)
		if (streq(records->shares[i].uuid, uuid) && records->shares[i].node == node &&
		    records->shares[i].size == size)
			return &records->shares[i];
	share = util_append(&records->shares, &records->n_shares, sizeof(*share));
	*share = (struct pages_share){ .node = node, .size = size, .is_pending = true };
	memcpy(share->uuid, uuid, sizeof(share->uuid));
	return share;
}

/* Pages that are free already. Returns how many. */
static uint64_t use_free(struct work *work, const char *uuid, int node, const struct pages_want *want, uint64_t count)
{
	const struct pages_pool *pool;
	struct pages_view view;
	uint64_t available;

	if (hugetlb_view(work->root, node, want->size, &view) < 0)
		return 0;
	pool = have_pool(work, node, want->size, &view);
	available = pages_available(&work->records, pool, &view);
	if (available > count)
		available = count;
	have_share(work, uuid, node, want->size)->count += available;
	return available;
}

/* Returns what it has at last. */
static uint64_t raise_pool(struct work *work, struct pages_pool *pool, uint64_t from, uint64_t target)
{
	struct pages_view view = { .count = from };

	pool->written = from;
	pool->next = target;
	if (write_records(work) == 0)
		(void)hugetlb_raise(&work->writer, pool->node, pool->size, target, work->deadline, work->patience);
	if (hugetlb_view(work->root, pool->node, pool->size, &view) < 0)
		view.count = from;
	if (!work->writer.is_stuck) {
		pool->written = view.count;
		pool->next = view.count;
	}
	return view.count;
}

/* More pages than there are. Returns how many more. */
static uint64_t add_pages(struct work *work, const char *uuid, int node, const struct pages_want *want, uint64_t count)
{
	struct pages_pool *pool = pages_find_pool(&work->records, node, want->size);
	struct pages_share *share;
	struct pages_view view;
	uint64_t target, missing;

	if (pool == NULL || hugetlb_view(work->root, node, want->size, &view) < 0)
		return 0;
	share = have_share(work, uuid, node, want->size);
	share->count += count;
	share->added += count;
	target = pages_target(&work->records, pool);
	if (view.count < target && !work->writer.is_stuck)
		view.count = raise_pool(work, pool, view.count, target);
	missing = target > view.count ? target - view.count : 0;
	if (missing > count)
		missing = count;
	share->count -= missing;
	share->added -= missing;
	return count - missing;
}

static uint64_t add_everywhere(struct work *work, const char *uuid, const struct place *places, size_t n,
			       const struct pages_want *want, uint64_t count)
{
	uint64_t got = 0;

	for (size_t i = 0; i < n && got < count; i++)
		got += add_pages(work, uuid, places[i].node, want, count - got);
	return got;
}

static char *say_short(const struct work *work, const struct pages_want *want, uint64_t got)
{
	cleanup_free char *size = size_format(want->size * 1024);
	cleanup_free char *where = want->node == PAGES_ANY_NODE ? util_copy("this host")
								: util_format("node %d", want->node);

	return util_format("it needs %llu huge pages of %s on %s, and %llu could be had; %llu MiB of memory are free "
			   "there%s%s%s",
			   (unsigned long long)want->count, size, where, (unsigned long long)got,
			   (unsigned long long)(hugetlb_free_memory(work->root, want->node) / 1024),
			   work->writer.is_squeezed ? ", also after caches were dropped and memory was compacted" : "",
			   claims_clock() >= work->deadline ? "; there was no time for more" : "",
			   work->writer.is_stuck ? ", and what the kernel still adds is given back later" : "");
}

/* Nowhere can such a page be. */
static char *say_impossible(const struct work *work, const struct pages_want *want)
{
	cleanup_free char *size = size_format(want->size * 1024), *node = util_format(PATH_NODES "/node%d", want->node);

	if (want->node != PAGES_ANY_NODE && !sysfs_exists(work->root, node))
		return util_format("it needs huge pages on node %d, but this host has no such node", want->node);
	return util_format("it needs huge pages of %s, but this kernel has none of that size; /" PATH_HUGEPAGES
			   " shows those that it has",
			   size);
}

/* Is so much memory free that the kernel need not look for it? */
static bool has_room(const struct place *places, size_t n, uint64_t size, uint64_t count)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < n; i++)
		pages += places[i].free / size;
	return pages >= count;
}

/* Half of the time that is left, for the pages need some, too. */
static void make_room(struct work *work, const int *nodes, size_t n)
{
	uint64_t now = claims_clock();

	if (now < work->deadline && !work->writer.is_stuck)
		hugetlb_squeeze(&work->writer, nodes, n, now + (work->deadline - now) / 2);
	work->patience = UINT64_MAX; /* nothing else is tried behind that */
}

/* Returns the sentence for the user, or NULL. */
static char *take(struct work *work, const char *uuid, const struct pages_want *want)
{
	size_t n;
	cleanup_free struct place *places = list_places(work->root, want, &n);
	cleanup_free int *nodes = util_alloc((n + 1) * sizeof(*nodes));
	uint64_t got = 0;

	work->patience = PATIENCE;
	if (n == 0)
		return say_impossible(work, want);
	for (size_t i = 0; i < n; i++) {
		nodes[i] = places[i].node;
		got += use_free(work, uuid, nodes[i], want, want->count - got);
	}
	if (!has_room(places, n, want->size, want->count - got))
		make_room(work, nodes, n);
	got += add_everywhere(work, uuid, places, n, want, want->count - got);
	if (got < want->count && work->patience == PATIENCE) {
		make_room(work, nodes, n);
		got += add_everywhere(work, uuid, places, n, want, want->count - got);
	}
	return got < want->count ? say_short(work, want, got) : NULL;
}

static void drop_empty_shares(struct pages_records *records)
{
	for (size_t i = records->n_shares; i-- > 0;)
		if (records->shares[i].count == 0)
			pages_drop_share(records, i);
}

static void apply(struct work *work, const struct claims *claims, const struct claim *start, char **ret_why)
{
	read_records(work);
	drop_shares(work, claims, start);
	look_at_pools(work);
	for (size_t i = 0; start != NULL && i < start->n_pages; i++) {
		char *why = take(work, start->uuid, &start->pages[i]);

		if (*ret_why == NULL)
			*ret_why = why;
		else
			free(why);
	}
	drop_empty_shares(&work->records);
	for (size_t i = work->records.n_pools; i-- > 0;)
		settle_pool(work, &work->records.pools[i]);
	(void)write_records(work);
	pages_free_records(&work->records);
	free(work->remembered);
}

/* Returns the sentence for the user. */
static char *say_locked(int error)
{
	static const char busy[] = "the kernel is still at work on huge pages for an earlier call";
	const char *why = error == -ETIMEDOUT ? busy : strerror(-error);

	log_warning("/" PATH_PAGES_LOCK ": %s; none is added or given back now; it is tried again later", why);
	return util_format("/" PATH_PAGES_LOCK ": %s, so none was added", why);
}

int hugepages_apply(int root, const struct claims *claims, const struct claim *start, uint64_t deadline,
		    const struct hugetlb_control *control, char **ret_why)
{
	struct work work = { .root = root, .deadline = deadline };
	int result;

	*ret_why = NULL;
	if ((start == NULL || start->n_pages == 0) && !sysfs_exists(root, PATH_PAGES))
		return 0;
	result = hugetlb_begin(&work.writer, root, control);
	if (result < 0) {
		char *why = say_locked(result);

		if (start != NULL)
			*ret_why = why;
		else
			free(why);
		return result;
	}
	apply(&work, claims, start, ret_why);
	hugetlb_end(&work.writer);
	return work.result;
}
