/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/booster.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "host/archive.h"
#include "host/booster_config.h"
#include "host/image_items.h"
#include "lib/file.h"
#include "lib/paths.h"

#define CONFIG_MAX (1024UL * 1024)
#define IMAGES_MAX 32

/* What an image must hold, and what of it was seen. */
struct wanted {
	char *name; /* owned */
	bool is_there;
};

struct check {
	struct wanted *wanted; /* owned */
	size_t n_wanted;
};

static void want(struct check *check, char *name)
{
	struct wanted *wanted = util_append(&check->wanted, &check->n_wanted, sizeof(*wanted));

	wanted->name = name;
}

static void check_begin(struct check *check, const struct image_items *items)
{
	*check = (struct check){ 0 };
	if (!items->has_binder)
		want(check, util_copy(PATH_BINDER));
	for (size_t i = 0; i < items->n_files; i++)
		want(check, util_copy(items->files[i]));
	for (size_t i = 0; i < items->n_modules; i++)
		if (items->modules[i].n_paths > 0)
			want(check, util_format(PATH_FLAT_MODULES "/%s.ko", items->modules[i].name));
}

static void check_end(struct check *check)
{
	for (size_t i = 0; i < check->n_wanted; i++)
		free(check->wanted[i].name);
	free(check->wanted);
}

static void on_name(const char *name, void *context)
{
	struct check *check = context;

	for (size_t i = 0; i < check->n_wanted; i++)
		if (streq(check->wanted[i].name, name))
			check->wanted[i].is_there = true;
}

static const char *why(int error)
{
	switch (error) {
	case -EISDIR:
		return "it is a directory";
	case -EINVAL:
		return "it is no regular file";
	case -EFBIG:
		return "it is larger than an image can be";
	case -EBADMSG:
		return "it is no image, or a damaged one";
	default:
		return strerror(-error);
	}
}

/* Says what the image lacks. Returns whether it is complete; unless it was read to its end, it is not. */
static bool look_into(struct check *check, int root, const char *path, const char *shown)
{
	bool complete = true;
	int result;

	for (size_t i = 0; i < check->n_wanted; i++)
		check->wanted[i].is_there = false;
	result = archive_list(root, path, on_name, check);
	if (result < 0) {
		printf("  %s: cannot be read: %s\n", shown, why(result));
		return false;
	}
	for (size_t i = 0; i < check->n_wanted; i++) {
		if (check->wanted[i].is_there)
			continue;
		if (complete)
			printf("  %s lacks", shown);
		printf("%s /%s", complete ? "" : ",", check->wanted[i].name);
		complete = false;
	}
	if (complete)
		printf("  %s holds all that is needed", shown);
	printf("\n");
	return complete;
}

/* Images in /boot that have booster's name. Returns how many, and in ret_complete how many of these hold everything. */
static size_t look_into_boot(struct check *check, int root, size_t *ret_complete)
{
	DIR *directory = file_open_directory(root, PATH_BOOT);
	const struct dirent *entry;
	size_t n = 0;

	*ret_complete = 0;
	while (directory != NULL && n < IMAGES_MAX && (entry = readdir(directory)) != NULL) {
		cleanup_free char *path = util_format(PATH_BOOT "/%s", entry->d_name);
		cleanup_free char *shown = util_copy_printable(path);
		cleanup_free char *absolute = util_format("/%s", shown);

		if (strstr(entry->d_name, "booster") == NULL || !ends_with(entry->d_name, ".img"))
			continue;
		n++;
		*ret_complete += look_into(check, root, path, absolute);
	}
	if (directory != NULL)
		closedir(directory);
	return n;
}

static bool images_are_complete(const struct image_items *items, const struct session *session,
				const struct options *options)
{
	struct check check;
	size_t n = 1, complete = 0;

	check_begin(&check, items);
	printf("\n2. Make the images again, as your distribution does it:\n\n"
	       "  /usr/lib/booster/regenerate_images               (Arch)\n"
	       "  booster build --force /boot/booster-linux.img    (by hand, for one image)\n\n");
	printf("What is in them now:\n\n");
	if (options->n_words > 0) {
		cleanup_free char *shown = util_copy_printable(options->words[0]);

		complete = look_into(&check, AT_FDCWD, options->words[0], shown);
	} else {
		n = look_into_boot(&check, session->root, &complete);
		if (n == 0)
			printf("  There is no image of booster's in /" PATH_BOOT
			       ". Name it: vfiokit image --booster IMAGE\n");
	}
	check_end(&check);
	return n > 0 && complete == n;
}

/* One line of the file, as it is to be. words: NULL-terminated. */
static void show_key(const char *text, const char *key, const char *const *words)
{
	struct booster_list list = { .key = key };
	int added = 0;

	booster_config_find(text, &list);
	if (list.words == NULL) {
		printf("  line %zu is written in a way that this program does not read. Add to \"%s\" by hand: ",
		       list.line, key);
		for (; *words != NULL; words++)
			printf("%s%s", *words, words[1] != NULL ? "," : "\n");
		return;
	}
	for (; *words != NULL; words++)
		added += booster_list_add(&list, *words);
	if (added == 0 && list.line > 0)
		printf("  line %zu has all that is needed of \"%s\"\n", list.line, key);
	else if (list.words[0] != '\0') {
		if (list.line > 0)
			printf("  in place of line %zu:\n", list.line);
		printf("%s: %.*s%s%.*s\n", key, list.quote != '\0', &list.quote, list.words, list.quote != '\0',
		       &list.quote);
	}
	booster_list_free(&list);
}

static void show_config(const struct image_items *items, const struct session *session)
{
	/* The directory: what is put there later comes with the next image. */
	static const char *const files[] = { "/" PATH_BINDER, "/" PATH_POLICY_DIRECTORY, NULL };
	const char **modules = util_alloc((items->n_modules + 1) * sizeof(*modules));
	cleanup_free char *text = NULL;
	size_t length = 0, n = 0;
	int result = file_read(session->root, PATH_BOOSTER_CONFIG, CONFIG_MAX, &text, &length);

	for (size_t i = 0; i < items->n_modules; i++)
		if (items->modules[i].n_paths > 0)
			modules[n++] = items->modules[i].name;
	printf("1. In /" PATH_BOOSTER_CONFIG ":\n\n");
	if (result == 0 && strlen(text) != length)
		result = -EBADMSG;
	if (result < 0 && result != -ENOENT)
		printf("  The file cannot be read (%s). These lines have to be in it:\n",
		       result == -EBADMSG ? "it has a NUL in it" : strerror(-result));
	show_key(result == 0 ? text : "", "modules", modules);
	show_key(result == 0 ? text : "", "extra_files", files);
	free(modules);
}

static void show_warnings(const struct image_items *items, const struct session *session)
{
	for (size_t i = 0; i < items->n_modules; i++)
		if (items->modules[i].is_missing)
			printf("WARNING: kernel %s has no module %s\n", session->inventory.release,
			       items->modules[i].name);
	if (!items->has_binder)
		printf("WARNING: /" PATH_BINDER " is not installed: booster cannot take it\n");
}

int booster_show(const struct session *session, const struct options *options)
{
	struct image_items items;
	bool complete;

	image_items_collect(&items, session, options);
	show_warnings(&items, session);
	show_config(&items, session);
	complete = images_are_complete(&items, session, options);
	if (!items.has_binder)
		complete = false;
	image_items_free(&items);
	if (complete)
		printf("\n3. Add this to the kernel command line:\n\n  rdinit=/" PATH_BINDER "\n");
	else
		printf("\nNot yet: the kernel argument comes last. With it and without the file in the image, the "
		       "kernel panics.\n"
		       "Ask again when the images are made.\n");
	return complete ? 0 : 1;
}
