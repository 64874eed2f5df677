/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding modules; loading them needs a kernel, so the virtual machines test that. */
#include "binder/modules.h"

#include <errno.h>
#include <fcntl.h>

#include "tests/unit/machine.h"
#include "tests/unit/test.h"

#define RELEASE "6.1.0"
#define TREE "D: lib/modules/" RELEASE "\n"

static void add_number(char **end, uint32_t number)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		*(*end)++ = (char)(number >> shift);
}

/*
 * An index of libkmod (libkmod-index.c) with one key: magic, version, where the root is; the root has a prefix and a
 * value.
 */
static void write_index(int root, const char *name, const char *key, const char *value)
{
	cleanup_free char *path = util_format("lib/modules/" RELEASE "/%s", name);
	char data[512], *end = data;
	enum { MAGIC = 0xb007f457, VERSION = 0x00020001, PREFIX_AND_VALUES = 0xc0000000, HEADER = 12 };

	add_number(&end, MAGIC);
	add_number(&end, VERSION);
	add_number(&end, PREFIX_AND_VALUES | HEADER);
	end = stpcpy(end, key) + 1;
	add_number(&end, 1);
	add_number(&end, 0);
	end = stpcpy(end, value) + 1;
	test_write_file(root, path, data, (size_t)(end - data));
}

static void write_indexes(int root)
{
	write_index(root, "modules.dep.bin", "vfio_pci", "kernel/vfio-pci.ko:");
	write_index(root, "modules.builtin.bin", "pci_stub", "pci-stub");
	write_index(root, "modules.alias.bin", "vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i*", "mlx5_vfio_pci");
	write_index(root, "modules.symbols.bin", "symbol:none", "none");
	write_index(root, "modules.builtin.alias.bin", "none", "none");
}

TEST(modules_can_find)
{
	static const struct {
		const char *name, *tree, *release, *driver;
		enum known known;
		bool has_index;
	} cases[] = {
		{ "no modules", "", RELEASE, "vfio-pci", KNOWN_NOT, false },
		{ "a directory without an index", TREE, RELEASE, "vfio-pci", KNOWN_NOT, false },
		{ "an index of another release", TREE, "6.2.0", "vfio-pci", KNOWN_NOT, true },
		{ "no release, and not our own root", TREE, "", "vfio-pci", KNOWN_NOT, true },
		{ "in the index", TREE, RELEASE, "vfio-pci", KNOWN_YES, true },
		{ "in the index, by its other name", TREE, RELEASE, "vfio_pci", KNOWN_YES, true },
		{ "built in", TREE, RELEASE, "pci-stub", KNOWN_YES, true },
		{ "not in the index", TREE, RELEASE, "mlx4_vfio_pci", KNOWN_NO, true },
		{ "flat", "F: lib/modules/vfio_pci.ko=x\n", RELEASE, "vfio-pci", KNOWN_YES, false },
		{ "flat, without a release", "F: lib/modules/vfio_pci.ko=x\n", "", "vfio-pci", KNOWN_YES, false },
		{ "flat, another one", "F: lib/modules/vfio_pci.ko=x\n", RELEASE, "pci-stub", KNOWN_NO, false },
		{ "flat below /usr", "F: usr/lib/modules/vfio_pci.ko=x\n", RELEASE, "vfio-pci", KNOWN_YES, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int root = test_root(cases[i].tree);
		struct modules *modules;

		test_case("%s", cases[i].name);
		if (cases[i].has_index)
			write_indexes(root);
		modules = modules_open(root, cases[i].release);
		CHECK_INT(modules_can_find(modules, cases[i].driver), cases[i].known);
		/* Nothing is ever loaded from a root that is not the running system's. */
		CHECK_INT(modules_load(modules, cases[i].driver), -EXDEV);
		modules_close(modules);
	}
}

TEST(modules_find_variant)
{
	static const struct {
		const char *device;
		const char *variant;
	} cases[] = {
		{ "01:00.2 020000 15b3:101e 1 -", "mlx5_vfio_pci" },
		{ "01:00.2 020000 15b3:101d 1 -", NULL },
		{ "01:00.2 030000 10de:13c2 1 -", NULL },
	};
	int root = test_root(TREE);
	struct modules *modules;

	write_indexes(root);
	modules = modules_open(root, RELEASE);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct device device;
		cleanup_free char *variant = NULL;

		test_case("%s", cases[i].device);
		machine_read_device(&device, cases[i].device);
		variant = modules_find_variant(modules, &device);
		CHECK_STR(variant, cases[i].variant);
		machine_free_device(&device);
	}
	modules_close(modules);
}

/* A damaged index must not bring us down. */
TEST(modules_junk_index)
{
	static const char *const junk[] = { "", "x", "\xb0\x07\xf4\x57", "\xb0\x07\xf4\x57zzzzzzzzzzzzzzzz" };

	for (size_t i = 0; i < ARRAY_SIZE(junk); i++) {
		int root = test_root(TREE);
		struct modules *modules;

		test_case("%zu", i);
		test_write_file(root, "lib/modules/" RELEASE "/modules.dep.bin", junk[i], strlen(junk[i]));
		modules = modules_open(root, RELEASE);
		CHECK_TRUE(modules_can_find(modules, "vfio-pci") != KNOWN_YES);
		modules_close(modules);
	}
}
