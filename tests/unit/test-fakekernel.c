/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fake kernel itself: the tables of reference/kernel.md 1.1 and 1.2. */
#include <errno.h>

#include "binder/inventory.h"
#include "tests/unit/fakekernel.h"
#include "tests/unit/test.h"

#define DEVICES "sys/bus/pci/devices/"
#define DRIVERS "sys/bus/pci/drivers/"
#define PROBE "sys/bus/pci/drivers_probe"
#define CARD "0000:01:00.0"
#define NIC "0000:02:00.0"

/* Operations one after the other, with the card's driver and override after each. */
static const struct {
	const char *path, *value; /* no path: load this module */
	int result;
	const char *driver, *override;
} steps[] = {
	{ DEVICES CARD "/driver_override", "vfio-pci", 0, "nouveau", "vfio-pci" },
	{ DEVICES CARD "/driver_override", "", 0, "nouveau", "vfio-pci" },
	{ DEVICES CARD "/driver_override", "\n", 0, "nouveau", "(null)" },
	{ DEVICES CARD "/driver_override", "vfio-pci\nfoo", 0, "nouveau", "vfio-pci" },
	{ DEVICES "0000:09:00.0/driver_override", "vfio-pci", -ENOENT, "nouveau", "vfio-pci" },
	{ DRIVERS "vfio-pci/bind", CARD, -ENOENT, "nouveau", "vfio-pci" },
	{ NULL, "vfio-pci", 0, "nouveau", "vfio-pci" },
	{ NULL, "vfio_pci", 0, "nouveau", "vfio-pci" },
	{ NULL, "vfio_iommu_type1", 0, "nouveau", "vfio-pci" },
	{ NULL, "no_such_module", -ENOENT, "nouveau", "vfio-pci" },
	{ DRIVERS "vfio-pci/bind", CARD, -EBUSY, "nouveau", "vfio-pci" },
	{ DRIVERS "vfio-pci/bind", NIC, -ENODEV, "nouveau", "vfio-pci" },
	{ DRIVERS "vfio-pci/bind", "0000:09:00.0", -ENODEV, "nouveau", "vfio-pci" },
	{ PROBE, CARD, 0, "nouveau", "vfio-pci" },
	{ PROBE, "01:00.0", -ENODEV, "nouveau", "vfio-pci" },
	{ DRIVERS "vfio-pci/unbind", CARD, -ENODEV, "nouveau", "vfio-pci" },
	{ DRIVERS "nouveau/unbind", CARD, 0, "", "vfio-pci" },
	{ DRIVERS "nouveau/bind", CARD, -ENODEV, "", "vfio-pci" },
	{ DRIVERS "vfio-pci/bind", CARD, 0, "vfio-pci", "vfio-pci" },
	{ DRIVERS "vfio-pci/bind", CARD, -EBUSY, "vfio-pci", "vfio-pci" },
	{ DRIVERS "vfio-pci/unbind", CARD, 0, "", "vfio-pci" },
	{ DEVICES CARD "/driver_override", "\n", 0, "", "(null)" },
	{ PROBE, CARD, 0, "nouveau", "(null)" },
	{ DRIVERS "nouveau/unbind", CARD, 0, "", "(null)" },
	{ DRIVERS "nouveau/bind", CARD, 0, "nouveau", "(null)" },
	{ DRIVERS "nouveau/unbind", CARD, 0, "", "(null)" },
	{ DEVICES CARD "/driver_override", "pci-stub", 0, "", "pci-stub" },
	{ PROBE, CARD, 0, "", "pci-stub" },
	{ NULL, "pci-stub", 0, "pci-stub", "pci-stub" }, /* registering binds what waits */
};

TEST(fakekernel_steps)
{
	int root = test_root("PCI: 01:00.0 0300 10de:13c2 - nouveau 1\nPCI: 02:00.0 0200 8086:10d3 - - 2\n");
	struct fake_kernel fake;

	fake_start(&fake, root, fake_drivers);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		const struct kernel *kernel = &fake.kernel;
		char driver[SYSFS_NAME_SIZE], override[SYSFS_NAME_SIZE];

		test_case("step %zu, %s %s", i, steps[i].path != NULL ? steps[i].path : "load", steps[i].value);
		CHECK_INT(steps[i].path != NULL ? kernel->write(kernel->context, steps[i].path, steps[i].value, 0)
						: kernel->load(kernel->context, steps[i].value),
			  steps[i].result);
		inventory_read_driver(root, CARD, driver);
		fake_read_override(root, CARD, override, sizeof(override));
		CHECK_STR(driver, steps[i].driver);
		CHECK_STR(override, steps[i].override);
	}
	fake_free(&fake);
}

TEST(fakekernel_vfio_probe)
{
	static const struct {
		const char *name, *device;
		int result;
	} cases[] = {
		{ "endpoint", "PCI: 01:00.0 0300 10de:13c2 - - 1\n", 0 },
		{ "no group", "PCI: 01:00.0 0300 10de:13c2 - - -\n", -EINVAL },
		{ "bridge", "PCI: 01:00.0 0604 10de:13c2 - - 1\n", -EINVAL },
		{ "secondary bus", "PCI: 01:00.0 0300 10de:13c2 - - 1 secondary_bus_number=2\n", -EINVAL },
		{ "VFs", "PCI: 01:00.0 0300 10de:13c2 - - 1 sriov_numvfs=2\n", -EBUSY },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int root = test_root(cases[i].device);
		struct fake_kernel fake;

		test_case("%s", cases[i].name);
		fake_start(&fake, root, fake_drivers);
		CHECK_INT(fake.kernel.load(&fake, "vfio-pci"), 0);
		CHECK_INT(fake.kernel.write(&fake, DEVICES CARD "/driver_override", "vfio-pci", 0), 0);
		CHECK_INT(fake.kernel.write(&fake, DRIVERS "vfio-pci/bind", CARD, 0), cases[i].result);
		fake_free(&fake);
	}
}
