/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that vfio-bind and vfiokit share. */
#ifndef VFIOKIT_OPTIONS_H
#define VFIOKIT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/bdf.h"

#ifndef VFIOKIT_VERSION
#define VFIOKIT_VERSION "0.1"
#endif

/* Exit code of a command line that makes no sense, and of a policy with errors. */
#define EXIT_USAGE 2

/* "boot" ends after this time whatever happens (seconds). */
#define DEADLINE_DEFAULT 10
#define DEADLINE_MAX 300

struct request;

struct options {
	const char *root;
	const char *policy; /* NULL: the root's own */
	bool json;
	bool verbose;
	unsigned int deadline; /* seconds */
	const char *kernel;    /* a kernel's release; NULL: the running one */
	const char *output;    /* NULL if not given */
	bool list, explain, booster, needs;
	char *const *words; /* what stands behind the command */
	int n_words;
	bool has_device;
	struct bdf device; /* the one function that this run is about */
	bool udev;         /* properties for a udev rule instead of lines */
	const char *graph; /* "dot" or "svg"; NULL if not given */
	bool has_hostdev;
	struct bdf hostdev;            /* whose XML is wanted */
	bool ask;                      /* questions on the terminal */
	bool rom;                      /* look into option ROMs */
	const struct request *request; /* of vfiokit bind and release; NULL otherwise; borrowed */
	const char *allow; /* guards that a bind waives, as the policy's key lists them; NULL if not given */
	bool all;          /* every device, instead of those named */
	bool even_if_open; /* take a device also if something has it open */
	bool quiet;        /* only what no earlier run of this boot has said */
	void (*show_line)(const char *line); /* how vfiokit prints the lines of status; NULL: as they are */
	bool help, version;
};

/* Which commands take an option that not all of them take. */
enum {
	TAKES_DEADLINE = 1 << 0,
	TAKES_IMAGE = 1 << 1,
	TAKES_DEVICE = 1 << 2,
	TAKES_UDEV = 1 << 3,
	TAKES_QUIET = 1 << 4,
	TAKES_OPEN = 1 << 5,
	TAKES_ALLOW = 1 << 6,
	TAKES_ALL = 1 << 7,
	TAKES_NEEDS = 1 << 13,
	TAKES_ASK = 1 << 12,
	TAKES_LIST = 1 << 14,
	TAKES_ROM = 1 << 15,
};

struct command {
	const char *name;
	const char *help; /* one line */
	/* root: descriptor of options->root. Returns the exit code. */
	int (*run)(const struct options *options, int root);
	unsigned int takes; /* of TAKES_... */
	int max_words;      /* behind the command */
};

/* What an option is called, and what becomes of it. */
struct option_row {
	const char *name, *value, *help; /* value: what stands for it in --help; NULL: it has none */
	char letter;                     /* 0 if it has none */
	unsigned int takes;              /* only for commands that take this; 0: for all */
	/* Reads the value. Returns -1 to go on, or the exit code. NULL: the member below is all that it sets. */
	int (*take)(const char *value, struct options *options, const char *program);
	size_t member; /* offset in struct options: of a bool, or with a value of a const char * that borrows it */
};

struct program {
	const char *name;
	const char *purpose;              /* one sentence, for --help */
	const struct command *commands;   /* the last one has no name */
	const struct option_row *options; /* its own, behind those that both have; the last one has no name; or NULL */
};

/* Says what is wrong with the command line; word: the one that is, or NULL. Returns EXIT_USAGE. */
int options_complain(const char *program, const char *what, const char *word);

/*
 * Reads the command line, prints help or the version where asked, opens the root and runs the command. Options stand
 * before or after the command. Returns the exit code.
 */
int options_main(int argc, char **argv, const struct program *program);

#endif
