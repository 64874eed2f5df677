/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check --rom: has the option ROM of a device an EFI image? Only on request: reading it wakes the device, and a card
 * that works can be upset by it (some decode ROM and memory with the same comparators). So never one that is in use.
 */
#include "host/check_rom.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/vfs.h>

#include "binder/holders.h"
#include "binder/kernel.h"
#include "lib/file.h"
#include "lib/paths.h"
#include "lib/root.h"

#define SYSFS_KIND 0x62656572 /* linux/magic.h */

static const char why_display[] =
	"A guest with UEFI firmware (OVMF) shows no picture on a card without one, until its own "
	"driver runs: no boot menu, no installer.";
static const char why_other[] =
	"The UEFI firmware of a guest (OVMF) cannot boot from a device without one, unless it has a "
	"driver of its own, as for NVMe, SATA and USB.";
static const char why_asked[] = "So nobody knows whether the UEFI firmware of a guest can use the device.";

/* Its attribute as a path. Owned by the caller. */
static char *attribute(const struct device *device, const char *name)
{
	return util_format(PATH_DEVICES "/%s/%s", device->address, name);
}

static bool is_sysfs(int root, const char *path)
{
	cleanup_close int fd = root_open(root, path, O_RDONLY | O_NONBLOCK, 0);
	struct statfs info;

	return fd >= 0 && fstatfs(fd, &info) == 0 && info.f_type == SYSFS_KIND;
}

/* In a folder that stands for a machine it is a file; in sysfs it has to be switched on, by root. */
static int read_switched(const struct kernel *kernel, const char *path, char **ret_data, size_t *ret_size)
{
	int result = kernel->write(kernel->context, path, "1", 0), off;

	if (result < 0)
		return result;
	result = file_read(kernel->root, path, ROM_MAX, ret_data, ret_size);
	off = kernel->write(kernel->context, path, "0", 0);
	return result < 0 ? result : off;
}

/*
 * What sleeps (D3hot) answers with ones: vfio-pci lets what nobody uses fall asleep. The kernel switches the ROM on for
 * the time of each read only, so a process that is killed leaves nothing behind but the attribute that allows it.
 */
static int read_awake(const struct kernel *kernel, const struct device *device, const char *path, char **ret_data,
		      size_t *ret_size)
{
	cleanup_free char *control = attribute(device, "power/control");
	char text[16];
	bool may_sleep = sysfs_read(kernel->root, control, text, sizeof(text)) == 0 && streq(text, "auto");
	sigset_t all, before;
	int result;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	if (may_sleep)
		(void)kernel->write(kernel->context, control, "on", 0);
	result = read_switched(kernel, path, ret_data, ret_size);
	if (may_sleep)
		(void)kernel->write(kernel->context, control, "auto", 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}

static void add(struct check *check, const struct device *device, enum severity severity, const char *name, char *what,
		char *todo)
{
	bool is_display = device_is_display(device);

	check_add(check, (struct finding){ .severity = is_display ? severity : SEVERITY_HINT,
					   .name = name,
					   .where = util_copy(device->address),
					   .what = what,
					   .why = is_display ? why_display : why_other,
					   .todo = todo });
}

static void add_unknown(struct check *check, const char *address, const char *name, char *what, char *todo)
{
	check_add(check, (struct finding){ .severity = SEVERITY_WARNING,
					   .name = name,
					   .where = util_copy(address),
					   .what = what,
					   .why = why_asked,
					   .todo = todo });
}

static char *remedy(const struct device *device)
{
	return util_copy(
		device_is_display(device)
			? "Look for a firmware update of the card (\"UEFI\" or \"GOP\"), give the guest a ROM that "
			  "has one (<rom file='...'/> in its <hostdev>), or firmware of the old kind (SeaBIOS)."
			: "Nothing, unless the guest shall boot from it; then <rom file='...'/> in its <hostdev> "
			  "gives it another ROM.");
}

/* Owned by the caller. */
static char *list_images(const struct rom *rom)
{
	char *text = util_copy("");

	for (size_t i = 0; i < rom->n_images; i++) {
		char words[ROM_TEXT_SIZE];
		char *longer = util_format("%s%s%s", text, i > 0 ? ", " : "", rom_image_text(&rom->images[i], words));

		free(text);
		text = longer;
	}
	return text;
}

static void look_at_images(struct check *check, const struct device *device, struct check_rom *seen)
{
	cleanup_free char *images = list_images(&seen->rom);

	if (rom_has_efi(&seen->rom)) {
		seen->state = "efi";
		seen->message = util_format("The option ROM has an EFI image (it holds: %s).", images);
	} else if (seen->rom.fault != NULL) {
		seen->state = "broken";
		add(check, device, SEVERITY_WARNING, "rom-broken",
		    util_format("The option ROM is broken: %s. It holds: %s.", seen->rom.fault,
				images[0] != '\0' ? images : "nothing that is whole"),
		    remedy(device));
	} else {
		seen->state = "no-efi";
		add(check, device, SEVERITY_WARNING, "rom-no-efi",
		    util_format("The option ROM has no EFI image for this kind of processor. It holds: %s.", images),
		    remedy(device));
	}
}

static char *wake_up(const struct device *device, int error)
{
	if (error == -EACCES || error == -EPERM)
		return util_format("sudo vfiokit check --rom %s", device->address);
	if (device->driver[0] == '\0')
		return util_format("Its memory may be switched off: echo 1 > /" PATH_DEVICES
				   "/%s/enable, and ask again.",
				   device->address);
	return util_format("See whether it sleeps: cat /" PATH_DEVICES
			   "/%s/power_state. If not, it has nothing in its ROM; "
			   "<rom file='...'/> in the guest's <hostdev> gives it one.",
			   device->address);
}

static void look_at_rom(struct check *check, const struct device *device, struct check_rom *seen)
{
	struct kernel_context context = { check->root, NULL };
	struct kernel kernel = kernel_real(&context);
	cleanup_free char *path = attribute(device, "rom"), *data = NULL;
	size_t size = 0;
	int result;

	if (!sysfs_exists(check->root, path)) {
		seen->state = "none";
		add(check, device, SEVERITY_WARNING, "rom-none", util_copy("It has no option ROM."), remedy(device));
		return;
	}
	if (is_sysfs(check->root, path))
		result = read_awake(&kernel, device, path, &data, &size);
	else
		result = file_read(check->root, path, ROM_MAX, &data, &size);
	if (result < 0) {
		seen->state = "unreadable";
		/* EIO: the kernel itself saw no 55 AA (drivers/pci/rom.c). */
		add_unknown(check, device->address, "rom-unreadable",
			    util_format("The option ROM cannot be read: %s.",
					result == -EIO ? "the device shows none" : strerror(-result)),
			    wake_up(device, result));
		return;
	}
	rom_parse(&seen->rom, (const uint8_t *)data, size);
	look_at_images(check, device, seen);
}

/* Why this card is in use. Owned by the caller; NULL if it is not. */
static char *find_use(const struct check *check, const struct device *device)
{
	static const enum need_kind kinds[] = { NEED_STORAGE, NEED_NETWORK, NEED_KEYBOARD };

	if (device->console)
		return util_format("it is the GPU of the console: %s", device->console_sign);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct need *need = needs_find(&check->session.needs, &device->bdf, kinds[i]);

		if (need != NULL)
			return util_format("the host uses it: %s", need->use);
	}
	return device->n_holders > 0 ? holders_text(device) : NULL;
}

static void look_at(struct check *check, struct check_rom *seen)
{
	const struct device *device = inventory_find(&check->session.inventory, &seen->bdf);
	cleanup_free char *use = device != NULL ? find_use(check, device) : NULL;

	bdf_format(&seen->bdf, seen->address);
	if (device == NULL) {
		seen->state = "absent";
		add_unknown(check, seen->address, "rom-absent", util_copy("No device is at this address."),
			    util_copy("vfiokit list shows the devices there are."));
	} else if (use != NULL) {
		seen->state = "in-use";
		add_unknown(
			check, seen->address, "rom-in-use",
			util_format("Its option ROM was not read, because it is in use: %s.", use),
			util_copy(
				"Ask again when nothing uses it: when the guest is off, or after vfiokit bind. A card "
				"that is never free can be asked in another machine."));
	} else {
		look_at_rom(check, device, seen);
	}
}

int check_roms(struct check *check)
{
	struct session *session = &check->session;
	const struct policy no_policy = { .rules = NULL };
	cleanup_free bool *asked = NULL;
	int result = inventory_scan(&session->inventory, check->root, &session->problems);

	if (result < 0) {
		fprintf(stderr,
			"vfiokit: check: cannot list the PCI devices in /" PATH_DEVICES ": %s (is /sys mounted?); no "
			"option ROM was read\n",
			strerror(-result));
		return EXIT_USAGE;
	}
	inventory_complete(&session->inventory, check->root, &no_policy, true);
	needs_scan(&session->needs, check->root);
	asked = util_alloc(session->inventory.n_devices + 1);
	for (size_t i = 0; i < check->n_roms; i++) {
		const struct device *device = inventory_find(&session->inventory, &check->roms[i].bdf);

		if (device != NULL)
			asked[device - session->inventory.devices] = true;
	}
	holders_mark(&session->inventory, check->root, asked);
	for (size_t i = 0; i < check->n_roms; i++)
		look_at(check, &check->roms[i]);
	return 0;
}
