/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/content.h"

#include <blkid/blkid.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "hooks/apart.h"
#include "lib/child.h"
#include "lib/util.h"

/* For a disk that is slow, or does not answer (ms). */
#define PROBE_TIME 2000
#define TEXT_MAX 256

/* Whom the kernel takes for nobody (proc(5), overflowuid). */
#define NOBODY 65534

struct probe {
	int root, disk, output;
};

static char *identify(int fd)
{
	blkid_probe probe = blkid_new_probe();
	const char *value;
	char *text = NULL;

	if (probe == NULL)
		return NULL;
	if (blkid_probe_set_device(probe, fd, 0, 0) == 0) {
		blkid_probe_enable_superblocks(probe, 1);
		blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE);
		blkid_probe_enable_partitions(probe, 1);
		if (blkid_do_safeprobe(probe) == 0) {
			if (blkid_probe_lookup_value(probe, "TYPE", &value, NULL) == 0)
				text = util_copy_printable(value);
			else if (blkid_probe_lookup_value(probe, "PTTYPE", &value, NULL) == 0)
				text = util_format("a %s partition table", value);
		}
	}
	blkid_free_probe(probe);
	return text;
}

static bool drop_rights(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       (geteuid() != 0 || (setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
				   setresuid(NOBODY, NOBODY, NOBODY) == 0));
}

static int probe_apart(void *context)
{
	const struct probe *probe = context;
	char *text = NULL;
	size_t length;
	bool is_said;

	if (drop_rights()) {
		apart_stand(probe->root);
		text = identify(probe->disk);
	}
	length = text != NULL ? strnlen(text, TEXT_MAX) : 0;
	is_said = length > 0 && write(probe->output, text, length) == (ssize_t)length;
	free(text);
	return is_said ? 0 : 1;
}

char *content_describe(int root, int fd)
{
	int ends[2];
	struct child child;
	char text[TEXT_MAX + 1];
	ssize_t length = 0;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return NULL;
	if (child_start(&child, probe_apart, &(struct probe){ root, fd, ends[1] }) == 0 &&
	    child_wait(&child, child_now() + PROBE_TIME) == 0)
		length = read(ends[0], text, TEXT_MAX);
	close(ends[0]);
	close(ends[1]);
	if (length <= 0)
		return NULL;
	text[length] = '\0';
	return util_copy_printable(text);
}
