/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/record_text.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/paths.h"

/* A line of an INI file has room for a key and this. */
#define TEXT_MAX 170

struct text {
	char *data; /* owned */
	size_t length;
};

static void add(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
static void add(struct text *text, const char *format, ...)
{
	char line[512];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	for (const char *c = line; *c != '\0'; c++)
		*(char *)util_append(&text->data, &text->length, 1) = *c;
}

bool record_text_wants(const struct plan_entry *entry)
{
	if (entry->device == NULL || streq(entry->rule->name, "cmdline"))
		return false;
	if (entry->verdict == VERDICT_REFUSE)
		return entry->reason != REASON_IDENTITY && entry->reason != REASON_BRIDGE;
	return entry->verdict == VERDICT_BIND || entry->verdict == VERDICT_BOUND ||
	       (entry->verdict == VERDICT_SKIP && (entry->reason == REASON_ON_BOUND || entry->reason == REASON_VFS));
}

char *record_text_identity(const struct device *device)
{
	return util_format("%04x:%04x:%04x:%04x, class %06x%s%s, at %s, path %s", device->vendor, device->device,
			   device->subvendor, device->subdevice, device->class,
			   device->serial != NULL ? ", serial " : "", device->serial != NULL ? device->serial : "",
			   device->address, device->path);
}

char *record_text_recorded(const struct record_device *recorded)
{
	const struct record_function *was = &recorded->was;
	char address[BDF_TEXT_SIZE];

	bdf_format(&was->bdf, address);
	return util_format("%04x:%04x:%04x:%04x, class %06x%s%s, at %s, path %s", was->vendor, was->device,
			   was->subvendor, was->subdevice, recorded->class, recorded->serial != NULL ? ", serial " : "",
			   recorded->serial != NULL ? recorded->serial : "", address, was->path);
}

void record_text_add_consoles(struct needs *needs, const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct device *device = &inventory->devices[i];
		cleanup_free char *use = device->console ? util_copy(device->console_sign) : NULL;

		if (use != NULL)
			needs_add(needs, &(struct need){ .kind = NEED_CONSOLE, .bdf = device->bdf, .use = use });
	}
	needs_sort(needs);
}

static void add_function(struct text *text, const char *address, const char *path, const uint16_t id[static 4])
{
	add(text, "%s]\npath = %s\nid = %04x:%04x:%04x:%04x\n", address, path, id[0], id[1], id[2], id[3]);
}

static void add_device(struct text *text, const struct plan_entry *entry, int root)
{
	const struct device *device = entry->device;
	const uint16_t id[4] = { device->vendor, device->device, device->subvendor, device->subdevice };
	cleanup_free char *path = util_format(PATH_DEVICES "/%s/revision", device->address);
	char revision[16];

	add(text, "\n[device ");
	add_function(text, device->address, device->path, id);
	add(text, "rule = %s\nclass = %06x\n", entry->rule->name, device->class);
	if (sysfs_read(root, path, revision, sizeof(revision)) == 0 && starts_with(revision, "0x"))
		add(text, "revision = %s\n", revision + 2);
	if (device->serial != NULL)
		add(text, "serial = %.*s\n", TEXT_MAX, device->serial);
}

static void keep_device(struct text *text, const struct record_device *recorded)
{
	const struct record_function *was = &recorded->was;
	const uint16_t id[4] = { was->vendor, was->device, was->subvendor, was->subdevice };
	char address[BDF_TEXT_SIZE];

	bdf_format(&was->bdf, address);
	add(text, "\n[device ");
	add_function(text, address, was->path, id);
	add(text, "rule = %s\nclass = %06x\n", recorded->rule, recorded->class);
	if (recorded->revision != NULL)
		add(text, "revision = %s\n", recorded->revision);
	if (recorded->serial != NULL)
		add(text, "serial = %s\n", recorded->serial);
}

/* A semicolon would begin a comment. */
static void add_use(struct text *text, const char *key, const char *use)
{
	cleanup_free char *clean = util_format("%.*s", TEXT_MAX, use);

	for (char *c = clean; *c != '\0'; c++)
		if (*c == ';')
			*c = ',';
	add(text, "%s = %s\n", key, clean);
}

/* A keyboard that may be in another place as well would count in each of them. */
static bool is_recorded(const struct need *need)
{
	return need->kind != NEED_KEYBOARD || !need->is_guess;
}

static bool knows_keyboards(const struct needs *needs)
{
	bool answer = needs->knows_keyboards;

	for (size_t i = 0; i < needs->count; i++)
		answer &= is_recorded(&needs->items[i]);
	return answer;
}

static bool has_need(const struct needs *needs, const struct bdf *bdf)
{
	for (int kind = NEED_STORAGE; kind <= NEED_CONSOLE; kind++) {
		const struct need *need = needs_find(needs, bdf, (enum need_kind)kind);

		if (need != NULL && is_recorded(need))
			return true;
	}
	return false;
}

static void add_needs(struct text *text, const struct inventory *inventory, const struct needs *needs)
{
	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct device *device = &inventory->devices[i];
		const uint16_t id[4] = { device->vendor, device->device, device->subvendor, device->subdevice };

		if (!has_need(needs, &device->bdf))
			continue;
		add(text, "\n[need ");
		add_function(text, device->address, device->path, id);
		for (size_t j = 0; j < needs->count; j++)
			if (is_recorded(&needs->items[j]) && !needs->items[j].is_elsewhere &&
			    bdf_compare(&needs->items[j].bdf, &device->bdf) == 0)
				add_use(text, needs_kind_name(needs->items[j].kind), needs->items[j].use);
	}
	for (size_t i = 0, first = 1; i < needs->count; i++) {
		if (!needs->items[i].is_elsewhere || !is_recorded(&needs->items[i]))
			continue;
		if (first)
			add(text, "\n[keyboards]\n");
		first = 0;
		add_use(text, "elsewhere", needs->items[i].use);
	}
}

/* What is recorded and in its place now: whatever else there is, is none of these. */
struct recorded_devices {
	const struct device **items; /* owned; each borrowed */
	size_t count;
	bool is_all; /* every recorded device is among them */
};

static void add_recorded(struct recorded_devices *recorded, const struct device *device)
{
	*(const struct device **)util_append(&recorded->items, &recorded->count, sizeof(device)) = device;
}

static struct recorded_devices list_recorded(const struct plan *plan, const struct record *keep)
{
	struct recorded_devices recorded = { .is_all = true };

	for (size_t i = 0; keep == NULL && i < plan->n_entries; i++)
		if (record_text_wants(&plan->entries[i]))
			add_recorded(&recorded, plan->entries[i].device);
	for (size_t i = 0; keep != NULL && i < keep->n_devices; i++) {
		const struct device *found = keep->devices[i].found;

		if (found != NULL && streq(found->path, keep->devices[i].was.path))
			add_recorded(&recorded, found);
		else
			recorded.is_all = false;
	}
	return recorded;
}

static bool is_like(const struct device *a, const struct device *b)
{
	return a->vendor == b->vendor && a->device == b->device && a->subvendor == b->subvendor &&
	       a->subdevice == b->subdevice && (a->serial == NULL || b->serial == NULL || streq(a->serial, b->serial));
}

/* Could it be taken for a recorded device that has moved, should that one be gone one day? */
static bool is_twin(const struct recorded_devices *recorded, const struct record *keep, const struct device *device)
{
	bool answer = false;

	for (size_t i = 0; i < recorded->count; i++) {
		if (recorded->items[i] == device)
			return false;
		answer |= is_like(recorded->items[i], device);
	}
	for (size_t i = 0; keep != NULL && i < keep->n_devices; i++)
		answer &= keep->devices[i].found != device;
	return answer;
}

/* Those that are kept may be switched off only. */
static void add_twins(struct text *text, const struct recorded_devices *recorded, const struct inventory *inventory,
		      const struct record *keep)
{
	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct device *device = &inventory->devices[i];
		const uint16_t id[4] = { device->vendor, device->device, device->subvendor, device->subdevice };

		if (!is_twin(recorded, keep, device))
			continue;
		add(text, "\n[twin ");
		add_function(text, device->address, device->path, id);
	}
	for (size_t i = 0; keep != NULL && i < keep->n_functions; i++) {
		const struct record_function *was = &keep->functions[i];
		const uint16_t id[4] = { was->vendor, was->device, was->subvendor, was->subdevice };
		char address[BDF_TEXT_SIZE];

		if (!was->is_twin || (was->home != NULL && is_twin(recorded, keep, was->home)))
			continue;
		bdf_format(&was->bdf, address);
		add(text, "\n[twin ");
		add_function(text, address, was->path, id);
	}
}

char *record_text(const struct plan *plan, const struct inventory *inventory, const struct needs *needs,
		  const struct record *keep, int root)
{
	struct recorded_devices recorded = list_recorded(plan, keep);
	bool knows_twins = recorded.is_all || keep->knows_twins;
	struct text text = { 0 };

	add(&text, "; Written by 'vfiokit record'; see vfiokit-bind.record(5).\n[record]\nversion = %d\n",
	    RECORD_VERSION);
	if (needs->knows_storage || knows_keyboards(needs) || knows_twins)
		add(&text, "complete =%s%s%s\n", needs->knows_storage ? " storage" : "",
		    knows_keyboards(needs) ? " keyboards" : "", knows_twins ? " twins" : "");
	for (size_t i = 0; keep == NULL && i < plan->n_entries; i++)
		if (record_text_wants(&plan->entries[i]))
			add_device(&text, &plan->entries[i], root);
	for (size_t i = 0; keep != NULL && i < keep->n_devices; i++)
		keep_device(&text, &keep->devices[i]);
	add_needs(&text, inventory, needs);
	add_twins(&text, &recorded, inventory, keep);
	free(recorded.items);
	(void)util_append(&text.data, &text.length, 1); /* a NUL */
	return text.data;
}
