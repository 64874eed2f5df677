/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/records.h"

#include "lib/file.h"
#include "lib/paths.h"
#include "lib/util.h"

#define HEADER "vfiokit-cpus 1"
#define RECORDS_MAX (1024 * 1024)

static bool take_list(char **line, struct cpulist *ret)
{
	char *word = strsep(line, " ");

	return word != NULL && word[0] != '\0' && cpulist_parse(streq(word, "-") ? "" : word, ret);
}

bool records_parse(struct unit_records *records, const char *text, size_t length)
{
	cleanup_free char *copy = util_copy(text);
	char *rest = copy, *line = strsep(&rest, "\n");

	*records = (struct unit_records){ 0 };
	if (strlen(text) != length || !streq(line, HEADER))
		return false;
	while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0') {
		char *unit = strsep(&line, " ");
		struct unit_record record = { 0 };

		if (unit[0] == '\0' || unit[0] == '.' || strchr(unit, '/') != NULL ||
		    !take_list(&line, &record.former) || !take_list(&line, &record.written) ||
		    !take_list(&line, &record.next) || line != NULL) {
			records_free(records);
			return false;
		}
		record.unit = util_copy(unit);
		*(struct unit_record *)util_append(&records->items, &records->count, sizeof(record)) = record;
	}
	return true;
}

static void add_list(char **text, const struct cpulist *list, const char *end)
{
	cleanup_free char *cpus = cpulist_format(list);
	char *longer = util_format("%s%s%s", *text, cpus[0] != '\0' ? cpus : "-", end);

	free(*text);
	*text = longer;
}

char *records_format(const struct unit_records *records)
{
	char *text = util_copy(HEADER "\n");

	for (size_t i = 0; i < records->count; i++) {
		char *longer = util_format("%s%s ", text, records->items[i].unit);

		free(text);
		text = longer;
		add_list(&text, &records->items[i].former, " ");
		add_list(&text, &records->items[i].written, " ");
		add_list(&text, &records->items[i].next, "\n");
	}
	return text;
}

void records_read(int root, struct unit_records *ret)
{
	cleanup_free char *text = NULL;
	size_t length = 0;

	*ret = (struct unit_records){ 0 };
	if (file_read(root, PATH_CPUS, RECORDS_MAX, &text, &length) == 0)
		(void)records_parse(ret, text, length);
}

void records_free(struct unit_records *records)
{
	for (size_t i = 0; i < records->count; i++)
		free(records->items[i].unit);
	free(records->items);
	*records = (struct unit_records){ 0 };
}

struct unit_record *records_find(const struct unit_records *records, const char *unit)
{
	for (size_t i = 0; i < records->count; i++)
		if (streq(records->items[i].unit, unit))
			return &records->items[i];
	return NULL;
}

void records_drop(struct unit_records *records, const char *unit)
{
	struct unit_record *record = records_find(records, unit);

	if (record == NULL)
		return;
	free(record->unit);
	*record = records->items[records->count - 1];
	records->count--;
}

int records_write(int root, const struct unit_records *records)
{
	cleanup_free char *text = records_format(records);

	if (records->count == 0)
		return file_remove(root, PATH_CPUS, 0);
	return file_write(root, PATH_CPUS, text, strlen(text));
}
