/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/policy.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/file.h"
#include "lib/root.h"
#include "tests/unit/machine.h"
#include "tests/unit/test.h"

static void add_settings(char **text, const struct rule *rule)
{
	const struct policy_settings *settings = &rule->settings;

	test_append(text, "%s", rule->is_broken ? " BROKEN" : "");
	if (!streq(settings->driver, "vfio-pci"))
		test_append(text, " driver=%s", settings->driver);
	test_append(text, "%s%s%s", settings->boot_vga == BOOT_VGA_ALLOW ? " boot-vga" : "",
		    settings->group == GROUP_WHOLE ? " whole" : "", settings->on_bound == ON_BOUND_SKIP ? " skip" : "");
	test_append(text, "%s%s%s%s", rule->allow_storage ? " storage" : "", rule->allow_network ? " network" : "",
		    rule->allow_last_input ? " last-input" : "", rule->is_optional ? " optional" : "");
}

/* "NAME(ids,addresses,paths,classes,serials) what differs from the defaults;", "UNUSABLE", "|LINE LINE". */
static char *describe(const struct policy *policy, const struct problems *problems)
{
	char *text = util_copy(policy->is_unusable ? "UNUSABLE " : "");

	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct selectors *selectors = &policy->rules[i].selectors;

		test_append(&text, "%s(%zu%zu%zu%zu%zu)", policy->rules[i].name, selectors->n_ids,
			    selectors->n_addresses, selectors->n_paths, selectors->n_classes, selectors->n_serials);
		add_settings(&text, &policy->rules[i]);
		test_append(&text, ";");
	}
	for (size_t i = 0; i < problems->count; i++)
		test_append(&text, "%s%s", i == 0 ? "|" : " ", problems->items[i].where);
	return text;
}

#define A "[device a]\n"
#define ID "id=1111:0001\n"

static const struct {
	const char *name, *text, *expected;
} cases[] = {
	{ "empty", "", "" },
	{ "comments only", "; x\n# y\n\n", "" },
	{ "a rule", A ID, "a(10000);" },
	{ "every key",
	  A "id=1111:0001 1111:*\naddress=01:00.0,02:00.0\npath=00:01.1/00.0\nclass=usb 03\nserial=x y z\ndriver=auto\n"
	    "boot-vga=allow\ngroup=whole\non-bound=skip\nallow=storage network last-input\noptional=yes\n",
	  "a(22123) driver=auto boot-vga whole skip storage network last-input optional;" },
	{ "the other values", A ID "driver=vfio-pci\nboot-vga=exclude\ngroup=named\non-bound=unbind\noptional=no\n",
	  "a(10000);" },
	{ "list keys may be repeated", A "id=1111:0001\nid=1111:0002\nclass=03\nclass=04\n", "a(20020);" },
	{ "others may not", A ID "driver=auto\ndriver=auto\n", "a(10000) BROKEN driver=auto;|bind.conf:4" },
	{ "allow may not either", A ID "allow=storage\nallow=network\n", "a(10000) BROKEN storage;|bind.conf:4" },
	{ "[policy] gives defaults", "[policy]\ndriver=auto\nboot-vga=allow\ngroup=whole\non-bound=skip\n" A ID,
	  "a(10000) driver=auto boot-vga whole skip;" },
	{ "[policy] behind the rules too", A ID "[policy]\ngroup=whole\n", "a(10000) whole;" },
	{ "a rule overrides", "[policy]\ngroup=whole\nboot-vga=allow\n" A ID "group=named\nboot-vga=exclude\n",
	  "a(10000);" },
	{ "selectors are not for [policy]", "[policy]\nid=1111:0001\n" A ID, "UNUSABLE a(10000);|bind.conf:2" },
	{ "allow is not for [policy]", "[policy]\nallow=storage\n" A ID, "UNUSABLE a(10000);|bind.conf:2" },
	{ "a bad value in [policy]", "[policy]\ngroup=half\n" A ID, "UNUSABLE a(10000);|bind.conf:2" },
	{ "a broken line in [policy]", "[policy]\ngroup\n" A ID, "UNUSABLE a(10000);|bind.conf:2" },
	{ "[policy] twice", "[policy]\n[policy]\n" A ID, "UNUSABLE a(10000);|bind.conf:2" },
	{ "a rule twice", A ID A ID, "a(20000) BROKEN;|bind.conf:3" },
	{ "an unknown key", A ID "foo=1\n", "a(10000) BROKEN;|bind.conf:3" },
	{ "a key of later work", A ID "follow=x\n", "a(10000) BROKEN;|bind.conf:3" },
	{ "only that rule is broken", A "foo=1\n" ID "[device b]\n" ID, "a(10000) BROKEN;b(10000);|bind.conf:2" },
	{ "no selector", A "driver=auto\n", "a(00000) BROKEN driver=auto;|bind.conf:1" },
	{ "an empty selector", A "id=\n", "a(00000) BROKEN;|bind.conf:2" },
	{ "an empty selector beside another", A "address=01:00.0\nid=\n", "a(01000) BROKEN;|bind.conf:3" },
	{ "an empty serial is none", A ID "serial=\n", "a(10000);" },
	{ "an empty serial alone", A "serial=\n", "a(00000) BROKEN;|bind.conf:1" },
	{ "a bad selector", A "id=1111\n", "a(00000) BROKEN;|bind.conf:2" },
	{ "a bad selector behind a good one", A "id=1111:0001 x\n", "a(10000) BROKEN;|bind.conf:2" },
	{ "an unknown section is ignored", "[foo]\nbar=1\n" A ID, "a(10000);|bind.conf:1" },
	{ "[device] without a name", "[device]\n" ID A ID, "a(10000);|bind.conf:1" },
	{ "upper case section", "[Device a]\n" ID, "|bind.conf:1" },
	{ "an empty name", "[device ]\n" ID, "(10000) BROKEN;|bind.conf:1" },
	{ "blanks in front of a name", "[device   a]\n" ID, "a(10000);" },
	{ "a name of two words", "[device a b]\n" ID, "a b(10000) BROKEN;|bind.conf:1" },
	{ "the name cmdline", "[device cmdline]\n" ID, "cmdline(10000) BROKEN;|bind.conf:1" },
	{ "all characters of a name", "[device aZ09_.-]\n" ID, "aZ09_.-(10000);" },
	{ "driver: two", A ID "driver=vfio-pci auto\n", "a(10000) BROKEN;|bind.conf:3" },
	{ "driver: a path", A ID "driver=../x\n", "a(10000) BROKEN;|bind.conf:3" },
	{ "driver: nothing", A ID "driver=\n", "a(10000) BROKEN;|bind.conf:3" },
	{ "driver: too long", A ID "driver=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
	  "a(10000) BROKEN;|bind.conf:3" },
	{ "boot-vga: yes", A ID "boot-vga=yes\n", "a(10000) BROKEN;|bind.conf:3" },
	{ "boot-vga: case counts", A ID "boot-vga=Allow\n", "a(10000) BROKEN;|bind.conf:3" },
	{ "on-bound: keep", A ID "on-bound=keep\n", "a(10000) BROKEN;|bind.conf:3" },
	{ "optional: true", A ID "optional=true\n", "a(10000) BROKEN;|bind.conf:3" },
	{ "allow: unknown", A ID "allow=storage foo\n", "a(10000) BROKEN storage;|bind.conf:3" },
	{ "allow: nothing", A ID "allow=\n", "a(10000) BROKEN;|bind.conf:3" },
	{ "allow: all", A ID "allow=all\n", "a(10000) BROKEN;|bind.conf:3" },
	{ "allow: commas", A ID "allow=storage,network\n", "a(10000) storage network;" },
	{ "an indented line", A ID " optional=yes\n", "a(10000) BROKEN;|bind.conf:3" },
	{ "CRLF and BOM", "\xEF\xBB\xBF[device a]\r\nid=1111:0001\r\noptional=yes\r\n", "a(10000) optional;" },
	{ "a comment behind a value", A "id=1111:0001 ; the card\n", "a(10000);" },
	{ "a broken header", "[device a\n" ID "[device b]\n" ID, "b(10000);|bind.conf:1" },
	{ "the order of the file", "[device z]\n" ID "[device b]\n" ID, "z(10000);b(10000);" },
};

TEST(policy_parse)
{
	const struct switches none = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct policy policy = { 0 };
		struct problems problems = { 0 };
		cleanup_free char *text = NULL;

		test_case("%s", cases[i].name);
		machine_read_policy(&policy, cases[i].text, strlen(cases[i].text), &none, &problems);
		text = describe(&policy, &problems);
		CHECK_STR(text, cases[i].expected);
		policy_free(&policy);
		problems_free(&problems);
	}
}

/* Whatever else stands in a section with a broken header, it must not become part of the one above. */
TEST(policy_broken_header_keeps_sections_apart)
{
	static const char text[] = A ID "[device b\naddress=09:00.0\nallow=storage\n";
	const struct switches none = { 0 };
	struct policy policy = { 0 };
	struct problems problems = { 0 };

	machine_read_policy(&policy, text, strlen(text), &none, &problems);
	CHECK_INT(policy.n_rules, 1);
	CHECK_INT(policy.rules[0].selectors.n_addresses, 0);
	CHECK_TRUE(!policy.rules[0].allow_storage);
	policy_free(&policy);
	problems_free(&problems);
}

/* Messages: file:line: what, and what was expected, and what comes of it. */
TEST(policy_messages)
{
	static const struct {
		const char *text, *where, *message;
	} rows[] = {
		{ A ID "driver=a b\n", "bind.conf:3",
		  "bad value for 'driver': 'a b', expected vfio-pci, auto, or the name of one driver; this rule is not "
		  "used" },
		{ A ID "foo=1\n", "bind.conf:3",
		  "unknown key 'foo', expected id, address, path, class, serial, driver, boot-vga, group, on-bound, "
		  "allow, optional, follow, "
		  "reset-method, d3cold, resize-bar or vfs; this rule is not used" },
		{ "[policy]\nid=1\n", "bind.conf:2",
		  "unknown key 'id', expected driver, boot-vga, group, on-bound or disarm-after; nothing is bound" },
		{ "[foo]\n", "bind.conf:1", "unknown section [foo], expected [policy] or [device NAME]; ignored" },
		{ A, "bind.conf:1",
		  "rule 'a' selects nothing, expected id, address, path, class or serial; this rule is not used" },
	};
	const struct switches none = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policy policy = { 0 };
		struct problems problems = { 0 };

		machine_read_policy(&policy, rows[i].text, strlen(rows[i].text), &none, &problems);
		CHECK_INT(problems.count, 1);
		CHECK_INT(problems.items[0].kind, PROBLEM_POLICY);
		CHECK_STR(problems.items[0].where, rows[i].where);
		CHECK_STR(problems.items[0].message, rows[i].message);
		policy_free(&policy);
		problems_free(&problems);
	}
}

/* --- which files --- */

#define CONF "F: etc/vfiokit/bind.conf="
#define DROPIN(name) "F: etc/vfiokit/bind.conf.d/" name "="
#define RULE_A "[device a]\\nid=1111:0001\\n\n"
#define RULE_B "[device b]\\nid=1111:0002\\n\n"

static const struct {
	const char *name, *tree, *expected, *files;
} trees[] = {
	{ "no file", "", "", "" },
	{ "bind.conf", CONF RULE_A, "a(10000);", "bind.conf " },
	{ "an empty bind.conf", CONF "\n", "", "bind.conf " },
	{ "a drop-in alone", DROPIN("x.conf") RULE_A, "a(10000);", "bind.conf.d/x.conf " },
	{ "drop-ins by name", CONF RULE_A DROPIN("20.conf") "[device z]\\nid=1111:0003\\n\n" DROPIN("10.conf") RULE_B,
	  "a(10000);b(10000);z(10000);", "bind.conf bind.conf.d/10.conf bind.conf.d/20.conf " },
	{ "only *.conf", CONF RULE_A DROPIN("x.conf~") RULE_B DROPIN(".y.conf") RULE_B DROPIN("z") RULE_B, "a(10000);",
	  "bind.conf " },
	{ "a drop-in replaces a rule, in its place",
	  CONF "[device a]\\nid=1111:0001\\noptional=yes\\n[device b]\\nid=1111:0002\\n\n" DROPIN(
		  "x.conf") "[device a]\\nclass=03\\n\n",
	  "a(00010);b(10000);", "bind.conf bind.conf.d/x.conf " },
	{ "a drop-in can mend a broken rule", CONF "[device a]\\nfoo=1\\n\n" DROPIN("x.conf") RULE_A,
	  "a(10000);|etc/vfiokit/bind.conf:2", "bind.conf bind.conf.d/x.conf " },
	{ "a drop-in can break one", CONF RULE_A DROPIN("x.conf") "[device a]\\nfoo=1\\n\n",
	  "a(00000) BROKEN;|etc/vfiokit/bind.conf.d/x.conf:2", "bind.conf bind.conf.d/x.conf " },
	{ "twice in one drop-in",
	  CONF RULE_A DROPIN("x.conf") "[device a]\\nid=1111:0001\\n[device a]\\nid=1111:0001\\n\n",
	  "a(20000) BROKEN;|etc/vfiokit/bind.conf.d/x.conf:3", "bind.conf bind.conf.d/x.conf " },
	{ "[policy] merges",
	  CONF "[policy]\\ngroup=whole\\ndriver=auto\\n[device a]\\nid=1111:0001\\n\n" DROPIN(
		  "x.conf") "[policy]\\ndriver=pci-stub\\n\n",
	  "a(10000) driver=pci-stub whole;", "bind.conf bind.conf.d/x.conf " },
	{ "a broken [policy] in a drop-in disables everything", CONF RULE_A DROPIN("x.conf") "[policy]\\nfoo=1\\n\n",
	  "UNUSABLE a(10000);|etc/vfiokit/bind.conf.d/x.conf:2", "bind.conf bind.conf.d/x.conf " },
	{ "a directory", "D: etc/vfiokit/bind.conf\n", "UNUSABLE |etc/vfiokit/bind.conf", "bind.conf " },
	{ "a directory as drop-in", CONF RULE_A "D: etc/vfiokit/bind.conf.d/x.conf\n",
	  "UNUSABLE a(10000);|etc/vfiokit/bind.conf.d/x.conf", "bind.conf bind.conf.d/x.conf " },
	{ "a file as bind.conf.d", CONF RULE_A "F: etc/vfiokit/bind.conf.d=\n",
	  "UNUSABLE a(10000);|etc/vfiokit/bind.conf.d", "bind.conf " },
	{ "sections do not go on in the next file", CONF RULE_A DROPIN("x.conf") "optional=yes\\n\n",
	  "a(10000);|etc/vfiokit/bind.conf.d/x.conf:1", "bind.conf bind.conf.d/x.conf " },
};

static char *read_files(const struct policy_source *source, char **ret_files)
{
	const struct switches none = { 0 };
	struct policy policy = { 0 };
	struct problems problems = { 0 };
	char *text, *files = util_copy("");

	policy_read(&policy, source, &none, &problems);
	text = describe(&policy, &problems);
	for (size_t i = 0; i < policy.n_files; i++)
		test_append(&files, "%s ",
			    starts_with(policy.files[i], "etc/vfiokit/") ? policy.files[i] + 12 : policy.files[i]);
	*ret_files = files;
	policy_free(&policy);
	problems_free(&problems);
	return text;
}

TEST(policy_files)
{
	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		const struct policy_source source = { test_root(trees[i].tree), NULL };
		cleanup_free char *files = NULL, *text = NULL;

		test_case("%s", trees[i].name);
		text = read_files(&source, &files);
		CHECK_STR(text, trees[i].expected);
		CHECK_STR(files, trees[i].files);
	}
}

/* A FIFO, a dangling link, 10 MB: nothing is bound, and nobody waits. */
TEST(policy_files_of_other_kinds)
{
	int fifo = test_root("D: etc/vfiokit\n"), link = test_root("D: etc/vfiokit\n"),
	    large = test_root("D: etc/vfiokit\n");
	cleanup_free char *noise = util_alloc(10 << 20);
	const int roots[] = { fifo, link, large };

	memset(noise, '\n', 10 << 20);
	CHECK_INT(mkfifoat(fifo, "etc/vfiokit/bind.conf", 0600), 0);
	CHECK_INT(symlinkat("nowhere", link, "etc/vfiokit/bind.conf"), 0);
	test_write_file(large, "etc/vfiokit/bind.conf", noise, 10 << 20);
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		const struct policy_source source = { roots[i], NULL };
		cleanup_free char *files = NULL, *text = read_files(&source, &files);

		test_case("root %zu", i);
		CHECK_STR(text, "UNUSABLE |etc/vfiokit/bind.conf");
	}
}

/* Relative to the caller, and without drop-ins. */
TEST(policy_file_of_option)
{
	const char *elsewhere = test_directory();
	int root = test_root(CONF RULE_A DROPIN("x.conf") RULE_A), other = root_set(elsewhere);
	cleanup_free char *path = util_format("%s/own.conf", elsewhere), *files = NULL, *missing_files = NULL;
	cleanup_free char *text = NULL, *missing = NULL;

	test_write_file(other, "own.conf", "[device own]\nid=1111:0001\n", 26);
	text = read_files(&(struct policy_source){ root, path }, &files);
	CHECK_STR(text, "own(10000);");
	CHECK_HAS(files, "/own.conf");
	missing = read_files(&(struct policy_source){ root, "/nonexistent/own.conf" }, &missing_files);
	CHECK_STR(missing, "UNUSABLE |/nonexistent/own.conf");
	close(other);
}

/* The rule of the command line goes first, with the settings of [policy] but never its boot-vga = allow. */
TEST(policy_cmdline_rule)
{
	static const struct {
		const char *policy, *cmdline, *expected;
	} rows[] = {
		{ A ID, "vfiokit.id=1111:0002", "cmdline(10000);a(10000);" },
		{ A ID, "vfiokit.address=01:00.0 vfiokit.group=whole", "cmdline(01000) whole;a(10000);" },
		{ "[policy]\ngroup=whole\ndriver=auto\nboot-vga=allow\n", "vfiokit.id=1111:0002",
		  "cmdline(10000) driver=auto whole;" },
		{ "[policy]\ngroup=whole\n", "vfiokit.id=1111:0002 vfiokit.group=named", "cmdline(10000);" },
		{ A ID, "vfiokit.id=x", "cmdline(00000) BROKEN;a(10000);" },
		{ A ID, "quiet", "a(10000);" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policy policy = { 0 };
		struct problems ignored = { 0 }, problems = { 0 };
		struct switches switches = { 0 };
		cleanup_free char *text = NULL;

		test_case("%s", rows[i].cmdline);
		switches_parse(&switches, rows[i].cmdline, &ignored);
		machine_read_policy(&policy, rows[i].policy, strlen(rows[i].policy), &switches, &problems);
		text = describe(&policy, &problems);
		CHECK_STR(text, rows[i].expected);
		policy_free(&policy);
		switches_free(&switches);
		problems_free(&ignored);
		problems_free(&problems);
	}
}
