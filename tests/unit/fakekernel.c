/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fakekernel.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "tests/unit/test.h"

#define PATH_SIZE 512
#define OVERRIDE_NONE "(null)"

const struct fake_driver fake_drivers[] = {
	{ "nouveau", "nouveau", "10de:13c2" },    { "snd_hda_intel", "snd_hda_intel", "10de:0fbb" },
	{ "e1000e", "e1000e", "8086:10d3" },      { "vfio-pci", "vfio_pci", "" },
	{ "pci-stub", "pci_stub", "" },           { "xe-vfio-pci", "xe_vfio_pci", "" },
	{ "mlx5_vfio_pci", "mlx5_vfio_pci", "" }, { 0 },
};

/* --- what the tree shows --- */

static bool is_registered(const struct fake_kernel *fake, const char *driver)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), PATH_DRIVERS "/%s", driver);
	return sysfs_exists(fake->root, path);
}

static bool device_exists(const struct fake_kernel *fake, const char *address)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), PATH_DEVICES "/%s/uevent", address);
	return sysfs_exists(fake->root, path);
}

static bool has_attribute(const struct fake_kernel *fake, const char *address, const char *name)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), PATH_DEVICES "/%s/%s", address, name);
	return sysfs_exists(fake->root, path);
}

/* "" if none */
static void read_driver(const struct fake_kernel *fake, const char *address, char driver[static SYSFS_NAME_SIZE])
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), PATH_DEVICES "/%s/driver", address);
	if (sysfs_read_link_name(fake->root, path, driver, SYSFS_NAME_SIZE) < 0)
		driver[0] = '\0';
}

void fake_read_override(int root, const char *address, char *text, size_t size)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), PATH_DEVICES "/%s/driver_override", address);
	CHECK_INT(sysfs_read(root, path, text, size), 0);
}

/* Value of a KEY= line of the device's uevent; "" if there is none. */
static void read_uevent(const struct fake_kernel *fake, const char *address, const char *key, char *value, size_t size)
{
	char path[PATH_SIZE];
	cleanup_free char *text = NULL;
	const char *found;

	snprintf(path, sizeof(path), PATH_DEVICES "/%s/uevent", address);
	text = test_read_file(fake->root, path);
	found = strstr(text, key);
	snprintf(value, size, "%.*s", found == NULL ? 0 : (int)strcspn(found + strlen(key), "\n"),
		 found == NULL ? "" : found + strlen(key));
}

/* The uevent begins with the driver's name, if there is one. */
static void write_uevent_driver(const struct fake_kernel *fake, const char *address, const char *driver)
{
	char path[PATH_SIZE];
	cleanup_free char *text = NULL, *changed = NULL;
	const char *rest;

	snprintf(path, sizeof(path), PATH_DEVICES "/%s/uevent", address);
	text = test_read_file(fake->root, path);
	rest = starts_with(text, "DRIVER=") ? strchr(text, '\n') + 1 : text;
	changed = util_format("%s%s%s%s", driver[0] != '\0' ? "DRIVER=" : "", driver, driver[0] != '\0' ? "\n" : "",
			      rest);
	test_write_file(fake->root, path, changed, strlen(changed));
}

/* --- the driver core --- */

static bool is_vfio(const struct fake_driver *driver)
{
	return streq(driver->name, "vfio-pci");
}

static bool matches(const struct fake_kernel *fake, const struct fake_driver *driver, const char *address)
{
	char override[SYSFS_NAME_SIZE], id[16], *rest;
	cleanup_free char *ids = util_copy(driver->ids);
	const char *word;

	fake_read_override(fake->root, address, override, sizeof(override));
	if (!streq(override, OVERRIDE_NONE))
		return streq(override, driver->name);
	read_uevent(fake, address, "PCI_ID=", id, sizeof(id));
	rest = ids;
	while ((word = parse_next_word(&rest)) != NULL)
		if (strcasecmp(word, id) == 0)
			return true;
	return false;
}

/* The driver's own probe(). That of vfio-pci refuses bridges, and devices without a group or with VFs. */
static int probe(struct fake_kernel *fake, const struct fake_driver *driver, const char *address)
{
	char class[16], path[PATH_SIZE];
	uint64_t vfs = 0;

	if (!is_vfio(driver))
		return 0;
	read_uevent(fake, address, "PCI_CLASS=", class, sizeof(class));
	if (starts_with(class, "604") || starts_with(class, "607") ||
	    has_attribute(fake, address, "secondary_bus_number") || !has_attribute(fake, address, "iommu_group"))
		return -EINVAL;
	snprintf(path, sizeof(path), PATH_DEVICES "/%s/sriov_numvfs", address);
	if (sysfs_read_number(fake->root, path, &vfs) == 0 && vfs > 0)
		return -EBUSY;
	if (fake->refused == NULL || !streq(fake->refused, address))
		return 0;
	if (fake->refused_for == 1)
		fake->refused = NULL;
	else if (fake->refused_for > 1)
		fake->refused_for--;
	return fake->refused_error;
}

static int attach(struct fake_kernel *fake, const struct fake_driver *driver, const char *address)
{
	char link[PATH_SIZE], back[PATH_SIZE], target[PATH_SIZE];
	int result = probe(fake, driver, address);

	if (result < 0)
		return result;
	/* Only the last part of this link is ever read. */
	snprintf(link, sizeof(link), PATH_DEVICES "/%s/driver", address);
	snprintf(target, sizeof(target), "../../../../bus/pci/drivers/%s", driver->name);
	CHECK_INT(symlinkat(target, fake->root, link), 0);
	snprintf(back, sizeof(back), PATH_DRIVERS "/%s/%s", driver->name, address);
	snprintf(target, sizeof(target), "../../devices/%s", address);
	CHECK_INT(symlinkat(target, fake->root, back), 0);
	write_uevent_driver(fake, address, driver->name);
	return 0;
}

static void detach(struct fake_kernel *fake, const char *driver, const char *address)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), PATH_DEVICES "/%s/driver", address);
	CHECK_INT(unlinkat(fake->root, path, 0), 0);
	snprintf(path, sizeof(path), PATH_DRIVERS "/%s/%s", driver, address);
	(void)unlinkat(fake->root, path, 0);
	write_uevent_driver(fake, address, "");
}

static const struct fake_driver *find_driver(const struct fake_kernel *fake, const char *name)
{
	for (const struct fake_driver *driver = fake->drivers; driver->name != NULL; driver++)
		if (streq(driver->name, name) && is_registered(fake, name))
			return driver;
	return NULL;
}

static int store_override(struct fake_kernel *fake, const char *address, const char *value)
{
	char path[PATH_SIZE];
	cleanup_free char *stored = NULL;

	if (value[0] == '\0') /* sysfs drops empty writes */
		return 0;
	snprintf(path, sizeof(path), PATH_DEVICES "/%s/driver_override", address);
	stored = util_format("%.*s\n", value[0] == '\n' ? (int)strlen(OVERRIDE_NONE) : (int)strcspn(value, "\n"),
			     value[0] == '\n' ? OVERRIDE_NONE : value);
	test_write_file(fake->root, path, stored, strlen(stored));
	return 0;
}

static void write_resource(const struct fake_kernel *fake, const char *path, uint64_t bar, uint64_t size)
{
	cleanup_free char *before = test_read_file(fake->root, path), *after = NULL;
	const char *line = before;

	while (bar-- > 0)
		line = strchr(line, '\n') + 1;
	after = util_format("%.*s0x10000000000 0x%llx 0x0%s", (int)(line - before), before,
			    (1ull << 40) + (1ull << (size + 20)) - 1, strchr(line, '\n'));
	test_write_file(fake->root, path, after, strlen(after));
}

/* __resource_resize_store() (Linux 6.1). */
static int store_resize(struct fake_kernel *fake, const char *address, int bar, const char *value)
{
	char path[PATH_SIZE], driver[SYSFS_NAME_SIZE], offered[32];
	uint64_t sizes = 0, size = 0;

	read_driver(fake, address, driver);
	if (driver[0] != '\0')
		return -EBUSY;
	snprintf(path, sizeof(path), PATH_DEVICES "/%s/resource%d_resize", address, bar);
	CHECK_INT(sysfs_read(fake->root, path, offered, sizeof(offered)), 0);
	CHECK_TRUE(parse_number(offered, 16, UINT64_MAX, &sizes));
	if (!parse_number(value, 10, 30, &size) || (sizes & 1ull << size) == 0)
		return -EINVAL;
	snprintf(path, sizeof(path), PATH_DEVICES "/%s/resource", address);
	write_resource(fake, path, (uint64_t)bar, size);
	return 0;
}

/* sriov_numvfs_store() (Linux 6.1). */
static int check_numvfs(struct fake_kernel *fake, const char *address, const char *value)
{
	char path[PATH_SIZE], driver[SYSFS_NAME_SIZE];
	uint64_t now = 0, total = 0, wanted = 0;

	snprintf(path, sizeof(path), PATH_DEVICES "/%s/sriov_totalvfs", address);
	CHECK_INT(sysfs_read_number(fake->root, path, &total), 0);
	snprintf(path, sizeof(path), PATH_DEVICES "/%s/sriov_numvfs", address);
	CHECK_INT(sysfs_read_number(fake->root, path, &now), 0);
	CHECK_TRUE(parse_number(value, 10, UINT16_MAX, &wanted));
	read_driver(fake, address, driver);
	if (wanted > total)
		return -ERANGE;
	if (wanted != now && (driver[0] == '\0' || streq(driver, "vfio-pci")))
		return -ENOENT;
	return now != 0 && wanted != 0 && wanted != now ? -EBUSY : 0;
}

/* reset_method_store() and d3cold_allowed_store() (Linux 6.1). */
static int store_attribute(struct fake_kernel *fake, const char *address, const char *name, const char *value)
{
	char path[PATH_SIZE], resets[64] = "";
	cleanup_free char *words = util_copy(value), *stored = util_format("%s\n", value);
	char *rest = words;
	const char *word;

	if (!has_attribute(fake, address, name))
		return -ENOENT;
	if (ends_with(name, "_resize"))
		return store_resize(fake, address, name[strlen("resource")] - '0', value);
	if (streq(name, "sriov_numvfs") && check_numvfs(fake, address, value) < 0)
		return check_numvfs(fake, address, value);
	snprintf(path, sizeof(path), PATH_DEVICES "/%s/resets", address);
	(void)sysfs_read(fake->root, path, resets, sizeof(resets));
	while ((word = parse_next_word(&rest)) != NULL)
		if (streq(name, "reset_method")
			    ? strstr(resets, word) == NULL
			    : !starts_with(name, "sriov_") && !streq(word, "0") && !streq(word, "1"))
			return -EINVAL;
	snprintf(path, sizeof(path), PATH_DEVICES "/%s/%s", address, name);
	test_write_file(fake->root, path, stored, strlen(stored));
	return 0;
}

static int store_bind(struct fake_kernel *fake, const char *name, const char *address)
{
	const struct fake_driver *driver = find_driver(fake, name);
	char current[SYSFS_NAME_SIZE];

	if (driver == NULL)
		return -ENOENT;
	if (!device_exists(fake, address) || !matches(fake, driver, address))
		return -ENODEV;
	read_driver(fake, address, current);
	if (current[0] != '\0')
		return -EBUSY;
	return attach(fake, driver, address);
}

/* The link goes before the driver's remove() is called (__device_release_driver() in drivers/base/dd.c). */
static int store_unbind(struct fake_kernel *fake, const char *name, const char *address)
{
	char current[SYSFS_NAME_SIZE];

	if (find_driver(fake, name) == NULL)
		return -ENOENT;
	if (!device_exists(fake, address))
		return -ENODEV;
	read_driver(fake, address, current);
	if (!streq(current, name))
		return -ENODEV;
	detach(fake, name, address);
	if (fake->hanging == NULL || !streq(fake->hanging, address))
		return 0;
	(void)util_copy_fixed(fake->hung, sizeof(fake->hung), address);
	return -ETIMEDOUT;
}

/* Says OK whatever comes of it, unless there is no such device. */
static int store_probe(struct fake_kernel *fake, const char *address)
{
	char current[SYSFS_NAME_SIZE];

	if (!device_exists(fake, address))
		return -ENODEV;
	read_driver(fake, address, current);
	for (const struct fake_driver *driver = fake->drivers; driver->name != NULL && current[0] == '\0'; driver++) {
		if (is_registered(fake, driver->name) && matches(fake, driver, address))
			(void)attach(fake, driver, address);
		read_driver(fake, address, current);
	}
	return 0;
}

static void register_driver(struct fake_kernel *fake, const struct fake_driver *driver)
{
	static const char *const files[] = { "bind", "unbind", "new_id" };
	char path[PATH_SIZE], current[SYSFS_NAME_SIZE];
	const struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), PATH_DRIVERS "/%s", driver->name);
	CHECK_INT(mkdirat(fake->root, path, 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), PATH_DRIVERS "/%s/%s", driver->name, files[i]);
		test_write_file(fake->root, path, "", 0);
	}
	directory = fdopendir(openat(fake->root, PATH_DEVICES, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (directory == NULL)
		abort();
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		read_driver(fake, entry->d_name, current);
		if (current[0] == '\0' && matches(fake, driver, entry->d_name))
			(void)attach(fake, driver, entry->d_name);
	}
	closedir(directory);
}

/* "pci:v000010DEd000013C2...": the module of each driver with that id. */
static int load_alias(struct fake_kernel *fake, const char *alias)
{
	char vendor[5], device[5], id[10];
	int result = -ENOENT;

	snprintf(vendor, sizeof(vendor), "%.4s", alias + strlen("pci:v0000"));
	snprintf(device, sizeof(device), "%.4s", alias + strlen("pci:v000010DEd0000"));
	snprintf(id, sizeof(id), "%s:%s", vendor, device);
	for (char *c = id; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	for (const struct fake_driver *driver = fake->drivers; driver->name != NULL; driver++) {
		if (driver->module == NULL || strstr(driver->ids, id) == NULL)
			continue;
		if (!is_registered(fake, driver->name))
			register_driver(fake, driver);
		result = 0;
	}
	return result;
}

static int load(struct fake_kernel *fake, const char *name)
{
	char module[SYSFS_NAME_SIZE];
	int result = -ENOENT;

	if (starts_with(name, "pci:"))
		return load_alias(fake, name);
	(void)util_copy_fixed(module, sizeof(module), name);
	for (char *c = module; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
	if (fake->modules != NULL && strstr(fake->modules, module) != NULL)
		return 0;
	for (const struct fake_driver *driver = fake->drivers; driver->name != NULL; driver++) {
		if (driver->module == NULL || !streq(driver->module, module))
			continue;
		if (!is_registered(fake, driver->name))
			register_driver(fake, driver);
		result = 0;
	}
	return result;
}

/* --- the table, and its failures --- */

static int dispatch(struct fake_kernel *fake, const char *path, const char *value)
{
	char name[SYSFS_NAME_SIZE] = "";
	const char *attribute = strrchr(path, '/') + 1;

	if (!starts_with(path, "sys/"))
		return load(fake, value);
	if (streq(path, PATH_PROBE))
		return store_probe(fake, value);
	if (starts_with(path, PATH_PLATFORM_DRIVERS)) {
		cleanup_free char *bound = util_format("%.*s%s", (int)(attribute - path), path, value);

		return unlinkat(fake->root, bound, 0) < 0 ? -ENODEV : 0;
	}
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(path + strlen(PATH_DRIVERS "/"), "/"),
		 path + strlen(PATH_DRIVERS "/"));
	if (starts_with(path, PATH_DRIVERS "/"))
		return streq(attribute, "bind") ? store_bind(fake, name, value) : store_unbind(fake, name, value);
	if (!device_exists(fake, name))
		return -ENOENT;
	return streq(attribute, "driver_override") ? store_override(fake, name, value)
						   : store_attribute(fake, name, attribute, value);
}

static void record(struct fake_kernel *fake, const char *path, const char *value)
{
	/* Both directories have names of the same length. */
	size_t before = strlen(PATH_DRIVERS "/");
	const char *name = starts_with(path, "sys/") && !streq(path, PATH_PROBE) ? path + before : "";
	int length = (int)strcspn(name, "/");

	if (fake->hung[0] != '\0' && (strstr(path, fake->hung) != NULL || streq(value, fake->hung)))
		fake->touched_hung = true;
	if (!starts_with(path, "sys/"))
		test_append(&fake->trace, "load %s\n", value);
	else if (streq(path, PATH_PROBE))
		test_append(&fake->trace, "probe %s\n", value);
	else if (starts_with(path, PATH_PLATFORM_DRIVERS))
		test_append(&fake->trace, "release %s\n", value);
	else if (starts_with(path, PATH_DRIVERS))
		test_append(&fake->trace, "%s %.*s %s\n", strrchr(path, '/') + 1, length, name, value);
	else if (!ends_with(path, "/driver_override"))
		test_append(&fake->trace, "set %.*s %s=%s\n", length, name, strrchr(path, '/') + 1, value);
	else
		test_append(&fake->trace, "override %.*s=%s\n", length, name, value[0] == '\n' ? "" : value);
}

static bool is_broken_file(const struct fake_kernel *fake, const char *path)
{
	size_t length = strlen(path);

	return fake->mode == FAKE_BROKEN && strncmp(fake->failed, path, length) == 0 && fake->failed[length] == ' ';
}

static int operate(struct fake_kernel *fake, const char *path, const char *value)
{
	bool fails = fake->mode != FAKE_WORK && fake->n_operations == fake->fail_at;
	int result;

	fake->n_operations++;
	record(fake, path, value);
	if (fails)
		snprintf(fake->failed, sizeof(fake->failed), "%s %s", path, value);
	if (fails && fake->mode == FAKE_DIE)
		raise(SIGKILL);
	if (fails && fake->error == -ETIMEDOUT && ends_with(path, "/unbind"))
		(void)util_copy_fixed(fake->hung, sizeof(fake->hung), value);
	else if (fails && fake->error == -ETIMEDOUT && starts_with(path, PATH_DEVICES) &&
		 !ends_with(path, "/driver_override"))
		snprintf(fake->hung, sizeof(fake->hung), "%.*s", (int)strcspn(path + strlen(PATH_DEVICES "/"), "/"),
			 path + strlen(PATH_DEVICES "/"));
	if (is_broken_file(fake, path) || (fails && fake->mode == FAKE_FAIL))
		return fake->error;
	result = dispatch(fake, path, value);
	if (fails && fake->mode == FAKE_DIE_AFTER)
		raise(SIGKILL);
	return fails ? fake->error : result;
}

static int fake_write(void *context, const char *path, const char *value, uint64_t deadline)
{
	(void)deadline;
	return operate(context, path, value);
}

static int fake_load(void *context, const char *module)
{
	return operate(context, "load/", module);
}

void fake_start(struct fake_kernel *fake, int root, const struct fake_driver *drivers)
{
	*fake = (struct fake_kernel){ .kernel = { fake_write, fake_load, fake, root },
				      .root = root,
				      .drivers = drivers,
				      .modules = "vfio_iommu_type1" };
}

void fake_free(struct fake_kernel *fake)
{
	free(fake->trace);
	*fake = (struct fake_kernel){ 0 };
}
