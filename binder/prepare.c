/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/prepare.h"

#include <errno.h>
#include <stdio.h>

#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

#define PATH_SIZE 128

/* A capability has room for so many sizes, from 1M on (PCI_REBAR_CAP_SIZES). */
#define PREPARE_SIZES 28

const char *prepare_parse_d3cold(struct preparation *preparation, char *value)
{
	if (!streq(value, "yes") && !streq(value, "no"))
		return "yes or no";
	preparation->no_d3cold = streq(value, "no");
	return NULL;
}

/* A word that this list lacks is rather a slip than a method of a later kernel. */
static bool is_method(const char *word)
{
	static const char *const methods[] = { "device_specific", "acpi", "flr", "af_flr", "pm", "bus", "cxl_bus" };

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (streq(word, methods[i]))
			return true;
	return false;
}

const char *prepare_parse_reset_method(struct preparation *preparation, char *value)
{
	char *method = preparation->reset_method;
	size_t used = 0;
	const char *word;

	while ((word = parse_next_word(&value)) != NULL) {
		if (!is_method(word) || used + strlen(word) + 2 > PREPARE_VALUE_SIZE)
			used = PREPARE_VALUE_SIZE;
		if (used == PREPARE_VALUE_SIZE)
			break;
		used += (size_t)snprintf(method + used, PREPARE_VALUE_SIZE - used, "%s%s", used > 0 ? " " : "", word);
	}
	if (used > 0 && used < PREPARE_VALUE_SIZE)
		return NULL;
	method[0] = '\0';
	return "any of: device_specific acpi flr af_flr pm bus cxl_bus";
}

/* "256M", "8G", "1T": a power of two. Returns the exponent of its MiB, or -1. */
static int parse_size(const char *text)
{
	static const char units[] = "MGT";
	size_t digits = strspn(text, "0123456789");
	const char *unit = text[digits] != '\0' && text[digits + 1] == '\0' ? strchr(units, text[digits]) : NULL;
	char number[8];
	uint64_t value;
	int exponent = 0;

	if (unit == NULL || digits >= sizeof(number))
		return -1;
	snprintf(number, sizeof(number), "%.*s", (int)digits, text);
	if (!parse_number(number, 10, 524288, &value) || value == 0 || (value & (value - 1)) != 0)
		return -1;
	for (; value > 1; value >>= 1)
		exponent++;
	exponent += (int)(unit - units) * 10;
	return exponent < PREPARE_SIZES ? exponent : -1;
}

const char *prepare_parse_bars(struct preparation *preparation, char *value)
{
	static const char expected[] = "BAR:SIZE, each BAR (0 to 5) once, with a power of two from 1M to 128T";
	char *word;
	size_t n = 0;

	for (; (word = parse_next_word(&value)) != NULL; n++) {
		bool has_bar = word[0] >= '0' && word[0] < '0' + PREPARE_BARS && word[1] == ':';
		int size = has_bar ? parse_size(word + 2) : -1;

		if (size < 0 || preparation->bars[word[0] - '0'] != 0) {
			memset(preparation->bars, 0, sizeof(preparation->bars));
			return expected;
		}
		preparation->bars[word[0] - '0'] = (uint8_t)(size + 1);
	}
	return n > 0 ? NULL : expected;
}

/* PREPARE_BARS if it is none. */
static int bar_of(enum prepare_step step)
{
	return step >= PREPARE_BAR && step < PREPARE_BAR + PREPARE_BARS ? (int)step - PREPARE_BAR : PREPARE_BARS;
}

const char *prepare_attribute(enum prepare_step step)
{
	static const char *const names[] = {
		[PREPARE_D3COLD] = "d3cold_allowed",
		[PREPARE_BAR] = "resource0_resize",
		[PREPARE_BAR + 1] = "resource1_resize",
		[PREPARE_BAR + 2] = "resource2_resize",
		[PREPARE_BAR + 3] = "resource3_resize",
		[PREPARE_BAR + 4] = "resource4_resize",
		[PREPARE_BAR + 5] = "resource5_resize",
		[PREPARE_RESET_METHOD] = "reset_method",
		[PREPARE_AUTOPROBE] = "sriov_drivers_autoprobe",
		[PREPARE_NUMVFS] = "sriov_numvfs",
	};

	return names[step];
}

const char *prepare_name(enum prepare_step step, char name[static PREPARE_NAME_SIZE])
{
	if (bar_of(step) == PREPARE_BARS)
		return prepare_attribute(step);
	snprintf(name, PREPARE_NAME_SIZE, "BAR %d", bar_of(step));
	return name;
}

const char *prepare_value(enum prepare_step step, const char *value, char words[static PREPARE_VALUE_SIZE])
{
	uint64_t size;

	if (bar_of(step) == PREPARE_BARS || !parse_number(value, 10, PREPARE_SIZES - 1, &size))
		return value;
	snprintf(words, PREPARE_VALUE_SIZE, "%u%c", 1u << size % 10, "MGT"[size / 10]);
	return words;
}

enum prepare_step prepare_find(const char *attribute)
{
	int step = 0;

	while (step < PREPARE_STEPS && !streq(prepare_attribute((enum prepare_step)step), attribute))
		step++;
	return (enum prepare_step)step;
}

bool prepare_wants(const struct preparation *preparation, enum prepare_step step, char value[static PREPARE_VALUE_SIZE])
{
	int bar = bar_of(step);

	value[0] = '\0';
	if (bar < PREPARE_BARS && preparation->bars[bar] != 0)
		snprintf(value, PREPARE_VALUE_SIZE, "%d", preparation->bars[bar] - 1);
	else if (step == PREPARE_D3COLD)
		(void)util_copy_fixed(value, PREPARE_VALUE_SIZE, preparation->no_d3cold ? "0" : "");
	else if (step == PREPARE_RESET_METHOD)
		(void)util_copy_fixed(value, PREPARE_VALUE_SIZE, preparation->reset_method);
	return value[0] != '\0';
}

static void make_path(char path[static PATH_SIZE], const char *address, const char *name)
{
	snprintf(path, PATH_SIZE, PATH_DEVICES "/%s/%s", address, name);
}

static uint32_t read_sizes(int root, const char *address, enum prepare_step step)
{
	char path[PATH_SIZE], text[32];
	uint64_t sizes;

	make_path(path, address, prepare_attribute(step));
	if (bar_of(step) == PREPARE_BARS || sysfs_read(root, path, text, sizeof(text)) < 0 ||
	    !parse_number(text, 16, UINT64_MAX, &sizes))
		return 0;
	return (uint32_t)(sizes & ((1u << PREPARE_SIZES) - 1));
}

bool prepare_offers(int root, const char *address, enum prepare_step step, const char *value)
{
	uint64_t size;

	return bar_of(step) == PREPARE_BARS || (parse_number(value, 10, PREPARE_SIZES - 1, &size) &&
						(read_sizes(root, address, step) & 1u << size) != 0);
}

char *prepare_sizes(int root, const char *address, enum prepare_step step)
{
	char number[16], words[PREPARE_VALUE_SIZE], text[PREPARE_SIZES * 5] = "";
	uint32_t sizes = read_sizes(root, address, step);
	size_t used = 0;

	for (int size = 0; size < PREPARE_SIZES; size++) {
		snprintf(number, sizeof(number), "%d", size);
		if ((sizes & 1u << size) != 0)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used > 0 ? " " : "",
						 prepare_value(step, number, words));
	}
	return util_copy(text);
}

/* The exponent of a BAR's MiB, from its line in "resource": "START END FLAGS". */
static int read_bar(int root, const char *address, int bar, char value[static PREPARE_VALUE_SIZE])
{
	char path[PATH_SIZE], text[SYSFS_VALUE_SIZE];
	char *line = text, *start, *end;
	uint64_t first, last;
	int result, exponent = 0;

	make_path(path, address, "resource");
	result = sysfs_read(root, path, text, sizeof(text));
	if (result < 0)
		return result;
	for (; bar > 0 && line != NULL; bar--)
		line = strchr(line, '\n') != NULL ? strchr(line, '\n') + 1 : NULL;
	start = line != NULL ? parse_next_word(&line) : NULL;
	end = line != NULL ? parse_next_word(&line) : NULL;
	if (end == NULL || !parse_number(start, 16, UINT64_MAX, &first) || !parse_number(end, 16, UINT64_MAX, &last) ||
	    last <= first)
		return -ENODATA;
	for (uint64_t size = (last - first + 1) >> 20; size > 1; size >>= 1)
		exponent++;
	snprintf(value, PREPARE_VALUE_SIZE, "%d", exponent);
	return 0;
}

int prepare_read(int root, const char *address, enum prepare_step step, char value[static PREPARE_VALUE_SIZE])
{
	char path[PATH_SIZE];

	value[0] = '\0';
	make_path(path, address, prepare_attribute(step));
	if (bar_of(step) == PREPARE_BARS)
		return sysfs_read(root, path, value, PREPARE_VALUE_SIZE);
	return sysfs_exists(root, path) ? read_bar(root, address, bar_of(step), value) : -ENOENT;
}

char *prepare_words(const struct preparation *preparation)
{
	char value[PREPARE_VALUE_SIZE], words[PREPARE_VALUE_SIZE], name[PREPARE_NAME_SIZE];
	char *text = util_copy("");

	for (int i = 0; i < PREPARE_STEPS; i++) {
		enum prepare_step step = (enum prepare_step)i;
		char *longer;

		if (!prepare_wants(preparation, step, value))
			continue;
		longer = util_format("%s%s%s to %s", text, text[0] != '\0' ? ", " : "", prepare_name(step, name),
				     prepare_value(step, value, words));
		free(text);
		text = longer;
	}
	return text;
}
