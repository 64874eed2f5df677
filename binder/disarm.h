/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Automatic disarm, where EFI variables exist: a policy (or record) that has not been proven is on probation. `boot`
 * (or apply early in the real root, where no boot has) notes an attempt before it binds, `vfiokit boot-ok` marks
 * success; after disarm-after attempts without success nothing is bound any more until `vfiokit arm`. A proven policy
 * writes nothing.
 */
#ifndef VFIOKIT_DISARM_H
#define VFIOKIT_DISARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum probation_state {
	PROBATION_NONE,     /* no variable */
	PROBATION_FOREIGN,  /* a variable that we do not understand */
	PROBATION_TRIED,    /* the boot is counted in attempts, and has not ended well yet */
	PROBATION_RETURNED, /* it was, but it was shut down in good order before it could */
	PROBATION_PROVEN,
	PROBATION_DOWN, /* stood down, until `vfiokit arm` */
};

struct probation {
	enum probation_state state;
	unsigned int attempts; /* without success */
	uint64_t digest;       /* of what was tried */
	uint64_t boot;         /* the boot that wrote this; 0: unknown */
	size_t length;         /* of what a foreign variable holds */
};

/* The variable's content, a version in front. */
#define PROBATION_SIZE 32
void probation_format(const struct probation *probation, unsigned char data[static PROBATION_SIZE]);
/* As the report names it: "tried", "proven", "down" ... */
const char *probation_name(enum probation_state state);
struct probation probation_parse(const unsigned char *data, size_t length);

enum disarm_decision {
	DISARM_GO,         /* proven, or noted at this boot already: write nothing */
	DISARM_NOTE,       /* write next, then go */
	DISARM_STAND_DOWN, /* do not bind; write next if it differs from what was found */
	DISARM_WAIT,       /* do not bind, and write nothing: this boot has begun with another policy */
};

/*
 * Pure. digest, boot: of now; limit: disarm-after, at least 1. ret_next: what the variable is to hold.
 */
enum disarm_decision disarm_decide(const struct probation *found, uint64_t digest, uint64_t boot, unsigned int limit,
				   struct probation *ret_next);

/* Pure: what to write when this boot has ended well, or was shut down before. Returns false if nothing is to be
 * written. */
bool disarm_succeed(const struct probation *found, uint64_t boot, struct probation *ret_next);
bool disarm_take_back(const struct probation *found, uint64_t boot, struct probation *ret_next);

/* Why nothing is bound, in words. */
#define DISARM_CAUSE                                                                                                   \
	"vfiokit has stood down, because the policy was tried at several boots and none of them ended well "           \
	"(automatic "                                                                                                  \
	"disarm); 'vfiokit arm' switches it on again"

#define DISARM_CAUSE_OTHER                                                                                             \
	"this boot has begun with another policy, and automatic disarm watches that one only; make the image anew "    \
	"and "                                                                                                         \
	"reboot (vfio-bind apply --policy FILE does not wait for that)"

struct policy;
struct switches;

/* Of all that makes the plan: files of the policy, the rule of the command line, the record. */
uint64_t disarm_digest(int root, const struct policy *policy, const struct switches *switches);

/* A number for this boot; 0 if the kernel does not tell. */
uint64_t disarm_boot(int root);

/* Reads and writes it in efivar_open()'s directory. Reading: 0 or a negative errno; no variable is no error. */
int probation_read(int directory, struct probation *ret);
int probation_write(int directory, const struct probation *probation);

/* One sentence for people, with the words to type. Owned by the caller. */
char *disarm_explain(int root, unsigned int limit);

#endif
