/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/booster_state.h"

#include <errno.h>
#include <fcntl.h>

#include "host/archive.h"
#include "host/booster_config.h"
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

/* Unless it was read to its end, an image is not complete. name: taken over. */
static void look_into(struct booster *booster, struct check *check, int root, const char *path, char *name)
{
	struct booster_image *image = util_append(&booster->images, &booster->n_images, sizeof(*image));
	int result;

	image->name = name;
	for (size_t i = 0; i < check->n_wanted; i++)
		check->wanted[i].is_there = false;
	result = archive_list(root, path, on_name, check);
	if (result < 0)
		image->error = util_copy(why(result));
	for (size_t i = 0; i < check->n_wanted && result == 0; i++)
		if (!check->wanted[i].is_there)
			*(char **)util_append(&image->lacks, &image->n_lacks,
					      sizeof(char *)) = util_format("/%s", check->wanted[i].name);
}

/* Images in /boot that have booster's name. */
static void look_into_boot(struct booster *booster, struct check *check, int root)
{
	DIR *directory = file_open_directory(root, PATH_BOOT);
	const struct dirent *entry;

	while (directory != NULL && booster->n_images < IMAGES_MAX && (entry = readdir(directory)) != NULL) {
		cleanup_free char *path = util_format(PATH_BOOT "/%s", entry->d_name);
		cleanup_free char *shown = util_copy_printable(path);

		if (strstr(entry->d_name, "booster") != NULL && ends_with(entry->d_name, ".img"))
			look_into(booster, check, root, path, util_format("/%s", shown));
	}
	if (directory != NULL)
		closedir(directory);
}

static void read_images(struct booster *booster, const struct session *session, const struct options *options)
{
	struct check check;

	check_begin(&check, &booster->items);
	if (options->n_words > 0)
		look_into(booster, &check, AT_FDCWD, options->words[0], util_copy_printable(options->words[0]));
	else
		look_into_boot(booster, &check, session->root);
	check_end(&check);
	booster->is_complete = booster->n_images > 0 && booster->items.has_binder;
	for (size_t i = 0; i < booster->n_images; i++)
		booster->is_complete &= booster->images[i].error == NULL && booster->images[i].n_lacks == 0;
}

static void read_key(struct booster_key *key, const char *text)
{
	struct booster_list list = { .key = key->name };
	int added = 0;

	booster_config_find(text, &list);
	key->line = list.line;
	if (list.words == NULL) {
		key->edit = BOOSTER_BY_HAND;
		return;
	}
	for (const char **word = key->words; *word != NULL; word++)
		added += booster_list_add(&list, *word);
	if (added > 0) {
		key->edit = list.line > 0 ? BOOSTER_REPLACE : BOOSTER_ADD;
		key->text = util_format("%s: %.*s%s%.*s", key->name, list.quote != '\0', &list.quote, list.words,
					list.quote != '\0', &list.quote);
	}
	booster_list_free(&list);
}

static void read_config(struct booster *booster, int root)
{
	const struct image_items *items = &booster->items;
	struct booster_key *modules = &booster->keys[0], *files = &booster->keys[1];
	cleanup_free char *text = NULL;
	size_t length = 0, n = 0;
	int result = file_read(root, PATH_BOOSTER_CONFIG, CONFIG_MAX, &text, &length);

	*modules = (struct booster_key){ "modules", util_alloc((items->n_modules + 1) * sizeof(char *)),
					 BOOSTER_COMPLETE, 0, NULL };
	for (size_t i = 0; i < items->n_modules; i++)
		if (items->modules[i].n_paths > 0)
			modules->words[n++] = items->modules[i].name;
	*files = (struct booster_key){ "extra_files", util_alloc(3 * sizeof(char *)), BOOSTER_COMPLETE, 0, NULL };
	files->words[0] = "/" PATH_BINDER;
	/* The directory: what is put there later comes with the next image. */
	files->words[1] = "/" PATH_POLICY_DIRECTORY;
	if (result == 0 && strlen(text) != length)
		result = -EBADMSG;
	if (result < 0 && result != -ENOENT)
		booster->config_error = util_copy(result == -EBADMSG ? "it has a NUL in it" : strerror(-result));
	for (size_t i = 0; i < BOOSTER_KEYS; i++)
		read_key(&booster->keys[i], result == 0 ? text : "");
}

void booster_read(struct booster *booster, const struct session *session, const struct options *options)
{
	*booster = (struct booster){ .images = NULL };
	image_items_collect(&booster->items, session, options, session->inventory.release);
	read_config(booster, session->root);
	read_images(booster, session, options);
}

void booster_free(struct booster *booster)
{
	for (size_t i = 0; i < BOOSTER_KEYS; i++) {
		free(booster->keys[i].words);
		free(booster->keys[i].text);
	}
	for (size_t i = 0; i < booster->n_images; i++) {
		for (size_t j = 0; j < booster->images[i].n_lacks; j++)
			free(booster->images[i].lacks[j]);
		free(booster->images[i].lacks);
		free(booster->images[i].name);
		free(booster->images[i].error);
	}
	free(booster->images);
	free(booster->config_error);
	image_items_free(&booster->items);
}
