/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfiokit check: runs the tables and shows what they found, the worst first. */
#include "host/check.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/check_rom.h"
#include "host/commands.h"
#include "host/lines.h"
#include "host/paint.h"
#include "lib/paths.h"

#define INDENT 9
#define CMDLINE_MAX 65536

void check_add(struct check *check, struct finding finding)
{
	*(struct finding *)util_append(&check->findings, &check->n_findings, sizeof(finding)) = finding;
}

bool check_is_given(const struct check *check, const struct device *device)
{
	const struct plan_entry *entry = plan_find(&check->session.plan, &device->bdf);

	return entry != NULL && (entry->verdict == VERDICT_BIND || entry->verdict == VERDICT_BOUND);
}

void check_each_given(struct check *check, void (*look)(struct check *check, const struct plan_entry *entry))
{
	for (size_t i = 0; i < check->session.plan.n_entries; i++) {
		const struct plan_entry *entry = &check->session.plan.entries[i];

		if (entry->device != NULL && check_is_given(check, entry->device))
			look(check, entry);
	}
}

/* A rule of its own: one more id in a rule with slots would shut these out, for the keys of a rule are ANDed. */
char *check_advise_rule(const struct check *check, const struct device *device)
{
	if (plan_find(&check->session.plan, &device->bdf) != NULL)
		return util_copy("A rule names it already; why it stays: vfio-bind plan");
	return util_format("Give it a rule of its own: [device card-%u] and, in the next line, %s = %s",
			   device->bdf.function, device->path != NULL ? "path" : "address",
			   device->path != NULL ? device->path : device->address);
}

bool check_read(const struct check *check, const struct device *device, const char *attribute,
		char text[static SYSFS_VALUE_SIZE])
{
	cleanup_free char *path = util_format(PATH_DEVICES "/%s/%s", device->address, attribute);

	if (sysfs_read(check->root, path, text, SYSFS_VALUE_SIZE) == 0)
		return true;
	text[0] = '\0';
	return false;
}

bool check_has_word(const struct check *check, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = strstr(check->cmdline, word); at != NULL; at = strstr(at + 1, word))
		if ((at == check->cmdline || at[-1] == ' ') && strchr(" \n", at[length]) != NULL)
			return true;
	return false;
}

static void add_kernel(struct check *check, const char *release, bool is_running)
{
	struct check_kernel *kernel = &check->kernels[check->n_kernels];

	if (util_copy_fixed(kernel->release, sizeof(kernel->release), release) && release[0] != '\0') {
		cleanup_free char *directory = util_format("lib/modules/%s", release);

		kernel->is_running = is_running;
		kernel->has_modules = sysfs_find(check->root, directory) != -ENOENT;
		check->n_kernels++;
	}
}

/* The newest of those that have modules is what boot loaders take by default. */
static void find_kernels(struct check *check)
{
	const char *running = check->session.inventory.release, *newest = NULL;
	size_t n;
	char **names = lines_list_directory(check->root, "lib/modules", "", &n);

	for (size_t i = 0; i < n; i++) {
		cleanup_free char *index = util_format("lib/modules/%s/modules.dep", names[i]);

		if (sysfs_exists(check->root, index) && (newest == NULL || strverscmp(names[i], newest) > 0))
			newest = names[i];
	}
	add_kernel(check, running, true);
	if (newest != NULL && !streq(newest, running))
		add_kernel(check, newest, false);
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static void run_all(struct check *check)
{
	static const struct check_item *const tables[] = { check_policy_items, check_boot_items,    check_record_items,
							   check_kernel_items, check_image_items,   check_rival_items,
							   check_device_items, check_prepare_items, check_host_items };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct check_item *item = tables[i]; item->subject != NULL; item++)
			item->run(check);
}

static const char *severity_name(enum severity severity)
{
	static const char *const names[] = { "hint", "warning", "error" };

	return names[severity];
}

static void show(const struct finding *finding)
{
	static const enum paint paints[] = { PAINT_BLUE, PAINT_YELLOW, PAINT_RED };
	cleanup_free char *what = util_format("%s%s%s", finding->where != NULL ? finding->where : "",
					      finding->where != NULL ? ": " : "", finding->what);

	printf("%s%-*s%s", paint_on(paints[finding->severity]), INDENT, severity_name(finding->severity), paint_off());
	/* The label was printed already, so that its colour does not count as columns. */
	paint_paragraph_behind(INDENT, what);
	paint_paragraph("", INDENT, finding->why);
	printf("%*s%s", INDENT, "", paint_on(PAINT_BOLD));
	paint_paragraph_behind(INDENT, finding->todo);
	printf("%s\n", paint_off());
}

/* What is good; the rest are findings. */
static void show_rom(const struct check_rom *rom)
{
	cleanup_free char *text = rom->message != NULL ? util_format("%s: %s", rom->address, rom->message) : NULL;

	if (text == NULL)
		return;
	printf("%s%-*s%s", paint_on(PAINT_GREEN), INDENT, "ok", paint_off());
	paint_paragraph_behind(INDENT, text);
}

static size_t count(const struct check *check, enum severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < check->n_findings; i++)
		n += check->findings[i].severity == severity;
	return n;
}

static void show_all(const struct check *check)
{
	size_t errors = count(check, SEVERITY_ERROR), warnings = count(check, SEVERITY_WARNING);
	size_t hints = count(check, SEVERITY_HINT);

	paint_setup();
	for (size_t i = 0; i < check->n_roms; i++)
		show_rom(&check->roms[i]);
	for (int severity = SEVERITY_ERROR; severity >= SEVERITY_HINT; severity--)
		for (size_t i = 0; i < check->n_findings; i++)
			if (check->findings[i].severity == (enum severity)severity)
				show(&check->findings[i]);
	if (check->n_findings == 0 && check->n_roms == 0)
		printf("Nothing to complain about. What the next boot gives away: vfio-bind plan\n");
	else if (check->n_findings > 0)
		printf("%zu error%s, %zu warning%s, %zu hint%s; nothing was changed\n", errors, errors == 1 ? "" : "s",
		       warnings, warnings == 1 ? "" : "s", hints, hints == 1 ? "" : "s");
}

static void emit_roms(const struct check *check, cJSON *array)
{
	for (size_t i = 0; i < check->n_roms; i++) {
		const struct check_rom *rom = &check->roms[i];
		cJSON *object = cJSON_CreateObject(), *images;

		cJSON_AddStringToObject(object, "address", rom->address);
		cJSON_AddStringToObject(object, "state", rom->state);
		images = cJSON_AddArrayToObject(object, "images");
		for (size_t j = 0; j < rom->rom.n_images; j++) {
			const struct rom_image *image = &rom->rom.images[j];
			cleanup_free char *id = util_format("%04x:%04x", image->vendor, image->device);
			cJSON *item = cJSON_CreateObject();
			char words[ROM_TEXT_SIZE];

			cJSON_AddStringToObject(item, "type", rom_image_text(image, words));
			cJSON_AddNumberToObject(item, "code", image->code);
			cJSON_AddStringToObject(item, "id", id);
			cJSON_AddNumberToObject(item, "bytes", (double)image->size);
			cJSON_AddItemToArray(images, item);
		}
		cJSON_AddItemToArray(array, object);
	}
}

static void emit_json(const struct check *check)
{
	cJSON *document = cJSON_CreateObject(), *array;

	cJSON_AddNumberToObject(document, "version", 1);
	cJSON_AddStringToObject(document, "command", "check");
	array = cJSON_AddArrayToObject(document, "kernels");
	for (size_t i = 0; i < check->n_kernels; i++)
		cJSON_AddItemToArray(array, cJSON_CreateString(check->kernels[i].release));
	if (check->n_roms > 0)
		emit_roms(check, cJSON_AddArrayToObject(document, "roms"));
	array = cJSON_AddArrayToObject(document, "findings");
	for (size_t i = 0; i < check->n_findings; i++) {
		const struct finding *finding = &check->findings[i];
		cJSON *object = cJSON_CreateObject();

		cJSON_AddStringToObject(object, "severity", severity_name(finding->severity));
		cJSON_AddStringToObject(object, "name", finding->name);
		cJSON_AddItemToObject(object, "where",
				      finding->where != NULL ? cJSON_CreateString(finding->where) : cJSON_CreateNull());
		cJSON_AddStringToObject(object, "what", finding->what);
		cJSON_AddStringToObject(object, "why", finding->why);
		cJSON_AddStringToObject(object, "todo", finding->todo);
		cJSON_AddItemToArray(array, object);
	}
	report_emit_json(document);
}

static void free_all(struct check *check)
{
	for (size_t i = 0; i < check->n_findings; i++) {
		free(check->findings[i].where);
		free(check->findings[i].what);
		free(check->findings[i].todo);
	}
	for (size_t i = 0; i < check->n_roms; i++)
		free(check->roms[i].message);
	free(check->roms);
	free(check->findings);
	free(check->cmdline);
	rivals_free(&check->rivals);
	session_free(&check->session);
}

static void check_all(struct check *check)
{
	char text[CMDLINE_MAX];

	session_plan(&check->session, "check", check->options, check->root, NULL);
	check->cmdline = util_copy(sysfs_read(check->root, PATH_CMDLINE, text, sizeof(text)) == 0 ? text : "");
	rivals_find(&check->rivals, check->root);
	find_kernels(check);
	run_all(check);
}

/* What stands behind the command goes with --rom only. Returns 0 or the exit code. */
static int take_addresses(struct check *check)
{
	const struct options *options = check->options;

	if (!options->rom && options->n_words > 0)
		return options_complain("vfiokit", "check takes addresses only with --rom, not", options->words[0]);
	if (options->rom && options->n_words == 0)
		return options_complain("vfiokit", "check --rom takes addresses", NULL);
	for (int i = 0; i < options->n_words; i++) {
		struct check_rom *rom = util_append(&check->roms, &check->n_roms, sizeof(*rom));

		if (!bdf_parse(options->words[i], &rom->bdf))
			return options_complain("vfiokit", "expected an address such as 0000:03:00.0, not",
						options->words[i]);
	}
	return 0;
}

static int exit_code(const struct check *check)
{
	if (count(check, SEVERITY_ERROR) > 0)
		return 2;
	return count(check, SEVERITY_WARNING) > 0 ? 1 : 0;
}

int command_check(const struct options *options, int root)
{
	struct check check = { .root = root, .options = options, .session = { .efivars = -1 } };
	int code = take_addresses(&check);

	if (code == 0 && options->rom)
		code = check_roms(&check);
	else if (code == 0)
		check_all(&check);
	if (code == 0) {
		if (options->json)
			emit_json(&check);
		else
			show_all(&check);
		code = exit_code(&check);
	}
	free_all(&check);
	return code;
}
