/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/prepare.h"

#include <stdio.h>

#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

#define PATH_SIZE 128

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

const char *prepare_attribute(enum prepare_step step)
{
	static const char *const names[] = {
		[PREPARE_D3COLD] = "d3cold_allowed", [PREPARE_RESET_METHOD] = "reset_method"
	};

	return names[step];
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
	if (step == PREPARE_D3COLD)
		(void)util_copy_fixed(value, PREPARE_VALUE_SIZE, preparation->no_d3cold ? "0" : "");
	else
		(void)util_copy_fixed(value, PREPARE_VALUE_SIZE, preparation->reset_method);
	return value[0] != '\0';
}

int prepare_read(int root, const char *address, enum prepare_step step, char value[static PREPARE_VALUE_SIZE])
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), PATH_DEVICES "/%s/%s", address, prepare_attribute(step));
	return sysfs_read(root, path, value, PREPARE_VALUE_SIZE);
}

char *prepare_words(const struct preparation *preparation)
{
	char value[PREPARE_VALUE_SIZE];
	char *text = util_copy("");

	for (int step = 0; step < PREPARE_STEPS; step++) {
		char *longer;

		if (!prepare_wants(preparation, (enum prepare_step)step, value))
			continue;
		longer = util_format("%s%s%s to %s", text, text[0] != '\0' ? ", " : "",
				     prepare_attribute((enum prepare_step)step), value);
		free(text);
		text = longer;
	}
	return text;
}
