/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [guests] and [guest NAME] of hooks.conf: what a guest wants from its host. conf.c reads the file, this is what the
 * keys mean.
 */
#ifndef VFIOKIT_HOOKS_CONF_GUEST_H
#define VFIOKIT_HOOKS_CONF_GUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "hooks/pages.h"
#include "hooks/shm_want.h"
#include "lib/cpulist.h"

enum conf_isolate { ISOLATE_UNSET, ISOLATE_NO, ISOLATE_PINNED, ISOLATE_LIST };
enum conf_siblings { SIBLINGS_UNSET, SIBLINGS_WARN, SIBLINGS_INCLUDE };
enum conf_inhibit { INHIBIT_UNSET, INHIBIT_AUTO, INHIBIT_LIST };
enum conf_pages { PAGES_UNSET, PAGES_NO, PAGES_AUTO, PAGES_LIST };
enum conf_claim { CLAIM_UNSET, CLAIM_YES, CLAIM_NO };

/* Bits of inhibit_what. */
enum { INHIBIT_SLEEP = 1 << 0, INHIBIT_IDLE = 1 << 1, INHIBIT_SHUTDOWN = 1 << 2, INHIBIT_LID = 1 << 3 };
#define INHIBIT_ALL (INHIBIT_SLEEP | INHIBIT_IDLE | INHIBIT_SHUTDOWN | INHIBIT_LID)

/* Bits of require: what refuses the start when it cannot be had. */
enum { REQUIRE_ISOLATION = 1 << 0, REQUIRE_DEVICES = 1 << 1, REQUIRE_TUNING = 1 << 2, REQUIRE_HUGEPAGES = 1 << 3 };

/* Bits of tune: what is tuned for the CPUs that are isolated. */
enum { TUNE_WORKQUEUES = 1 << 0, TUNE_IRQS = 1 << 1, TUNE_GOVERNOR = 1 << 2 };
#define TUNE_BITS 3
#define TUNE_ALL ((1u << TUNE_BITS) - 1)

struct guest_settings {
	enum conf_isolate isolate;
	struct cpulist cpus; /* of ISOLATE_LIST */
	enum conf_siblings siblings;
	enum conf_inhibit inhibit;
	unsigned int inhibit_what; /* of INHIBIT_LIST; 0: nothing */
	enum conf_claim claim_disks;
	unsigned int tune;      /* what is wanted */
	unsigned int tune_said; /* of which this says anything, yes or no */
	enum conf_pages hugepages;
	struct pages_want pages[PAGES_MAX]; /* of PAGES_LIST */
	size_t n_pages;
	bool has_shm;
	struct shm_want shm[SHM_MAX];
	size_t n_shm;
	bool has_require;
	unsigned int require;
	bool has_metadata;
	unsigned int metadata; /* keys that the guest's own metadata may set: bits, by number */
};

/* What holds where nobody says anything. */
extern const struct guest_settings guest_settings_built_in;

/* The key's number, or -1 with the list of known ones, for a message. */
int guest_settings_find_key(const char *key, const char **ret_expected);

/* Sets the key of that number. Returns NULL, or what was expected. value may be cut. */
const char *guest_settings_set(struct guest_settings *settings, size_t index, char *value);

/* What is set in "more" replaces what is in "settings". */
void guest_settings_overlay(struct guest_settings *settings, const struct guest_settings *more);

/* The words of a list of INHIBIT_..., as logind wants them: "sleep:idle". Owned by the caller. */
char *conf_inhibit_words(unsigned int what);

#endif
