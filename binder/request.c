/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/request.h"

#include "binder/late.h"
#include "binder/release.h"

#define REQUEST_RULE "request"

bool request_add(struct request *request, const char *text)
{
	struct bdf bdf;

	if (!bdf_parse(text, &bdf))
		return false;
	for (size_t i = 0; i < request->n_addresses; i++)
		if (bdf_compare(&request->addresses[i], &bdf) == 0)
			return true;
	*(struct bdf *)util_append(&request->addresses, &request->n_addresses, sizeof(bdf)) = bdf;
	return true;
}

void request_free(struct request *request)
{
	free(request->addresses);
	*request = (struct request){ 0 };
}

void request_add_rule(const struct request *request, struct policy *policy)
{
	struct rule *rule = util_append(&policy->rules, &policy->n_rules, sizeof(*rule));

	rule->name = util_copy(REQUEST_RULE);
	rule->where = util_copy("the command line");
	rule->is_request = true;
	rule->settings = policy->defaults;
	rule->allow_storage = request->allow_storage;
	rule->allow_network = request->allow_network;
	rule->allow_last_input = request->allow_last_input;
	for (size_t i = 0; i < request->n_addresses; i++)
		*(struct bdf *)util_append(&rule->selectors.addresses, &rule->selectors.n_addresses,
					   sizeof(struct bdf)) = request->addresses[i];
}

static bool is_named(const struct request *request, const struct device *device)
{
	for (size_t i = 0; i < request->n_addresses; i++)
		if (bdf_compare(&request->addresses[i], &device->bdf) == 0)
			return true;
	return false;
}

void request_mark(const struct request *request, struct inventory *inventory, int root, const struct needs *needs)
{
	cleanup_free bool *groups = util_alloc(inventory_group_count(inventory));

	for (size_t i = 0; i < inventory->n_devices; i++) {
		struct device *device = &inventory->devices[i];

		device->is_requested = is_named(request, device);
		if (device->is_requested && device->iommu_group != DEVICE_NO_GROUP)
			groups[device->iommu_group] = true;
	}
	for (size_t i = 0; i < inventory->n_unread; i++)
		inventory->unread[i].is_requested = is_named(request, &inventory->unread[i]);
	for (size_t i = 0; i < inventory->n_devices; i++) {
		struct device *device = &inventory->devices[i];

		device->is_requested |= device->iommu_group != DEVICE_NO_GROUP && groups[device->iommu_group];
		if (device->is_requested && device->blind_use == NULL)
			device->blind_use = late_find_blind_use(root, device, needs);
	}
}

/* Of what is absent, only the request's own addresses are its business. */
static bool concerns(const struct plan_entry *entry)
{
	return entry->device != NULL ? entry->device->is_requested : entry->rule->is_request;
}

void request_narrow(const struct request *request, struct plan *plan)
{
	size_t kept = 0;

	(void)request;
	for (size_t i = 0; i < plan->n_entries; i++) {
		if (concerns(&plan->entries[i]))
			plan->entries[kept++] = plan->entries[i];
		else
			plan_free_entry(&plan->entries[i]);
	}
	plan->n_entries = kept;
}

static bool is_stuck(const struct plan_input *input, const struct device *device)
{
	for (size_t i = 0; i < input->n_stuck; i++)
		if (bdf_compare(&input->stuck[i], &device->bdf) == 0)
			return true;
	return false;
}

/* The policy had them made; it is not bound itself, and its own driver keeps it. */
static bool has_our_vfs(const struct plan_entry *entry)
{
	const struct device *device = entry->device;

	return entry->next_boot != NULL && entry->next_boot->vfs > 0 && entry->next_boot->vfs == device->vfs &&
	       device->driver[0] != '\0' && !device_is_vfio_driver(device->driver);
}

static void decide_release(struct plan_entry *entry, const struct plan_input *input)
{
	const struct device *device = entry->device;

	entry->reason = REASON_NONE;
	entry->verdict = VERDICT_RELEASE;
	(void)util_copy_fixed(entry->driver, sizeof(entry->driver), device->driver);
	/* The driver link goes before the driver's remove() hangs. */
	if (has_our_vfs(entry)) {
		entry->reason = REASON_VFS;
		return;
	}
	if (is_stuck(input, device) && (device->driver[0] == '\0' || device_is_vfio_driver(device->driver))) {
		entry->reason = REASON_STUCK;
		entry->verdict = VERDICT_FAIL;
	} else if (!device_is_vfio_driver(device->driver)) {
		entry->reason = REASON_NOT_BOUND;
		entry->verdict = VERDICT_SKIP;
	} else if (device->n_holders > 0) {
		entry->reason = REASON_OPEN;
		entry->verdict = VERDICT_REFUSE;
	}
}

/* The policy's first rule for the device: what will become of it at the next boot. */
static const struct rule *policy_rule(const struct policy *policy, const struct device *device)
{
	const char *wrong;

	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct rule *rule = &policy->rules[i];
		enum match match = rule->is_request || rule->is_broken
					   ? MATCH_NONE
					   : selectors_match(&rule->selectors, device, &wrong);

		if (match == MATCH_LOOSE || match == MATCH_EXACT)
			return rule;
	}
	return NULL;
}

void request_plan_release(const struct request *request, struct plan *plan, const struct plan_input *input)
{
	const struct inventory *inventory = input->inventory;
	const struct rule *rule = &input->policy->rules[input->policy->n_rules - 1];

	*plan = (struct plan){ 0 };
	for (size_t i = 0; i < inventory->n_devices; i++) {
		const struct device *device = &inventory->devices[i];
		struct plan_entry tried = { .device = device, .next_boot = policy_rule(input->policy, device) };
		struct plan_entry *entry;

		if (!is_named(request, device) &&
		    !(request->is_all && (device_is_vfio_driver(device->driver) || has_our_vfs(&tried))))
			continue;
		entry = util_append(&plan->entries, &plan->n_entries, sizeof(*entry));
		entry->device = device;
		entry->rule = rule;
		entry->match = MATCH_EXACT;
		entry->next_boot = tried.next_boot;
		decide_release(entry, input);
	}
	for (size_t i = 0; i < request->n_addresses; i++) {
		char address[BDF_TEXT_SIZE];
		struct plan_entry *entry;

		if (inventory_find(inventory, &request->addresses[i]) != NULL)
			continue;
		bdf_format(&request->addresses[i], address);
		entry = util_append(&plan->entries, &plan->n_entries, sizeof(*entry));
		entry->rule = rule;
		entry->device = inventory_find_unknown(inventory, &request->addresses[i]);
		entry->reason = REASON_IDENTITY;
		entry->verdict = VERDICT_REFUSE;
		if (entry->device != NULL)
			continue;
		entry->absent = util_copy(address);
		entry->reason = REASON_ABSENT;
		entry->verdict = VERDICT_SKIP;
	}
}

struct request request_new_bind(void)
{
	static const struct request_steps steps = {
		.add_rule = request_add_rule,
		.mark = request_mark,
		.narrow = request_narrow,
	};

	return (struct request){ .steps = &steps };
}

struct request request_new_release(bool is_all)
{
	static const struct request_steps steps = {
		.add_rule = request_add_rule,
		.mark = request_mark,
		.plan = request_plan_release,
		.load = release_load,
		.run = release_run,
		.finish = release_finish,
		.remove_vfs = vfs_remove,
		.conclude = release_conclude,
	};

	return (struct request){ .steps = &steps, .is_release = true, .is_all = is_all };
}
