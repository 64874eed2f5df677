/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/draft.h"

#include <string.h>

#include "binder/plan.h"
#include "lib/paths.h"

/* What the planner's problems would name. */
#define POLICY_NAME "suggestion"

enum { CLASS_BASE_AUDIO = 0x04, CLASS_SERIAL_OTHER = 0x0c80, VENDOR_INTEL = 0x8086 };

/* Intel's cards hold a switch: GPU and audio are behind ports of their own, below one upstream port. */
static bool below_one_switch(const struct device *a, const struct device *b)
{
	size_t length = strlen(a->path);

	for (int i = 0; i < 2; i++)
		while (length > 0 && a->path[--length] != '/')
			;
	return memchr(a->path, '/', length) != NULL && strlen(b->path) == strlen(a->path) &&
	       strncmp(a->path, b->path, length + 1) == 0;
}

bool draft_is_companion(const struct device *lead, const struct device *other)
{
	unsigned int base = device_base_class(other), class = device_subclass(other);

	if (other == lead || !device_is_display(lead) || other->vendor != lead->vendor || lead->path == NULL)
		return false;
	if (base != CLASS_BASE_AUDIO && class != CLASS_SERIAL_USB && class != CLASS_SERIAL_OTHER)
		return false;
	/* On the root bus one slot holds functions of the chipset, which are no card. */
	if (bdf_same_slot(&lead->bdf, &other->bdf))
		return strchr(lead->path, '/') != NULL;
	return lead->vendor == VENDOR_INTEL && base == CLASS_BASE_AUDIO && other->path != NULL &&
	       below_one_switch(lead, other);
}

bool draft_is_virtual(int root, const struct device *device)
{
	cleanup_free char *path = util_format(PATH_DEVICES "/%s/physfn", device->address);

	return sysfs_exists(root, path);
}

static void add(const struct device ***list, size_t *n, const struct device *device)
{
	*(const struct device **)util_append(list, n, sizeof(**list)) = device;
}

static bool has(const struct device *const *list, size_t n, const struct device *device)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == device)
			return true;
	return false;
}

static void collect(struct draft *draft, const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct device *device = &inventory->devices[i];

		if (device == draft->lead || draft_is_companion(draft->lead, device))
			add(&draft->members, &draft->n_members, device);
	}
	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct device *device = &inventory->devices[i];
		bool shares = false;

		for (size_t j = 0; j < draft->n_members; j++)
			shares |= device->iommu_group >= 0 && draft->members[j]->iommu_group == device->iommu_group;
		if (!shares || has(draft->members, draft->n_members, device))
			continue;
		if (device_is_bridge(device) || (device_is_host_bridge(device) && device->driver[0] == '\0'))
			add(&draft->bridges, &draft->n_bridges, device);
		else
			add(&draft->pulled, &draft->n_pulled, device);
	}
}

static bool any_of_class(const struct draft *draft, unsigned int base)
{
	for (size_t i = 0; i < draft->n_members; i++)
		if (device_base_class(draft->members[i]) == base)
			return true;
	for (size_t i = 0; i < draft->n_pulled; i++)
		if (draft->is_named && device_base_class(draft->pulled[i]) == base)
			return true;
	return false;
}

/* The comment behind a path. Lines have at most 199 bytes. */
static void write_path(FILE *file, const struct device *device, struct names *names, const char *off)
{
	char class[NAME_SIZE] = "";

	if (names != NULL)
		names_class(names, device, class);
	fprintf(file, "%spath  = %-24s ; %s%s%.60s\n", off, device->path, device->address, class[0] != '\0' ? " " : "",
		class);
}

static void write_ids(FILE *file, const struct draft *draft, const char *off)
{
	fprintf(file, "%sid    =", off);
	for (size_t i = 0; i < draft->n_members; i++) {
		const struct device *device = draft->members[i];
		bool is_new = true;

		for (size_t j = 0; j < i; j++)
			is_new &= draft->members[j]->vendor != device->vendor ||
				  draft->members[j]->device != device->device;
		if (is_new)
			fprintf(file, " %04x:%04x", device->vendor, device->device);
	}
	fputc('\n', file);
}

/* Without names: for the planner. */
static void write_keys(FILE *file, const struct draft *draft, struct names *names, const char *off)
{
	fprintf(file, "%s[device %s]\n", off, draft->name);
	for (size_t i = 0; i < draft->n_members; i++)
		write_path(file, draft->members[i], names, off);
	write_ids(file, draft, off);
	fprintf(file, "%sgroup = whole\n", off);
	if (any_of_class(draft, CLASS_BASE_STORAGE) || any_of_class(draft, CLASS_BASE_NETWORK))
		fprintf(file, "%sallow =%s%s\n", off, any_of_class(draft, CLASS_BASE_STORAGE) ? " storage" : "",
			any_of_class(draft, CLASS_BASE_NETWORK) ? " network" : "");
}

static bool is_taken(const struct plan_entry *entry)
{
	return entry->verdict == VERDICT_BIND || entry->verdict == VERDICT_BOUND;
}

/* What spoils the group, if that is all that is wrong with the entry. */
static const struct plan_entry *find_cause(const struct plan *plan, const struct plan_entry *entry)
{
	for (size_t i = 0; i < plan->n_entries && entry->reason == REASON_GROUP; i++) {
		const struct plan_entry *other = &plan->entries[i];

		if (other->device != NULL && !is_taken(other) && other->reason != REASON_GROUP &&
		    other->reason != REASON_BRIDGE && other->device->iommu_group == entry->device->iommu_group)
			return other;
	}
	return entry;
}

/* What the planner says against a draft, of the lead first. NULL: nothing. */
static const struct plan_entry *find_wrong(const struct plan *plan, const struct draft *draft)
{
	const struct plan_entry *wrong = plan_find(plan, &draft->lead->bdf);

	if (wrong != NULL && is_taken(wrong))
		wrong = NULL;
	for (size_t i = 0; i < plan->n_entries && wrong == NULL; i++)
		if (plan->entries[i].device != NULL && !is_taken(&plan->entries[i]) &&
		    has(draft->members, draft->n_members, plan->entries[i].device))
			wrong = &plan->entries[i];
	return wrong != NULL ? find_cause(plan, wrong) : NULL;
}

static bool is_on(const struct draft *draft)
{
	return draft->refusal == NULL;
}

/* What is wrong with the policy of all that are on, of the last one first; owned by the caller. NULL: nothing. */
static char *try(const struct draft *drafts, size_t n, const struct inventory *inventory, const struct needs *needs)
{
	static const struct switches no_switches = { .off = false };
	static const struct record no_record;
	struct problems problems = { 0 };
	struct policy policy = { .rules = NULL };
	struct plan_input input = { .inventory = inventory,
				    .policy = &policy,
				    .switches = &no_switches,
				    .needs = needs,
				    .record = &no_record };
	const struct plan_entry *wrong = NULL;
	struct plan plan;
	cleanup_free char *text = NULL;
	char *refusal = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (file == NULL)
		abort();
	for (size_t i = 0; i < n; i++)
		if (is_on(&drafts[i]))
			write_keys(file, &drafts[i], NULL, "");
	fclose(file);
	policy_read_text(&policy, text, POLICY_NAME, &problems);
	plan_build(&plan, &input);
	plan_explain(&plan, &input);
	for (size_t i = n; i-- > 0 && wrong == NULL;)
		if (is_on(&drafts[i]))
			wrong = find_wrong(&plan, &drafts[i]);
	if (problems.count > 0)
		refusal = util_copy(problems.items[0].message);
	else if (wrong != NULL)
		refusal = util_format("%s: %s", wrong->device->address, wrong->message);
	plan_free(&plan);
	policy_free(&policy);
	problems_free(&problems);
	return refusal;
}

static const char *word_of(const struct device *device)
{
	switch (device_base_class(device)) {
	case CLASS_BASE_DISPLAY:
		return "gpu";
	case CLASS_BASE_STORAGE:
		return device_subclass(device) == 0x0108 ? "nvme" : "storage";
	case CLASS_BASE_NETWORK:
		return "network";
	case CLASS_BASE_AUDIO:
		return "audio";
	default:
		return device_subclass(device) == CLASS_SERIAL_USB ? "usb" : "device";
	}
}

void draft_make(struct draft *draft, const struct inventory *inventory)
{
	(void)util_copy_fixed(draft->name, sizeof(draft->name), word_of(draft->lead));
	collect(draft, inventory);
}

void draft_judge(struct draft *drafts, size_t n, const struct inventory *inventory, const struct needs *needs)
{
	struct draft *draft = &drafts[n - 1];
	cleanup_free char *together = NULL;

	draft->refusal = try(draft, 1, inventory, needs);
	if (is_on(draft) && draft->n_pulled > 0 && !draft->is_named)
		draft->refusal = util_copy(
			"its group holds devices that are not part of the card (see above), and they "
			"would go to the guest, too; if you want that, remove the '; '");
	if (!is_on(draft) || n == 1)
		return;
	together = try(drafts, n, inventory, needs);
	if (together != NULL)
		draft->refusal = util_format("together with the rules above: %s", together);
}

void draft_free(struct draft *draft)
{
	free(draft->members);
	free(draft->pulled);
	free(draft->bridges);
	free(draft->refusal);
}

static void write_device(FILE *file, const struct device *device, struct names *names)
{
	char name[NAME_SIZE];

	names_device(names, device, name);
	fprintf(file, "; %s  %04x:%04x  %.90s%s%s%s\n", device->address, device->vendor, device->device, name,
		name[0] != '\0' ? ", " : "", device->driver[0] != '\0' ? "held by " : "no driver",
		device->driver[0] != '\0' ? device->driver : "");
}

static void write_list(FILE *file, const char *title, const struct device *const *list, size_t n, struct names *names)
{
	if (n == 0)
		return;
	fprintf(file, "; %s:\n", title);
	for (size_t i = 0; i < n; i++)
		write_device(file, list[i], names);
}

static void write_groups(FILE *file, const struct draft *draft)
{
	if (draft->lead->iommu_group == DEVICE_NO_GROUP) {
		fprintf(file, "; It has no IOMMU group.\n");
		return;
	}
	fprintf(file, "; IOMMU group");
	for (size_t i = 0; i < draft->n_members; i++) {
		bool is_new = true;

		for (size_t j = 0; j < i; j++)
			is_new &= draft->members[j]->iommu_group != draft->members[i]->iommu_group;
		if (is_new && draft->members[i]->iommu_group >= 0)
			fprintf(file, " %d", draft->members[i]->iommu_group);
	}
	fprintf(file, "%s\n",
		draft->n_pulled > 0    ? ""
		: draft->n_bridges > 0 ? ", with nothing else in it but bridges, which stay"
				       : ", with nothing else in it");
}

/* Sentences of the plan can be longer than a line of the policy may be. */
static void write_wrapped(FILE *file, const char *text)
{
	size_t column = 0;

	for (const char *word = text; *word != '\0';) {
		size_t length = strcspn(word, " ");

		if (column > 0 && column + length > 90) {
			fprintf(file, "\n;  ");
			column = 3;
		}
		fprintf(file, " %.*s", (int)length, word);
		column += length + 1;
		word += length;
		word += strspn(word, " ");
	}
	fputc('\n', file);
}

void draft_write(FILE *file, const struct draft *draft, struct names *names)
{
	write_device(file, draft->lead, names);
	if (draft->n_members > 1) {
		fprintf(file, "; and its companions, functions of the same card, which a guest needs with it:\n");
		for (size_t i = 0; i < draft->n_members; i++)
			if (draft->members[i] != draft->lead)
				write_device(file, draft->members[i], names);
	}
	write_groups(file, draft);
	write_list(file, "What else is in it goes along, because a group is given as a whole", draft->pulled,
		   draft->n_pulled, names);
	if (draft->refusal != NULL) {
		fprintf(file, "; Switched off:");
		write_wrapped(file, draft->refusal);
	}
	write_keys(file, draft, names, draft->refusal != NULL ? "; " : "");
}
