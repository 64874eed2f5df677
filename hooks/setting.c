/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/setting.h"

#include "lib/util.h"

char *setting_parse(enum setting_format format, const char *text)
{
	struct cpulist cpus;

	if (format == SETTING_WORD)
		return text[0] != '\0' && strpbrk(text, " \t\n") == NULL ? util_copy(text) : NULL;
	if (format == SETTING_IRQ ? !cpulist_parse(text, &cpus) : !cpulist_parse_mask(text, &cpus))
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

static char *begin_with(const struct setting *setting, const char *cpus)
{
	struct cpulist set = { 0 }, near;

	(void)cpulist_parse(cpus, &set);
	cpulist_keep(&set, &setting->online);
	if (cpulist_is_empty(&set))
		set = setting->online;
	near = set;
	cpulist_keep(&near, &setting->near);
	return cpulist_format(cpulist_is_empty(&near) ? &set : &near);
}

char *setting_born(const struct setting *setting, const char *current, const struct setting_record *born)
{
	const char *const ours[] = { born->written, born->next };

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		cleanup_free char *begun = begin_with(setting, ours[i]);

		if (streq(current, begun))
			return begin_with(setting, born->former);
		if (streq(current, ours[i]))
			return util_copy(born->former);
	}
	return util_copy(current);
}

/* From what it was before us. */
static char *wanted_value(const struct setting *setting, const char *former)
{
	struct cpulist cpus = { 0 }, usable;

	if (setting->format == SETTING_WORD)
		return util_copy(setting->word);
	(void)cpulist_parse(former, &cpus);
	cpulist_remove(&cpus, &setting->away);
	usable = cpus;
	cpulist_keep(&usable, &setting->spare);
	if (cpulist_is_empty(&usable))
		cpus = setting->spare; /* what is left is none that is online */
	return cpulist_is_empty(&cpus) ? util_copy(former) : cpulist_format(&cpus);
}

/* Somebody else has changed it. */
static enum setting_step decide_foreign(const struct setting *setting, const char *current)
{
	struct cpulist left = { 0 };

	if (setting->format == SETTING_IRQ && setting->is_balanced)
		return setting->is_wanted ? SETTING_NONE : SETTING_DROP;
	if (!setting->is_wanted)
		return SETTING_FORGET;
	if (setting->format != SETTING_IRQ)
		return SETTING_FOREIGN;
	(void)cpulist_parse(current, &left);
	cpulist_keep(&left, &setting->away);
	return cpulist_is_empty(&left) ? SETTING_NONE : SETTING_FOREIGN;
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
		ret->step = decide_foreign(setting, current);
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
