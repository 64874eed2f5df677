/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/machine.h"
#include "tests/unit/test.h"

/* "ADDRESS CLASS ID SUBSYSTEM GROUP DRIVER PATH;". Owned by the caller. */
static char *describe(const struct inventory *inventory)
{
	char *text = util_copy("");

	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct device *device = &inventory->devices[i];

		test_append(&text, "%s %06x %04x:%04x %04x:%04x %d %s %s;", device->address, device->class,
			    device->vendor, device->device, device->subvendor, device->subdevice, device->iommu_group,
			    device->driver, device->path);
	}
	return text;
}

static const struct {
	const char *name, *tree, *expected;
	size_t problems;
} cases[] = {
	{ "a device", "PCI: 01:00.0 0300 10de:13c2 1043:8508 nouveau 1\n",
	  "0000:01:00.0 030000 10de:13c2 1043:8508 1 nouveau 0000:01:00.0;", 0 },
	{ "modalias counts, not uevent",
	  "PCI: 01:00.0 0300 10de:13c2 - nouveau 1\nA: "
	  "modalias=pci:v00001002d000067DFsv00001043sd00000525bc03sc80i01\n",
	  "0000:01:00.0 038001 1002:67df 1043:0525 1 nouveau 0000:01:00.0;", 0 },
	{ "modalias of noise", "PCI: 01:00.0 0300 10de:13c2 - - 1\nA: modalias=junk\n", "", 1 },
	{ "modalias cut short",
	  "PCI: 01:00.0 0300 10de:13c2 - - 1\nA: modalias=pci:v00001002d000067DFsv00001043sd00000525bc03sc80\n", "",
	  1 },
	{ "modalias with a tail",
	  "PCI: 01:00.0 0300 10de:13c2 - - 1\nA: modalias=pci:v00001002d000067DFsv00001043sd00000525bc03sc80i01x\n", "",
	  1 },
	{ "modalias with an id beyond 16 bits",
	  "PCI: 01:00.0 0300 10de:13c2 - - 1\nA: modalias=pci:v00011002d000067DFsv00001043sd00000525bc03sc80i01\n", "",
	  1 },
	{ "an empty modalias", "PCI: 01:00.0 0300 10de:13c2 - - 1\nA: modalias=\n", "", 1 },
	{ "no driver, no group, no subsystem", "PCI: 01:00.0 030001 10de:13c2 - - -\n",
	  "0000:01:00.0 030001 10de:13c2 0000:0000 -1  0000:01:00.0;", 0 },
	{ "ids with leading zeros", "PCI: 01:00.0 0101 0001:0002 0003:0004 - 0\n",
	  "0000:01:00.0 010100 0001:0002 0003:0004 0  0000:01:00.0;", 0 },
	{ "behind a root port", "PCI: 00:01.1/06:00.0 0300 10de:13c2 - - 1\n",
	  "0000:06:00.0 030000 10de:13c2 0000:0000 1  0000:00:01.1/00.0;", 0 },
	{ "behind two switches", "PCI: 00:01.1/05:00.0/06:04.0/07:1f.7 0300 10de:13c2 - - 1\n",
	  "0000:07:1f.7 030000 10de:13c2 0000:0000 1  0000:00:01.1/00.0/04.0/1f.7;", 0 },
	{ "below VMD", "PCI: 00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0 0108 144d:a808 - nvme 9\n",
	  "10000:e1:00.0 010800 144d:a808 0000:0000 9 nvme 0000:00:0e.0/06.0/00.0;", 0 },
	{ "in order of address",
	  "PCI: 02:00.0 0300 10de:13c2 - - 1\nPCI: 0001:01:00.0 0300 10de:13c2 - - 2\nPCI: 01:00.1 0300 10de:13c2 - - "
	  "3\n",
	  "0000:01:00.1 030000 10de:13c2 0000:0000 3  0000:01:00.1;0000:02:00.0 030000 10de:13c2 0000:0000 1  "
	  "0000:02:00.0;0001:01:00.0 030000 10de:13c2 0000:0000 2  0001:01:00.0;",
	  0 },
	{ "an empty uevent", "P: /devices/pci0000:00/0000:01:00.0\nE: X=Y\nPCI: 02:00.0 1200 1111:0001 - - -\n",
	  "0000:02:00.0 120000 1111:0001 0000:0000 -1  0000:02:00.0;", 1 },
	{ "a junk class", "P: /devices/pci0000:00/0000:01:00.0\nE: PCI_CLASS=xyz\nE: PCI_ID=10DE:13C2\n", "", 1 },
	{ "a class of seven digits", "P: /devices/pci0000:00/0000:01:00.0\nE: PCI_CLASS=1030000\nE: PCI_ID=10DE:13C2\n",
	  "", 1 },
	{ "a junk id", "P: /devices/pci0000:00/0000:01:00.0\nE: PCI_CLASS=30000\nE: PCI_ID=10DE\n", "", 1 },
	{ "an id that is too long", "P: /devices/pci0000:00/0000:01:00.0\nE: PCI_CLASS=30000\nE: PCI_ID=110DE:13C2\n",
	  "", 1 },
	{ "a junk subsystem",
	  "P: /devices/pci0000:00/0000:01:00.0\nE: PCI_CLASS=30000\nE: PCI_ID=10DE:13C2\nE: PCI_SUBSYS_ID=x:y\n", "",
	  1 },
	{ "a name that is no address", "D: sys/bus/pci/devices/bogus\n", "", 1 },
	{ "a junk group", "PCI: 01:00.0 0300 10de:13c2 - - -\nL: iommu_group=../../../kernel/iommu_groups/junk\n",
	  "0000:01:00.0 030000 10de:13c2 0000:0000 -1  0000:01:00.0;", 1 },
	{ "a group number beyond reason", "PCI: 01:00.0 0300 10de:13c2 - - 4294967297\n",
	  "0000:01:00.0 030000 10de:13c2 0000:0000 -1  0000:01:00.0;", 1 },
};

TEST(inventory_scan)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int root = test_root(cases[i].tree);
		struct problems problems = { 0 };
		struct inventory inventory;
		cleanup_free char *text = NULL;

		test_case("%s", cases[i].name);
		CHECK_INT(inventory_scan(&inventory, root, &problems), 0);
		inventory_complete(&inventory, root, &(struct policy){ 0 }, true);
		text = describe(&inventory);
		CHECK_STR(text, cases[i].expected);
		CHECK_INT(problems.count, cases[i].problems);
		CHECK_INT(problem_count(&problems, PROBLEM_POLICY), 0);
		inventory_free(&inventory);
		problems_free(&problems);
	}
}

/* "ADDRESS GROUP PATH FILE ERROR[ unknown];" */
static char *describe_unread(const struct inventory *inventory)
{
	char *text = util_copy("");

	for (size_t i = 0; i < inventory->n_unread; i++) {
		const struct device *device = &inventory->unread[i];

		test_append(&text, "%s %d %s %s %d%s;", device->address, device->iommu_group, device->path,
			    device->unread, device->unread_error, device->is_unknown ? " unknown" : "");
	}
	return text;
}

#define DIRECTORY "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/"
#define BEHIND "PCI: 00:01.0/01:00.0 0300 10de:13c2 - foo 7\n"
#define PATH " 0000:00:01.0/00.0 "

/* A file that is a directory cannot be read (EISDIR), nor a link that is none (EINVAL). */
static const struct {
	const char *name, *tree, *expected;
	size_t n_devices;
} unread_cases[] = {
	{ "nothing", BEHIND, "", 1 },
	{ "modalias is a directory", BEHIND "D: " DIRECTORY "modalias\n", "0000:01:00.0 7" PATH "modalias 21 unknown;",
	  0 },
	{ "modalias of noise", BEHIND "A: modalias=junk\n", "0000:01:00.0 7" PATH "modalias 74 unknown;", 0 },
	{ "an empty uevent", "P: /devices/pci0000:00/0000:00:01.0/0000:01:00.0\nE: X=Y\n",
	  "0000:01:00.0 -1" PATH "uevent 74 unknown;", 0 },
	{ "iommu_group is a directory", "PCI: 00:01.0/01:00.0 0300 10de:13c2 - foo -\nD: " DIRECTORY "iommu_group\n",
	  "0000:01:00.0 -1" PATH "iommu_group 22;", 1 },
	{ "iommu_group is a directory, but the group lists it",
	  "PCI: 00:01.0/01:00.0 0300 10de:13c2 - foo -\nD: " DIRECTORY
	  "iommu_group\nD: sys/kernel/iommu_groups/5/devices/0000:01:00.1\n"
	  "D: sys/kernel/iommu_groups/12/devices/0000:01:00.0\n",
	  "0000:01:00.0 12" PATH "iommu_group 22;", 1 },
	{ "neither modalias nor iommu_group",
	  "PCI: 00:01.0/01:00.0 0300 10de:13c2 - foo -\nD: " DIRECTORY "modalias\nD: " DIRECTORY "iommu_group\n",
	  "0000:01:00.0 -1" PATH "modalias 21 unknown;", 0 },
	{ "no group is no failure", "PCI: 00:01.0/01:00.0 0300 10de:13c2 - foo -\n", "", 1 },
	{ "driver is a directory", "PCI: 00:01.0/01:00.0 0300 10de:13c2 - - 7\nD: " DIRECTORY "driver\n",
	  "0000:01:00.0 7" PATH "driver 22;", 1 },
	{ "sriov_numvfs of noise", BEHIND "A: sriov_numvfs=junk\n", "0000:01:00.0 7" PATH "sriov_numvfs 22;", 1 },
	{ "more virtual functions than there are addresses", BEHIND "A: sriov_numvfs=65536\n",
	  "0000:01:00.0 7" PATH "sriov_numvfs 74;", 1 },
};

TEST(inventory_unread)
{
	for (size_t i = 0; i < ARRAY_SIZE(unread_cases); i++) {
		int root = test_root(unread_cases[i].tree);
		struct problems problems = { 0 };
		struct inventory inventory;
		cleanup_free char *text = NULL;

		test_case("%s", unread_cases[i].name);
		CHECK_INT(inventory_scan(&inventory, root, &problems), 0);
		inventory_complete(&inventory, root, &(struct policy){ 0 }, true);
		text = describe_unread(&inventory);
		CHECK_STR(text, unread_cases[i].expected);
		CHECK_INT(inventory.n_devices, unread_cases[i].n_devices);
		CHECK_INT(inventory_group_count(&inventory) > 12, strstr(unread_cases[i].expected, " 12 ") != NULL);
		inventory_free(&inventory);
		problems_free(&problems);
	}
}

/* No /sys at all, and things in its place. */
TEST(inventory_scan_fails)
{
	static const struct {
		const char *path; /* made a file instead of a directory; NULL: nothing is there */
		int result;
	} rows[] = {
		{ NULL, -ENOENT },
		{ "sys", -ENOTDIR },
		{ "sys/bus/pci/devices", -ENOTDIR },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int root = open(test_directory(), O_PATH | O_DIRECTORY | O_CLOEXEC);
		struct problems problems = { 0 };
		struct inventory inventory;

		test_case("%s", rows[i].path != NULL ? rows[i].path : "nothing");
		CHECK_INT(mkdirat(root, "sys", 0755), 0);
		CHECK_INT(rows[i].path == NULL || streq(rows[i].path, "sys") ? unlinkat(root, "sys", AT_REMOVEDIR) : 0,
			  0);
		if (rows[i].path != NULL && !streq(rows[i].path, "sys"))
			CHECK_INT(mkdirat(root, "sys/bus", 0755) + mkdirat(root, "sys/bus/pci", 0755), 0);
		if (rows[i].path != NULL)
			test_write_file(root, rows[i].path, "", 0);
		CHECK_INT(inventory_scan(&inventory, root, &problems), rows[i].result);
		CHECK_INT(inventory.n_devices, 0);
		CHECK_INT(inventory_group_count(&inventory), 1);
		inventory_free(&inventory);
		problems_free(&problems);
		close(root);
	}
}

TEST(inventory_iommu_and_release)
{
	static const struct {
		const char *tree;
		bool has_iommu;
		const char *release;
	} rows[] = {
		{ "", false, "" },
		{ "D: sys/kernel/iommu_groups/0\n", true, "" },
		{ "D: sys/kernel/iommu_groups/other\n", false, "" },
		{ "F: proc/sys/kernel/osrelease=6.1.0-18-amd64\\n\n", false, "6.1.0-18-amd64" },
		{ "F: proc/sys/kernel/osrelease=../../etc\\n\n", false, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct problems problems = { 0 };
		struct inventory inventory;

		test_case("%s", rows[i].tree);
		CHECK_INT(inventory_scan(&inventory, test_root(rows[i].tree), &problems), 0);
		CHECK_INT(inventory.has_iommu, rows[i].has_iommu);
		CHECK_STR(inventory.release, rows[i].release);
		inventory_free(&inventory);
		problems_free(&problems);
	}
}

/* Only what the policy may touch is read whole: matched devices and their groups; all if serials matter. */
TEST(inventory_complete)
{
	static const char tree[] =
		"PCI: 00:01.0 0604 8086:1901 - pcieport 1 secondary_bus_number=1 serial_number=port\n"
		"PCI: 01:00.0 1200 1111:0001 - - 1 sriov_numvfs=4 serial_number=card\n"
		"PCI: 02:00.0 1200 1111:0002 - - 2 sriov_numvfs=0\n"
		"PCI: 03:00.0 1200 1111:0003 - - 3 sriov_numvfs=junk\n";
	static const struct {
		const char *policy, *complete, *vfs, *serials;
	} rows[] = {
		{ "", "0000", "0000", "" },
		{ "[device a]\nid=1111:0001\n", "1100", "0400", "" },
		{ "[device a]\nid=1111:0002\n", "0010", "0000", "" },
		{ "[device a]\naddress=03:00.0\nid=9999:0003\n", "0001", "0000", "" },
		{ "[device a]\nserial=card\n", "1111", "0400", "port card " },
		{ "[device a]\nid=1111:0001\nfoo=1\n", "0000", "0000", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct machine machine;
		cleanup_free char *complete = util_copy(""), *vfs = util_copy(""), *serials = util_copy("");

		machine_read_root(&machine, test_root(tree), rows[i].policy, NULL);
		for (size_t j = 0; j < machine.inventory.n_devices; j++) {
			const struct device *device = &machine.inventory.devices[j];

			test_append(&complete, "%d", device->is_complete);
			test_append(&vfs, "%u", device->vfs);
			test_append(&serials, "%s%s", device->serial != NULL ? device->serial : "",
				    device->serial != NULL ? " " : "");
			CHECK_INT(device->has_secondary_bus, device->is_complete && j == 0);
		}
		test_case("%s", rows[i].policy);
		CHECK_STR(complete, rows[i].complete);
		CHECK_STR(vfs, rows[i].vfs);
		CHECK_STR(serials, rows[i].serials);
		machine_free(&machine);
	}
}

/* Registered now: there; with no modules to be seen: not known. disable_denylist of the loaded module. */
TEST(inventory_drivers)
{
	static const struct {
		const char *tree, *driver;
		enum known known;
		bool ignores_denylist;
	} rows[] = {
		{ "", "vfio-pci", KNOWN_NOT, false },
		{ "D: sys/bus/pci/drivers/vfio-pci\n", "vfio-pci", KNOWN_YES, false },
		{ "D: sys/bus/pci/drivers/foo\n", "foo", KNOWN_YES, false },
		{ "D: sys/bus/pci/drivers/foo\n", "vfio-pci", KNOWN_NOT, false },
		{ "", "nobody-asked", KNOWN_NOT, false },
		{ "F: sys/module/vfio_pci/parameters/disable_denylist=Y\\n\n", "vfio-pci", KNOWN_NOT, true },
		{ "F: sys/module/vfio_pci/parameters/disable_denylist=N\\n\n", "vfio-pci", KNOWN_NOT, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *tree = util_format("PCI: 01:00.0 1200 1111:0001 - - 1\n%s", rows[i].tree);
		struct machine machine;

		test_case("%s %s", rows[i].tree, rows[i].driver);
		machine_read_root(&machine, test_root(tree),
				  "[device a]\nid=1111:0001\n[device b]\nid=1111:0001\ndriver=foo\n", NULL);
		CHECK_INT(inventory_driver(&machine.inventory, rows[i].driver), rows[i].known);
		CHECK_INT(machine.inventory.ignores_denylist, rows[i].ignores_denylist);
		machine_free(&machine);
	}
}

TEST(inventory_find_and_groups)
{
	struct bdf there = { 0, 1, 0, 0 }, missing = { 0, 1, 0, 1 };
	struct machine machine;

	machine_read(&machine,
		     &(struct machine_text){ .devices = "01:00.0 1200 1111:0001 7 -;02:00.0 1200 1111:0001 - -" });
	CHECK_STR(inventory_find(&machine.inventory, &there)->address, "0000:01:00.0");
	CHECK_TRUE(inventory_find(&machine.inventory, &missing) == NULL);
	CHECK_INT(inventory_group_count(&machine.inventory), 8);
	machine_free(&machine);
	CHECK_TRUE(inventory_find(&machine.inventory, &there) == NULL);
}
