/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where several reasons hold, the first in the order of DESIGN.md 3 is given. */
#include "tests/unit/plan-cases.h"

/* What makes each reason hold for 01:00.0, all combinable; the verdict that it then gives. */
struct cause {
	const char *name, *verdict;
	const char *driver, *words, *group, *rule, *more, *cmdline, *needs, *id, *class;
};

static const struct cause causes[] = {
	{ "cmdline", "skip cmdline", .cmdline = "vfiokit.skip=01:00.0" },
	{ "identity", "refuse identity", .rule = "serial=none\n" },
	{ "bridge", "refuse bridge", .words = " bridge" },
	{ "vfs", "skip vfs", .rule = "vfs=2\n" },
	{ "boot-vga", "skip boot-vga", .words = " boot_vga" },
	{ "no-iommu", "refuse no-iommu", .group = "-" },
	{ "denylist", "refuse denylist", .id = "8086:0435" },
	{ "has-vfs", "refuse has-vfs", .words = " vfs=1" },
	{ "bound", "bound", .driver = "vfio-pci" },
	{ "storage", "refuse storage", .needs = "storage 01:00.0;" },
	{ "network", "refuse network", .needs = "network 01:00.0;" },
	{ "last-input", "refuse last-input", .class = "0c03" },
	{ "on-bound", "skip on-bound", .driver = "foo", .rule = "on-bound=skip\n" },
	{ "open", "refuse open", .driver = "foo", .words = " open=x" },
	{ "no-driver", "refuse no-driver", .more = "driver vfio-pci no;" },
	{ "group", "refuse group", .more = "01:00.1 1200 1111:0003 1 - vfs=1;", .rule = "address=01:00.1\n" },
};

static const char *pick(const char *a, const char *b, const char *otherwise)
{
	return a != NULL ? a : b != NULL ? b : otherwise;
}

static char *both(const char *a, const char *b)
{
	return util_format("%s%s", a != NULL ? a : "", b != NULL ? b : "");
}

/* The verdict of 01:00.0 when both hold. Owned by the caller. */
static char *verdict_of_both(const struct cause *a, const struct cause *b)
{
	cleanup_free char *words = both(a->words, b->words), *more = both(a->more, b->more);
	cleanup_free char *rule = both(a->rule, b->rule), *needs = both(a->needs, b->needs);
	cleanup_free char *devices = util_format("%s01:00.0 %s %s %s %s%s;09:00.0 1200 1111:0009 9 -", more,
						 pick(a->class, b->class, "1200"), pick(a->id, b->id, "1111:0001"),
						 pick(a->group, b->group, "1"), pick(a->driver, b->driver, "-"), words);
	cleanup_free char *policy = util_format(A "address=01:00.0\n%s", rule);
	const struct machine_text text = { devices, policy, pick(a->cmdline, b->cmdline, NULL), needs, NULL, false };
	struct machine machine;
	char *verdict;

	machine_read(&machine, &text);
	verdict = machine_verdict(machine_entry(&machine, "01:00.0"));
	machine_free(&machine);
	return verdict;
}

/* Can they hold at the same time? */
static bool contradict(const struct cause *a, const struct cause *b)
{
	return (a->driver != NULL && b->driver != NULL) || (streq(a->name, "no-iommu") && streq(b->name, "group"));
}

/* Each reason alone, and every two that can hold together: the first in order is given. */
TEST(plan_precedence)
{
	static const struct cause nothing = { .name = "" };

	for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
		for (size_t j = i; j < ARRAY_SIZE(causes); j++) {
			cleanup_free char *verdict = NULL;

			if (j > i && contradict(&causes[i], &causes[j]))
				continue;
			test_case("%s and %s", causes[i].name, causes[j].name);
			verdict = verdict_of_both(&causes[i], j == i ? &nothing : &causes[j]);
			CHECK_STR(verdict, causes[i].verdict);
		}
	}
}
