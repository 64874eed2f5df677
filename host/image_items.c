/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/image_items.h"

#include "binder/efivar.h"
#include "binder/modules.h"
#include "lib/paths.h"

/* Where automatic disarm counts. A module in most kernels, and in few images. */
#define MODULE_EFIVARS "efivarfs"
#define MODULE_TYPE1 "vfio_iommu_type1"

static void add_file(struct image_items *items, const char *path)
{
	*(char **)util_append(&items->files, &items->n_files, sizeof(char *)) = util_copy(path);
}

static void add_files(struct image_items *items, const struct session *session, bool is_installed)
{
	items->has_binder = sysfs_exists(session->root, PATH_BINDER);
	if (items->has_binder)
		add_file(items, PATH_BINDER);
	for (size_t i = 0; i < session->policy.n_files && is_installed; i++)
		if (sysfs_exists(session->root, session->policy.files[i]))
			add_file(items, session->policy.files[i]);
	if (sysfs_exists(session->root, PATH_RECORD))
		add_file(items, PATH_RECORD);
}

static void add_module(struct image_items *items, const char *driver)
{
	struct image_module *module;
	char name[SYSFS_NAME_SIZE];

	(void)util_copy_fixed(name, sizeof(name), driver);
	for (char *c = name; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
	for (size_t i = 0; i < items->n_modules; i++)
		if (streq(items->modules[i].name, name))
			return;
	module = util_append(&items->modules, &items->n_modules, sizeof(*module));
	(void)util_copy_fixed(module->name, sizeof(module->name), name);
	module->is_missing = modules_list_files(items->source, name, &module->paths, &module->n_paths) < 0;
}

static void add_modules(struct image_items *items, const struct session *session)
{
	add_module(items, POLICY_DRIVER_DEFAULT);
	add_module(items, MODULE_TYPE1);
	if (session->policy.disarm_after > 0 && efivar_has_efi(session->root))
		add_module(items, MODULE_EFIVARS);
	for (size_t i = 0; i < session->policy.n_rules; i++)
		if (!streq(session->policy.rules[i].settings.driver, POLICY_DRIVER_AUTO))
			add_module(items, session->policy.rules[i].settings.driver);
	for (size_t i = 0; i < session->inventory.n_devices; i++)
		if (session->inventory.devices[i].variant != NULL)
			add_module(items, session->inventory.devices[i].variant);
}

void image_items_collect(struct image_items *items, const struct session *session, const struct options *options,
			 const char *release)
{
	*items = (struct image_items){ .source = modules_open(session->root, release) };
	add_files(items, session, options->policy == NULL);
	add_modules(items, session);
}

void image_items_free(struct image_items *items)
{
	for (size_t i = 0; i < items->n_files; i++)
		free(items->files[i]);
	free(items->files);
	for (size_t i = 0; i < items->n_modules; i++) {
		for (size_t j = 0; j < items->modules[i].n_paths; j++)
			free(items->modules[i].paths[j]);
		free(items->modules[i].paths);
	}
	free(items->modules);
	modules_close(items->source);
}
