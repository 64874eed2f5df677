/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/irqs.h"

#include <errno.h>

#include "hooks/claims.h"
#include "hooks/irqbalance.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/paths.h"
#include "lib/sysfs.h"
#include "lib/util.h"

#define HEADER "vfiokit-irqs 1"
#define SIZE_MAX_FILE (256 * 1024)

/* --- what is remembered ------------------------------------------------------------------------------------------ */

static bool take_number(char **line, uint64_t max, uint64_t *ret)
{
	const char *word = strsep(line, " ");

	return word != NULL && parse_number(word, 10, max, ret);
}

static bool take_cpus(char **line, struct cpulist *ret)
{
	const char *word = strsep(line, " ");

	*ret = (struct cpulist){ 0 };
	return word != NULL && (streq(word, "-") || (cpulist_parse(word, ret) && !cpulist_is_empty(ret)));
}

static bool take_balancer(char *line, struct irqs_memory *memory)
{
	uint64_t pid;

	if (!take_number(&line, INT32_MAX, &pid) || pid == 0 || memory->pid != 0 ||
	    !take_number(&line, UINT64_MAX, &memory->started) || !take_cpus(&line, &memory->former) ||
	    !take_cpus(&line, &memory->written) || !take_cpus(&line, &memory->next) || line != NULL)
		return false;
	memory->pid = (pid_t)pid;
	return true;
}

static bool take_line(char *line, struct irqs_memory *memory)
{
	const char *word = strsep(&line, " ");
	uint64_t kept;

	if (line != NULL && streq(word, "irqbalance"))
		return take_balancer(line, memory);
	if (!streq(word, "kept") || !take_number(&line, INT32_MAX, &kept) || line != NULL)
		return false;
	memory->kept = (size_t)kept;
	return true;
}

bool irqs_parse(struct irqs_memory *memory, const char *text, size_t length)
{
	cleanup_free char *copy = util_copy(text);
	char *rest = copy, *line = strsep(&rest, "\n");

	*memory = (struct irqs_memory){ 0 };
	if (strlen(text) != length || !streq(line, HEADER))
		return false;
	while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0')
		if (!take_line(line, memory)) {
			*memory = (struct irqs_memory){ 0 };
			return false;
		}
	return true;
}

static char *format_cpus(const struct cpulist *cpus)
{
	return cpulist_is_empty(cpus) ? util_copy("-") : cpulist_format(cpus);
}

char *irqs_format(const struct irqs_memory *memory)
{
	cleanup_free char *former = format_cpus(&memory->former), *written = format_cpus(&memory->written);
	cleanup_free char *next = format_cpus(&memory->next);

	if (memory->pid == 0)
		return util_format(HEADER "\nkept %zu\n", memory->kept);
	return util_format(HEADER "\nkept %zu\nirqbalance %d %llu %s %s %s\n", memory->kept, (int)memory->pid,
			   (unsigned long long)memory->started, former, written, next);
}

void irqs_recall(int root, struct irqs_memory *ret)
{
	cleanup_free char *text = NULL;
	size_t length = 0;

	*ret = (struct irqs_memory){ 0 };
	if (file_read(root, PATH_IRQS, SIZE_MAX_FILE, &text, &length) == 0)
		(void)irqs_parse(ret, text, length);
}

static int remember(int root, const struct irqs_memory *memory)
{
	cleanup_free char *text = irqs_format(memory);

	if (memory->pid != 0 || memory->kept != 0)
		return file_write(root, PATH_IRQS, text, strlen(text));
	(void)file_remove(root, PATH_IRQS, 0);
	return 0;
}

/* --- irqbalance -------------------------------------------------------------------------------------------------- */

static void forget_balancer(struct irqs_memory *memory)
{
	*memory = (struct irqs_memory){ .kept = memory->kept };
}

/* Keeps away from the guests' CPUs, besides what it had to keep away from before us. */
static int ban(int root, const struct cpulist *taken, const struct cpulist *online, struct irqs_memory *memory)
{
	struct cpulist value = memory->former;
	int result;

	cpulist_add(&value, taken);
	if (cpulist_is_subset(online, &value))
		value = *taken; /* it must have one */
	if (cpulist_equal(&value, &memory->written) && cpulist_equal(&value, &memory->next))
		return 0;
	/* A call that was killed may have told it or not: then it is told now, so that only one value can be in force.
	 */
	if (!cpulist_equal(&memory->written, &memory->next)) {
		result = irqbalance_ban(root, memory->pid, &memory->next);
		if (result < 0)
			return result;
		memory->written = memory->next;
	}
	memory->next = value;
	result = remember(root, memory);
	if (result == 0)
		result = irqbalance_ban(root, memory->pid, &value);
	if (result == 0) {
		memory->written = value;
		log_info("irqbalance: keeps interrupts away from the CPUs of guests");
	}
	return result;
}

/* It tells what was in force at its last round, which may be what it had before us. */
static int lift(int root, struct irqs_memory *memory)
{
	struct cpulist now;
	int result = irqbalance_ask(root, memory->pid, &now);

	if (result < 0)
		return result;
	if (!cpulist_equal(&now, &memory->written) && !cpulist_equal(&now, &memory->next) &&
	    !cpulist_equal(&now, &memory->former)) {
		log_warning("irqbalance: somebody else has told it meanwhile which CPUs to keep away from; it was "
			    "left as it is");
	} else {
		result = irqbalance_ban(root, memory->pid, &memory->former);
		if (result < 0)
			return result;
		log_info("irqbalance: may use the CPUs of guests again");
	}
	forget_balancer(memory);
	return 0;
}

static int tell(int root, const struct cpulist *taken, const struct cpulist *online, pid_t pid, uint64_t started,
		struct irqs_memory *memory)
{
	struct irqs_memory fresh = { .kept = memory->kept, .pid = pid, .started = started };
	int result;

	if (memory->pid != 0 && (memory->pid != pid || memory->started != started))
		forget_balancer(memory); /* what it was told went with it */
	if (pid == 0)
		return 0;
	if (cpulist_is_empty(taken))
		return memory->pid != 0 ? lift(root, memory) : 0;
	if (memory->pid == 0) {
		result = irqbalance_ask(root, pid, &fresh.former);
		if (result < 0)
			return result;
		fresh.written = fresh.former;
		fresh.next = fresh.former;
		*memory = fresh;
	}
	return ban(root, taken, online, memory);
}

int irqs_tell(int root, const struct cpulist *taken, const struct cpulist *online, bool *ret_runs)
{
	struct irqs_memory memory;
	uint64_t started = 0;
	pid_t pid = irqbalance_find(root, &started);
	int result;

	irqs_recall(root, &memory);
	result = tell(root, taken, online, pid, started, &memory);
	if (result < 0)
		log_warning("irqbalance (process %d) cannot be told which CPUs to keep away from: %s; it is told "
			    "again later, and moves interrupts as before until then",
			    (int)pid, strerror(-result));
	(void)remember(root, &memory);
	*ret_runs = pid != 0;
	return result;
}

/* --- interrupts -------------------------------------------------------------------------------------------------- */

/* One that nobody has requested goes nowhere, and begins like a new one. */
static bool is_used(int root, const char *number)
{
	cleanup_free char *path = util_format(PATH_IRQ_ACTIONS "/%s/actions", number);
	char text[SYSFS_VALUE_SIZE];

	return sysfs_read(root, path, text, sizeof(text)) < 0 || text[0] != '\0';
}

/* The CPUs of the node that it is on, none if the kernel does not say. */
static struct cpulist node_of(int root, const char *number)
{
	cleanup_free char *path = util_format(PATH_IRQ "/%s/node", number), *list = NULL;
	char text[SYSFS_VALUE_SIZE];
	struct cpulist cpus = { 0 };
	uint64_t node;

	if (sysfs_read_number(root, path, &node) < 0)
		return cpus;
	list = util_format(PATH_NODES "/node%llu/cpulist", (unsigned long long)node);
	if (sysfs_read(root, list, text, sizeof(text)) == 0)
		(void)cpulist_parse(text, &cpus);
	return cpus;
}

/* With no CPUs taken: it shall be what it was. */
static struct setting *want(struct settings *settings, const char *path, enum setting_format format,
			    const struct cpulist *taken, const struct cpulist *online)
{
	struct setting *setting = settings_add(settings, path, format);

	setting->is_wanted = !cpulist_is_empty(taken);
	setting->away = *taken;
	setting->online = *online;
	setting->spare = *online;
	cpulist_remove(&setting->spare, taken);
	setting->is_balanced = settings->is_balanced;
	return setting;
}

bool irqs_begin_away(int root)
{
	struct setting_records records;
	bool is_there;

	settings_read_records(root, &records);
	is_there = settings_find_record(&records, PATH_IRQ_DEFAULT) != NULL;
	settings_free_records(&records);
	return is_there;
}

void irqs_want(int root, const struct cpulist *taken, const struct cpulist *online, struct settings *settings)
{
	DIR *directory = file_open_directory(root, PATH_IRQ);
	const struct dirent *entry;

	/* First: those that come while we look begin where they shall be. */
	(void)want(settings, PATH_IRQ_DEFAULT, SETTING_MASK, taken, online);
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		cleanup_free char *path = util_format(PATH_IRQ "/%s/smp_affinity_list", entry->d_name);
		uint64_t number;

		if (parse_number(entry->d_name, 10, UINT32_MAX, &number) && is_used(root, entry->d_name))
			want(settings, path, SETTING_IRQ, taken, online)->near = node_of(root, entry->d_name);
	}
	if (directory != NULL)
		closedir(directory);
}

void irqs_say_kept(int root, size_t kept)
{
	struct irqs_memory memory;

	irqs_recall(root, &memory);
	if (kept == memory.kept)
		return;
	if (kept > 0)
		log_info("%zu interrupt%s stay%s where the kernel keeps %s: managed by the kernel", kept,
			 kept == 1 ? "" : "s", kept == 1 ? "s" : "", kept == 1 ? "it" : "them");
	memory.kept = kept;
	(void)remember(root, &memory);
}
