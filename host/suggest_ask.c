/* SPDX-License-Identifier: GPL-2.0-or-later */
/* suggest --ask: the walk through the machine. */
#include <stdio.h>

#include "host/suggest.h"

static void drop_last(struct suggestion *suggestion)
{
	draft_free(&suggestion->drafts[--suggestion->n_drafts]);
}

static bool is_chosen(const struct suggestion *suggestion, const struct device *device)
{
	for (size_t i = 0; i < suggestion->n_drafts; i++) {
		const struct draft *draft = &suggestion->drafts[i];

		for (size_t j = 0; j < draft->n_members + draft->n_pulled; j++)
			if ((j < draft->n_members ? draft->members[j] : draft->pulled[j - draft->n_members]) == device)
				return true;
	}
	return false;
}

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_STOP };

static enum answer ask(const char *question)
{
	char line[64];

	for (;;) {
		size_t length;

		fprintf(stderr, "%s [y/N/q] ", question);
		if (fgets(line, sizeof(line), stdin) == NULL) {
			fprintf(stderr, "\n");
			return ANSWER_STOP;
		}
		length = strcspn(line, " \r\n");
		line[length] = '\0';
		if (length == 0 || streq(line, "n") || streq(line, "N") || streq(line, "no"))
			return ANSWER_NO;
		if (streq(line, "y") || streq(line, "Y") || streq(line, "yes"))
			return ANSWER_YES;
		if (streq(line, "q") || streq(line, "quit"))
			return ANSWER_STOP;
		fprintf(stderr, "Answer y, n, or q to stop without a policy.\n");
	}
}

static enum answer ask_device(struct suggestion *suggestion, const struct device *device)
{
	char name[NAME_SIZE];
	const struct draft *draft;
	enum answer answer;

	suggest_add(suggestion, device, true);
	draft = &suggestion->drafts[suggestion->n_drafts - 1];
	names_device(suggestion->names, device, name);
	fprintf(stderr, "\n%s  %s%s%s\n", device->address, name, device->driver[0] != '\0' ? ", held by " : "",
		device->driver);
	for (size_t i = 0; i < draft->n_members + draft->n_pulled; i++) {
		bool is_member = i < draft->n_members;
		const struct device *other = is_member ? draft->members[i] : draft->pulled[i - draft->n_members];

		if (other == device)
			continue;
		names_device(suggestion->names, other, name);
		fprintf(stderr, "  with %s  %s (%s)\n", other->address, name,
			is_member ? "a companion" : "it is in the same IOMMU group");
	}
	if (draft->refusal != NULL) {
		fprintf(stderr, "  It cannot be given now: %s\n", draft->refusal);
		drop_last(suggestion);
		return ANSWER_NO;
	}
	answer = ask("Shall a guest have it?");
	if (answer != ANSWER_YES)
		drop_last(suggestion);
	return answer;
}

/* Devices that people give away beside a GPU. */
static bool is_other_candidate(const struct suggestion *suggestion, const struct device *device)
{
	unsigned int class = device_subclass(device);

	return (class == CLASS_SERIAL_USB || class == 0x0108 || device_base_class(device) == CLASS_BASE_NETWORK) &&
	       !draft_is_virtual(suggestion->root, device);
}

static bool walk(struct suggestion *suggestion, bool gpus)
{
	for (size_t i = 0; i < suggestion->inventory->n_devices; i++) {
		const struct device *device = &suggestion->inventory->devices[i];

		if (is_chosen(suggestion, device) ||
		    (gpus ? !suggest_is_candidate(suggestion, device) : !is_other_candidate(suggestion, device)))
			continue;
		if (ask_device(suggestion, device) == ANSWER_STOP)
			return false;
	}
	return true;
}

bool suggest_ask(struct suggestion *suggestion)
{
	bool goes_on = true;

	if (suggest_lacks_console(suggestion->inventory))
		fprintf(stderr, "Nothing says which GPU carries the console: make sure that you keep that one.\n");
	goes_on = walk(suggestion, true);
	if (goes_on) {
		enum answer answer;

		fprintf(stderr, "\n");
		answer = ask("Look at USB controllers, NVMe disks and network cards as well?");
		goes_on = answer != ANSWER_STOP && (answer == ANSWER_NO || walk(suggestion, false));
	}
	fprintf(stderr, goes_on ? "\n" : "Stopped; nothing was suggested.\n");
	return goes_on;
}
