/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/machine.h"

#include <errno.h>
#include <stdio.h>

#include "binder/apply.h"
#include "binder/holders.h"
#include "binder/policy_internal.h"
#include "binder/report.h"
#include "lib/parse.h"
#include "tests/unit/test.h"

/* A mistake in a test's own text. */
static void reject(const char *what, const char *text)
{
	fprintf(stderr, "machine text: %s: '%s'\n", what, text);
	abort();
}

static uint64_t number(const char *text, unsigned int base)
{
	uint64_t value = 0;

	if (!parse_number(text, base, UINT32_MAX, &value))
		reject("not a number", text);
	return value;
}

static void read_pair(const char *text, uint16_t *ret_a, uint16_t *ret_b)
{
	char copy[10] = "";

	if (!util_copy_fixed(copy, sizeof(copy), text) || strlen(copy) != 9 || copy[4] != ':')
		reject("not VVVV:DDDD", text);
	copy[4] = '\0';
	*ret_a = (uint16_t)number(copy, 16);
	*ret_b = (uint16_t)number(copy + 5, 16);
}

static void set_text(char **field, const char *text)
{
	free(*field);
	*field = util_copy(text);
}

static void read_device_word(struct device *device, char *word)
{
	char *equals = strchr(word, '=');
	const char *value = "";

	if (equals != NULL) {
		*equals = '\0';
		value = equals + 1;
	}
	if (streq(word, "boot_vga"))
		device->boot_vga = true;
	if (streq(word, "boot_vga") || streq(word, "console")) {
		device->console = true;
		device->console_sign = "a sign";
	} else if (streq(word, "bridge")) {
		device->has_secondary_bus = true;
	} else if (streq(word, "vfs")) {
		device->vfs = (unsigned int)number(value, 10);
	} else if (streq(word, "sub")) {
		read_pair(value, &device->subvendor, &device->subdevice);
	} else if (streq(word, "serial")) {
		set_text(&device->serial, value);
	} else if (streq(word, "path")) {
		set_text(&device->path, value);
	} else if (streq(word, "variant")) {
		set_text(&device->variant, value);
	} else if (streq(word, "late")) {
		device->is_late = true;
	} else if (streq(word, "blind")) {
		set_text(&device->blind_use, value);
	} else if (streq(word, "unread") || streq(word, "unknown")) {
		device->unread = "file";
		device->unread_error = EACCES;
		device->is_unknown = streq(word, "unknown");
	} else if (streq(word, "driver-unread")) {
		device->is_driver_unread = true;
	} else if (streq(word, "open")) {
		(void)holders_add(device, 0, NULL, NULL, util_copy(value));
	} else if (streq(word, "disk-open")) {
		holders_add(device, 1, NULL, NULL, util_copy(value))->is_block = true;
	} else {
		reject("unknown word", word);
	}
}

void machine_read_device(struct device *device, const char *text)
{
	cleanup_free char *copy = util_copy(text);
	char *rest = copy, *word[5], *more;

	*device = (struct device){ .is_complete = true, .iommu_group = DEVICE_NO_GROUP };
	for (size_t i = 0; i < ARRAY_SIZE(word); i++) {
		word[i] = parse_next_word(&rest);
		if (word[i] == NULL)
			reject("fewer than five words", text);
	}
	if (!bdf_parse(word[0], &device->bdf))
		reject("not an address", word[0]);
	bdf_format(&device->bdf, device->address);
	device->class = (uint32_t)number(word[1], 16) << (strlen(word[1]) == 4 ? 8 : 0);
	read_pair(word[2], &device->vendor, &device->device);
	if (!streq(word[3], "-"))
		device->iommu_group = (int)number(word[3], 10);
	device->driver = util_copy(streq(word[4], "-") ? "" : word[4]);
	device->path = util_copy(device->address);
	while ((more = parse_next_word(&rest)) != NULL)
		read_device_word(device, more);
}

void machine_free_device(struct device *device)
{
	free(device->driver);
	free(device->path);
	free(device->serial);
	free(device->variant);
	free(device->blind_use);
	holders_free(device);
}

static void read_driver_line(struct inventory *inventory, char *rest)
{
	const char *name = parse_next_word(&rest), *known = parse_next_word(&rest);
	struct driver_choice *choice = NULL;

	if (name == NULL || known == NULL)
		reject("driver without name or answer", "");
	for (size_t i = 0; i < inventory->n_drivers; i++)
		if (streq(inventory->drivers[i].name, name))
			choice = &inventory->drivers[i];
	if (choice == NULL)
		choice = util_append(&inventory->drivers, &inventory->n_drivers, sizeof(*choice));
	(void)util_copy_fixed(choice->name, sizeof(choice->name), name);
	choice->available = streq(known, "yes") ? KNOWN_YES : streq(known, "no") ? KNOWN_NO : KNOWN_NOT;
}

/* Takes the next part up to ";", without blanks at its start. */
static char *next_part(char **rest)
{
	char *part = *rest, *end;

	if (part == NULL)
		return NULL;
	end = strchr(part, ';');
	if (end != NULL)
		*end++ = '\0';
	*rest = end;
	return part + strspn(part, " ");
}

static int by_address(const void *a, const void *b)
{
	return bdf_compare(&((const struct device *)a)->bdf, &((const struct device *)b)->bdf);
}

/* As the scan leaves it: a copy of what could not be read, or the only one of what is unknown. */
static void read_device_part(struct inventory *inventory, const char *part)
{
	struct device *device, *unread;

	device = util_append(&inventory->devices, &inventory->n_devices, sizeof(*device));
	machine_read_device(device, part);
	if (device->unread == NULL)
		return;
	unread = util_append(&inventory->unread, &inventory->n_unread, sizeof(*unread));
	machine_read_device(unread, part);
	if (!device->is_unknown)
		return;
	machine_free_device(device);
	inventory->n_devices--;
}

static void read_inventory(struct inventory *inventory, const char *text)
{
	cleanup_free char *copy = util_copy(text);
	char *rest = copy, *part, vfio[] = "vfio-pci yes";
	bool without = false;

	read_driver_line(inventory, vfio);
	while ((part = next_part(&rest)) != NULL) {
		if (part[0] == '\0')
			continue;
		if (streq(part, "no-iommu"))
			without = true;
		else if (streq(part, "ignores-denylist"))
			inventory->ignores_denylist = true;
		else if (starts_with(part, "driver "))
			read_driver_line(inventory, part + strlen("driver "));
		else
			read_device_part(inventory, part);
	}
	inventory->has_iommu = !without;
	if (inventory->n_devices > 0)
		qsort(inventory->devices, inventory->n_devices, sizeof(struct device), by_address);
}

static void read_need(struct machine *machine, char *part)
{
	static char keyboard[] = "a keyboard", in_use[] = "in use";
	struct needs *needs = &machine->needs;
	char *rest = part;
	const char *kind = parse_next_word(&rest), *address;
	struct need need = { 0 };

	if (kind == NULL)
		return;
	if (streq(kind, "knows-storage")) {
		needs->knows_storage = true;
		return;
	}
	if (streq(kind, "knows-keyboards")) {
		needs->knows_keyboards = true;
		return;
	}
	address = parse_next_word(&rest);
	if (address == NULL)
		reject("need without an address", kind);
	need.kind = streq(kind, "storage") ? NEED_STORAGE : streq(kind, "network") ? NEED_NETWORK : NEED_KEYBOARD;
	need.use = need.kind == NEED_KEYBOARD ? keyboard : in_use;
	need.is_elsewhere = streq(address, "elsewhere");
	if (!need.is_elsewhere && !bdf_parse(address, &need.bdf))
		reject("not an address", address);
	needs_add(needs, &need);
}

static void read_needs(struct machine *machine, const char *text)
{
	cleanup_free char *copy = util_copy(text);
	char *rest = copy, *part;

	while ((part = next_part(&rest)) != NULL)
		read_need(machine, part);
	needs_sort(&machine->needs);
}

void machine_read_policy(struct policy *policy, const char *text, size_t length, const struct switches *switches,
			 struct problems *problems)
{
	struct policy_loader loader = { .policy = policy, .problems = problems };

	policy_parse(&loader, text, length, "bind.conf");
	policy_finish(&loader, switches);
}

static void make_plan(struct machine *machine, bool keeps_bound)
{
	machine->input = (struct plan_input){ .inventory = &machine->inventory,
					      .policy = &machine->policy,
					      .switches = &machine->switches,
					      .needs = &machine->needs,
					      .record = &machine->record,
					      .keeps_bound = keeps_bound };
	plan_build(&machine->plan, &machine->input);
	plan_explain(&machine->plan, &machine->input);
}

void machine_read(struct machine *machine, const struct machine_text *text)
{
	const char *policy = text->policy != NULL ? text->policy : "";

	*machine = (struct machine){ 0 };
	if (text->cmdline != NULL)
		switches_parse(&machine->switches, text->cmdline, &machine->problems);
	machine_read_policy(&machine->policy, policy, strlen(policy), &machine->switches, &machine->problems);
	read_inventory(&machine->inventory, text->devices != NULL ? text->devices : "");
	read_needs(machine, text->needs != NULL ? text->needs : "");
	if (text->record != NULL) {
		record_parse(&machine->record, text->record, strlen(text->record), "bind.record", &machine->problems);
		record_locate(&machine->record, &machine->policy, &machine->inventory, -1);
		record_add_needs(&machine->record, &machine->inventory, &machine->needs);
	}
	make_plan(machine, text->keeps_bound);
}

void machine_read_root(struct machine *machine, int root, const char *policy, const struct journal *journal)
{
	*machine = (struct machine){ 0 };
	machine_read_policy(&machine->policy, policy, strlen(policy), &machine->switches, &machine->problems);
	CHECK_INT(inventory_scan(&machine->inventory, root, &machine->problems), 0);
	if (journal != NULL)
		apply_rewind(&machine->inventory, journal);
	inventory_complete(&machine->inventory, root, &machine->policy, false);
	read_needs(machine, "");
	make_plan(machine, false);
}

void machine_free(struct machine *machine)
{
	plan_free(&machine->plan);
	needs_free(&machine->needs);
	record_free(&machine->record);
	inventory_free(&machine->inventory);
	policy_free(&machine->policy);
	switches_free(&machine->switches);
	problems_free(&machine->problems);
}

static const char *without_domain(const char *address)
{
	return starts_with(address, "0000:") ? address + strlen("0000:") : address;
}

char *machine_verdict(const struct plan_entry *entry)
{
	const char *reason = plan_reason_name(entry);

	return util_format("%s%s%s", plan_verdict_name(entry->verdict), reason != NULL ? " " : "",
			   reason != NULL ? reason : "");
}

char *machine_verdicts(const struct machine *machine)
{
	bool has_errors = problem_count(&machine->problems, PROBLEM_POLICY) > 0;
	enum result result = plan_result(&machine->plan, has_errors);
	char *text = NULL;

	for (size_t i = 0; i < machine->plan.n_entries; i++) {
		const struct plan_entry *entry = &machine->plan.entries[i];
		cleanup_free char *verdict = machine_verdict(entry);
		const char *subject = entry->device != NULL   ? entry->device->address
				      : entry->absent != NULL ? entry->absent
							      : "-";

		test_append(&text, "%s %s %s; ", without_domain(subject), verdict, entry->rule->name);
	}
	test_append(&text, "= %s %d", plan_result_name(result), report_exit_code(result, has_errors));
	return text;
}

struct plan_entry *machine_entry(const struct machine *machine, const char *address)
{
	struct bdf bdf;

	if (!bdf_parse(address, &bdf))
		reject("not an address", address);
	for (size_t i = 0; i < machine->plan.n_entries; i++)
		if (machine->plan.entries[i].device != NULL &&
		    bdf_compare(&machine->plan.entries[i].device->bdf, &bdf) == 0)
			return &machine->plan.entries[i];
	CHECK_TRUE(!"no such entry");
	return machine->plan.entries;
}
