/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/rivals.h"

#include <string.h>

#include "host/lines.h"
#include "lib/file.h"
#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

struct search {
	struct rivals *rivals;
	int root;
	const char *remedy; /* for the file that is being read */
	bool is_running, is_shipped;
};

static struct rival *add(struct search *search, enum rival_kind kind, const char *path, unsigned int line,
			 const char *text)
{
	struct rival *rival = util_append(&search->rivals->items, &search->rivals->count, sizeof(*rival));
	cleanup_free char *where = line == 0 ? util_copy(path) : util_format("%s:%u", path, line);

	rival->kind = kind;
	rival->where = util_copy_printable(where);
	rival->text = util_copy_printable(text);
	rival->value = util_copy("");
	rival->is_running = search->is_running;
	rival->is_shipped = search->is_shipped;
	rival->remedy = search->remedy;
	return rival;
}

static void set_value(struct rival *rival, const char *value)
{
	free(rival->value);
	rival->value = util_copy_printable(value);
}

/* - and _ are the same in the names of modules. */
static bool is_module(const char *word, const char *name)
{
	for (; *name != '\0'; word++, name++)
		if (*word != *name && !(*name == '_' && *word == '-'))
			return false;
	return *word == '\0';
}

static bool starts_with_module(const char *word, const char *name)
{
	cleanup_free char *start = util_copy(word);

	if (strlen(word) < strlen(name))
		return false;
	start[strlen(name)] = '\0';
	return is_module(start, name);
}

static bool is_vfio_module(const char *word)
{
	return is_module(word, "vfio") || is_module(word, "vfio_pci") || is_module(word, "vfio_iommu_type1") ||
	       is_module(word, "vfio_pci_core");
}

static bool is_gpu_module(const char *word)
{
	static const char *const names[] = { "nouveau",       "nvidia",   "nvidia_drm", "nvidia_modeset",
					     "nvidia_uvm",    "nvidiafb", "nova_core",  "amdgpu",
					     "radeon",        "i915",     "xe",         "snd_hda_intel",
					     "i2c_nvidia_gpu" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (is_module(word, names[i]))
			return true;
	return false;
}

static void add_blacklist(struct search *search, const char *path, unsigned int line, const char *text,
			  const char *module)
{
	bool is_vfio = is_vfio_module(module);

	if (is_vfio || is_gpu_module(module))
		set_value(add(search, is_vfio ? RIVAL_BLOCKED : RIVAL_BLACKLIST, path, line, text), module);
}

static const char *ids_of(const char *word)
{
	static const char *const names[] = { "vfio_pci.ids=", "pci_stub.ids=" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (starts_with_module(word, names[i]))
			return word + strlen(names[i]);
	return NULL;
}

static const char *blacklist_of(const char *word)
{
	static const char *const names[] = { "modprobe.blacklist=", "module_blacklist=", "rd.driver.blacklist=" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (starts_with(word, names[i]))
			return word + strlen(names[i]);
	return NULL;
}

/* GRUB_CMDLINE_LINUX=WORD without quotes: variables of a shell's file have capital letters, parameters have not. */
static const char *skip_variable(const char *word)
{
	size_t n = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

	if (n == 0 || word[n + (word[n] == '+')] != '=')
		return word;
	return strchr(word, '=') + 1;
}

/* A line of a boot loader's configuration: words for the kernel, wherever they stand, in quotes or not. */
static void take_kernel_words(void *context, const char *path, unsigned int number, char *line)
{
	struct search *search = context;
	char *rest = NULL;

	for (char *next = strtok_r(line, " \t\"'", &rest); next != NULL; next = strtok_r(NULL, " \t\"'", &rest)) {
		const char *word = skip_variable(next), *ids = ids_of(word), *modules = blacklist_of(word);

		if (ids != NULL && ids[0] == '\0') { /* the list is in quotes of its own */
			char *list = strtok_r(NULL, " \t\"'", &rest);
			cleanup_free char *both = util_format("%s%s", word, list != NULL ? list : "");

			set_value(add(search, RIVAL_IDS, path, number, both), list != NULL ? list : "");
		} else if (ids != NULL) {
			set_value(add(search, RIVAL_IDS, path, number, word), ids);
		} else if (modules != NULL) {
			cleanup_free char *copy = util_copy(modules);
			char *list = copy, *module;

			while ((module = parse_next_word(&list)) != NULL)
				add_blacklist(search, path, number, word, module);
		}
	}
}

static void take_options(struct search *search, const char *path, unsigned int number, const char *line, char *words)
{
	const char *module = parse_next_word(&words);

	if (module == NULL || !(is_module(module, "vfio_pci") || is_module(module, "pci_stub")))
		return;
	words = strstr(words, "ids=");
	if (words != NULL) {
		struct rival *rival = add(search, RIVAL_IDS, path, number, line);

		set_value(rival, words + strlen("ids=") + (words[strlen("ids=")] == '"'));
		rival->remedy = "take ids= out of the line, then make the boot images again";
	}
}

/* A line of modprobe.d(5). */
static void take_modprobe(void *context, const char *path, unsigned int number, char *line)
{
	struct search *search = context;
	cleanup_free char *copy = util_copy(line);
	char *words = copy;
	const char *command = parse_next_word(&words);

	if (command == NULL)
		return;
	if (streq(command, "options")) {
		take_options(search, path, number, line, words);
	} else if (streq(command, "blacklist")) {
		const char *module = parse_next_word(&words);

		if (module != NULL)
			add_blacklist(search, path, number, line, module);
	} else if (streq(command, "softdep") && strstr(words, "vfio") != NULL) {
		(void)add(search, RIVAL_SOFTDEP, path, number, line);
	} else if (streq(command, "install")) {
		const char *module = parse_next_word(&words);
		bool is_off = module != NULL &&
			      (strstr(words, "bin/false") != NULL || strstr(words, "bin/true") != NULL);

		if (module != NULL && is_off)
			add_blacklist(search, path, number, line, module);
		else if (strstr(line, "vfio") != NULL)
			(void)add(search, RIVAL_INSTALL, path, number, line);
	}
}

static void take_unraid(void *context, const char *path, unsigned int number, char *line)
{
	char *words, *word;

	if (!starts_with(line, "BIND="))
		return;
	words = line + strlen("BIND=");
	words += *words == '"';
	words[strcspn(words, "\"")] = '\0';
	while ((word = parse_next_word(&words)) != NULL)
		set_value(add(context, RIVAL_UNRAID, path, number, word), word);
}

static void find_in_boot_loaders(struct search *search)
{
	static const struct {
		const char *path, *suffix, *remedy; /* suffix: NULL for a file */
	} places[] = {
		{ "etc/default/grub", NULL, "take the word out, then run update-grub (or grub-mkconfig)" },
		{ "etc/default/grub.d", ".cfg", "take the word out, then run update-grub" },
		{ "etc/kernel/cmdline", NULL, "take the word out, then make the boot entries again (kernel-install)" },
		{ "etc/kernel/cmdline.d", ".conf", "take the word out, then make the boot image again" },
		{ "etc/cmdline.d", ".conf", "take the word out, then make the boot image again" },
		{ "boot/loader/entries", ".conf", "take the word out" },
		{ "boot/efi/loader/entries", ".conf", "take the word out" },
		{ "efi/loader/entries", ".conf", "take the word out" },
		{ "boot/refind_linux.conf", NULL, "take the word out" },
		{ "boot/syslinux/syslinux.cfg", NULL, "take the word out" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		search->remedy = places[i].remedy;
		if (places[i].suffix == NULL)
			(void)lines_read(search->root, places[i].path, false, take_kernel_words, search);
		else
			lines_read_directory(search->root, places[i].path, places[i].suffix, false, take_kernel_words,
					     search);
	}
	search->remedy = "it goes away at the next boot, once the boot loader's configuration lacks it";
	search->is_running = true;
	(void)lines_read(search->root, PATH_CMDLINE, false, take_kernel_words, search);
	search->is_running = false;
}

static void find_in_modprobe(struct search *search)
{
	static const char *const directories[] = { "etc/modprobe.d", "run/modprobe.d", "usr/local/lib/modprobe.d",
						   "usr/lib/modprobe.d", "lib/modprobe.d" };
	char link[16];

	search->remedy = "remove the line, then make the boot images again";
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		search->is_shipped = i > 2;
		/* On merged systems lib is usr/lib. */
		if (starts_with(directories[i], "lib/") &&
		    sysfs_read_link(search->root, "lib", link, sizeof(link)) == 0)
			continue;
		lines_read_directory(search->root, directories[i], ".conf", true, take_modprobe, search);
	}
	search->is_shipped = false;
}

/* One file per device: BUS-ADDRESS, which holds the driver's name. */
static void find_in_driverctl(struct search *search)
{
	size_t n;
	char **names = lines_list_directory(search->root, PATH_DRIVERCTL, "", &n);

	search->remedy = "run 'driverctl unset-override ADDRESS', or remove the file";
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *path = util_format(PATH_DRIVERCTL "/%s", names[i]);
		char driver[SYSFS_NAME_SIZE];

		if (starts_with(names[i], "pci-") && sysfs_read(search->root, path, driver, sizeof(driver)) == 0) {
			struct rival *rival = add(search, RIVAL_DRIVERCTL, path, 0, driver);

			set_value(rival, driver);
			rival->address = util_copy_printable(names[i] + strlen("pci-"));
		}
		free(names[i]);
	}
	free(names);
}

void rivals_find(struct rivals *rivals, int root)
{
	struct search search = { .rivals = rivals, .root = root };

	*rivals = (struct rivals){ .items = NULL };
	find_in_boot_loaders(&search);
	find_in_modprobe(&search);
	find_in_driverctl(&search);
	search.remedy = "take it out of the list, or remove the file";
	(void)lines_read(root, PATH_UNRAID, false, take_unraid, &search);
}

void rivals_free(struct rivals *rivals)
{
	for (size_t i = 0; i < rivals->count; i++) {
		free(rivals->items[i].where);
		free(rivals->items[i].text);
		free(rivals->items[i].value);
		free(rivals->items[i].address);
	}
	free(rivals->items);
	*rivals = (struct rivals){ .items = NULL };
}
