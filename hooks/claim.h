/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A claim: what one guest wants from this host, and how to tell that it still lives. One small text file per guest in
 * /run/vfiokit/claims, named by UUID, so that nothing of it outlives a boot. Claims are the whole state of the hooks:
 *each call, and the guard of each guest, drops those whose guest is gone and makes the host fit the rest.
 *
 *	vfiokit-claim 1
 *	name win10
 *	pending 123456                  until this time (CLOCK_BOOTTIME, ms) its QEMU may come; or
 *	running 4711 98765              the pid of its QEMU, and when that started (field 22 of /proc/PID/stat)
 *	slice machine.slice             which holds it: never confined
 *	cpus 2-3                        that are its own
 *	tune 1                          what is tuned for these CPUs: bits, as in conf_guest.h; left out: nothing
 *	inhibit 1                       what logind shall not do meanwhile: bits, as in conf_guest.h
 *	pages 2048 4096 0               huge pages that it needs to start: KiB each, how many, the node or "any"
 *	shm 67108864 1000 36 name       shared memory: bytes, user, group, its name below /dev/shm
 *	hold /dev/sdb                   block devices that nobody else may use
 *	check /dev/sdc                  block devices that nobody may use at the start
 */
#ifndef VFIOKIT_HOOKS_CLAIM_H
#define VFIOKIT_HOOKS_CLAIM_H

#include <sys/types.h>

#include "hooks/domain.h"
#include "hooks/pages.h"
#include "hooks/shm_want.h"
#include "lib/cpulist.h"

/* Nobody has so many; the file may come from anywhere. */
#define CLAIM_DISKS_MAX 1024
#define CLAIM_SIZE_MAX (1024 * 1024)

/* How logind is told whose inhibitor it is. The name: printable. */
#define CLAIM_INHIBITOR_WHO "vfiokit"
#define CLAIM_INHIBITOR_WHY "guest %s runs"

struct claim {
	char uuid[UUID_SIZE];
	char *name; /* owned; may hold anything: copy it printable to show it */
	bool is_running;
	uint64_t deadline; /* while it is pending */
	pid_t pid;         /* when it runs */
	uint64_t started;
	char *slice; /* owned */
	struct cpulist cpus;
	unsigned int tune;    /* of TUNE_...; nothing without CPUs */
	unsigned int inhibit; /* of INHIBIT_... */
	struct pages_want pages[PAGES_MAX];
	size_t n_pages;
	struct shm_file shm[SHM_MAX];
	size_t n_shm;
	struct domain_disk *disks; /* owned */
	size_t n_disks;
};

/* Reads the text of a claim. Returns false if it is none; then the claim is empty. Free it with claim_free(). */
bool claim_parse(struct claim *claim, const char *uuid, const char *text, size_t length);

/* Owned by the caller. A disk whose path cannot stand in a line is left out: domain paths have none such. */
char *claim_format(const struct claim *claim);
void claim_free(struct claim *claim);

/* The evidence about a claim's guest, for claim_is_alive(). */
struct claim_evidence {
	uint64_t now;     /* CLOCK_BOOTTIME, ms */
	uint64_t started; /* of the process that has its pid now; 0: there is none, or it has ended */
};

bool claim_is_alive(const struct claim *claim, const struct claim_evidence *evidence);

#endif
