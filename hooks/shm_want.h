/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wanted of a file of shared memory: as the user says it, and as a claim has it. See shm.h. */
#ifndef VFIOKIT_HOOKS_SHM_WANT_H
#define VFIOKIT_HOOKS_SHM_WANT_H

#include <stdint.h>
#include <sys/types.h>

/* Files that one guest may want, and their names and those of users (Linux and shadow: 32 bytes). */
#define SHM_MAX 4
#define SHM_NAME_SIZE 64
#define SHM_USER_SIZE 33

struct shm_want {
	char name[SHM_NAME_SIZE];
	uint64_t size; /* bytes */
	char user[SHM_USER_SIZE], group[SHM_USER_SIZE];
};

struct shm_file {
	char name[SHM_NAME_SIZE];
	uint64_t size;
	uid_t uid;
	gid_t gid;
};

#endif
