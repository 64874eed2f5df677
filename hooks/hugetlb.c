/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/hugetlb.h"

#include "hooks/size.h"
#include "lib/file.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

#define MEMINFO_SIZE_MAX 65536
#define MOUNTS_SIZE_MAX (1024 * 1024)

char *hugetlb_path(int node, uint64_t size, const char *name)
{
	if (node == PAGES_ANY_NODE)
		return util_format(PATH_HUGEPAGES "/hugepages-%llukB%s%s", (unsigned long long)size,
				   name[0] != '\0' ? "/" : "", name);
	return util_format(PATH_NODES "/node%d/hugepages/hugepages-%llukB%s%s", node, (unsigned long long)size,
			   name[0] != '\0' ? "/" : "", name);
}

static int read_count(int root, int node, uint64_t size, const char *name, uint64_t *ret)
{
	cleanup_free char *path = hugetlb_path(node, size, name);

	return sysfs_read_number(root, path, ret);
}

int hugetlb_view(int root, int node, uint64_t size, struct pages_view *ret)
{
	uint64_t all = 0, surplus = 0;
	int result = read_count(root, node, size, "nr_hugepages", &all);

	*ret = (struct pages_view){ 0 };
	if (result == 0)
		result = read_count(root, node, size, "surplus_hugepages", &surplus);
	if (result == 0)
		result = read_count(root, node, size, "free_hugepages", &ret->free);
	if (result < 0)
		return result;
	ret->count = all > surplus ? all - surplus : 0;
	(void)read_count(root, PAGES_ANY_NODE, size, "resv_hugepages", &ret->reserved);
	return 0;
}

/* A line of a meminfo, in KiB: "Node 0 MemFree:   1234 kB", or without the node. */
static uint64_t read_meminfo(int root, const char *path, const char *name)
{
	cleanup_free char *text = NULL;
	const char *place;
	size_t length;
	char *end;

	if (file_read_start(root, path, MEMINFO_SIZE_MAX, &text, &length) < 0)
		return 0;
	place = strstr(text, name);
	return place != NULL ? strtoull(place + strlen(name), &end, 10) : 0;
}

uint64_t hugetlb_free_memory(int root, int node)
{
	cleanup_free char *path = node == PAGES_ANY_NODE ? util_copy(PATH_MEMINFO)
							 : util_format(PATH_NODES "/node%d/meminfo", node);

	return read_meminfo(root, path, "MemFree:");
}

uint64_t hugetlb_default_size(int root)
{
	return read_meminfo(root, PATH_MEMINFO, "Hugepagesize:");
}

/* "hugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize=2M 0 0" (Linux: hugetlbfs_show_options()). */
bool hugetlb_is_mounted(int root, uint64_t size)
{
	cleanup_free char *text = NULL;
	char *rest, *line;
	size_t length;

	if (file_read_start(root, PATH_MOUNTS, MOUNTS_SIZE_MAX, &text, &length) < 0)
		return true; /* nobody knows */
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *option = strstr(line, "pagesize=");
		uint64_t bytes;

		if (strstr(line, " hugetlbfs ") == NULL || option == NULL)
			continue;
		option += strlen("pagesize=");
		option[strcspn(option, ", ")] = '\0';
		if (size_parse_word(option, &bytes) && bytes / 1024 == size)
			return true;
	}
	return false;
}
