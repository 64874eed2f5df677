/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host/options.h"

#include "lib/util.h"

static int take_graph(const char *value, struct options *options, const char *program)
{
	if (!streq(value, "svg") && !streq(value, "dot"))
		return options_complain(program, "--graph takes svg or dot, not", value);
	options->graph = value;
	return -1;
}

static int take_hostdev(const char *value, struct options *options, const char *program)
{
	if (!bdf_parse(value, &options->hostdev))
		return options_complain(program, "--hostdev takes an address such as 0000:03:00.0, not", value);
	options->has_hostdev = true;
	return -1;
}

const struct option_row host_options[] = {
	{ "allow", "GUARD,...", "waive storage, network, last-input (bind)", 0, TAKES_ALLOW, NULL,
	  offsetof(struct options, allow) },
	{ "all", NULL, "all that a VFIO driver has (release)", 0, TAKES_ALL, NULL, offsetof(struct options, all) },
	{ "list", NULL, "what belongs in an image, for build hooks (image)", 0, TAKES_IMAGE, NULL,
	  offsetof(struct options, list) },
	{ "explain", NULL, "what the next boot will do (image)", 0, TAKES_IMAGE, NULL,
	  offsetof(struct options, explain) },
	{ "output", "FILE", "write an add-on for any image (image)", 0, TAKES_IMAGE, NULL,
	  offsetof(struct options, output) },
	{ "booster", NULL, "the lines that booster needs (image)", 0, TAKES_IMAGE, NULL,
	  offsetof(struct options, booster) },
	{ "kernel", "RELEASE", "for this kernel, not the running one (image)", 0, TAKES_IMAGE, NULL,
	  offsetof(struct options, kernel) },
	{ "ask", NULL, "go through the devices on the terminal (suggest)", 0, TAKES_ASK, NULL,
	  offsetof(struct options, ask) },
	{ "rom", NULL, "has the option ROM of these devices an EFI image? (check)", 0, TAKES_ROM, NULL,
	  offsetof(struct options, rom) },
	{ "needs", NULL, "only what the host needs, no identities (record)", 0, TAKES_NEEDS, NULL,
	  offsetof(struct options, needs) },
	{ "graph", "FORM", "draw the groups: svg or dot (list)", 0, TAKES_LIST, take_graph, 0 },
	{ "hostdev", "ADDRESS", "libvirt's XML for this device (list)", 0, TAKES_LIST, take_hostdev, 0 },
	{ 0 },
};
