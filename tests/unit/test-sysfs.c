/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/test.h"

static int make_root(void)
{
	int root = test_root("F: line=vfio-pci\\n\nF: bare=vfio-pci\nF: two=a\\nb\\n\nF: nul=ab\\x00cd\\n\nF: empty=\n"
			     "F: long=0123456789\\n\nF: ten=10\\n\nF: hex=0xff\\n\nF: negative=-1\\n\nF: words=1 2\\n\n"
			     "F: huge=99999999999999999999\\n\nD: directory\n");

	CHECK_INT(mkfifoat(root, "fifo", 0600), 0);
	CHECK_INT(symlinkat("../../bus/pci/drivers/nouveau", root, "driver"), 0);
	CHECK_INT(symlinkat("nouveau", root, "flat"), 0);
	CHECK_INT(symlinkat("/sys/kernel/iommu_groups/12", root, "group"), 0);
	return root;
}

TEST(sysfs_read)
{
	static const struct {
		const char *path;
		size_t size;
		int result;
		const char *text;
	} cases[] = {
		{ "line", 64, 0, "vfio-pci" },  { "bare", 64, 0, "vfio-pci" },  { "two", 64, 0, "a\nb" },
		{ "nul", 64, 0, "ab" },         { "empty", 64, 0, "" },         { "long", 5, 0, "0123" },
		{ "long", 1, 0, "" },           { "missing", 64, -ENOENT, "" }, { "directory", 64, -EISDIR, "" },
		{ "line/x", 64, -ENOTDIR, "" }, { "driver", 64, -ENOENT, "" },
	};
	int root = make_root();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[64] = "junk";

		test_case("%s, size %zu", cases[i].path, cases[i].size);
		CHECK_INT(sysfs_read(root, cases[i].path, text, cases[i].size), cases[i].result);
		CHECK_STR(text, cases[i].text);
	}
}

/* The header: "a FIFO under --root is refused", and at least not waited for. */
/* Not waited for: empty, as an attribute that lost its value. */
TEST(sysfs_read_fifo)
{
	char text[64] = "junk";
	int root = make_root();

	alarm(5);
	CHECK_INT(sysfs_read(root, "fifo", text, sizeof(text)), 0);
	CHECK_STR(text, "");
}

TEST(sysfs_read_number)
{
	static const struct {
		const char *path;
		int result;
		uint64_t value;
	} cases[] = {
		{ "ten", 0, 10 },           { "hex", 0, 255 },       { "empty", -EINVAL, 7 }, { "line", -EINVAL, 7 },
		{ "negative", -EINVAL, 7 }, { "words", -EINVAL, 7 }, { "huge", -EINVAL, 7 },  { "missing", -ENOENT, 7 },
	};
	int root = make_root();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t value = 7;

		test_case("%s", cases[i].path);
		CHECK_INT(sysfs_read_number(root, cases[i].path, &value), cases[i].result);
		CHECK_INT(value, cases[i].value);
	}
}

TEST(sysfs_write)
{
	cleanup_free char *text = NULL;
	int root = make_root();

	CHECK_INT(sysfs_write(root, "bare", "VFIO-PCI"), 0);
	text = test_read_file(root, "bare");
	CHECK_STR(text, "VFIO-PCI");
	/* Attributes are never created, and never truncated. */
	CHECK_INT(sysfs_write(root, "missing", "x"), -ENOENT);
	CHECK_INT(sysfs_write(root, "directory", "x"), -EISDIR);
	CHECK_INT(sysfs_write(root, "fifo", "x"), -ENXIO);
}

TEST(sysfs_read_link)
{
	static const struct {
		const char *path;
		size_t size;
		int result;
		const char *target, *name;
	} cases[] = {
		{ "driver", 64, 0, "../../bus/pci/drivers/nouveau", "nouveau" },
		{ "flat", 64, 0, "nouveau", "nouveau" },
		{ "flat", 8, 0, "nouveau", "nouveau" },
		{ "flat", 7, -ENAMETOOLONG, "", "" },
		{ "group", 64, 0, "/sys/kernel/iommu_groups/12", "12" },
		{ "line", 64, -EINVAL, "", "" },
		{ "missing", 64, -ENOENT, "", "" },
	};
	int root = make_root();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[64] = "junk";

		test_case("%s, size %zu", cases[i].path, cases[i].size);
		CHECK_INT(sysfs_read_link(root, cases[i].path, text, cases[i].size), cases[i].result);
		CHECK_STR(text, cases[i].target);
		CHECK_INT(sysfs_read_link_name(root, cases[i].path, text, cases[i].size), cases[i].result);
		CHECK_STR(text, cases[i].name);
	}
}

TEST(sysfs_exists)
{
	int root = make_root();

	CHECK_TRUE(sysfs_exists(root, "line"));
	CHECK_TRUE(sysfs_exists(root, "directory"));
	CHECK_TRUE(!sysfs_exists(root, "missing"));
	CHECK_TRUE(!sysfs_exists(root, "driver"));
}
