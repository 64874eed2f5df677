/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/claim.h"

#include <limits.h>

#include "hooks/conf.h"
#include "hooks/shm.h"
#include "lib/parse.h"
#include "lib/util.h"

#define HEADER "vfiokit-claim 1"
#define PID_LIMIT (1 << 22) /* PID_MAX_LIMIT of the kernel */

/* Cuts the next line off, in place. NULL at the end. */
static char *next_line(char **text)
{
	char *line = *text, *stop = strchr(line, '\n');

	if (*line == '\0')
		return NULL;
	*text = stop != NULL ? stop + 1 : line + strlen(line);
	if (stop != NULL)
		*stop = '\0';
	return line;
}

static bool take_running(struct claim *claim, char *value)
{
	char *pid = parse_next_word(&value), *started = parse_next_word(&value);
	uint64_t number;

	if (pid == NULL || started == NULL || !parse_number(pid, 10, PID_LIMIT, &number) || number == 0 ||
	    !parse_number(started, 10, UINT64_MAX, &claim->started) || claim->started == 0)
		return false;
	claim->pid = (pid_t)number;
	claim->is_running = true;
	return true;
}

static bool take_bits(unsigned int *field, unsigned int all, const char *value)
{
	uint64_t bits;

	if (!parse_number(value, 10, all, &bits))
		return false;
	*field = (unsigned int)bits;
	return true;
}

static bool take_disk(struct claim *claim, const char *path, bool is_held)
{
	if (path[0] != '/' || claim->n_disks == CLAIM_DISKS_MAX)
		return false;
	*(struct domain_disk *)util_append(&claim->disks, &claim->n_disks,
					   sizeof(*claim->disks)) = (struct domain_disk){ util_copy(path), is_held };
	return true;
}

static bool take_text(char **field, const char *value)
{
	if (*field != NULL || value[0] == '\0')
		return false;
	*field = util_copy(value);
	return true;
}

static bool take_line(struct claim *claim, char *line)
{
	char *value = strchr(line, ' ');

	if (value == NULL)
		return false;
	*value++ = '\0';
	if (streq(line, "name"))
		return take_text(&claim->name, value);
	if (streq(line, "slice"))
		return take_text(&claim->slice, value);
	if (streq(line, "pending"))
		return parse_number(value, 10, UINT64_MAX, &claim->deadline);
	if (streq(line, "running"))
		return take_running(claim, value);
	if (streq(line, "cpus"))
		return cpulist_parse(value, &claim->cpus);
	if (streq(line, "tune"))
		return take_bits(&claim->tune, TUNE_ALL, value);
	if (streq(line, "inhibit"))
		return take_bits(&claim->inhibit, INHIBIT_ALL, value);
	if (streq(line, "pages"))
		return claim->n_pages < PAGES_MAX && pages_parse_want(value, &claim->pages[claim->n_pages++]);
	if (streq(line, "shm"))
		return claim->n_shm < SHM_MAX && shm_parse_file(value, &claim->shm[claim->n_shm++]);
	if (streq(line, "hold") || streq(line, "check"))
		return take_disk(claim, value, streq(line, "hold"));
	return false;
}

bool claim_parse(struct claim *claim, const char *uuid, const char *text, size_t length)
{
	cleanup_free char *copy = util_copy(text);
	char *rest = copy, *line = next_line(&rest);
	bool good = strlen(text) == length && line != NULL && streq(line, HEADER);

	*claim = (struct claim){ 0 };
	good = good && uuid_copy(claim->uuid, uuid);
	while (good && (line = next_line(&rest)) != NULL)
		good = take_line(claim, line);
	good = good && claim->name != NULL && claim->slice != NULL && claim->is_running == (claim->deadline == 0);
	if (!good)
		claim_free(claim);
	return good;
}

static void add_line(char **text, const char *line)
{
	char *longer = util_format("%s%s\n", *text, line);

	free(*text);
	*text = longer;
}

/* The name as it is, so that libvirt's files can be found by it; but a line is a line. */
static char *copy_line(const char *text)
{
	char *copy = util_copy(text);

	for (char *c = copy; *c != '\0'; c++)
		if ((unsigned char)*c < ' ')
			*c = '?';
	return copy;
}

static void add_memory(char **text, const struct claim *claim)
{
	for (size_t i = 0; i < claim->n_pages; i++) {
		cleanup_free char *want = pages_format_want(&claim->pages[i]), *line = util_format("pages %s", want);

		add_line(text, line);
	}
	for (size_t i = 0; i < claim->n_shm; i++) {
		cleanup_free char *file = shm_format_file(&claim->shm[i]), *line = util_format("shm %s", file);

		add_line(text, line);
	}
}

char *claim_format(const struct claim *claim)
{
	cleanup_free char *cpus = cpulist_format(&claim->cpus), *name = copy_line(claim->name);
	cleanup_free char *life = NULL;
	char *text;

	if (claim->is_running)
		life = util_format("running %d %llu", claim->pid, (unsigned long long)claim->started);
	else
		life = util_format("pending %llu", (unsigned long long)claim->deadline);
	text = util_format(HEADER "\nname %s\n%s\nslice %s\ncpus %s\ninhibit %u\n", name, life, claim->slice, cpus,
			   claim->inhibit);
	if (claim->tune != 0) {
		cleanup_free char *line = util_format("tune %u", claim->tune);

		add_line(&text, line);
	}
	add_memory(&text, claim);
	for (size_t i = 0; i < claim->n_disks; i++) {
		cleanup_free char *line = util_format("%s %s", claim->disks[i].is_held ? "hold" : "check",
						      claim->disks[i].path);

		if (strchr(line, '\n') == NULL)
			add_line(&text, line);
	}
	return text;
}

void claim_free(struct claim *claim)
{
	for (size_t i = 0; i < claim->n_disks; i++)
		free(claim->disks[i].path);
	free(claim->disks);
	free(claim->name);
	free(claim->slice);
	*claim = (struct claim){ 0 };
}

bool claim_is_alive(const struct claim *claim, const struct claim_evidence *evidence)
{
	if (!claim->is_running)
		return evidence->now < claim->deadline;
	return evidence->started == claim->started;
}
