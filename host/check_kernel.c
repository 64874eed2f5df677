/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: what the running kernel and the next one can do. */
#include <stdio.h>

#include "binder/modules.h"
#include "host/archive.h"
#include "host/check.h"
#include "host/lines.h"
#include "lib/file.h"
#include "lib/paths.h"

#define MODULE_TYPE1 "vfio_iommu_type1"
/* The largest configuration that a distribution has is a fifth of this. */
#define CONFIG_MAX (2 * 1024 * 1024)

static const char *kernel_words(const struct check_kernel *kernel)
{
	return kernel->is_running ? "the running kernel" : "the newest installed kernel";
}

static bool is_loaded(const struct check *check, const char *name)
{
	cleanup_free char *driver = util_format(PATH_DRIVERS "/%s", name);
	cleanup_free char *loaded = util_format(PATH_MODULES "/%s", name);

	return sysfs_exists(check->root, driver) || sysfs_exists(check->root, loaded);
}

static void look_for_module(struct check *check, const struct check_kernel *kernel, struct modules *modules,
			    const char *name)
{
	if (modules_can_find(modules, name) != KNOWN_NO || (kernel->is_running && is_loaded(check, name)))
		return;
	check_add(check,
		  (struct finding){
			  .severity = SEVERITY_ERROR,
			  .name = "module-missing",
			  .where = util_format("lib/modules/%s", kernel->release),
			  .what = util_format("There is no module %s for %s.", name, kernel_words(kernel)),
			  .why = "Without it nothing can be given to a guest when this kernel runs.",
			  .todo = util_copy(
				  "Install the kernel's package of additional modules (Ubuntu: "
				  "linux-modules-extra-..., Fedora: kernel-modules), then make its image again."),
		  });
}

/* What a package manager does that has one version of a kernel: Arch's, for instance. */
static void look_for_upgrade(struct check *check)
{
	const struct check_kernel *running = &check->kernels[0];

	if (check->n_kernels < 2 || running->has_modules || check->session.policy.n_rules == 0 ||
	    (is_loaded(check, POLICY_DRIVER_DEFAULT) && is_loaded(check, MODULE_TYPE1)))
		return;
	check_add(check,
		  (struct finding){
			  .severity = SEVERITY_WARNING,
			  .name = "modules-gone",
			  .where = util_format("lib/modules/%s", running->release),
			  .what = util_format("The modules of the running kernel are gone: it was upgraded to %s, "
					      "or removed.",
					      check->kernels[1].release),
			  .why = "What is not loaded yet, vfio-pci or vfio_iommu_type1 for instance, cannot be "
				 "loaded before the next boot.",
			  .todo = util_copy("Boot the new one."),
		  });
}

static void look_for_modules(struct check *check)
{
	for (size_t i = 0; i < check->n_kernels; i++) {
		struct modules *modules = modules_open(check->root, check->kernels[i].release);
		const struct inventory *inventory = &check->session.inventory;

		look_for_module(check, &check->kernels[i], modules, "vfio-pci");
		look_for_module(check, &check->kernels[i], modules, MODULE_TYPE1);
		for (size_t j = 0; j < inventory->n_drivers; j++)
			if (!streq(inventory->drivers[j].name, "vfio-pci"))
				look_for_module(check, &check->kernels[i], modules, inventory->drivers[j].name);
		modules_close(modules);
	}
}

static bool config_has(const char *config, const char *option)
{
	cleanup_free char *built_in = util_format("\nCONFIG_%s=y", option);
	cleanup_free char *module = util_format("\nCONFIG_%s=m", option);

	return strstr(config, built_in) != NULL || strstr(config, module) != NULL;
}

/*
 * Distributions put it beside the kernel; others beside the modules, or into the kernel, which then shows it while it
 * runs. NULL if it is nowhere.
 */
static char *read_config(const struct check *check, const struct check_kernel *kernel, char **ret_path)
{
	static const char *const places[] = { "boot/config-%s", "lib/modules/%s/config", "usr/lib/kernel/config-%s" };
	char *text = NULL;
	size_t length;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const char *gap = strstr(places[i], "%s");

		*ret_path = util_format("%.*s%s%s", (int)(gap - places[i]), places[i], kernel->release, gap + 2);
		if (file_read(check->root, *ret_path, CONFIG_MAX, &text, &length) == 0)
			return text;
		free(*ret_path);
	}
	*ret_path = util_copy(PATH_CONFIG);
	if (kernel->is_running && archive_read_gzip(check->root, PATH_CONFIG, CONFIG_MAX, &text) == 0)
		return text;
	return NULL;
}

static void add_config(struct check *check, const char *path, const struct check_kernel *kernel, const char *lacks,
		       const char *why)
{
	check_add(check,
		  (struct finding){
			  .severity = SEVERITY_ERROR,
			  .name = "kernel-config",
			  .where = util_copy(path),
			  .what = util_format("%s was made without %s.",
					      kernel->is_running ? "The running kernel" : "The newest installed kernel",
					      lacks),
			  .why = why,
			  .todo = util_copy("Use another kernel of your distribution, or make this one with it."),
		  });
}

static void add_unread(struct check *check, const struct check_kernel *kernel)
{
	if (check->session.policy.n_rules == 0)
		return;
	check_add(
		check,
		(struct finding){
			.severity = SEVERITY_HINT,
			.name = "kernel-unread",
			.where = util_format("lib/modules/%s", kernel->release),
			.what = util_format("The configuration of %s is nowhere to be read: not checked.",
					    kernel_words(kernel)),
			.why = "Whether it can drive an IOMMU, and has what guests need, stands there.",
			.todo = kernel->is_running
					? util_format("modprobe configs, which brings /" PATH_CONFIG
						      " where the kernel has it; or put it at /boot/config-%s.",
						      kernel->release)
					: util_copy("Boot it, then ask again; its modules are looked at all the same."),
		});
}

static void look_at_config(struct check *check)
{
	for (size_t i = 0; i < check->n_kernels; i++) {
		const struct check_kernel *kernel = &check->kernels[i];
		cleanup_free char *path = NULL;
		cleanup_free char *config = read_config(check, kernel, &path);

		if (config == NULL) {
			add_unread(check, kernel);
			continue;
		}
		if (!config_has(config, "VFIO_PCI"))
			add_config(check, path, kernel, "CONFIG_VFIO_PCI",
				   "It has no vfio-pci, so nothing can be bound.");
		if (!config_has(config, "VFIO_IOMMU_TYPE1") && !config_has(config, "IOMMUFD_VFIO_CONTAINER"))
			add_config(check, path, kernel, "CONFIG_VFIO_IOMMU_TYPE1",
				   "Devices can be bound, but no guest can open them.");
		/* Other processors have other IOMMUs. */
		if (strstr(config, "\nCONFIG_X86=y") != NULL && !config_has(config, "INTEL_IOMMU") &&
		    !config_has(config, "AMD_IOMMU"))
			add_config(check, path, kernel, "CONFIG_INTEL_IOMMU and CONFIG_AMD_IOMMU",
				   "It cannot drive an IOMMU, and without one no device can be given to a guest.");
	}
}

static bool is_intel(const struct check *check)
{
	char text[SYSFS_VALUE_SIZE];

	return sysfs_read(check->root, "proc/cpuinfo", text, sizeof(text)) == 0 && strstr(text, "GenuineIntel") != NULL;
}

static void look_for_iommu(struct check *check)
{
	const char *off = check_has_word(check, "intel_iommu=off") ? "intel_iommu=off"
			  : check_has_word(check, "amd_iommu=off") ? "amd_iommu=off"
			  : check_has_word(check, "iommu=off")     ? "iommu=off"
								   : NULL;
	char *todo;

	if (check->session.inventory.has_iommu || check->session.inventory.n_devices == 0)
		return;
	if (off != NULL)
		todo = util_format("Take %s off the kernel command line.", off);
	else if (is_intel(check) && !check_has_word(check, "intel_iommu=on"))
		todo = util_copy("Switch on VT-d in the firmware, and add intel_iommu=on to the kernel command line.");
	else
		todo = util_copy("Switch it on in the firmware: VT-d (Intel) or AMD-Vi, also called IOMMU or SVM.");
	check_add(check,
		  (struct finding){ .severity = SEVERITY_ERROR,
				    .name = "iommu",
				    .what = util_copy("There is no IOMMU: no IOMMU group exists."),
				    .why = "Only an IOMMU keeps a guest's device away from the host's memory; without "
					   "one the kernel gives nothing away.",
				    .todo = todo });
}

static void look_at_acs(struct check *check)
{
	if (strstr(check->cmdline, "pcie_acs_override=") == NULL)
		return;
	check_add(check,
		  (struct finding){
			  .severity = SEVERITY_WARNING,
			  .name = "acs-override",
			  .where = util_copy(PATH_CMDLINE),
			  .what = util_copy("pcie_acs_override= makes groups that are smaller than the hardware's."),
			  .why = "Devices in such groups can still reach each other: a guest may write to the host's "
				 "devices, and errors of one device hit the other.",
			  .todo = util_copy("Use it only for guests that you trust; better, put the card into another "
					    "slot and take the word out."),
		  });
}

/* Whatever interrupt goes through the remapper says IR- in its chip's name (Linux 6.1 and 6.12, x86). */
static bool lacks_remapping(const struct check *check)
{
	cleanup_free char *text = NULL;
	size_t length;

	if (check_has_word(check, "intremap=off") || check_has_word(check, "nointremap"))
		return true;
	if (file_read(check->root, "proc/interrupts", CONFIG_MAX, &text, &length) < 0)
		return false;
	return strstr(text, "IO-APIC") != NULL && strstr(text, "IR-") == NULL;
}

static void look_at_remapping(struct check *check)
{
	char text[8];
	bool allowed = sysfs_read(check->root, PATH_MODULES "/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
				  text, sizeof(text)) == 0 &&
		       text[0] == 'Y';

	if (!check->session.inventory.has_iommu || !lacks_remapping(check))
		return;
	if (allowed)
		check_add(
			check,
			(struct finding){
				.severity = SEVERITY_WARNING,
				.name = "unsafe-interrupts",
				.what = util_copy("Interrupts are not remapped, and allow_unsafe_interrupts=1 is set."),
				.why = "A guest can raise any interrupt of the host through its device.",
				.todo = util_copy("Keep it to guests that you trust; look for interrupt remapping or "
						  "x2APIC in the firmware."),
			});
	else
		check_add(check,
			  (struct finding){
				  .severity = SEVERITY_ERROR,
				  .name = "interrupt-remapping",
				  .what = util_copy("The IOMMU does not remap interrupts."),
				  .why = "vfio refuses to start a guest with a device then (EPERM), because it could "
					 "raise any "
					 "interrupt of the host.",
				  .todo = util_copy(
					  "Switch it on in the firmware, and take intremap=off or nointremap off the "
					  "command line. For guests that you trust: options vfio_iommu_type1 "
					  "allow_unsafe_interrupts=1 in /etc/modprobe.d/vfio.conf."),
			  });
}

const struct check_item check_kernel_items[] = {
	{ "the kernel's configuration", look_at_config },
	{ "its modules", look_for_modules },
	{ "modules that an upgrade took away", look_for_upgrade },
	{ "an IOMMU", look_for_iommu },
	{ "groups that are not real", look_at_acs },
	{ "interrupt remapping", look_at_remapping },
	{ NULL, NULL },
};
