/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/pages.h"

#include "hooks/size.h"
#include "lib/parse.h"
#include "lib/util.h"

#define HEADER "vfiokit-hugepages 1"

/* More than any machine has; sums of some of them cannot overflow. */
#define COUNT_MAX ((uint64_t)1 << 40)
#define SIZE_MAX_KB ((uint64_t)1 << 40)
#define RECORDS_MAX 65536

/* --- lists of wants ---------------------------------------------------------------------------------------------- */

static bool parse_node(const char *text, int *ret)
{
	uint64_t number;

	*ret = PAGES_ANY_NODE;
	if (streq(text, "any"))
		return true;
	if (!parse_number(text, 10, PAGES_NODE_MAX, &number))
		return false;
	*ret = (int)number;
	return true;
}

/* SIZE:COUNT[@NODE] */
static bool parse_pool(char *word, struct pages_want *ret)
{
	char *rest = word;
	const char *size = strsep(&rest, ":"), *count = strsep(&rest, "@");
	uint64_t bytes;

	ret->node = PAGES_ANY_NODE;
	if (count == NULL || !size_parse_word(size, &bytes) || bytes % 1024 != 0 || bytes / 1024 > SIZE_MAX_KB ||
	    !parse_number(count, 10, COUNT_MAX, &ret->count) || ret->count == 0)
		return false;
	ret->size = bytes / 1024;
	return rest == NULL || (!streq(rest, "any") && parse_node(rest, &ret->node));
}

bool pages_parse_list(char *value, struct pages_want ret[static PAGES_MAX], size_t *ret_count)
{
	size_t n = 0;
	char *word;

	while ((word = parse_next_word(&value)) != NULL) {
		if (n == PAGES_MAX || !parse_pool(word, &ret[n]))
			return false;
		for (size_t i = 0; i < n; i++)
			if (ret[i].size == ret[n].size && ret[i].node == ret[n].node)
				return false;
		n++;
	}
	*ret_count = n;
	return n > 0;
}

bool pages_parse_want(char *value, struct pages_want *ret)
{
	const char *size = strsep(&value, " "), *count = strsep(&value, " "), *node = strsep(&value, " ");

	return node != NULL && value == NULL && parse_number(size, 10, SIZE_MAX_KB, &ret->size) && ret->size > 0 &&
	       parse_number(count, 10, COUNT_MAX, &ret->count) && parse_node(node, &ret->node);
}

static char *format_node(int node)
{
	return node == PAGES_ANY_NODE ? util_copy("any") : util_format("%d", node);
}

char *pages_format_want(const struct pages_want *want)
{
	cleanup_free char *node = format_node(want->node);

	return util_format("%llu %llu %s", (unsigned long long)want->size, (unsigned long long)want->count, node);
}

/* --- records ----------------------------------------------------------------------------------------------------- */

static bool take_node(char **line, int *ret)
{
	const char *word = strsep(line, " ");

	return word != NULL && parse_node(word, ret);
}

static bool take_number(char **line, uint64_t max, uint64_t *ret)
{
	const char *word = strsep(line, " ");

	return word != NULL && parse_number(word, 10, max, ret);
}

static bool take_pool(struct pages_records *records, char *line)
{
	struct pages_pool pool;

	if (!take_node(&line, &pool.node) || !take_number(&line, SIZE_MAX_KB, &pool.size) ||
	    !take_number(&line, COUNT_MAX, &pool.base) || !take_number(&line, COUNT_MAX, &pool.written) ||
	    !take_number(&line, COUNT_MAX, &pool.next) || line != NULL || pool.size == 0 ||
	    pages_find_pool(records, pool.node, pool.size) != NULL)
		return false;
	*(struct pages_pool *)util_append(&records->pools, &records->n_pools, sizeof(pool)) = pool;
	return true;
}

/* Behind its pool. */
static bool take_share(struct pages_records *records, char *line)
{
	struct pages_share share = { 0 };
	const char *uuid = strsep(&line, " ");

	if (!uuid_copy(share.uuid, uuid) || !take_node(&line, &share.node) ||
	    !take_number(&line, SIZE_MAX_KB, &share.size) || !take_number(&line, COUNT_MAX, &share.count) ||
	    !take_number(&line, COUNT_MAX, &share.added) || line != NULL ||
	    pages_find_pool(records, share.node, share.size) == NULL)
		return false;
	*(struct pages_share *)util_append(&records->shares, &records->n_shares, sizeof(share)) = share;
	return true;
}

static bool take_line(struct pages_records *records, char *line)
{
	const char *word = strsep(&line, " ");

	if (line == NULL || records->n_pools + records->n_shares == RECORDS_MAX)
		return false;
	return streq(word, "pool") ? take_pool(records, line) : streq(word, "guest") && take_share(records, line);
}

bool pages_parse_records(struct pages_records *records, const char *text, size_t length)
{
	cleanup_free char *copy = util_copy(text);
	char *rest = copy, *line = strsep(&rest, "\n");

	*records = (struct pages_records){ 0 };
	if (strlen(text) != length || !streq(line, HEADER))
		return false;
	while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0')
		if (!take_line(records, line)) {
			pages_free_records(records);
			return false;
		}
	return true;
}

static void add_text(char **text, char *more)
{
	char *longer = util_format("%s%s", *text, more);

	free(*text);
	free(more);
	*text = longer;
}

char *pages_format_records(const struct pages_records *records)
{
	char *text = util_copy(HEADER "\n");

	for (size_t i = 0; i < records->n_pools; i++) {
		const struct pages_pool *pool = &records->pools[i];
		cleanup_free char *node = format_node(pool->node);

		add_text(&text, util_format("pool %s %llu %llu %llu %llu\n", node, (unsigned long long)pool->size,
					    (unsigned long long)pool->base, (unsigned long long)pool->written,
					    (unsigned long long)pool->next));
	}
	for (size_t i = 0; i < records->n_shares; i++) {
		const struct pages_share *share = &records->shares[i];
		cleanup_free char *node = format_node(share->node);

		add_text(&text,
			 util_format("guest %s %s %llu %llu %llu\n", share->uuid, node, (unsigned long long)share->size,
				     (unsigned long long)share->count, (unsigned long long)share->added));
	}
	return text;
}

void pages_free_records(struct pages_records *records)
{
	free(records->pools);
	free(records->shares);
	*records = (struct pages_records){ 0 };
}

struct pages_pool *pages_find_pool(const struct pages_records *records, int node, uint64_t size)
{
	for (size_t i = 0; i < records->n_pools; i++)
		if (records->pools[i].node == node && records->pools[i].size == size)
			return &records->pools[i];
	return NULL;
}

static bool is_in(const struct pages_share *share, const struct pages_pool *pool)
{
	return share->node == pool->node && share->size == pool->size;
}

void pages_drop_share(struct pages_records *records, size_t index)
{
	records->shares[index] = records->shares[--records->n_shares];
}

void pages_drop_pool(struct pages_records *records, struct pages_pool *pool)
{
	for (size_t i = records->n_shares; i-- > 0;)
		if (is_in(&records->shares[i], pool))
			pages_drop_share(records, i);
	*pool = records->pools[--records->n_pools];
}

/* --- what to do -------------------------------------------------------------------------------------------------- */

uint64_t pages_target(const struct pages_records *records, const struct pages_pool *pool)
{
	uint64_t target = pool->base;

	for (size_t i = 0; i < records->n_shares; i++)
		if (is_in(&records->shares[i], pool))
			target += records->shares[i].added;
	return target;
}

bool pages_is_foreign(struct pages_records *records, struct pages_pool *pool, uint64_t count)
{
	uint64_t low = pool->written < pool->next ? pool->written : pool->next;
	uint64_t high = pool->written < pool->next ? pool->next : pool->written;

	if (count >= low && count <= high)
		return false;
	pool->base = count;
	pool->written = count;
	pool->next = count;
	for (size_t i = 0; i < records->n_shares; i++)
		if (is_in(&records->shares[i], pool))
			records->shares[i].added = 0;
	return true;
}

uint64_t pages_available(const struct pages_records *records, const struct pages_pool *pool,
			 const struct pages_view *view)
{
	uint64_t target = pages_target(records, pool);
	uint64_t back = view->count > target ? view->count - target : 0, pending = 0;

	/* What a guest that starts has reserved is a part of what it waits for: counted once. */
	for (size_t i = 0; i < records->n_shares; i++)
		if (is_in(&records->shares[i], pool) && records->shares[i].is_pending)
			pending += records->shares[i].count;
	back += pending > view->reserved ? pending : view->reserved;
	return view->free > back ? view->free - back : 0;
}

bool pages_is_shared(const struct pages_records *records, const struct pages_pool *pool)
{
	for (size_t i = 0; i < records->n_shares; i++)
		if (is_in(&records->shares[i], pool))
			return true;
	return false;
}
