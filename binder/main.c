/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-bind: the binder. Runs in the initramfs, in front of an init, for late devices, and by hand. */

#include <fcntl.h>
#include <sys/mman.h>

#include "binder/commands.h"
#include "lib/util.h"

#define PROGRAM "vfio-bind"

static const struct command commands[] = {
	{ "boot", "plan and apply in the initramfs: log, report, always exit 0", command_boot, TAKES_DEADLINE, 0 },
	{ "plan", "print what 'boot' would do, and why; changes nothing", command_plan,
	  TAKES_DEADLINE | TAKES_DEVICE | TAKES_UDEV, 0 },
	{ "apply", "the same on the running system; takes no device from its driver, but for --device", command_apply,
	  TAKES_DEADLINE | TAKES_DEVICE | TAKES_QUIET | TAKES_OPEN, 0 },
	{ "status", "what was done at this boot, and whether it is still so", command_status, TAKES_DEADLINE, 0 },
	{ 0 },
};

static const struct program program = { PROGRAM, "Gives PCI devices to vfio-pci as /etc/vfiokit/bind.conf says.",
					commands, NULL };

/* The command is the first word that is neither an option nor an option's value. */
static bool is_boot(int argc, char **argv)
{
	static const char *const with_value[] = { "--root", "--policy", "--deadline", "--device" };

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-')
			return streq(argv[i], "boot");
		for (size_t j = 0; j < ARRAY_SIZE(with_value); j++)
			if (streq(argv[i], with_value[j]))
				i++;
	}
	return false;
}

/* Whoever starts us without them must not see our answers in a journal that happens to have their numbers. */
static void reserve_standard_fds(void)
{
	int fd;

	if (fcntl(STDIN_FILENO, F_GETFD) >= 0 && fcntl(STDOUT_FILENO, F_GETFD) >= 0 &&
	    fcntl(STDERR_FILENO, F_GETFD) >= 0)
		return;
	do {
		fd = memfd_create("standard", MFD_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	util_close_fd(&fd);
}

int main(int argc, char **argv, char **environment)
{
	const char *slash = argv[0] != NULL ? strrchr(argv[0], '/') : NULL;
	const char *name = slash != NULL ? slash + 1 : argv[0] != NULL ? argv[0] : PROGRAM;
	bool boots = is_boot(argc, argv); /* before getopt_long() sorts the words */
	int code;

	reserve_standard_fds();
	if (init_is_first_process() || streq(name, "vfio-init"))
		return command_init(argv, environment);
	code = options_main(argc, argv, &program);
	/* Nothing that is wrong with its command line may stop a boot. */
	return boots ? 0 : code;
}
