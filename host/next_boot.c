/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/next_boot.h"

#include "binder/modules.h"
#include "lib/paths.h"

/* A driver may have another name than its module: xhci_hcd is in xhci_pci. */
static bool is_built_in(struct modules *modules, int root, const char *driver)
{
	cleanup_free char *link = util_format(PATH_DRIVERS "/%s/module", driver);
	char module[SYSFS_NAME_SIZE];
	char **paths = NULL;
	size_t n = 0;
	bool exists;

	if (sysfs_read_link_name(root, link, module, sizeof(module)) < 0)
		(void)util_copy_fixed(module, sizeof(module), driver);
	exists = modules_list_files(modules, module, &paths, &n) == 0;
	for (size_t i = 0; i < n; i++)
		free(paths[i]);
	free(paths);
	return exists && n == 0;
}

static bool has_native_driver(const struct device *device)
{
	return device->driver[0] != '\0' && !device_is_vfio_driver(device->driver) && !device_is_bridge(device);
}

void next_boot_plan(struct session *session)
{
	struct modules *modules = modules_open(session->root, session->inventory.release);

	for (size_t i = 0; i < session->inventory.n_devices; i++) {
		struct device *device = &session->inventory.devices[i];

		if (!has_native_driver(device) || is_built_in(modules, session->root, device->driver))
			continue;
		device->driver[0] = '\0';
		device->vfs = 0; /* its driver makes them */
	}
	modules_close(modules);
	/* Nor has anything hung then. */
	session->input.n_stuck = 0;
	plan_free(&session->plan);
	plan_build(&session->plan, &session->input);
	plan_explain(&session->plan, &session->input);
}

char *next_boot_rival(const struct session *session, const struct plan_entry *entry)
{
	char driver[SYSFS_NAME_SIZE];

	if (entry->device == NULL || entry->verdict != VERDICT_BIND || entry->rule->settings.on_bound != ON_BOUND_SKIP)
		return NULL;
	inventory_read_driver(session->root, entry->device->address, driver);
	return driver[0] != '\0' && !device_is_vfio_driver(driver) ? util_copy_printable(driver) : NULL;
}
