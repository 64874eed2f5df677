/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/memory_status.h"

#include <stdio.h>

#include "hooks/hugepages.h"
#include "hooks/size.h"
#include "lib/paths.h"
#include "lib/util.h"

static cJSON *node_item(int node)
{
	return node == PAGES_ANY_NODE ? cJSON_CreateNull() : cJSON_CreateNumber(node);
}

/* What it has of which pool: "count" of them are meant for it, "added" of these were made for it. */
static void describe_pools(const struct pages_records *records, const struct claim *claim, cJSON *array)
{
	for (size_t i = 0; i < records->n_shares; i++) {
		const struct pages_share *share = &records->shares[i];
		cJSON *object;

		if (!streq(share->uuid, claim->uuid))
			continue;
		object = cJSON_CreateObject();
		cJSON_AddItemToObject(object, "node", node_item(share->node));
		cJSON_AddNumberToObject(object, "size", (double)share->size * 1024);
		cJSON_AddNumberToObject(object, "count", (double)share->count);
		cJSON_AddNumberToObject(object, "added", (double)share->added);
		cJSON_AddItemToArray(array, object);
	}
}

void memory_describe(int root, const struct claim *claim, cJSON *object)
{
	cJSON *pages = cJSON_AddObjectToObject(object, "hugepages"), *files, *wanted, *pools;
	struct pages_records records;

	wanted = cJSON_AddArrayToObject(pages, "wanted");
	for (size_t i = 0; i < claim->n_pages; i++) {
		cJSON *item = cJSON_CreateObject();

		cJSON_AddItemToObject(item, "node", node_item(claim->pages[i].node));
		cJSON_AddNumberToObject(item, "size", (double)claim->pages[i].size * 1024);
		cJSON_AddNumberToObject(item, "count", (double)claim->pages[i].count);
		cJSON_AddItemToArray(wanted, item);
	}
	pools = cJSON_AddArrayToObject(pages, "pools");
	hugepages_read_records(root, &records);
	describe_pools(&records, claim, pools);
	pages_free_records(&records);
	files = cJSON_AddArrayToObject(object, "shm");
	for (size_t i = 0; i < claim->n_shm; i++) {
		cleanup_free char *path = util_format("/" PATH_SHARED_MEMORY "/%s", claim->shm[i].name);

		cJSON_AddItemToArray(files, cJSON_CreateString(path));
	}
}

static double number_of(const cJSON *object, const char *name)
{
	return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

void memory_print(const cJSON *object)
{
	const cJSON *pages = cJSON_GetObjectItemCaseSensitive(object, "hugepages"), *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(pages, "pools"))
	{
		const cJSON *node = cJSON_GetObjectItemCaseSensitive(item, "node");
		cleanup_free char *size = size_format((uint64_t)number_of(item, "size"));
		cleanup_free char *where = cJSON_IsNumber(node) ? util_format(" on node %d", node->valueint)
								: util_copy("");

		printf(", %.0f huge pages of %s%s (%.0f added)", number_of(item, "count"), size, where,
		       number_of(item, "added"));
	}
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(object, "shm"))
		printf(", shares %s", item->valuestring);
}
