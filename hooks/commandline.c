/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/commandline.h"

#include <stdio.h>

#include "hooks/qemu_options.h"
#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/util.h"

#define ITEMS_MAX 1024

/* "json:" within "json:" */
#define NESTED_MAX 4

struct reader {
	struct commandline *line;
	struct qemu_options options;
	bool *is_shared; /* of each option that makes a disk: nothing to hold */
};

/* What QEMU calls protocols and are no files of this host, up to ":" or "+". */
static const char *const elsewhere[] = {
	"nbd",  "nbds", "ssh",     "http", "https",    "ftp", "ftps",    "iscsi",
	"iser", "rbd",  "gluster", "nfs",  "sheepdog", "fat", "null-co", "null-aio",
};

/* --- keys -------------------------------------------------------------------------------------------------------- */

/* The last part of a key, and in *ret_length how much stands before it, with its dot. */
static const char *last_part(const char *key, size_t *ret_length)
{
	const char *dot = strrchr(key, '.');

	*ret_length = dot != NULL ? (size_t)(dot + 1 - key) : 0;
	return key + *ret_length;
}

static bool is_on(const char *value)
{
	return streq(value, "on") || streq(value, "yes") || streq(value, "true") || streq(value, "y");
}

static bool is_disk_option(const struct qemu_option *option)
{
	return streq(option->name, "drive") || streq(option->name, "blockdev");
}

/* Does the option say this of the key's own node, or of one that it is a part of? */
static bool says(const struct qemu_options *options, const struct qemu_key *key,
		 bool (*test)(const char *word, const char *value))
{
	for (size_t i = 0; i < options->n_keys; i++) {
		const struct qemu_key *other = &options->keys[i];
		size_t length;
		const char *word = last_part(other->key, &length);

		if (other->option == key->option && strncmp(other->key, key->key, length) == 0 &&
		    test(word, other->value))
			return true;
	}
	return false;
}

static bool is_readonly(const char *word, const char *value)
{
	return ((streq(word, "readonly") || streq(word, "read-only")) && is_on(value)) ||
	       (streq(word, "media") && streq(value, "cdrom")) || (streq(word, "driver") && streq(value, "host_cdrom"));
}

/* --- disks ------------------------------------------------------------------------------------------------------- */

static void add_disk(struct reader *reader, const char *path, bool is_held)
{
	struct domain *domain = &reader->line->domain;

	if (path[0] == '\0')
		return;
	for (size_t i = 0; i < domain->n_disks; i++) {
		if (!streq(domain->disks[i].path, path))
			continue;
		domain->disks[i].is_held = domain->disks[i].is_held || is_held;
		return;
	}
	if (domain->n_disks == ITEMS_MAX) {
		qemu_options_note(&reader->options, util_copy("it has more than 1024 disks"));
		return;
	}
	*(struct domain_disk *)util_append(&domain->disks, &domain->n_disks,
					   sizeof(*domain->disks)) = (struct domain_disk){ util_copy(path), is_held };
}

static struct host_device *add_device(struct reader *reader, enum host_device_kind kind)
{
	struct domain *domain = &reader->line->domain;
	struct host_device *device;

	if (domain->n_devices == ITEMS_MAX)
		return NULL;
	device = util_append(&domain->devices, &domain->n_devices, sizeof(*domain->devices));
	device->kind = kind;
	return device;
}

static bool add_pci(struct reader *reader, const char *address)
{
	struct host_device *device;
	struct bdf bdf;

	if (!bdf_parse(address, &bdf))
		return false;
	device = add_device(reader, HOST_PCI);
	if (device != NULL)
		device->bdf = bdf;
	return true;
}

/* QEMU takes what stands before a colon for a protocol, if no slash comes first. Returns its length; 0: there is none.
 */
static size_t protocol_of(const char *name)
{
	size_t length = strcspn(name, ":/");

	return name[length] == ':' ? length : 0;
}

static bool is_elsewhere(const char *name)
{
	size_t length = strcspn(name, ":+");

	for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++)
		if (strlen(elsewhere[i]) == length && strncmp(name, elsewhere[i], length) == 0)
			return true;
	return false;
}

/* "nvme://0000:01:00.0/1" */
static bool add_nvme(struct reader *reader, const char *name)
{
	cleanup_free char *address = util_copy(name + strlen("nvme://"));

	address[strcspn(address, "/")] = '\0';
	return add_pci(reader, address);
}

/* A file as QEMU names it, anything but "json:". */
static void add_file(struct reader *reader, const char *name, bool is_held)
{
	static const char *const local[] = { "file:", "host_device:", "host_cdrom:" };
	const char *path = name;

	for (size_t i = 0; i < ARRAY_SIZE(local); i++)
		if (starts_with(name, local[i])) {
			add_disk(reader, name + strlen(local[i]), is_held && i < 2);
			return;
		}
	if (starts_with(path, "nvme://") ? add_nvme(reader, path) : is_elsewhere(path))
		return;
	if (protocol_of(path) > 0)
		qemu_options_note(&reader->options, util_format("nobody can tell what is behind '%s'", path));
	else
		add_disk(reader, path, is_held);
}

/* --- -drive and -blockdev ---------------------------------------------------------------------------------------- */

/* A name of the host's file; of -drive, "file" is one too, and a node's name everywhere else. */
static bool is_file_key(const struct qemu_options *options, const struct qemu_key *key)
{
	size_t length;

	if (!is_disk_option(&options->items[key->option]))
		return false;
	if (streq(options->items[key->option].name, "drive") && streq(key->key, "file"))
		return true;
	return streq(last_part(key->key, &length), "filename");
}

/* "json:{...}" in place of a name: its keys stand for the object that has the name. Keys grow while this runs. */
static void unfold_json(struct qemu_options *options)
{
	for (size_t i = 0; i < options->n_keys; i++) {
		const struct qemu_key key = options->keys[i];
		cleanup_free char *prefix = NULL;
		size_t length, nested = 0;

		if (!is_file_key(options, &key) || !starts_with(key.value, "json:"))
			continue;
		for (const char *c = key.key; (c = strstr(c, "json.")) != NULL; c++)
			nested++;
		(void)last_part(key.key, &length);
		prefix = util_format("%.*sjson.", (int)length, key.key);
		if (nested >= NESTED_MAX ||
		    !qemu_options_add_json(options, key.option, prefix, key.value + strlen("json:")))
			qemu_options_note(options, util_copy("a disk's 'json:' is no JSON object"));
	}
}

static void read_disks(struct reader *reader)
{
	const struct qemu_options *options = &reader->options;

	for (size_t i = 0; i < options->n_keys; i++) {
		const struct qemu_key *key = &options->keys[i];
		size_t length;

		if (is_file_key(options, key)) {
			if (!starts_with(key->value, "json:"))
				add_file(reader, key->value,
					 !reader->is_shared[key->option] && !says(options, key, is_readonly));
		} else if (is_disk_option(&options->items[key->option]) &&
			   streq(last_part(key->key, &length), "device")) {
			(void)add_pci(reader, key->value); /* of driver=nvme */
		}
	}
}

/* The options that stand for a file alone, words that belong to no option, and descriptors that QEMU inherits. */
static void read_words(struct reader *reader)
{
	const struct qemu_options *options = &reader->options;

	for (size_t i = 0; i < options->count; i++) {
		const char *name = options->items[i].name, *text = options->items[i].text;
		const char *fd = streq(name, "add-fd") ? qemu_options_value(options, i, "fd") : NULL;
		uint64_t number;

		if (streq(name, "cdrom")) {
			add_file(reader, text, false);
		} else if (name[0] == '\0') {
			/* Perhaps no disk, but what belongs to an option that is not read. */
			if (protocol_of(text) == 0)
				add_disk(reader, text, true);
		} else if (starts_with(name, "hd") || starts_with(name, "fd") || streq(name, "sd") ||
			   streq(name, "mtdblock") || streq(name, "pflash")) {
			add_file(reader, text, true);
		} else if (fd != NULL && parse_number(fd, 10, INT32_MAX, &number)) {
			cleanup_free char *path = util_format(FDS_PREFIX "%llu", (unsigned long long)number);

			add_disk(reader, path, true);
		}
	}
}

/* --- -device ----------------------------------------------------------------------------------------------------- */

/* Marks the options of disks that have this name, or that a marked one refers to. Returns whether any is new. */
static bool share(struct reader *reader, const char *name)
{
	const struct qemu_options *options = &reader->options;
	bool is_new = false;

	for (size_t i = 0; i < options->n_keys; i++) {
		const struct qemu_key *key = &options->keys[i];
		size_t length;
		const char *word = last_part(key->key, &length);

		if (!is_disk_option(&options->items[key->option]) || reader->is_shared[key->option] ||
		    !(streq(word, "node-name") || streq(key->key, "id")) || !streq(key->value, name))
			continue;
		reader->is_shared[key->option] = true;
		is_new = true;
	}
	return is_new;
}

/* Of -blockdev nodes on top of each other only the uppermost is named by a device. */
static void share_below(struct reader *reader)
{
	const struct qemu_options *options = &reader->options;
	bool is_new = true;

	while (is_new) {
		is_new = false;
		for (size_t i = 0; i < options->n_keys; i++) {
			size_t length;

			if (reader->is_shared[options->keys[i].option] &&
			    streq(last_part(options->keys[i].key, &length), "file"))
				is_new = share(reader, options->keys[i].value) || is_new;
		}
	}
}

static void read_vfio(struct reader *reader, size_t option)
{
	const char *host = qemu_options_value(&reader->options, option, "host");
	const char *path = qemu_options_value(&reader->options, option, "sysfsdev");
	const char *slash = path != NULL ? strrchr(path, '/') : NULL, *name = slash != NULL ? slash + 1 : host;
	char uuid[UUID_SIZE];
	struct host_device *device;

	if (name != NULL && add_pci(reader, name))
		return;
	if (name == NULL || !uuid_copy(uuid, name)) {
		qemu_options_note(&reader->options, util_copy("a -device vfio-pci has neither host= nor sysfsdev="));
		return;
	}
	device = add_device(reader, HOST_MDEV);
	if (device != NULL)
		device->name = util_copy(uuid);
}

static bool read_number(const struct reader *reader, size_t option, const char *key, unsigned int *ret)
{
	const char *text = qemu_options_value(&reader->options, option, key);
	uint64_t value;

	if (text == NULL || !parse_number(text, starts_with(text, "0x") ? 16 : 10, UINT16_MAX, &value))
		return false;
	*ret = (unsigned int)value;
	return true;
}

/* One that is named by its port may come later: nothing to look for. */
static void read_usb(struct reader *reader, size_t option)
{
	struct host_device found = { .kind = HOST_USB }, *device;

	if (!(read_number(reader, option, "hostbus", &found.bus) &&
	      read_number(reader, option, "hostaddr", &found.number)) &&
	    !(read_number(reader, option, "vendorid", &found.vendor) &&
	      read_number(reader, option, "productid", &found.product)))
		return;
	device = add_device(reader, HOST_USB);
	if (device == NULL)
		return;
	*device = found;
	device->is_optional = true; /* QEMU starts without it, and takes it when it comes */
	device->alias = util_copy("");
}

static void read_device(struct reader *reader, size_t option)
{
	const char *driver = qemu_options_value(&reader->options, option, "driver");
	const char *drive = qemu_options_value(&reader->options, option, "drive");
	const char *shared = qemu_options_value(&reader->options, option, "share-rw");

	if (driver == NULL)
		return;
	if (starts_with(driver, "vfio-pci"))
		read_vfio(reader, option);
	else if (streq(driver, "usb-host"))
		read_usb(reader, option);
	if (drive != NULL && ((shared != NULL && is_on(shared)) || streq(driver, "ide-cd") || streq(driver, "scsi-cd")))
		(void)share(reader, drive);
}

/* --- the guest --------------------------------------------------------------------------------------------------- */

/* FNV-1a, 64 bits. */
static uint64_t hash(uint64_t start, const char *text)
{
	uint64_t value = start;

	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
		value = (value ^ *c) * 0x100000001b3U;
	return value;
}

/* Of version 8 (RFC 9562): made as its maker likes. */
static void make_uuid(char uuid[static UUID_SIZE], const char *name)
{
	uint64_t high = hash(0xcbf29ce484222325U, name), low = hash(high ^ 0x7666696f6b697421U, name);

	snprintf(uuid, UUID_SIZE, "%08x-%04x-8%03x-%04x-%012llx", (unsigned int)(high >> 32),
		 (unsigned int)(high >> 16) & 0xffff, (unsigned int)high & 0xfff,
		 ((unsigned int)(low >> 48) & 0x3fff) | 0x8000, (unsigned long long)(low & 0xffffffffffffU));
}

static void choose_uuid(struct reader *reader, const char *text)
{
	struct commandline *line = reader->line;
	char named[UUID_SIZE];
	bool is_named = uuid_copy(named, line->domain.name);

	if (text != NULL && uuid_copy(line->domain.uuid, text)) {
		if (is_named && !streq(named, line->domain.uuid))
			line->refusal = util_format("its QEMU has the UUID %s", line->domain.uuid);
	} else if (is_named) {
		memcpy(line->domain.uuid, named, sizeof(named));
	} else {
		make_uuid(line->domain.uuid, line->domain.name);
	}
}

static void read_options(struct reader *reader)
{
	const struct qemu_options *options = &reader->options;
	const char *uuid = NULL;
	bool daemonizes = false;

	for (size_t i = 0; i < options->count; i++) {
		const char *name = options->items[i].name, *text = options->items[i].text;

		if (streq(name, "uuid"))
			uuid = text;
		else if (streq(name, "daemonize"))
			daemonizes = true;
		else if (streq(name, "device"))
			read_device(reader, i);
		else if (streq(name, "readconfig"))
			qemu_options_note(&reader->options, util_copy("-readconfig is not read here"));
		else if (streq(name, "set") && (starts_with(text, "drive.") || starts_with(text, "device.")))
			qemu_options_note(&reader->options, util_copy("-set of a drive or device is not read here"));
	}
	choose_uuid(reader, uuid);
	if (daemonizes && reader->line->refusal == NULL)
		reader->line->refusal = util_copy("with -daemonize QEMU would become another process than the one that "
						  "is watched; leave it out, and use '&' or a service of systemd");
}

void commandline_read(struct commandline *line, const char *name, const char *const words[])
{
	struct reader reader = { .line = line };

	*line = (struct commandline){ 0 };
	line->domain.name = util_copy(name);
	line->domain.slice = util_copy(DOMAIN_SLICE);
	line->domain.is_by_hand = true;
	qemu_options_read(&reader.options, words);
	unfold_json(&reader.options);
	reader.is_shared = util_alloc(reader.options.count + 1);
	read_options(&reader);
	share_below(&reader);
	read_disks(&reader);
	read_words(&reader);
	line->unclear = reader.options.unclear;
	reader.options.unclear = NULL;
	free(reader.is_shared);
	qemu_options_free(&reader.options);
}

void commandline_free(struct commandline *line)
{
	domain_free(&line->domain);
	free(line->refusal);
	free(line->unclear);
	*line = (struct commandline){ 0 };
}
