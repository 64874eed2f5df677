/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's side of automatic disarm. `arm` takes the probation back to its beginning; `boot-ok`, as a service, waits
 * until this boot has ended well, and marks it. It is told of a shutdown by SIGTERM, as any service.
 */
#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>

#include "binder/disarm.h"
#include "binder/efivar.h"
#include "binder/policy.h"
#include "binder/report.h"
#include "host/commands.h"
#include "lib/child.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/paths.h"

/* Without a word behind boot-ok: for how long this boot has to last (seconds). */
#define BOOT_OK_DEFAULT 300
#define BOOT_OK_MAX 86400

/* Between two looks for a login (milliseconds). */
#define LOOK_PAUSE 1000

#define SESSION_MAX 65536

/* Opens the directory and reads. Returns a descriptor, or -1 when the reason was said. */
static int open_probation(int root, struct probation *ret)
{
	int directory = efivar_open(root, false);
	int result = directory < 0 ? directory : probation_read(directory, ret);

	if (result >= 0)
		return directory;
	if (result == -ENODEV)
		log_info("this machine was not started by EFI, so there is no automatic disarm; nothing was changed");
	else
		log_error("cannot read the EFI variables below /" PATH_EFIVARS ": %s; nothing was changed",
			  strerror(-result));
	util_close_fd(&directory);
	return -1;
}

/* What --json tells of arm and boot-ok. NULL: the variables were not read. */
struct outcome {
	const char *before, *after; /* of probation_name() */
};

static int finish(const struct options *options, const char *command, const struct outcome *outcome, int code)
{
	cJSON *document;

	if (!options->json)
		return code;
	document = cJSON_CreateObject();
	cJSON_AddNumberToObject(document, "version", 1);
	cJSON_AddStringToObject(document, "command", command);
	cJSON_AddItemToObject(document, "before",
			      outcome->before != NULL ? cJSON_CreateString(outcome->before) : cJSON_CreateNull());
	cJSON_AddItemToObject(document, "probation",
			      outcome->after != NULL ? cJSON_CreateString(outcome->after) : cJSON_CreateNull());
	report_emit_json(document);
	return code;
}

static int arm(const struct options *options, int root, struct outcome *outcome)
{
	struct probation found;
	cleanup_close int directory = open_probation(root, &found);
	int result;

	if (directory < 0)
		return EXIT_FAILURE;
	outcome->before = outcome->after = probation_name(found.state);
	if (found.state == PROBATION_NONE || found.state == PROBATION_PROVEN) {
		if (!options->json)
			printf("vfiokit is armed already; nothing was changed.\n");
		return 0;
	}
	result = efivar_remove(directory);
	if (result < 0) {
		log_error("cannot remove the EFI variable " EFIVAR_NAME ": %s (are you root?); nothing was changed",
			  strerror(-result));
		return EXIT_FAILURE;
	}
	outcome->after = probation_name(PROBATION_NONE);
	if (!options->json)
		printf("vfiokit is armed: the next boot binds what the policy says, on probation.\n");
	return 0;
}

int command_arm(const struct options *options, int root)
{
	struct outcome outcome = { 0 };

	return finish(options, "arm", &outcome, arm(options, root, &outcome));
}

/* A display manager that logs somebody in by itself has a PAM service of its own for that, such as gdm-autologin. */
static bool is_automatic(const char *session)
{
	const char *service = strstr(session, "\nSERVICE=");
	size_t length = service != NULL ? strcspn(service + 1, "\n") : 0, tail = strlen("-autologin");

	return length > tail && strncmp(service + 1 + length - tail, "-autologin", tail) == 0;
}

/*
 * A session of logind's that a person opened; not a greeter, a service or a user's manager. The class of root's is
 * user-early since systemd 256; user-incomplete is not logged in yet (pam_systemd(8)).
 */
static bool is_login(int root, const char *name)
{
	static const char *const classes[] = { "user", "user-early", "user-light", "user-early-light" };
	cleanup_free char *path = util_format(PATH_SESSIONS "/%s", name), *text = NULL;
	size_t length = 0;

	if (name[0] == '.' || ends_with(name, ".ref") || file_read_start(root, path, SESSION_MAX, &text, &length) < 0 ||
	    is_automatic(text))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		cleanup_free char *line = util_format("\nCLASS=%s\n", classes[i]);

		if (starts_with(text, line + 1) || strstr(text, line) != NULL)
			return true;
	}
	return false;
}

static bool has_login(int root)
{
	DIR *list = file_open_directory(root, PATH_SESSIONS);
	const struct dirent *entry;
	bool found = false;

	while (list != NULL && !found && (entry = readdir(list)) != NULL)
		found = is_login(root, entry->d_name);
	if (list != NULL)
		closedir(list);
	return found;
}

static int write_down(int directory, const struct probation *next, struct outcome *outcome)
{
	int result = probation_write(directory, next);

	if (result < 0) {
		log_error("cannot write the EFI variable " EFIVAR_NAME ": %s; this boot stays counted as an attempt",
			  strerror(-result));
		return EXIT_FAILURE;
	}
	outcome->after = probation_name(next->state);
	return 0;
}

/* Reads it anew: somebody may have armed meanwhile. */
static int mark(int root, uint64_t boot, const char *why, struct outcome *outcome)
{
	struct probation found, next;
	cleanup_close int directory = open_probation(root, &found);

	if (directory < 0)
		return EXIT_FAILURE;
	outcome->after = probation_name(found.state);
	if (!disarm_succeed(&found, boot, &next))
		return 0;
	if (write_down(directory, &next, outcome) != 0)
		return EXIT_FAILURE;
	log_info("this boot has ended well (%s): the policy is proven", why);
	return 0;
}

static int take_back(int root, uint64_t boot, struct outcome *outcome)
{
	struct probation found, next;
	cleanup_close int directory = open_probation(root, &found);

	if (directory < 0)
		return EXIT_FAILURE;
	outcome->after = probation_name(found.state);
	if (!disarm_take_back(&found, boot, &next))
		return 0;
	log_info("stopped before this boot was proven: it counts for nothing");
	return write_down(directory, &next, outcome);
}

/* SIGTERM and SIGINT as a descriptor, so that none is missed between two looks. */
static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int wait_for_success(int root, uint64_t boot, uint64_t seconds, struct outcome *outcome)
{
	cleanup_close int signals = watch_signals();
	uint64_t end = child_now() + seconds * 1000;
	struct pollfd told = { .fd = signals, .events = POLLIN };

	for (;;) {
		uint64_t now = child_now();

		if (has_login(root))
			return mark(root, boot, "somebody has logged in", outcome);
		if (now >= end)
			return mark(root, boot, "it has lasted long enough", outcome);
		if (poll(&told, 1, end - now < LOOK_PAUSE ? (int)(end - now) : LOOK_PAUSE) > 0)
			return take_back(root, boot, outcome);
	}
}

static int boot_ok(int root, uint64_t seconds, struct outcome *outcome)
{
	uint64_t boot = disarm_boot(root);
	struct probation found, next;
	cleanup_close int directory = -1;

	if (!efivar_has_efi(root)) {
		log_info("this machine was not started by EFI, so there is no automatic disarm; nothing was changed");
		return 0;
	}
	directory = open_probation(root, &found);
	if (directory < 0)
		return EXIT_FAILURE;
	outcome->before = outcome->after = probation_name(found.state);
	/* Nothing was tried at this boot (it was switched off, say), or it was proven before. */
	if (!disarm_succeed(&found, boot, &next)) {
		log_info("this boot is not on probation; nothing was changed");
		return 0;
	}
	return wait_for_success(root, boot, seconds, outcome);
}

int command_boot_ok(const struct options *options, int root)
{
	uint64_t seconds = BOOT_OK_DEFAULT;
	struct outcome outcome = { 0 };

	if (options->n_words > 0 && !parse_number(options->words[0], 10, BOOT_OK_MAX, &seconds)) {
		log_error("boot-ok takes a number of seconds up to %d, not '%s'; nothing was changed", BOOT_OK_MAX,
			  options->words[0]);
		return EXIT_USAGE;
	}
	return finish(options, "boot-ok", &outcome, boot_ok(root, seconds, &outcome));
}
