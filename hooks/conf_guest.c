/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/conf_guest.h"

#include "hooks/shm.h"
#include "lib/parse.h"
#include "lib/util.h"

const struct guest_settings guest_settings_built_in = {
	.isolate = ISOLATE_NO,
	.siblings = SIBLINGS_WARN,
	.inhibit = INHIBIT_AUTO,
	.claim_disks = CLAIM_YES,
	.hugepages = PAGES_NO,
	.has_shm = true,
	.has_require = true,
	.has_metadata = true,
};

/* Words that stand for bits, in lists. */
struct word_bit {
	const char *word, *logind;
	unsigned int bit;
};

static const struct word_bit inhibit_words[] = {
	{ "sleep", "sleep", INHIBIT_SLEEP },
	{ "idle", "idle", INHIBIT_IDLE },
	{ "shutdown", "shutdown", INHIBIT_SHUTDOWN },
	{ "lid", "handle-lid-switch", INHIBIT_LID },
	{ 0 },
};

static const struct word_bit require_words[] = {
	{ "isolation", NULL, REQUIRE_ISOLATION },
	{ "devices", NULL, REQUIRE_DEVICES },
	{ "tuning", NULL, REQUIRE_TUNING },
	{ "hugepages", NULL, REQUIRE_HUGEPAGES },
	{ 0 },
};

/* Reads a list of these words, at least one. */
static bool take_bits(char *value, const struct word_bit *words, unsigned int *ret)
{
	unsigned int bits = 0;
	char *word;

	while ((word = parse_next_word(&value)) != NULL) {
		const struct word_bit *known = words;

		while (known->word != NULL && !streq(known->word, word))
			known++;
		if (known->word == NULL)
			return false;
		bits |= known->bit;
	}
	*ret = bits;
	return bits != 0;
}

/* Each returns NULL, or what was expected. value may be cut. */
typedef const char *set_value(struct guest_settings *settings, char *value);

static const char *set_isolate(struct guest_settings *settings, char *value)
{
	if (streq(value, "no"))
		settings->isolate = ISOLATE_NO;
	else if (streq(value, "pinned"))
		settings->isolate = ISOLATE_PINNED;
	else if (cpulist_parse(value, &settings->cpus) && !cpulist_is_empty(&settings->cpus))
		settings->isolate = ISOLATE_LIST;
	else
		return "no, pinned, or a list of CPUs like 2-5,10-13";
	return NULL;
}

static const char *set_siblings(struct guest_settings *settings, char *value)
{
	if (!streq(value, "warn") && !streq(value, "include"))
		return "warn or include";
	settings->siblings = streq(value, "include") ? SIBLINGS_INCLUDE : SIBLINGS_WARN;
	return NULL;
}

static const char *set_inhibit(struct guest_settings *settings, char *value)
{
	settings->inhibit = INHIBIT_LIST;
	settings->inhibit_what = 0;
	if (streq(value, "no"))
		return NULL;
	if (streq(value, "auto"))
		settings->inhibit = INHIBIT_AUTO;
	else if (!take_bits(value, inhibit_words, &settings->inhibit_what))
		return "auto, no, or any of: sleep idle shutdown lid";
	return NULL;
}

static const char *set_claim_disks(struct guest_settings *settings, char *value)
{
	if (!streq(value, "yes") && !streq(value, "no"))
		return "yes or no";
	settings->claim_disks = streq(value, "yes") ? CLAIM_YES : CLAIM_NO;
	return NULL;
}

static const char *set_require(struct guest_settings *settings, char *value)
{
	settings->has_require = true;
	settings->require = 0;
	if (streq(value, "no") || take_bits(value, require_words, &settings->require))
		return NULL;
	return "no, or any of: isolation devices tuning hugepages";
}

/* The keys of host tuning, each with one word that asks for it. */
static bool set_tune(struct guest_settings *settings, const char *value, unsigned int bit, const char *word)
{
	if (!streq(value, "no") && !streq(value, word))
		return false;
	settings->tune_said |= bit;
	settings->tune &= ~bit;
	if (streq(value, word))
		settings->tune |= bit;
	return true;
}

static const char *set_workqueues(struct guest_settings *settings, char *value)
{
	return set_tune(settings, value, TUNE_WORKQUEUES, "away") ? NULL : "no or away";
}

static const char *set_irqs(struct guest_settings *settings, char *value)
{
	return set_tune(settings, value, TUNE_IRQS, "away") ? NULL : "no or away";
}

static const char *set_governor(struct guest_settings *settings, char *value)
{
	return set_tune(settings, value, TUNE_GOVERNOR, "performance") ? NULL : "no or performance";
}

static const char *set_hugepages(struct guest_settings *settings, char *value)
{
	settings->n_pages = 0;
	if (streq(value, "no"))
		settings->hugepages = PAGES_NO;
	else if (streq(value, "auto"))
		settings->hugepages = PAGES_AUTO;
	else if (pages_parse_list(value, settings->pages, &settings->n_pages))
		settings->hugepages = PAGES_LIST;
	else
		return "no, auto, or a list of SIZE:COUNT or SIZE:COUNT@NODE like 2M:4096 1G:8@0, each pool once";
	return NULL;
}

static const char *set_shm(struct guest_settings *settings, char *value)
{
	settings->has_shm = true;
	settings->n_shm = 0;
	if (streq(value, "no") || shm_parse_list(value, settings->shm, &settings->n_shm))
		return NULL;
	return "no, or up to 4 of NAME SIZE USER:GROUP like looking-glass 64M user:kvm, each name once";
}

/* Not by "all": what a guest may do to disks, and whether a start is refused, is said by name. */
static bool is_critical(const char *key)
{
	return streq(key, "claim-disks") || streq(key, "require");
}

static unsigned int common_keys(void);

static const char *set_metadata(struct guest_settings *settings, char *value)
{
	static const char expected[] =
		"no, or any of: all, and names of other keys (all leaves out claim-disks and require)";
	const char *known;
	char *word;

	settings->has_metadata = true;
	settings->metadata = 0;
	if (streq(value, "no"))
		return NULL;
	while ((word = parse_next_word(&value)) != NULL) {
		int index = guest_settings_find_key(word, &known);

		if (streq(word, "all"))
			settings->metadata |= common_keys();
		else if (index < 0 || streq(word, "metadata"))
			return expected;
		else
			settings->metadata |= 1u << index;
	}
	return settings->metadata != 0 ? NULL : expected;
}

static const struct key {
	const char *name;
	set_value *set;
} keys[] = {
	{ "isolate-cpus", set_isolate },    { "smt-siblings", set_siblings },
	{ "workqueues", set_workqueues },   { "irqs", set_irqs },
	{ "governor", set_governor },       { "inhibit", set_inhibit },
	{ "claim-disks", set_claim_disks }, { "require", set_require },
	{ "hugepages", set_hugepages },     { "shm", set_shm },
	{ "metadata", set_metadata },
};

#define EXPECTED_KEYS                                                                                                  \
	"isolate-cpus, smt-siblings, irqs, workqueues, governor, inhibit, claim-disks, require, hugepages, shm or "    \
	"metadata"

int guest_settings_find_key(const char *key, const char **ret_expected)
{
	*ret_expected = EXPECTED_KEYS;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (streq(key, keys[i].name))
			return (int)i;
	return -1;
}

static unsigned int common_keys(void)
{
	unsigned int bits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!is_critical(keys[i].name) && !streq(keys[i].name, "metadata"))
			bits |= 1u << i;
	return bits;
}

const char *guest_settings_set(struct guest_settings *settings, size_t index, char *value)
{
	return keys[index].set(settings, value);
}

void guest_settings_overlay(struct guest_settings *settings, const struct guest_settings *more)
{
	if (more->isolate != ISOLATE_UNSET) {
		settings->isolate = more->isolate;
		settings->cpus = more->cpus;
	}
	if (more->siblings != SIBLINGS_UNSET)
		settings->siblings = more->siblings;
	if (more->inhibit != INHIBIT_UNSET) {
		settings->inhibit = more->inhibit;
		settings->inhibit_what = more->inhibit_what;
	}
	if (more->claim_disks != CLAIM_UNSET)
		settings->claim_disks = more->claim_disks;
	settings->tune = (settings->tune & ~more->tune_said) | more->tune;
	if (more->hugepages != PAGES_UNSET) {
		settings->hugepages = more->hugepages;
		settings->n_pages = more->n_pages;
		memcpy(settings->pages, more->pages, sizeof(settings->pages));
	}
	if (more->has_shm) {
		settings->has_shm = true;
		settings->n_shm = more->n_shm;
		memcpy(settings->shm, more->shm, sizeof(settings->shm));
	}
	if (more->has_metadata)
		settings->metadata = more->metadata;
	if (more->has_require)
		settings->require = more->require;
}

char *conf_inhibit_words(unsigned int what)
{
	char *text = util_copy("");

	for (const struct word_bit *known = inhibit_words; known->word != NULL; known++) {
		char *longer;

		if ((what & known->bit) == 0)
			continue;
		longer = util_format("%s%s%s", text, text[0] != '\0' ? ":" : "", known->logind);
		free(text);
		text = longer;
	}
	return text;
}
