/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "binder/selector.h"

#include "lib/parse.h"
#include "tests/unit/machine.h"
#include "tests/unit/test.h"

/* What was added last, in a normal form: "" if nothing was. Owned by the caller. */
static char *describe(const struct selectors *selectors)
{
	char *text = util_copy(""), address[BDF_TEXT_SIZE];

	for (size_t i = 0; i < selectors->n_ids; i++) {
		for (size_t part = 0; part < ARRAY_SIZE(selectors->ids[i].part); part++)
			if (selectors->ids[i].part[part] == SELECTOR_ANY)
				test_append(&text, "%s*", part == 0 ? "" : ":");
			else
				test_append(&text, "%s%04x", part == 0 ? "" : ":",
					    (unsigned int)selectors->ids[i].part[part]);
		test_append(&text, "%s", selectors->ids[i].is_full ? " full" : "");
	}
	for (size_t i = 0; i < selectors->n_addresses; i++) {
		bdf_format(&selectors->addresses[i], address);
		test_append(&text, "%s", address);
	}
	for (size_t i = 0; i < selectors->n_paths; i++)
		test_append(&text, "%s", selectors->paths[i]);
	for (size_t i = 0; i < selectors->n_classes; i++)
		test_append(&text, "%06x/%06x", selectors->classes[i].value, selectors->classes[i].mask);
	for (size_t i = 0; i < selectors->n_serials; i++)
		test_append(&text, "%s", selectors->serials[i]);
	return text;
}

typedef const char *add_word(struct selectors *selectors, const char *word);

static const struct {
	add_word *add;
	const char *word, *normal; /* NULL: refused */
} words[] = {
	{ selector_add_id, "10de:13c2", "10de:13c2:*:* full" },
	{ selector_add_id, "10DE:13C2", "10de:13c2:*:* full" },
	{ selector_add_id, "10de:*", "10de:*:*:*" },
	{ selector_add_id, "*:*", "*:*:*:*" },
	{ selector_add_id, "10de:13c2:1043:8508", "10de:13c2:1043:8508 full" },
	{ selector_add_id, "10de:13c2:1043:*", "10de:13c2:1043:*" },
	{ selector_add_id, "10de:13c2:*:*", "10de:13c2:*:*" },
	{ selector_add_id, "", NULL },
	{ selector_add_id, "10de", NULL },
	{ selector_add_id, "10de:", NULL },
	{ selector_add_id, ":13c2", NULL },
	{ selector_add_id, "10de:13c", NULL },
	{ selector_add_id, "10de:13c22", NULL },
	{ selector_add_id, "10de:13c*", NULL },
	{ selector_add_id, "10de:**", NULL },
	{ selector_add_id, "0x10de:13c2", NULL },
	{ selector_add_id, "10de:13c2:1043", NULL },
	{ selector_add_id, "10de:13c2:1043:8508:0000", NULL },
	{ selector_add_id, "10de:13c2:", NULL },
	{ selector_add_id, "10dg:13c2", NULL },
	{ selector_add_id, "10de-13c2", NULL },
	{ selector_add_address, "0000:06:00.0", "0000:06:00.0" },
	{ selector_add_address, "06:00.0", "0000:06:00.0" },
	{ selector_add_address, "10000:E1:00.0", "10000:e1:00.0" },
	{ selector_add_address, "06:00", NULL },
	{ selector_add_address, "*", NULL },
	{ selector_add_path, "0000:00:01.1/00.0", "0000:00:01.1/00.0" },
	{ selector_add_path, "00:01.1/00.0/1F.7", "0000:00:01.1/00.0/1f.7" },
	{ selector_add_path, "0000:00:1f.2", "0000:00:1f.2" },
	{ selector_add_path, "10000:e0:06.0/00.0", "10000:e0:06.0/00.0" },
	{ selector_add_path, "", NULL },
	{ selector_add_path, "/00.0", NULL },
	{ selector_add_path, "0000:00:01.1/", NULL },
	{ selector_add_path, "0000:00:01.1//00.0", NULL },
	{ selector_add_path, "0000:00:01.1/00.8", NULL },
	{ selector_add_path, "0000:00:01.1/01:00.0", NULL },
	{ selector_add_path, "01.1/00.0", NULL },
	{ selector_add_class, "display", "030000/ff0000" },
	{ selector_add_class, "audio", "040000/ff0000" },
	{ selector_add_class, "usb", "0c0300/ffff00" },
	{ selector_add_class, "nvme", "010800/ffff00" },
	{ selector_add_class, "storage", "010000/ff0000" },
	{ selector_add_class, "network", "020000/ff0000" },
	{ selector_add_class, "03", "030000/ff0000" },
	{ selector_add_class, "0300", "030000/ffff00" },
	{ selector_add_class, "030000", "030000/ffffff" },
	{ selector_add_class, "0C03", "0c0300/ffff00" },
	{ selector_add_class, "3", NULL },
	{ selector_add_class, "030", NULL },
	{ selector_add_class, "0300000", NULL },
	{ selector_add_class, "0x03", NULL },
	{ selector_add_class, "gpu", NULL },
	{ selector_add_class, "", NULL },
	{ selector_add_serial, "00-11-22", "00-11-22" },
};

TEST(selector_grammar)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct selectors selectors = { 0 };
		const char *expected = words[i].add(&selectors, words[i].word);
		cleanup_free char *text = describe(&selectors);

		test_case("'%s'", words[i].word);
		CHECK_INT(expected == NULL, words[i].normal != NULL);
		CHECK_STR(text, words[i].normal != NULL ? words[i].normal : "");
		CHECK_INT(selectors_empty(&selectors), words[i].normal == NULL);
		selectors_free(&selectors);
	}
}

TEST(selector_path_length)
{
	struct selectors selectors = { 0 };
	cleanup_free char *path = util_copy("0000:00:01.1");

	for (int i = 0; i < 100; i++)
		test_append(&path, "/00.0");
	CHECK_TRUE(selector_add_path(&selectors, path) != NULL);
	CHECK_TRUE(selectors_empty(&selectors));
}

/* selectors: "KEY=WORD ..."; wrong: the key that disagrees. */
#define CARD "06:00.0 030000 10de:13c2 1 - sub=1043:8508 serial=AB-01 path=0000:00:01.1/00.0"
#define PLAIN "06:00.0 030000 10de:13c2 1 - path=0000:00:01.1/00.0"

static const struct {
	const char *selectors, *device;
	enum match match;
	const char *wrong;
} matches[] = {
	{ "id=10de:13c2", CARD, MATCH_EXACT, NULL },
	{ "id=10de:13c2:1043:8508", CARD, MATCH_EXACT, NULL },
	{ "id=10de:13c2:1043:0000", CARD, MATCH_NONE, NULL },
	{ "id=10de:*", CARD, MATCH_LOOSE, NULL },
	{ "id=*:13c2", CARD, MATCH_LOOSE, NULL },
	{ "id=*:*", CARD, MATCH_LOOSE, NULL },
	{ "id=10de:13c2:*:8508", CARD, MATCH_LOOSE, NULL },
	{ "id=10de:* id=10de:13c2", CARD, MATCH_EXACT, NULL },
	{ "id=10de:* id=10de:0000", CARD, MATCH_LOOSE, NULL },
	{ "id=10de:0000", CARD, MATCH_NONE, NULL },
	{ "class=03", CARD, MATCH_LOOSE, NULL },
	{ "class=0302", CARD, MATCH_NONE, NULL },
	{ "class=0302 class=030000", CARD, MATCH_LOOSE, NULL },
	{ "class=03 id=10de:13c2", CARD, MATCH_EXACT, NULL },
	{ "class=04 id=10de:13c2", CARD, MATCH_NONE, NULL },
	{ "serial=AB-01", CARD, MATCH_LOOSE, NULL },
	{ "serial=ab-01", CARD, MATCH_LOOSE, NULL },
	{ "serial=AB-02", CARD, MATCH_NONE, NULL },
	{ "serial=AB-01", PLAIN, MATCH_NONE, NULL },
	{ "address=06:00.0", CARD, MATCH_EXACT, NULL },
	{ "address=06:00.1", CARD, MATCH_NONE, NULL },
	{ "address=06:00.1 address=06:00.0", CARD, MATCH_EXACT, NULL },
	{ "address=06:00.0 class=03", CARD, MATCH_EXACT, NULL },
	{ "address=06:00.0 id=10de:*", CARD, MATCH_EXACT, NULL },
	{ "address=06:00.0 id=10de:0000", CARD, MATCH_OTHER, "id" },
	{ "address=06:00.0 class=04", CARD, MATCH_OTHER, "class" },
	{ "address=06:00.0 serial=AB-02", CARD, MATCH_OTHER, "serial" },
	{ "address=06:00.0 serial=AB-01", PLAIN, MATCH_OTHER, "serial" },
	{ "address=06:00.1 id=10de:0000", CARD, MATCH_NONE, NULL },
	{ "path=0000:00:01.1/00.0", CARD, MATCH_EXACT, NULL },
	{ "path=0000:00:01.1", CARD, MATCH_NONE, NULL },
	{ "path=0000:00:01.1/00.0 id=10de:0000", CARD, MATCH_OTHER, "id" },
	{ "path=0000:00:01.1/00.0 address=06:00.0", CARD, MATCH_EXACT, NULL },
	{ "path=0000:00:01.1/00.0 address=07:00.0", CARD, MATCH_OTHER, "address" },
	{ "path=0000:00:01.2/00.0 address=06:00.0", CARD, MATCH_OTHER, "path" },
	{ "path=0000:00:01.2/00.0 address=07:00.0", CARD, MATCH_NONE, NULL },
};

static void add_all(struct selectors *selectors, const char *text)
{
	static const struct {
		const char *key;
		add_word *add;
	} keys[] = {
		{ "id=", selector_add_id },       { "address=", selector_add_address }, { "path=", selector_add_path },
		{ "class=", selector_add_class }, { "serial=", selector_add_serial },
	};
	cleanup_free char *copy = util_copy(text);
	char *rest = copy, *word;

	while ((word = parse_next_word(&rest)) != NULL)
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			if (starts_with(word, keys[i].key))
				CHECK_TRUE(keys[i].add(selectors, word + strlen(keys[i].key)) == NULL);
}

TEST(selector_match)
{
	for (size_t i = 0; i < ARRAY_SIZE(matches); i++) {
		struct selectors selectors = { 0 };
		const char *wrong = NULL;
		struct device device;

		test_case("%s on %s", matches[i].selectors, matches[i].device);
		add_all(&selectors, matches[i].selectors);
		machine_read_device(&device, matches[i].device);
		CHECK_INT(selectors_match(&selectors, &device, &wrong), matches[i].match);
		if (matches[i].match == MATCH_OTHER)
			CHECK_STR(wrong, matches[i].wrong);
		machine_free_device(&device);
		selectors_free(&selectors);
	}
}
