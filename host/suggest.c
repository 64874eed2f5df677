/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfiokit suggest: a policy for this machine, with the reasons as comments. */
#include "host/suggest.h"

#include <cjson/cJSON.h>
#include <errno.h>

#include "binder/report.h"
#include "host/commands.h"
#include "lib/paths.h"

enum { VENDOR_ASPEED = 0x1a03, VENDOR_MATROX = 0x102b };

/* A management controller's screen: the way into a server when all else fails. */
static bool is_management(const struct device *device)
{
	return device->vendor == VENDOR_ASPEED || (device->vendor == VENDOR_MATROX && device->device >> 8 == 0x05);
}

bool suggest_is_candidate(const struct suggestion *suggestion, const struct device *device)
{
	return device_is_display(device) && !device->console && !is_management(device) &&
	       !draft_is_virtual(suggestion->root, device);
}

static bool is_screen(const struct device *device)
{
	return device_subclass(device) == CLASS_DISPLAY_VGA || device_subclass(device) == CLASS_DISPLAY_OTHER;
}

bool suggest_lacks_console(const struct inventory *inventory)
{
	bool has_screen = false;

	for (size_t i = 0; i < inventory->n_devices; i++) {
		if (inventory->devices[i].console)
			return false;
		has_screen |= is_screen(&inventory->devices[i]);
	}
	return has_screen;
}

/* gpu, gpu-2, gpu-3 ... */
static void number(struct suggestion *suggestion, struct draft *draft)
{
	size_t same = 0, length = strlen(draft->name);

	for (size_t i = 0; i + 1 < suggestion->n_drafts; i++)
		same += strncmp(suggestion->drafts[i].name, draft->name, length) == 0;
	if (same > 0)
		snprintf(draft->name + length, sizeof(draft->name) - length, "-%zu", same + 1);
}

void suggest_add(struct suggestion *suggestion, const struct device *lead, bool is_named)
{
	struct draft *draft = util_append(&suggestion->drafts, &suggestion->n_drafts, sizeof(*draft));

	*draft = (struct draft){ .lead = lead, .is_named = is_named };
	draft_make(draft, suggestion->inventory);
	number(suggestion, draft);
	draft_judge(suggestion->drafts, suggestion->n_drafts, suggestion->inventory, &suggestion->needs);
}

static void add_all(struct suggestion *suggestion)
{
	bool lacks_console = suggest_lacks_console(suggestion->inventory);

	for (size_t i = 0; i < suggestion->inventory->n_devices; i++) {
		const struct device *device = &suggestion->inventory->devices[i];

		if (!suggest_is_candidate(suggestion, device))
			continue;
		suggest_add(suggestion, device, false);
		if (lacks_console && is_screen(device)) {
			struct draft *draft = &suggestion->drafts[suggestion->n_drafts - 1];

			free(draft->refusal);
			draft->refusal = util_format("nothing says which GPU carries the console (no boot_vga, no "
						     "framebuffer), so it may be this one; if it is not, remove the "
						     "'; ', or type 'vfiokit suggest %s'",
						     device->address);
		}
	}
}

static int complain(const char *what, const char *word)
{
	fprintf(stderr, "vfiokit: suggest: %s '%s'; nothing was suggested, 'vfiokit list' shows the devices\n", what,
		word);
	return 1;
}

/* Returns an exit code. */
static int add_named(struct suggestion *suggestion, const struct options *options)
{
	for (int i = 0; i < options->n_words; i++) {
		const struct device *device;
		struct bdf bdf;
		bool is_new = true;

		if (!bdf_parse(options->words[i], &bdf)) {
			(void)complain("this is no PCI address such as 0000:03:00.0:", options->words[i]);
			return EXIT_USAGE;
		}
		device = inventory_find(suggestion->inventory, &bdf);
		if (device == NULL)
			return complain("no device is at", options->words[i]);
		if (device_is_bridge(device) || device_is_host_bridge(device))
			return complain("a bridge cannot be given to a guest:", options->words[i]);
		for (size_t j = 0; j < suggestion->n_drafts; j++)
			for (size_t k = 0; k < suggestion->drafts[j].n_members; k++)
				is_new &= suggestion->drafts[j].members[k] != device;
		if (is_new)
			suggest_add(suggestion, device, true);
	}
	return 0;
}

static size_t count_active(const struct suggestion *suggestion)
{
	size_t n = 0;

	for (size_t i = 0; i < suggestion->n_drafts; i++)
		n += suggestion->drafts[i].refusal == NULL;
	return n;
}

static void write_stays(FILE *file, const struct suggestion *suggestion)
{
	for (size_t i = 0; i < suggestion->inventory->n_devices; i++) {
		const struct device *device = &suggestion->inventory->devices[i];
		char name[NAME_SIZE];

		if (!device_is_display(device) || (!device->console && !is_management(device)))
			continue;
		names_device(suggestion->names, device, name);
		fprintf(file, "# Stays with the host: %s  %s%s(%s)\n", device->address, name,
			name[0] != '\0' ? " " : "",
			device->console ? device->console_sign : "a management controller's screen");
	}
}

/* Has somebody written rules, or what was meant to be some? The installed example has none. */
static bool has_policy(int root)
{
	const struct policy_source source = { root, NULL };
	const struct switches no_switches = { .off = false };
	struct problems problems = { 0 };
	struct policy policy = { .rules = NULL };
	bool has;

	policy_read(&policy, &source, &no_switches, &problems);
	has = policy.n_rules > 0 || problems.count > 0;
	policy_free(&policy);
	problems_free(&problems);
	return has;
}

static char *policy_text(const struct suggestion *suggestion)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (file == NULL)
		abort();
	fprintf(file,
		"# A policy for this machine, suggested by vfiokit. It changes nothing until you save it as\n"
		"# /etc/vfiokit/bind.conf, read what 'vfio-bind plan' says to it, and make the boot images again.\n"
		"# Each rule names a slot and what must be in it: if something else is there, it is left alone.\n");
	if (has_policy(suggestion->root))
		fprintf(file, "# There is a policy in /" PATH_POLICY_DIRECTORY "/" NAME_POLICY
			      " or its drop-ins already: add the rules to it that are new.\n");
	write_stays(file, suggestion);
	for (size_t i = 0; i < suggestion->n_drafts; i++) {
		fputc('\n', file);
		draft_write(file, &suggestion->drafts[i], suggestion->names);
	}
	if (suggestion->n_drafts == 0)
		fprintf(file,
			"\n# There is no GPU that a guest could have. 'vfiokit suggest ADDRESS' makes a rule for any "
			"device.\n");
	fclose(file);
	return text;
}

static cJSON *addresses(const struct device *const *list, size_t n)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(array, cJSON_CreateString(list[i]->address));
	return array;
}

static void emit_json(const struct suggestion *suggestion, const char *text, const struct problems *problems)
{
	cJSON *document = cJSON_CreateObject(), *rules;

	cJSON_AddNumberToObject(document, "version", 1);
	cJSON_AddStringToObject(document, "command", "suggest");
	rules = cJSON_AddArrayToObject(document, "rules");
	for (size_t i = 0; i < suggestion->n_drafts; i++) {
		const struct draft *draft = &suggestion->drafts[i];
		cJSON *rule = cJSON_CreateObject();

		cJSON_AddStringToObject(rule, "name", draft->name);
		cJSON_AddBoolToObject(rule, "active", draft->refusal == NULL);
		cJSON_AddItemToObject(rule, "devices", addresses(draft->members, draft->n_members));
		cJSON_AddItemToObject(rule, "pulled_in", addresses(draft->pulled, draft->n_pulled));
		if (draft->refusal != NULL)
			cJSON_AddStringToObject(rule, "message", draft->refusal);
		else
			cJSON_AddNullToObject(rule, "message");
		cJSON_AddItemToArray(rules, rule);
	}
	cJSON_AddStringToObject(document, "policy", text);
	report_add_errors(document, problems);
	report_emit_json(document);
}

static int suggest(struct suggestion *suggestion, const struct options *options, const struct problems *problems)
{
	cleanup_free char *text = NULL;
	int code = 0;

	if (options->n_words > 0)
		code = add_named(suggestion, options);
	else if (options->ask && !suggest_ask(suggestion))
		code = 1;
	else if (!options->ask)
		add_all(suggestion);
	if (code != 0)
		return code;
	text = policy_text(suggestion);
	if (options->json)
		emit_json(suggestion, text, problems);
	else
		fputs(text, stdout);
	return count_active(suggestion) > 0 ? 0 : 1;
}

int command_suggest(const struct options *options, int root)
{
	struct inventory inventory;
	struct problems problems = { 0 };
	struct suggestion suggestion = { .inventory = &inventory, .root = root };
	const struct policy no_policy = { .rules = NULL };
	int result, code = 1;

	if (options->ask && (options->n_words > 0 || options->json || !isatty(STDIN_FILENO))) {
		fprintf(stderr,
			"vfiokit: suggest: --ask needs a terminal, and neither addresses nor --json; nothing was "
			"suggested\n");
		return EXIT_USAGE;
	}
	result = inventory_scan(&inventory, root, &problems);
	if (result < 0) {
		fprintf(stderr,
			"vfiokit: suggest: cannot list the PCI devices in /" PATH_DEVICES ": %s (is /sys "
			"mounted?); nothing was suggested\n",
			strerror(-result));
	} else {
		inventory_complete(&inventory, root, &no_policy, true);
		needs_scan(&suggestion.needs, root);
		suggestion.names = names_open();
		code = suggest(&suggestion, options, &problems);
		names_close(suggestion.names);
	}
	for (size_t i = 0; i < suggestion.n_drafts; i++)
		draft_free(&suggestion.drafts[i]);
	free(suggestion.drafts);
	needs_free(&suggestion.needs);
	inventory_free(&inventory);
	problems_free(&problems);
	return code;
}
