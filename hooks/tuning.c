/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/tuning.h"

#include <string.h>

#include "hooks/conf_guest.h"
#include "hooks/cpus.h"
#include "hooks/irqs.h"
#include "hooks/settings.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

struct cpulist tuning_cpus(const struct claims *claims, unsigned int bit)
{
	struct cpulist all = { 0 };

	for (size_t i = 0; i < claims->count; i++)
		if ((claims->items[i].tune & bit) != 0)
			cpulist_add(&all, &claims->items[i].cpus);
	return all;
}

/* The CPUs that the host keeps. */
static struct cpulist spare_cpus(const struct isolation_machine *machine, const struct cpulist *taken)
{
	struct cpulist spare = machine->online;

	cpulist_remove(&spare, taken);
	return spare;
}

/*
 * Work that no CPU is bound to (Linux: Documentation/core-api/workqueue.rst, "Affinity Scopes"). What is written goes
 * into force as it is, also on the CPUs of isolated partitions, until one of these changes (workqueue_set_unbound_
 * cpumask()): they are left out while guests run. What was asked for before them is given back whole.
 */
static void want_workqueues(int root, const struct claims *claims, const struct isolation_machine *machine,
			    struct settings *settings)
{
	struct cpulist taken = tuning_cpus(claims, TUNE_WORKQUEUES), isolated;
	char text[SYSFS_VALUE_SIZE];
	struct setting *setting;

	if (cpulist_is_empty(&taken))
		return;
	if (sysfs_read(root, PATH_WORKQUEUE_ISOLATED, text, sizeof(text)) == 0 && cpulist_parse_mask(text, &isolated))
		cpulist_add(&taken, &isolated);
	setting = settings_add(settings, PATH_WORKQUEUE_CPUS, SETTING_MASK);
	setting->away = taken;
	setting->spare = spare_cpus(machine, &taken);
}

/* CPUs of one clock, as cpufreq writes them: with blanks in between. */
static bool overlaps(int root, const char *policy, const struct cpulist *cpus)
{
	cleanup_free char *path = util_format(PATH_CPUFREQ "/%s/related_cpus", policy);
	char text[SYSFS_VALUE_SIZE];
	struct cpulist related;

	if (sysfs_read(root, path, text, sizeof(text)) < 0)
		return false;
	for (char *blank = strchr(text, ' '); blank != NULL; blank = strchr(blank, ' '))
		*blank = ',';
	if (!cpulist_parse(text, &related))
		return false;
	cpulist_keep(&related, cpus);
	return !cpulist_is_empty(&related);
}

/* settings: NULL: only count them. */
static size_t want_governors(int root, const struct cpulist *cpus, struct settings *settings)
{
	DIR *directory = cpulist_is_empty(cpus) ? NULL : file_open_directory(root, PATH_CPUFREQ);
	const struct dirent *entry;
	size_t n = 0;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		cleanup_free char *path = util_format(PATH_CPUFREQ "/%s/scaling_governor", entry->d_name);

		if (!starts_with(entry->d_name, "policy") || !overlaps(root, entry->d_name, cpus))
			continue;
		n++;
		if (settings != NULL)
			settings_add(settings, path, SETTING_WORD)->word = "performance";
	}
	if (directory != NULL)
		closedir(directory);
	return n;
}

/* Where nobody knows who else sees to the clock: only those that were set already. */
static void keep_governors(int root, const struct cpulist *cpus, struct settings *settings)
{
	struct settings all = { 0 };
	struct setting_records records;

	(void)want_governors(root, cpus, &all);
	settings_read_records(root, &records);
	for (size_t i = 0; i < all.count; i++)
		for (size_t k = 0; k < records.count; k++)
			if (streq(all.items[i].path, records.items[k].path))
				settings_add(settings, all.items[i].path, SETTING_WORD)->word = "performance";
	settings_free_records(&records);
	settings_free(&all);
}

bool tuning_has_governors(int root, const struct cpulist *cpus)
{
	return want_governors(root, cpus, NULL) > 0;
}

/* A CPU that is offline takes no interrupts; none is left for them only if the guests have all of those that are on. */
static int want_irqs(int root, const struct claims *claims, const struct isolation_machine *machine,
		     struct settings *settings)
{
	struct cpulist taken = tuning_cpus(claims, TUNE_IRQS);
	bool is_any = !cpulist_is_empty(&taken) || irqs_begin_away(root);
	int result;

	if (!is_any && !sysfs_exists(root, PATH_IRQS))
		return 0;
	result = irqs_tell(root, &taken, &machine->online, &settings->is_balanced);
	if (is_any)
		irqs_want(root, &taken, &machine->online, settings);
	return result;
}

int tuning_apply(int root, const struct claims *claims, int profiles)
{
	struct cpulist fast = tuning_cpus(claims, TUNE_GOVERNOR);
	struct isolation_machine machine;
	struct settings settings = { 0 };
	unsigned int wanted = 0;
	size_t refused;
	int told, result;

	for (size_t i = 0; i < claims->count; i++)
		wanted |= claims->items[i].tune;
	if (wanted == 0 && !sysfs_exists(root, PATH_SETTINGS) && !sysfs_exists(root, PATH_IRQS))
		return 0;
	result = cpus_read_machine(root, &machine);
	if (result < 0) {
		log_warning("cannot read the CPUs of this host: %s; nothing was tuned", strerror(-result));
		return result;
	}
	want_workqueues(root, claims, &machine, &settings);
	if (profiles == 0)
		(void)want_governors(root, &fast, &settings);
	else if (profiles < 0)
		keep_governors(root, &fast, &settings);
	told = want_irqs(root, claims, &machine, &settings);
	result = settings_apply(root, &settings, &refused);
	irqs_say_kept(root, refused);
	settings_free(&settings);
	return told < 0 ? told : result;
}
