/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/booster.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#include "host/booster_state.h"
#include "lib/paths.h"

static void show_warnings(const struct image_items *items, const struct session *session)
{
	for (size_t i = 0; i < items->n_modules; i++)
		if (items->modules[i].is_missing)
			printf("WARNING: kernel %s has no module %s\n", session->inventory.release,
			       items->modules[i].name);
	if (!items->has_binder)
		printf("WARNING: /" PATH_BINDER " is not installed: booster cannot take it\n");
}

/* One line of the file, as it is to be. */
static void show_key(const struct booster_key *key)
{
	if (key->edit == BOOSTER_BY_HAND) {
		printf("  line %zu is written in a way that this program does not read. Add to \"%s\" by hand: ",
		       key->line, key->name);
		for (const char **word = key->words; *word != NULL; word++)
			printf("%s%s", *word, word[1] != NULL ? "," : "\n");
	} else if (key->edit == BOOSTER_COMPLETE && key->line > 0) {
		printf("  line %zu has all that is needed of \"%s\"\n", key->line, key->name);
	} else if (key->text != NULL) {
		if (key->edit == BOOSTER_REPLACE)
			printf("  in place of line %zu:\n", key->line);
		printf("%s\n", key->text);
	}
}

static void show_config(const struct booster *booster)
{
	printf("1. In /" PATH_BOOSTER_CONFIG ":\n\n");
	if (booster->config_error != NULL)
		printf("  The file cannot be read (%s). These lines have to be in it:\n", booster->config_error);
	for (size_t i = 0; i < BOOSTER_KEYS; i++)
		show_key(&booster->keys[i]);
}

static void show_images(const struct booster *booster)
{
	printf("\n2. Make the images again, as your distribution does it:\n\n"
	       "  /usr/lib/booster/regenerate_images               (Arch)\n"
	       "  booster build --force /boot/booster-linux.img    (by hand, for one image)\n\n");
	printf("What is in them now:\n\n");
	for (size_t i = 0; i < booster->n_images; i++) {
		const struct booster_image *image = &booster->images[i];

		if (image->error != NULL)
			printf("  %s: cannot be read: %s", image->name, image->error);
		else
			printf("  %s %s", image->name, image->n_lacks > 0 ? "lacks" : "holds all that is needed");
		for (size_t j = 0; j < image->n_lacks; j++)
			printf("%s %s", j > 0 ? "," : "", image->lacks[j]);
		printf("\n");
	}
	if (booster->n_images == 0)
		printf("  There is no image of booster's in /" PATH_BOOT ". Name it: vfiokit image --booster IMAGE\n");
}

static void show(const struct booster *booster, const struct session *session)
{
	show_warnings(&booster->items, session);
	show_config(booster);
	show_images(booster);
	if (booster->is_complete)
		printf("\n3. Add this to the kernel command line:\n\n  rdinit=/" PATH_BINDER "\n");
	else
		printf("\nNot yet: the kernel argument comes last. With it and without the file in the image, the "
		       "kernel panics.\n"
		       "Ask again when the images are made.\n");
}

static void add_text(cJSON *object, const char *key, const char *text)
{
	cJSON_AddItemToObject(object, key, text != NULL ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static cJSON *key_json(const struct booster_key *key)
{
	static const char *const edits[] = { "complete", "add", "replace", "by-hand" };
	cJSON *object = cJSON_CreateObject(), *words;

	cJSON_AddStringToObject(object, "key", key->name);
	cJSON_AddStringToObject(object, "edit", edits[key->edit]);
	cJSON_AddItemToObject(object, "line",
			      key->line > 0 ? cJSON_CreateNumber((double)key->line) : cJSON_CreateNull());
	if (key->text != NULL) {
		cleanup_free char *text = util_copy_printable(key->text);

		add_text(object, "text", text);
	} else {
		cJSON_AddNullToObject(object, "text");
	}
	words = cJSON_AddArrayToObject(object, "words");
	for (const char **word = key->words; *word != NULL; word++)
		cJSON_AddItemToArray(words, cJSON_CreateString(*word));
	return object;
}

static cJSON *image_json(const struct booster_image *image)
{
	cJSON *object = cJSON_CreateObject(), *lacks;

	cJSON_AddStringToObject(object, "image", image->name);
	cJSON_AddBoolToObject(object, "complete", image->error == NULL && image->n_lacks == 0);
	lacks = cJSON_AddArrayToObject(object, "lacks");
	for (size_t i = 0; i < image->n_lacks; i++)
		cJSON_AddItemToArray(lacks, cJSON_CreateString(image->lacks[i]));
	add_text(object, "error", image->error);
	return object;
}

static void add_json(cJSON *document, const struct booster *booster)
{
	cJSON *keys = cJSON_AddArrayToObject(document, "config"), *images;

	for (size_t i = 0; i < BOOSTER_KEYS; i++)
		cJSON_AddItemToArray(keys, key_json(&booster->keys[i]));
	add_text(document, "config_error", booster->config_error);
	images = cJSON_AddArrayToObject(document, "images");
	for (size_t i = 0; i < booster->n_images; i++)
		cJSON_AddItemToArray(images, image_json(&booster->images[i]));
	cJSON_AddBoolToObject(document, "complete", booster->is_complete);
	add_text(document, "argument", booster->is_complete ? "rdinit=/" PATH_BINDER : NULL);
	cJSON_AddBoolToObject(document, "program", booster->items.has_binder);
}

int booster_show(const struct session *session, const struct options *options, cJSON *document)
{
	struct booster booster;
	int code;

	booster_read(&booster, session, options);
	if (document != NULL)
		add_json(document, &booster);
	else
		show(&booster, session);
	code = booster.is_complete ? 0 : 1;
	booster_free(&booster);
	return code;
}
