/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a text fixture, one line after the other, and makes a folder of it that stands for the
 * root of a machine. A device is collected until the next one begins, then written.
 */
#include "tests/tree/tree.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tree/tree-internal.h"

static int line_path(struct tree *tree, char *value)
{
	if (strncmp(value, "/devices/", 9) != 0)
		return tree_fail(tree, EINVAL, "P: expected /devices/..., not '%s'", value);
	return tree_device_begin(tree, value + 9);
}

static int line_uevent(struct tree *tree, char *value)
{
	struct tree_device *dev = &tree->dev;
	size_t used = strlen(dev->uevent);
	int r;

	if (!strchr(value, '='))
		return tree_fail(tree, EINVAL, "E: expected KEY=VALUE");
	if (strncmp(value, "DRIVER=", 7) == 0)
		r = tree_format(dev->driver, sizeof(dev->driver), "%s", value + 7);
	else if (strncmp(value, "SUBSYSTEM=", 10) == 0)
		r = tree_format(dev->subsystem, sizeof(dev->subsystem), "%s", value + 10);
	else
		r = tree_format(dev->uevent + used, sizeof(dev->uevent) - used, "%s\n", value);
	return r < 0 ? tree_fail(tree, -r, "E: too long") : 0;
}

/* Splits "name=value" and makes PATH of the name, below the device if there is one. */
static char *split_value(struct tree *tree, char *value, const char *below, char *path, size_t size)
{
	char *equals = strchr(value, '=');

	if (!equals) {
		tree_fail(tree, EINVAL, "expected NAME=VALUE");
		return NULL;
	}
	*equals = '\0';
	if (tree_format(path, size, "%s%s%s", below, *below ? "/" : "", value) < 0) {
		tree_fail(tree, ENAMETOOLONG, "path too long");
		return NULL;
	}
	return equals + 1;
}

static int line_attribute(struct tree *tree, char *value)
{
	char path[PATH_MAX];
	char *text = split_value(tree, value, tree->dev.path, path, sizeof(path));
	ssize_t size;
	int r;

	if (!text)
		return -EINVAL;
	size = tree_unescape(text);
	if (size < 0)
		return tree_fail(tree, EINVAL, "unknown escape in the value of '%s'", value);
	if (strcmp(value, "driver_override") == 0)
		tree->dev.has_override = true;
	r = tree_write_file(tree, path, text, (size_t)size, O_TRUNC);
	return r < 0 ? r : tree_write_file(tree, path, "\n", 1, O_APPEND);
}

/* Whether a link LEVEL directories below the root with this target would lead out of it. */
static bool leaves_root(const char *target, int level)
{
	while (*target && level >= 0) {
		size_t n = strcspn(target, "/");

		if (n == 2 && strncmp(target, "..", 2) == 0)
			level--;
		else if (n > 1 || (n == 1 && target[0] != '.'))
			level++;
		target += n + (target[n] == '/');
	}
	return level < 0;
}

static int line_link(struct tree *tree, char *value)
{
	char path[PATH_MAX];
	const char *target = split_value(tree, value, tree->dev.path, path, sizeof(path));

	if (!target)
		return -EINVAL;
	if (target[0] == '/' || target[0] == '\0')
		return tree_fail(tree, EINVAL, "L: the target of '%s' must be relative", value);
	if (leaves_root(target, tree_depth(path) - 1))
		return tree_fail(tree, EINVAL, "L: the target of '%s' leaves the root", value);
	return tree_make_link(tree, path, target);
}

static int line_group(struct tree *tree, char *value)
{
	if (value[strspn(value, "0123456789")] != '\0')
		return tree_fail(tree, EINVAL, "G: expected a number, not '%s'", value);
	if (tree_format(tree->dev.group, sizeof(tree->dev.group), "%s", value) < 0)
		return tree_fail(tree, EINVAL, "G: number too long");
	return 0;
}

static int line_file(struct tree *tree, char *value)
{
	char path[PATH_MAX];
	char *text = split_value(tree, value, "", path, sizeof(path));
	ssize_t size;

	if (!text)
		return -EINVAL;
	size = tree_unescape(text);
	if (size < 0)
		return tree_fail(tree, EINVAL, "unknown escape in the content of '%s'", value);
	return tree_write_file(tree, path, text, (size_t)size, O_APPEND);
}

static int line_directory(struct tree *tree, char *value)
{
	static const char drivers[] = TREE_PCI_BUS "/drivers/";
	const char *driver = value + sizeof(drivers) - 1;

	if (strncmp(value, drivers, sizeof(drivers) - 1) == 0 && *driver && !strchr(driver, '/'))
		return tree_make_driver(tree, driver);
	return tree_make_dirs(tree, value);
}

/*
 * "0e.0" style chains to a path: "00:01.1/2b:00.0" is pci0000:00/0000:00:01.1/0000:2b:00.0.
 * A component that begins with "pci" (a root bus, here or below VMD) stays as it is.
 */
static int expand_chain(struct tree *tree, const char *chain, char *path, size_t size)
{
	size_t used = 0;

	while (*chain) {
		int n = (int)strcspn(chain, "/");
		char name[32];
		int r;

		if (strncmp(chain, "pci", 3) == 0)
			r = tree_format(name, sizeof(name), "%.*s", n, chain);
		else
			r = tree_format(name, sizeof(name), "%s%.*s", n == 7 ? "0000:" : "", n, chain);
		if (r < 0 || (strncmp(name, "pci", 3) != 0 && !tree_is_address(name)))
			return tree_fail(tree, EINVAL, "PCI: '%.*s' is not an address", n, chain);
		if (used == 0 && strncmp(name, "pci", 3) != 0)
			r = tree_format(path, size, "pci%.*s/%s", (int)strlen(name) - 5, name, name);
		else
			r = tree_format(path + used, size - used, "%s%s", used ? "/" : "", name);
		if (r < 0)
			return tree_fail(tree, ENAMETOOLONG, "path too long");
		used = strlen(path);
		chain += n + (chain[n] == '/');
	}
	return 0;
}

/* VVVV:DDDD in any case to two upper-case words; "-" is 0000:0000, as the kernel prints none. */
static int parse_ids(const char *text, char vendor[static 5], char device[static 5])
{
	if (strcmp(text, "-") == 0)
		text = "0000:0000";
	if (strlen(text) != 9 || text[4] != ':' || !tree_all_hex(text, 4) || !tree_all_hex(text + 5, 4))
		return -EINVAL;
	for (int i = 0; i < 4; i++) {
		vendor[i] = (char)toupper((unsigned char)text[i]);
		device[i] = (char)toupper((unsigned char)text[i + 5]);
	}
	vendor[4] = device[4] = '\0';
	return 0;
}

/* CLASS ID SUBSYSTEM -> the uevent text of a PCI device, with modalias. */
static int make_pci_uevent(struct tree *tree, const char *class, const char *id, const char *sub)
{
	struct tree_device *dev = &tree->dev;
	char v[5], d[5], sv[5], sd[5], full[7] = "000000";
	const char *shown = full;
	size_t n = strlen(class);

	if ((n != 4 && n != 6) || !tree_all_hex(class, n))
		return tree_fail(tree, EINVAL, "PCI: class '%s' is not 4 or 6 hex digits", class);
	for (size_t i = 0; i < n; i++)
		full[i] = (char)toupper((unsigned char)class[i]);
	if (parse_ids(id, v, d) < 0 || parse_ids(sub, sv, sd) < 0)
		return tree_fail(tree, EINVAL, "PCI: '%s %s' are not two ids", id, sub);
	while (*shown == '0' && shown[1])
		shown++;
	return tree_format(dev->uevent, sizeof(dev->uevent),
			   "PCI_CLASS=%s\nPCI_ID=%s:%s\nPCI_SUBSYS_ID=%s:%s\nPCI_SLOT_NAME=%s\n"
			   "MODALIAS=pci:v0000%sd0000%ssv0000%ssd0000%sbc%.2ssc%.2si%.2s\n",
			   shown, v, d, sv, sd, tree_last_name(dev->path), v, d, sv, sd, full, full + 2, full + 4);
}

/* PCI: CHAIN CLASS ID SUBSYSTEM DRIVER GROUP [NAME=VALUE]... */
static int line_pci(struct tree *tree, char *value)
{
	char path[PATH_MAX] = "";
	char *word[6];
	int r;

	for (int i = 0; i < 6; i++) {
		word[i] = value;
		value += strcspn(value, " \t");
		if (word[i] == value)
			return tree_fail(tree, EINVAL, "PCI: fewer than six words");
		if (*value)
			*value++ = '\0';
		value += strspn(value, " \t");
	}
	r = expand_chain(tree, word[0], path, sizeof(path));
	if (r >= 0)
		r = tree_device_begin(tree, path);
	if (r >= 0)
		r = make_pci_uevent(tree, word[1], word[2], word[3]);
	if (r >= 0 && strcmp(word[4], "-") != 0)
		r = tree_format(tree->dev.driver, sizeof(tree->dev.driver), "%s", word[4]);
	if (r >= 0 && strcmp(word[5], "-") != 0)
		r = line_group(tree, word[5]);
	while (r >= 0 && *value) {
		char *end = value + strcspn(value, " \t");
		char copy[PATH_MAX];

		r = tree_format(copy, sizeof(copy), "%.*s", (int)(end - value), value);
		if (r >= 0)
			r = line_attribute(tree, copy);
		value = end + strspn(end, " \t");
	}
	return r;
}

static int expand_line(struct tree *tree, char *line)
{
	static const struct {
		const char *key;
		bool needs_device;
		int (*run)(struct tree *tree, char *value);
	} kinds[] = {
		{ "P", false, line_path },     { "PCI", false, line_pci },     { "E", true, line_uevent },
		{ "A", true, line_attribute }, { "L", true, line_link },       { "G", true, line_group },
		{ "F", false, line_file },     { "D", false, line_directory },
	};
	size_t n = strcspn(line, ":");

	if (line[0] == '\0' || line[0] == '#')
		return 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strlen(kinds[i].key) != n || strncmp(kinds[i].key, line, n) != 0 || !line[n])
			continue;
		if (line[n + 1] != ' ')
			return tree_fail(tree, EINVAL, "a blank must follow '%s:'", kinds[i].key);
		if (kinds[i].needs_device && !tree->dev.path[0])
			return tree_fail(tree, EINVAL, "'%s:' before any device", kinds[i].key);
		return kinds[i].run(tree, line + n + 2);
	}
	return tree_fail(tree, EINVAL, "unknown line '%.20s'", line);
}

static int expand_lines(struct tree *tree, char *text)
{
	int r = tree_make_dirs(tree, TREE_PCI_BUS "/devices");

	if (r >= 0)
		r = tree_make_dirs(tree, TREE_PCI_BUS "/drivers");
	if (r >= 0)
		r = tree_make_dirs(tree, TREE_GROUPS);
	if (r >= 0)
		r = tree_write_file(tree, TREE_PCI_BUS "/drivers_probe", "", 0, 0);
	while (r >= 0 && *text) {
		size_t n = strcspn(text, "\n");
		bool more = text[n] == '\n';

		text[n] = '\0';
		tree->line++;
		r = expand_line(tree, text);
		text += n + more;
	}
	return r < 0 ? r : tree_device_end(tree);
}

int tree_expand_text(const char *text, const char *name, const char *dir)
{
	struct tree tree = { .name = name };
	char *copy;
	int r;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return tree_fail(&tree, errno, "%s: %s", dir, strerror(errno));
	tree.fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree.fd < 0)
		return tree_fail(&tree, errno, "%s: %s", dir, strerror(errno));
	copy = strdup(text);
	r = copy ? expand_lines(&tree, copy) : -ENOMEM;
	free(copy);
	close(tree.fd);
	return r;
}

int tree_expand(const char *dump_path, const char *dir)
{
	const struct tree tree = { .name = dump_path };
	FILE *file = fopen(dump_path, "re");
	char *text = NULL;
	size_t size = 0;
	int r;

	if (!file)
		return tree_fail(&tree, errno, "%s", strerror(errno));
	if (getdelim(&text, &size, '\0', file) < 0)
		r = tree_fail(&tree, EINVAL, "empty or unreadable");
	else
		r = tree_expand_text(text, dump_path, dir);
	free(text);
	fclose(file);
	return r;
}
