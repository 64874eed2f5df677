/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/setting.h"

#include "lib/util.h"

char *setting_parse(enum setting_format format, const char *text)
{
	struct cpulist cpus;

	if (format == SETTING_WORD)
		return text[0] != '\0' && strpbrk(text, " \t\n") == NULL ? util_copy(text) : NULL;
	if (format == SETTING_LIST ? !cpulist_parse(text, &cpus) : !cpulist_parse_mask(text, &cpus))
		return NULL;
	return cpulist_is_empty(&cpus) ? NULL : cpulist_format(&cpus);
}

char *setting_format(enum setting_format format, const char *value)
{
	struct cpulist cpus = { 0 };

	if (format != SETTING_MASK)
		return util_copy(value);
	(void)cpulist_parse(value, &cpus);
	return cpulist_format_mask(&cpus);
}

/* From what it was before us. */
static char *wanted_value(const struct setting *setting, const char *former)
{
	struct cpulist cpus = { 0 };

	if (setting->format == SETTING_WORD)
		return util_copy(setting->word);
	(void)cpulist_parse(former, &cpus);
	cpulist_remove(&cpus, &setting->away);
	if (cpulist_is_empty(&cpus))
		cpus = setting->spare;
	return cpulist_is_empty(&cpus) ? util_copy(former) : cpulist_format(&cpus);
}

void setting_decide(const struct setting *setting, const char *current, const struct setting_record *record,
		    struct setting_decision *ret)
{
	const char *former = record != NULL ? record->former : current;
	bool is_ours = record != NULL && (streq(current, record->written) || streq(current, record->next));

	*ret = (struct setting_decision){ .step = SETTING_NONE };
	if (record == NULL && !setting->is_wanted)
		return;
	if (record != NULL && !setting->is_wanted && streq(current, former)) {
		ret->step = SETTING_DROP;
		return;
	}
	if (record != NULL && !is_ours) {
		ret->step = setting->is_wanted ? SETTING_FOREIGN : SETTING_FORGET;
		return;
	}
	ret->value = setting->is_wanted ? wanted_value(setting, former) : util_copy(former);
	if (!streq(ret->value, current)) {
		ret->step = SETTING_WRITE;
		return;
	}
	free(ret->value);
	ret->value = NULL;
}
