/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/plan_guards.h"

#define BIT(reason) (1u << (reason))

/* vfio_pci_dev_in_denylist() in drivers/vfio/pci/vfio_pci.c: QAT and their VFs, DSA and IAX of Sapphire Rapids. */
static bool in_denylist(const struct device *device)
{
	static const uint16_t intel[] = { 0x19e2, 0x19e3, 0x37c8, 0x37c9, 0x0435, 0x0443, 0x0b25, 0x0cfe };

	if (device->vendor != 0x8086)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(intel); i++)
		if (device->device == intel[i])
			return true;
	return false;
}

/* What is known of the host's use of a device; NULL if nothing. */
static const char *known_use(const struct needs *needs, const struct device *device, enum need_kind kind)
{
	const struct need *need = needs_find(needs, &device->bdf, kind);

	return need != NULL ? need->use : NULL;
}

static bool is_skipped_by_cmdline(const struct switches *switches, const struct device *device)
{
	for (size_t i = 0; i < switches->n_skip; i++)
		if (bdf_compare(&switches->skip[i], &device->bdf) == 0)
			return true;
	return switches->off;
}

static bool is_stuck(const struct plan_input *input, const struct device *device)
{
	for (size_t i = 0; i < input->n_stuck; i++)
		if (bdf_compare(&input->stuck[i], &device->bdf) == 0)
			return true;
	return false;
}

/* By its class: USB, FireWire, Thunderbolt, Fibre Channel (0c), SD (0805) bring disks and network interfaces, too. */
static bool may_lead_on(const struct device *device)
{
	return device_base_class(device) == CLASS_BASE_SERIAL || device_base_class(device) == CLASS_BASE_SYSTEM;
}

/* Data that nobody uses is what guests get: it only has to be meant. */
static bool guard_storage(struct plan_entry *entry, const struct needs *needs)
{
	bool is_storage = device_base_class(entry->device) == CLASS_BASE_STORAGE;
	bool is_blind = needs->blind != NULL && (is_storage || (needs->is_unlisted && may_lead_on(entry->device)));

	entry->use = known_use(needs, entry->device, NEED_STORAGE);
	if (entry->use == NULL)
		entry->use = entry->device->blind_use;
	for (size_t i = 0; i < entry->device->n_holders && entry->use == NULL; i++)
		if (entry->device->holders[i].is_block)
			entry->use = entry->device->holders[i].words;
	entry->is_in_use = entry->use != NULL || is_blind;
	if (entry->is_in_use)
		return true;
	if (!entry->rule->allow_storage) {
		entry->use = known_use(needs, entry->device, NEED_DATA);
		return is_storage || entry->use != NULL;
	}
	return is_storage && !needs->knows_storage &&
	       (entry->match == MATCH_NONE || !selectors_have_slot(&entry->rule->selectors));
}

static bool guard_network(struct plan_entry *entry, const struct needs *needs)
{
	const char *use = known_use(needs, entry->device, NEED_NETWORK);
	bool is_blind = needs->blind_network != NULL && may_lead_on(entry->device);

	if (entry->rule->allow_network ||
	    (use == NULL && !is_blind && device_base_class(entry->device) != CLASS_BASE_NETWORK))
		return false;
	if (entry->use == NULL)
		entry->use = use;
	return true;
}

static void choose_driver(struct plan_entry *entry)
{
	const char *driver = entry->rule->settings.driver;

	if (streq(driver, POLICY_DRIVER_AUTO))
		driver = entry->device->variant != NULL ? entry->device->variant : POLICY_DRIVER_DEFAULT;
	(void)util_copy_fixed(entry->driver, sizeof(entry->driver), driver);
}

static bool is_bound(const struct plan_entry *entry)
{
	const char *driver = entry->device->driver;

	return device_same_driver(driver, entry->driver) ||
	       (streq(entry->rule->settings.driver, POLICY_DRIVER_AUTO) && device_is_vfio_driver(driver));
}

/* Of what runs, only a late arrival, or what a person asks for, is taken from its driver. */
static bool keeps_driver(const struct plan_entry *entry, const struct plan_input *input)
{
	if (entry->device->is_requested)
		return false;
	if (entry->rule->settings.on_bound == ON_BOUND_SKIP)
		return true;
	return !entry->device->is_late && input->keeps_bound;
}

static void guard(struct plan_entry *entry, const struct plan_input *input)
{
	const struct device *device = entry->device;
	const struct rule *rule = entry->rule;
	const struct record_device *was;
	bool bound;

	choose_driver(entry);
	bound = is_bound(entry);
	if (is_skipped_by_cmdline(input->switches, device))
		entry->reasons |= BIT(REASON_CMDLINE);
	entry->is_disarmed = input->switches->is_disarmed;
	if (entry->match == MATCH_NONE && !device_is_bridge(device) && !device_is_host_bridge(device) &&
	    record_check(input->record, rule, device, &was) == RECORDED_OTHER)
		entry->was = was;
	if (entry->match == MATCH_OTHER || (entry->match == MATCH_NONE && entry->was != NULL))
		entry->reasons |= BIT(REASON_IDENTITY);
	if (device_is_bridge(device) || device_is_host_bridge(device))
		entry->reasons |= BIT(REASON_BRIDGE);
	entry->unread = inventory_find_unread(input->inventory, device);
	if (entry->unread != NULL)
		entry->reasons |= BIT(REASON_GROUP);
	/* Nothing is taken from the host. */
	if (rule->vfs > 0 && device->unread == NULL) {
		entry->reasons |= BIT(is_stuck(input, device) ? REASON_STUCK : REASON_VFS);
		return;
	}
	entry->console_use = known_use(input->needs, device, NEED_CONSOLE);
	if ((device->console || entry->console_use != NULL) && rule->settings.boot_vga == BOOT_VGA_EXCLUDE) {
		entry->reasons |= BIT(REASON_CONSOLE);
		/* Who asks for it is told no, by the exit code, too. */
		entry->is_boot_vga = device->console && entry->match != MATCH_NONE && !device->is_requested;
	}
	if (device->iommu_group == DEVICE_NO_GROUP && (device->unread == NULL || !input->inventory->has_iommu))
		entry->reasons |= BIT(REASON_NO_IOMMU);
	if (in_denylist(device) && device_same_driver(entry->driver, POLICY_DRIVER_DEFAULT) &&
	    !input->inventory->ignores_denylist)
		entry->reasons |= BIT(REASON_DENYLIST);
	if (device->vfs > 0)
		entry->reasons |= BIT(REASON_HAS_VFS);
	if (bound)
		entry->reasons |= BIT(REASON_BOUND);
	if (guard_storage(entry, input->needs))
		entry->reasons |= BIT(REASON_STORAGE);
	if (guard_network(entry, input->needs))
		entry->reasons |= BIT(REASON_NETWORK);
	entry->keeps_driver = keeps_driver(entry, input);
	if (!bound && device->driver[0] != '\0' && entry->keeps_driver)
		entry->reasons |= BIT(REASON_ON_BOUND);
	if (!bound && device->driver[0] != '\0' && device->n_holders > 0 && !input->ignores_open)
		entry->reasons |= BIT(REASON_OPEN);
	if (inventory_driver(input->inventory, entry->driver) == KNOWN_NO)
		entry->reasons |= BIT(REASON_NO_DRIVER);
	if (is_stuck(input, device) && !bound)
		entry->reasons |= BIT(REASON_STUCK);
}

void plan_guard_each(struct plan *plan, const struct plan_input *input)
{
	for (size_t i = 0; i < plan->n_entries; i++)
		if (plan->entries[i].device != NULL)
			guard(&plan->entries[i], input);
}

static bool is_console_card(const struct plan_entry *entry)
{
	return entry->device != NULL && entry->device->console && entry->is_boot_vga &&
	       (entry->reasons & (BIT(REASON_CMDLINE) | BIT(REASON_IDENTITY) | BIT(REASON_BRIDGE))) == 0;
}

void plan_guard_companions(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_entries; i++) {
		const struct plan_entry *card = &plan->entries[i];

		for (size_t j = 0; j < plan->n_entries && is_console_card(card); j++) {
			struct plan_entry *entry = &plan->entries[j];

			if (entry->device == NULL || entry->device->console ||
			    !bdf_same_slot(&entry->device->bdf, &card->device->bdf) ||
			    selectors_have_slot(&entry->rule->selectors) ||
			    entry->rule->settings.boot_vga == BOOT_VGA_ALLOW)
				continue;
			/* It goes where the card goes, whatever was recorded. (A rule without a slot is not wrong.) */
			if (entry->match == MATCH_OTHER) {
				entry->match = MATCH_LOOSE;
				entry->was = NULL;
				entry->reasons &= ~BIT(REASON_IDENTITY);
			}
			entry->reasons |= BIT(REASON_CONSOLE);
			entry->is_boot_vga = true;
			entry->is_companion = true;
		}
	}
}

/* Would the policy take it, as far as the reasons in front of this one go? */
static bool would_take(const struct plan_entry *entry, enum reason reason)
{
	unsigned int before = BIT(reason) - 1;

	return entry->device != NULL && (entry->reasons & before & ~BIT(REASON_BOUND)) == 0;
}

static bool is_screen(const struct device *device)
{
	unsigned int class = device_subclass(device);

	return class == CLASS_DISPLAY_VGA || class == CLASS_DISPLAY_OTHER;
}

static bool is_usb_host(const struct device *device)
{
	unsigned int interface = device->class & 0xff;

	/* UHCI, OHCI, EHCI, xHCI; not USB4 hosts (40) and device controllers (fe), on which no keyboard hangs. */
	return device_subclass(device) == CLASS_SERIAL_USB && interface <= 0x30 && (interface & 0x0f) == 0;
}

/* Does the plan take every device of a kind, and is there any? */
static bool takes_all(const struct plan *plan, const struct inventory *inventory, enum reason reason,
		      bool (*is_kind)(const struct device *))
{
	size_t present = 0, taken = 0;

	for (size_t i = 0; i < inventory->n_devices; i++)
		present += is_kind(&inventory->devices[i]);
	for (size_t i = 0; i < plan->n_entries; i++)
		taken += would_take(&plan->entries[i], reason) && is_kind(plan->entries[i].device);
	return present > 0 && taken == present;
}

void plan_guard_unknown_console(struct plan *plan, const struct plan_input *input)
{
	for (size_t i = 0; i < input->inventory->n_devices; i++)
		if (input->inventory->devices[i].console)
			return;
	if (!takes_all(plan, input->inventory, REASON_CONSOLE, is_screen))
		return;
	for (size_t i = 0; i < plan->n_entries; i++) {
		struct plan_entry *entry = &plan->entries[i];

		if (entry->device != NULL && is_screen(entry->device) &&
		    entry->rule->settings.boot_vga == BOOT_VGA_EXCLUDE)
			entry->reasons |= BIT(REASON_CONSOLE);
	}
}

static bool would_take_at(const struct plan *plan, const struct bdf *bdf, enum reason reason)
{
	for (size_t i = 0; i < plan->n_entries; i++)
		if (would_take(&plan->entries[i], reason) && bdf_compare(&plan->entries[i].device->bdf, bdf) == 0)
			return true;
	return false;
}

/* Does the plan take a known keyboard's place, and leave none that is certain? takes_hosts: it takes one anyway. */
static bool takes_last_keyboard(const struct plan *plan, const struct needs *needs, bool takes_hosts)
{
	bool takes = takes_hosts;

	for (size_t i = 0; i < needs->count; i++) {
		const struct need *need = &needs->items[i];

		if (need->kind != NEED_KEYBOARD)
			continue;
		if (!need->is_elsewhere && would_take_at(plan, &need->bdf, REASON_LAST_INPUT))
			takes = true;
		else if (!need->is_guess)
			return false;
	}
	return takes;
}

void plan_guard_last_input(struct plan *plan, const struct plan_input *input)
{
	const struct needs *needs = input->needs;
	bool is_blind = needs->blind_keyboards != NULL;
	/* A keyboard that nobody knows of may hang on any of them. */
	bool takes_hosts = !needs->knows_keyboards && takes_all(plan, input->inventory, REASON_LAST_INPUT, is_usb_host);

	if (!is_blind && !takes_last_keyboard(plan, needs, takes_hosts))
		return;
	for (size_t i = 0; i < plan->n_entries; i++) {
		struct plan_entry *entry = &plan->entries[i];
		const char *use;

		if (entry->device == NULL || !is_usb_host(entry->device) || entry->rule->allow_last_input)
			continue;
		use = known_use(needs, entry->device, NEED_KEYBOARD);
		if (!is_blind && !takes_hosts && use == NULL)
			continue;
		entry->reasons |= BIT(REASON_LAST_INPUT);
		if (entry->use == NULL && !is_blind)
			entry->use = use;
	}
}

/* A bridge met by chance is left alone; one that was named, or a host bridge that a native driver needs, is refused. */
static enum verdict bridge_verdict(const struct plan_entry *entry)
{
	if (entry->match == MATCH_EXACT)
		return VERDICT_REFUSE;
	if (device_is_bridge(entry->device))
		return VERDICT_SKIP;
	return entry->device->driver[0] == '\0' || device_is_vfio_driver(entry->device->driver) ? VERDICT_SKIP
												: VERDICT_REFUSE;
}

enum verdict plan_verdict_of(const struct plan_entry *entry)
{
	switch (entry->reason) {
	case REASON_BOUND:
		return VERDICT_BOUND;
	case REASON_CMDLINE:
	case REASON_ON_BOUND:
	case REASON_NOT_BOUND:
	case REASON_ABSENT:
	case REASON_VFS:
		return VERDICT_SKIP;
	case REASON_CONSOLE:
		return entry->is_boot_vga ? VERDICT_SKIP : VERDICT_REFUSE;
	case REASON_BRIDGE:
		return bridge_verdict(entry);
	case REASON_IDENTITY:
	case REASON_NO_IOMMU:
	case REASON_DENYLIST:
	case REASON_HAS_VFS:
	case REASON_STORAGE:
	case REASON_NETWORK:
	case REASON_LAST_INPUT:
	case REASON_OPEN:
	case REASON_NO_DRIVER:
	case REASON_GROUP:
		return VERDICT_REFUSE;
	case REASON_MODULE:
	case REASON_UNBIND:
	case REASON_STUCK:
	case REASON_PROBE:
		return VERDICT_FAIL;
	case REASON_NONE:
		break;
	}
	return VERDICT_BIND;
}
