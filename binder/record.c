/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record's grammar. */
#include "binder/record.h"

#include <errno.h>
#include <stdio.h>

#include "binder/initramfs.h"
#include "lib/file.h"
#include "lib/ini.h"
#include "lib/parse.h"
#include "lib/paths.h"

#define RECORD_MAX (4 * 1024 * 1024)
#define SECTIONS "[record], [device ADDRESS], [need ADDRESS], [twin ADDRESS] or [keyboards]"

enum section { SECTION_NONE, SECTION_RECORD, SECTION_DEVICE, SECTION_NEED, SECTION_TWIN, SECTION_KEYBOARDS };

struct reader {
	struct record *record;
	struct problems *problems;
	enum section section;
	unsigned int line; /* where the section began */
	unsigned int seen; /* a bit for each key of it */
	bool has_version, is_wrong;
	const char *file;
};

static void complain(struct reader *reader, unsigned int line, const char *message, const char *word)
{
	cleanup_free char *where = util_format("%s:%u", reader->file, line);

	problem_add(reader->problems, PROBLEM_POLICY, where,
		    "%s%.40s; the record is not used, 'vfiokit record' makes a new one", message, word);
	reader->is_wrong = true;
}

static struct record_function *function_of(struct reader *reader)
{
	struct record *record = reader->record;

	return reader->section == SECTION_DEVICE ? &record->devices[record->n_devices - 1].was
						 : &record->functions[record->n_functions - 1];
}

static bool set_version(struct reader *reader, const char *value)
{
	uint64_t version;

	reader->has_version = parse_number(value, 10, UINT32_MAX, &version) && version == RECORD_VERSION;
	return reader->has_version;
}

static bool set_complete(struct reader *reader, const char *value)
{
	cleanup_free char *copy = util_copy(value);
	char *rest = copy, *word;

	while ((word = parse_next_word(&rest)) != NULL) {
		if (streq(word, "storage"))
			reader->record->knows_storage = true;
		else if (streq(word, "keyboards"))
			reader->record->knows_keyboards = true;
		else if (streq(word, "twins"))
			reader->record->knows_twins = true;
		else
			return false;
	}
	return true;
}

static bool set_rule(struct reader *reader, const char *value)
{
	reader->record->devices[reader->record->n_devices - 1].rule = util_copy(value);
	return value[0] != '\0';
}

static bool set_path(struct reader *reader, const char *value)
{
	function_of(reader)->path = util_copy(value);
	return value[0] != '\0';
}

static bool take_hex(const char **text, size_t digits, char end, uint64_t *ret)
{
	cleanup_free char *part = util_format("%.*s", (int)digits, *text);

	if (strlen(part) != digits || part[1] == 'x' || !parse_number(part, 16, UINT32_MAX, ret) ||
	    (*text)[digits] != end)
		return false;
	*text += digits + 1;
	return true;
}

static bool set_id(struct reader *reader, const char *value)
{
	struct record_function *function = function_of(reader);
	uint64_t id[4];

	for (size_t i = 0; i < ARRAY_SIZE(id); i++)
		if (!take_hex(&value, 4, i + 1 < ARRAY_SIZE(id) ? ':' : '\0', &id[i]))
			return false;
	function->vendor = (uint16_t)id[0];
	function->device = (uint16_t)id[1];
	function->subvendor = (uint16_t)id[2];
	function->subdevice = (uint16_t)id[3];
	return true;
}

static bool set_class(struct reader *reader, const char *value)
{
	uint64_t class;

	if (!take_hex(&value, 6, '\0', &class))
		return false;
	reader->record->devices[reader->record->n_devices - 1].class = (uint32_t) class;
	return true;
}

static bool set_revision(struct reader *reader, const char *value)
{
	reader->record->devices[reader->record->n_devices - 1].revision = util_copy(value);
	return true;
}

static bool set_serial(struct reader *reader, const char *value)
{
	reader->record->devices[reader->record->n_devices - 1].serial = util_copy(value);
	return value[0] != '\0';
}

static struct record_need *add_need(struct reader *reader, enum need_kind kind, const char *value)
{
	struct record *record = reader->record;
	struct record_need *item = util_append(&record->needs, &record->n_needs, sizeof(*item));

	item->function = record->n_functions - 1;
	item->need.kind = kind;
	item->need.use = util_copy(value);
	return item;
}

static bool set_elsewhere(struct reader *reader, const char *value)
{
	add_need(reader, NEED_KEYBOARD, value)->need.is_elsewhere = true;
	return true;
}

static const struct key {
	const char *name;
	enum section section;
	bool is_needed, is_list;
	bool (*set)(struct reader *reader, const char *value);
} keys[] = {
	{ "version", SECTION_RECORD, true, false, set_version },
	{ "complete", SECTION_RECORD, false, false, set_complete },
	{ "rule", SECTION_DEVICE, true, false, set_rule },
	{ "path", SECTION_DEVICE, true, false, set_path },
	{ "id", SECTION_DEVICE, true, false, set_id },
	{ "class", SECTION_DEVICE, true, false, set_class },
	{ "revision", SECTION_DEVICE, false, false, set_revision },
	{ "serial", SECTION_DEVICE, false, false, set_serial },
	{ "path", SECTION_NEED, true, false, set_path },
	{ "id", SECTION_NEED, true, false, set_id },
	{ "path", SECTION_TWIN, true, false, set_path },
	{ "id", SECTION_TWIN, true, false, set_id },
	{ "elsewhere", SECTION_KEYBOARDS, false, true, set_elsewhere },
};

/* A section without what it needs is half a section. */
static void end_section(struct reader *reader)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].section == reader->section && keys[i].is_needed && (reader->seen & 1u << i) == 0)
			complain(reader, reader->line, "this section lacks ", keys[i].name);
	reader->section = SECTION_NONE;
	reader->seen = 0;
}

static void begin_section(struct reader *reader, const struct ini_line *line)
{
	struct record *record = reader->record;
	struct bdf bdf = { 0 };
	const char *address = strchr(line->section, ' ');

	end_section(reader);
	reader->line = line->line;
	if (streq(line->section, "record"))
		reader->section = SECTION_RECORD;
	else if (streq(line->section, "keyboards"))
		reader->section = SECTION_KEYBOARDS;
	else if (starts_with(line->section, "device "))
		reader->section = SECTION_DEVICE;
	else if (starts_with(line->section, "need "))
		reader->section = SECTION_NEED;
	else if (starts_with(line->section, "twin "))
		reader->section = SECTION_TWIN;
	if (reader->section == SECTION_NONE || (address != NULL && !bdf_parse(address + 1, &bdf))) {
		complain(reader, line->line, "expected " SECTIONS ", not ", line->section);
		reader->section = SECTION_NONE;
	} else if (reader->section == SECTION_DEVICE) {
		(void)util_append(&record->devices, &record->n_devices, sizeof(*record->devices));
		function_of(reader)->bdf = bdf;
	} else if (reader->section == SECTION_NEED || reader->section == SECTION_TWIN) {
		(void)util_append(&record->functions, &record->n_functions, sizeof(*record->functions));
		function_of(reader)->bdf = bdf;
		function_of(reader)->is_twin = reader->section == SECTION_TWIN;
	}
}

static bool take_need(struct reader *reader, const struct ini_line *line)
{
	for (int kind = NEED_STORAGE; kind <= NEED_CONSOLE && reader->section == SECTION_NEED; kind++) {
		if (streq(line->key, needs_kind_name((enum need_kind)kind))) {
			(void)add_need(reader, (enum need_kind)kind, line->value);
			return true;
		}
	}
	return false;
}

static void on_line(void *context, const struct ini_line *line)
{
	struct reader *reader = context;

	if (line->key[0] == '\0') {
		begin_section(reader, line);
		return;
	}
	if (reader->section == SECTION_NONE || take_need(reader, line))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].section != reader->section || !streq(keys[i].name, line->key))
			continue;
		if ((reader->seen & 1u << i) != 0 && !keys[i].is_list) {
			complain(reader, line->line, "given twice: ", line->key);
			return;
		}
		reader->seen |= 1u << i;
		if (!keys[i].set(reader, line->value))
			complain(reader, line->line, "bad value: ", line->value);
		return;
	}
	complain(reader, line->line, "unknown key: ", line->key);
}

static void on_broken(void *context, const char *header)
{
	struct reader *reader = context;

	(void)header;
	reader->is_wrong = true;
}

static void free_devices(struct record *record)
{
	for (size_t i = 0; i < record->n_devices; i++) {
		free(record->devices[i].was.path);
		free(record->devices[i].rule);
		free(record->devices[i].revision);
		free(record->devices[i].serial);
	}
	free(record->devices);
	record->devices = NULL;
	record->n_devices = 0;
}

void record_parse(struct record *record, const char *text, size_t length, const char *file, struct problems *problems)
{
	struct reader reader = { .record = record, .problems = problems, .file = file };
	const struct ini_reader ini = { on_line, on_broken, &reader, SECTIONS };

	ini_parse_text(text, length, file, &ini, problems);
	end_section(&reader);
	if (!reader.has_version && !reader.is_wrong)
		complain(&reader, 1, "there is no [record] with version = 1", "");
	record->is_there = !reader.is_wrong;
	if (record->is_there)
		return;
	free_devices(record);
	record->knows_storage = record->knows_keyboards = record->knows_twins = false;
}

void record_read(struct record *record, int root, struct problems *problems)
{
	const char *path = initramfs_has_addon(root) ? PATH_ADDON "/" NAME_RECORD : PATH_RECORD;
	cleanup_free char *text = NULL;
	size_t length = 0;
	int result = file_read(root, path, RECORD_MAX, &text, &length);

	if (result == 0)
		record_parse(record, text, length, path, problems);
	else if (result == -EACCES && geteuid() != 0)
		problem_add(problems, PROBLEM_MACHINE, path,
			    "cannot read the record: %s; this is the plan without identities and needs recorded",
			    strerror(EACCES));
	else if (result != -ENOENT) {
		problem_add(problems, PROBLEM_MACHINE, path,
			    "cannot read the record: %s; no rule's device is taken, 'vfiokit record' makes a new one",
			    strerror(-result));
		record->is_unread = true;
	}
}

void record_free(struct record *record)
{
	free_devices(record);
	for (size_t i = 0; i < record->n_functions; i++)
		free(record->functions[i].path);
	free(record->functions);
	for (size_t i = 0; i < record->n_needs; i++)
		free(record->needs[i].need.use);
	free(record->needs);
	*record = (struct record){ 0 };
}
