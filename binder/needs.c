/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/needs.h"

#include <errno.h>
#include <stdio.h>

#include "binder/initramfs.h"
#include "binder/needs_internal.h"
#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"

#define PATH_SIZE 320

/* Keyboards that bluetoothd makes by uhid; those of the kernel's HIDP are below their adapter. 5 is the bus. */
#define BLUETOOTH "/virtual/misc/uhid/0005:"

void needs_add(struct needs *needs, const struct need *need)
{
	struct need *item;

	for (size_t i = 0; i < needs->count; i++) {
		item = &needs->items[i];
		/* The same keyboard twice would be two: each counts. */
		if (item->kind == need->kind && need->kind != NEED_KEYBOARD &&
		    bdf_compare(&item->bdf, &need->bdf) == 0 && streq(item->use, need->use))
			return;
	}
	item = util_append(&needs->items, &needs->count, sizeof(*item));
	*item = *need;
	item->use = util_copy_printable(need->use);
	item->order = needs->count;
}

bool needs_add_path(struct needs *needs, const struct need *need, const char *path)
{
	struct need item = *need;
	bool found = false;

	for (const char *part = path; part != NULL;) {
		size_t length = strcspn(part, "/");
		char name[BDF_TEXT_SIZE + 1];

		if (length < sizeof(name)) {
			memcpy(name, part, length);
			name[length] = '\0';
			if (bdf_parse(name, &item.bdf)) {
				found = true;
				if (need->kind != NEED_KEYBOARD)
					needs_add(needs, &item);
			}
		}
		part = part[length] == '/' ? part + length + 1 : NULL;
	}
	if (found && need->kind == NEED_KEYBOARD)
		needs_add(needs, &item);
	return found;
}

void needs_set_blind(char **blind, const char *what, int error)
{
	if (*blind == NULL)
		*blind = util_format("%s: %s", what, strerror(-error));
}

/* EINVAL: readlink() of what is no link; dm's attributes on the way out. ENODEV: kernfs, of a removed device. */
bool needs_was_read(char **blind, const char *what, int result)
{
	if (result < 0 && result != -ENOENT && result != -ENOTDIR && result != -EINVAL && result != -ENODEV &&
	    result != -ENAMETOOLONG)
		needs_set_blind(blind, what, result);
	return result >= 0;
}

struct needs_list needs_list(char **blind, int root, const char *path)
{
	struct needs_list list = { file_open_directory(root, path), path, blind };

	if (list.directory == NULL && errno != ENOENT)
		needs_set_blind(blind, path, -errno);
	return list;
}

const char *needs_list_next(struct needs_list *list)
{
	const struct dirent *entry;

	if (list->directory == NULL)
		return NULL;
	while ((errno = 0, entry = readdir(list->directory)) != NULL)
		if (entry->d_name[0] != '.')
			return entry->d_name;
	if (errno != 0)
		needs_set_blind(list->blind, list->path, -errno);
	closedir(list->directory);
	list->directory = NULL;
	return NULL;
}

/*
 * As udev's input_id does: a keyboard has all keys from Esc to S, the lowest word of its bitmap but for bit 0. What
 * does not say which keys it has is none: nobody could rely on it.
 */
static bool is_keyboard(struct needs *needs, int root, const char *name)
{
	char path[PATH_SIZE], text[SYSFS_VALUE_SIZE];
	const char *last;
	uint64_t keys;

	snprintf(path, sizeof(path), PATH_INPUT "/%s/capabilities/key", name);
	if (!starts_with(name, "input") ||
	    !needs_was_read(&needs->blind_keyboards, path, sysfs_read(root, path, text, sizeof(text))))
		return false;
	last = strrchr(text, ' ');
	return parse_number(last != NULL ? last + 1 : text, 16, UINT64_MAX, &keys) && (keys & 0xfffffffe) == 0xfffffffe;
}

static void add_keyboard_at(struct needs *needs, struct need *need, const char *path)
{
	/* What a program makes has no keys of its own. */
	if (strstr(path, "/virtual/") != NULL)
		return;
	need->is_elsewhere = !needs_add_path(needs, need, path);
	if (need->is_elsewhere)
		needs_add(needs, need);
}

/*
 * It hangs on the adapter, and that on a USB host or a UART. sysfs shows no addresses, so with several adapters nobody
 * can tell on which. Without any it is a program's.
 */
static void add_wireless(struct needs *needs, int root, struct need *need)
{
	struct needs_list list = needs_list(&needs->blind_keyboards, root, PATH_BLUETOOTH);
	size_t first = needs->count;
	const char *name;

	while ((name = needs_list_next(&list)) != NULL) {
		char path[PATH_SIZE], target[SYSFS_VALUE_SIZE];

		snprintf(path, sizeof(path), PATH_BLUETOOTH "/%s", name);
		/* "hci0:256" is a connection. */
		if (strchr(name, ':') == NULL &&
		    needs_was_read(&needs->blind_keyboards, path, sysfs_read_link(root, path, target, sizeof(target))))
			add_keyboard_at(needs, need, target);
	}
	for (size_t i = first; needs->count > first + 1 && i < needs->count; i++)
		needs->items[i].is_guess = true;
}

static void add_keyboard(struct needs *needs, int root, const char *entry)
{
	char path[PATH_SIZE], target[SYSFS_VALUE_SIZE], name[SYSFS_NAME_SIZE];
	cleanup_free char *copy = util_copy(entry);
	struct need need = { .kind = NEED_KEYBOARD };

	snprintf(path, sizeof(path), PATH_INPUT "/%s", entry);
	if (!is_keyboard(needs, root, entry) ||
	    !needs_was_read(&needs->blind_keyboards, path, sysfs_read_link(root, path, target, sizeof(target))))
		return;
	snprintf(path, sizeof(path), PATH_INPUT "/%s/name", entry);
	need.use = sysfs_read(root, path, name, sizeof(name)) == 0 ? name : copy;
	if (strstr(target, BLUETOOTH) != NULL)
		add_wireless(needs, root, &need);
	else
		add_keyboard_at(needs, &need, target);
}

static void scan_keyboards(struct needs *needs, int root)
{
	struct needs_list list = needs_list(&needs->blind_keyboards, root, PATH_INPUT);
	bool is_there = list.directory != NULL;
	const char *name;

	while ((name = needs_list_next(&list)) != NULL)
		add_keyboard(needs, root, name);
	needs->knows_keyboards = is_there && needs->blind_keyboards == NULL;
}

/* Early boot is blind anyway, before the drivers are there. It goes by class and by the record. */
static void forget_blind(struct needs *needs)
{
	free(needs->blind_network);
	free(needs->blind_keyboards);
	needs->blind_network = needs->blind_keyboards = NULL;
}

void needs_scan(struct needs *needs, int root)
{
	bool is_initramfs = initramfs_is_root(root);

	needs_scan_storage(needs, root, is_initramfs);
	needs_scan_network(needs, root);
	/* Before the drivers of the USB hosts are there, what hangs on them is not: which one is there is chance. */
	if (!is_initramfs)
		scan_keyboards(needs, root);
	else
		forget_blind(needs);
	needs_sort(needs);
}

const char *needs_why_blind(const struct needs *needs)
{
	if (needs->blind != NULL)
		return needs->blind;
	return needs->blind_network != NULL ? needs->blind_network : needs->blind_keyboards;
}

void needs_free(struct needs *needs)
{
	for (size_t i = 0; i < needs->count; i++)
		free(needs->items[i].use);
	free(needs->items);
	free(needs->blind);
	forget_blind(needs);
	*needs = (struct needs){ 0 };
}

/* By kind and address; what is certain before guesses. */
static int compare(const void *a, const void *b)
{
	const struct need *left = a, *right = b;
	int order = bdf_compare(&left->bdf, &right->bdf);

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	if (left->is_elsewhere != right->is_elsewhere)
		return left->is_elsewhere ? 1 : -1;
	if (order != 0)
		return order;
	if (left->is_guess != right->is_guess)
		return left->is_guess ? 1 : -1;
	return left->order < right->order ? -1 : left->order > right->order;
}

void needs_sort(struct needs *needs)
{
	if (needs->count > 0)
		qsort(needs->items, needs->count, sizeof(*needs->items), compare);
}

const struct need *needs_find(const struct needs *needs, const struct bdf *bdf, enum need_kind kind)
{
	const struct need key = { .kind = kind, .bdf = *bdf };
	size_t first = 0, last = needs->count;

	while (first < last) {
		size_t middle = first + (last - first) / 2;

		if (compare(&needs->items[middle], &key) < 0)
			first = middle + 1;
		else
			last = middle;
	}
	return first < needs->count && needs->items[first].kind == kind && !needs->items[first].is_elsewhere &&
			       bdf_compare(&needs->items[first].bdf, bdf) == 0
		       ? &needs->items[first]
		       : NULL;
}

const char *needs_kind_name(enum need_kind kind)
{
	static const char *const names[] = { [NEED_STORAGE] = "storage",
					     [NEED_DATA] = "data",
					     [NEED_NETWORK] = "network",
					     [NEED_KEYBOARD] = "keyboard",
					     [NEED_CONSOLE] = "console" };

	return names[kind];
}
