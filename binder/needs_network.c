/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network interfaces that the host uses: up, part of another one, or below the default route. */
#include <errno.h>
#include <stdio.h>

#include "binder/needs_internal.h"
#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"

#define PATH_SIZE 320
#define UPPER_DEPTH_MAX 8

enum {
	INTERFACE_UP = 1,    /* linux/if.h: the administrator's "up" */
	ROUTE_REJECT = 0x200 /* linux/route.h: RTF_REJECT */
};

/* The interfaces with a default route, between blanks: " eno1 br0 ". */
struct routes {
	char *names;
	char **blind; /* borrowed */
};

static void add_route(struct routes *routes, const char *name)
{
	char *longer = util_format("%s%s ", routes->names, name);

	free(routes->names);
	routes->names = longer;
}

/* "eno1 00000000 0101A8C0 0003 0 0 100 00000000 0 0 0": the second word is the destination, the eighth its mask. */
static void read_route(struct routes *routes, char *line)
{
	char *word[8] = { NULL };
	uint64_t flags;

	for (size_t i = 0; i < ARRAY_SIZE(word); i++)
		word[i] = parse_next_word(&line);
	if (word[7] != NULL && streq(word[1], "00000000") && streq(word[7], "00000000") &&
	    parse_number(word[3], 16, UINT32_MAX, &flags) && (flags & ROUTE_REJECT) == 0)
		add_route(routes, word[0]);
}

/* Destination and its length in bits first, flags and interface last. The kernel shows a rejecting one on lo. */
static void read_route6(struct routes *routes, char *line)
{
	char *word[10] = { NULL };

	for (size_t i = 0; i < ARRAY_SIZE(word); i++)
		word[i] = parse_next_word(&line);
	if (word[9] != NULL && strspn(word[0], "0") == 32 && streq(word[1], "00") && !streq(word[9], "lo"))
		add_route(routes, word[9]);
}

static void read_routes(struct routes *routes, int root, const char *path, void (*read_one)(struct routes *, char *))
{
	cleanup_free char *table = NULL;
	char *rest, *line;
	size_t length;

	if (!needs_was_read(routes->blind, path, file_read_start(root, path, NEEDS_TABLE_MAX, &table, &length)))
		return;
	for (rest = table; (line = strsep(&rest, "\n")) != NULL;)
		read_one(routes, line);
}

/* An interface that does not say whether it is up counts as up. */
static bool is_up(int root, const char *name)
{
	char path[PATH_SIZE];
	uint64_t flags;

	snprintf(path, sizeof(path), PATH_NET "/%s/flags", name);
	return sysfs_read_number(root, path, &flags) < 0 || (flags & INTERFACE_UP) != 0;
}

/*
 * Follows the links upper_NAME, which a bridge, a bond, a team and a VLAN make alike; "master" is there for the first
 * three only. Returns the interface with the default route, or else the first one above (any: NULL, or where to put
 * it).
 */
static char *find_upper(int root, const char *name, const struct routes *routes, char **any, unsigned int depth)
{
	cleanup_free char *padded = util_format(" %s ", name), *path = util_format(PATH_NET "/%s", name);
	struct needs_list list;
	const char *entry;
	char *found = NULL;

	if (strstr(routes->names, padded) != NULL)
		return util_copy(name);
	if (depth == 0)
		return NULL;
	list = needs_list(routes->blind, root, path);
	while ((entry = needs_list_next(&list)) != NULL) {
		char upper[SYSFS_NAME_SIZE] = "";

		if (found != NULL)
			continue;
		if (starts_with(entry, "upper_")) {
			(void)util_copy_fixed(upper, sizeof(upper), entry + strlen("upper_"));
		} else if (streq(entry, "master")) {
			cleanup_free char *link = util_format("%s/master", path);

			if (sysfs_read_link_name(root, link, upper, sizeof(upper)) < 0)
				(void)util_copy_fixed(upper, sizeof(upper), "another interface");
		}
		if (upper[0] == '\0')
			continue;
		if (any != NULL && *any == NULL)
			*any = util_copy(upper);
		found = find_upper(root, upper, routes, NULL, depth - 1);
	}
	return found;
}

/* In words, owned by the caller; NULL if the host does not use it. */
static char *find_use(int root, const char *name, const struct routes *routes)
{
	cleanup_free char *upper = NULL;
	cleanup_free char *route = find_upper(root, name, routes, &upper, UPPER_DEPTH_MAX);

	if (route != NULL && streq(route, name))
		return util_format("route: default via %s", name);
	if (route != NULL)
		return util_format("route: default via %s over %s", route, name);
	if (upper != NULL)
		return util_format("%s is part of %s", name, upper);
	return is_up(root, name) ? util_format("%s is up", name) : NULL;
}

static char *find_rdma(int root, const char *name, const struct routes *routes)
{
	(void)root;
	(void)routes;
	return util_format("RDMA device %s", name);
}

/* An interface in another network namespace, a container's: the directory above it is there, and empty for us. */
static char *find_hidden(int root, const char *name, const struct routes *routes)
{
	cleanup_free char *path = util_format(PATH_USB_DEVICES "/%s/net", name);
	struct needs_list list = needs_list(routes->blind, root, path);
	bool is_hidden = list.directory != NULL;

	while (needs_list_next(&list) != NULL)
		is_hidden = false;
	return is_hidden ? util_copy("a USB interface in another network namespace") : NULL;
}

static void scan_class(struct needs *needs, int root, const char *class, const struct routes *routes,
		       char *(*find)(int root, const char *name, const struct routes *routes))
{
	struct needs_list list = needs_list(&needs->blind_network, root, class);
	const char *name;

	while ((name = needs_list_next(&list)) != NULL) {
		cleanup_free char *path = util_format("%s/%s", class, name), *use = NULL;
		char target[SYSFS_VALUE_SIZE];
		int result = sysfs_read_link(root, path, target, sizeof(target));

		if (!needs_was_read(&needs->blind_network, path, result) || strstr(target, "/virtual/") != NULL)
			continue;
		use = find(root, name, routes);
		if (use != NULL)
			(void)needs_add_path(needs, &(struct need){ .kind = NEED_NETWORK, .use = use }, target);
	}
}

void needs_scan_network(struct needs *needs, int root)
{
	struct routes routes = { util_copy(" "), &needs->blind_network };

	read_routes(&routes, root, PATH_ROUTES, read_route);
	read_routes(&routes, root, PATH_ROUTES6, read_route6);
	scan_class(needs, root, PATH_NET, &routes, find_use);
	scan_class(needs, root, PATH_INFINIBAND, &routes, find_rdma);
	scan_class(needs, root, PATH_USB_DEVICES, &routes, find_hidden);
	free(routes.names);
}
