/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings in the metadata of a guest: in which namespace, what is wrong with them, and which of them count. */
#include "hooks/metadata.h"

#include "hooks/conf_guest.h"
#include "hooks/domain.h"
#include "tests/unit/test.h"

#define UUID "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
#define URN "urn:vfiokit:guest:1"
#define NOT_USED "; the metadata of this guest is not used"

/* What came of it: the keys that are set, then what was complained of. Owned by the caller. */
static char *settings_of(const char *metadata, const char *allowed)
{
	cleanup_free char *xml = util_format(
		"<domain><name>win</name><uuid>" UUID "</uuid><metadata>%s</metadata></domain>", metadata);
	struct guest_settings settings = guest_settings_built_in;
	cleanup_free char *copy = util_copy(allowed);
	struct problems problems = { 0 };
	const char *expected;
	struct domain domain;
	char *text = util_copy("");

	if (domain_parse(&domain, xml, strlen(xml)) != NULL) {
		test_append(&text, "ill-formed");
		return text;
	}
	CHECK_TRUE(guest_settings_set(&settings, (size_t)guest_settings_find_key("metadata", &expected), copy) == NULL);
	metadata_apply(&domain.metadata, &settings, &problems);
	test_append(&text, "%s%s%s%s", settings.isolate == ISOLATE_PINNED ? "pinned " : "",
		    settings.hugepages == PAGES_AUTO ? "auto " : "",
		    settings.claim_disks == CLAIM_NO ? "no-claim " : "",
		    (settings.require & REQUIRE_HUGEPAGES) != 0 ? "require " : "");
	for (size_t i = 0; i < problems.count; i++)
		test_append(&text, "!%s", problems.items[i].message);
	problems_free(&problems);
	domain_free(&domain);
	return text;
}

#define V(xml) "<v:guest xmlns:v='" URN "'>" xml "</v:guest>"
#define PINNED "<v:isolate-cpus>pinned</v:isolate-cpus>"
#define AUTO "<v:hugepages> \n auto\t</v:hugepages>"
#define UNSAFE "<v:claim-disks>no</v:claim-disks><v:require>hugepages</v:require>"
#define DENIED(keys) "!sets " keys ", which hooks.conf does not let it (metadata = KEY...); hooks.conf decides"

TEST(metadata_form)
{
	static const struct {
		const char *name, *xml, *expected;
	} cases[] = {
		{ "none", "", "" },
		{ "others'", "<o:os xmlns:o='urn:o'><o:isolate-cpus>pinned</o:isolate-cpus></o:os><x/>", "" },
		{ "a prefix", V(PINNED AUTO), "pinned auto " },
		{ "nothing in it", V(""), "" },
		{ "another prefix", "<g:guest xmlns:g='" URN "'><g:isolate-cpus>pinned</g:isolate-cpus></g:guest>",
		  "pinned " },
		{ "the default namespace", "<guest xmlns='" URN "'><isolate-cpus>pinned</isolate-cpus></guest>",
		  "pinned " },
		{ "both", "<guest xmlns='" URN "' xmlns:v='" URN "'>" PINNED "<hugepages>auto</hugepages></guest>",
		  "pinned auto " },
		{ "our prefix for others", "<vfiokit:guest xmlns:vfiokit='urn:o'>" PINNED "</vfiokit:guest>", "" },
		{ "a prefix that nobody declared", "<vfiokit:guest>" PINNED "</vfiokit:guest>", "" },
		{ "of another version", "<guest xmlns='urn:vfiokit:guest:2'><foo/></guest>", "" },
		{ "beside others'", "<a xmlns='urn:o'/>" V(PINNED) "<b:b xmlns:b='urn:b'/>", "pinned " },
		{ "deeper is not ours", "<a>" V(PINNED) "</a>", "" },
		{ "commented", V("<!-- x -->" PINNED "<!-- y -->"), "pinned " },
		{ "as characters", V("<v:isolate-cpus><![CDATA[pin]]>n&#101;d</v:isolate-cpus>"), "pinned " },
		{ "twice", V(PINNED) V(AUTO), "!<v:guest> stands there twice, expected it once" NOT_USED },
		{ "another element", "<v:host xmlns:v='" URN "'/>", "!<v:host> is unknown, expected <guest>" NOT_USED },
		{ "an unknown key", V(PINNED "<v:foo>1</v:foo>"),
		  "!unknown element <foo>, expected a key of [guest NAME] other than metadata" NOT_USED },
		{ "the key of keys", V(PINNED "<v:metadata>all</v:metadata>"),
		  "!unknown element <metadata>, expected a key of [guest NAME] other than metadata" NOT_USED },
		{ "a key twice", V(PINNED AUTO PINNED), "!<isolate-cpus> is given twice, expected it once" NOT_USED },
		{ "a bad value", V(PINNED "<v:workqueues>aw\xC3\xA4y</v:workqueues>"),
		  "!bad value in <workqueues>: 'aw??y', expected no or away" NOT_USED },
		{ "no value", V("<v:workqueues/>" PINNED),
		  "!bad value in <workqueues>: '', expected no or away" NOT_USED },
		{ "elements in a value", V("<v:isolate-cpus>pinned<v:x/></v:isolate-cpus>"),
		  "!<v:isolate-cpus> has elements in it, expected a value" NOT_USED },
		{ "an attribute", V("<v:isolate-cpus a='b'>pinned</v:isolate-cpus>"),
		  "!<v:isolate-cpus> has an attribute, expected none" NOT_USED },
		{ "an attribute of the whole", "<guest xmlns='" URN "' a='b'/>",
		  "!<guest> has an attribute, expected none" NOT_USED },
		{ "a key of another namespace", V(PINNED "<isolate-cpus>pinned</isolate-cpus>"),
		  "!<isolate-cpus> is not in the namespace " URN NOT_USED },
		{ "text", V(PINNED "isolate"), "!<v:guest> has text in it, expected elements" NOT_USED },
		{ "what is no XML", V("<v:isolate-cpus>pinned"), "ill-formed" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *got = NULL;

		test_case("%s", cases[i].name);
		got = settings_of(cases[i].xml, "all");
		CHECK_STR(got, cases[i].expected);
	}
}

TEST(metadata_too_much)
{
	cleanup_free char *blanks = util_format("%250s", ""), *zeros = NULL, *got = NULL, *more = NULL, *many = NULL;

	zeros = util_format("<guest xmlns='" URN "'><isolate-cpus>%s1%s</isolate-cpus></guest>", blanks, blanks);
	got = settings_of(zeros, "all");
	CHECK_STR(got, "");
	memset(blanks, '0', strlen(blanks));
	free(zeros);
	zeros = util_format("<guest xmlns='" URN "'><isolate-cpus>%s</isolate-cpus></guest>", blanks);
	more = settings_of(zeros, "all");
	CHECK_STR(more, "!<isolate-cpus> has a value that is too long" NOT_USED);
	free(zeros);
	zeros = util_copy("<guest xmlns='" URN "'>");
	for (int i = 0; i < 33; i++)
		test_append(&zeros, "<k%d/>", i);
	test_append(&zeros, "</guest>");
	many = settings_of(zeros, "all");
	CHECK_STR(many, "!<k32> is one too many, expected fewer" NOT_USED);
}

TEST(metadata_allowed)
{
	static const struct {
		const char *xml, *allowed, *expected;
	} cases[] = {
		{ V(PINNED AUTO), "no", DENIED("isolate-cpus, hugepages") },
		{ V(PINNED AUTO), "hugepages", "auto " DENIED("isolate-cpus") },
		{ V(PINNED AUTO), "hugepages, isolate-cpus", "pinned auto " },
		{ V(PINNED UNSAFE), "all", "pinned " DENIED("claim-disks, require") },
		{ V(PINNED UNSAFE), "all claim-disks", "pinned no-claim " DENIED("require") },
		{ V(PINNED UNSAFE), "all claim-disks require", "pinned no-claim require " },
		{ V("<v:foo/>"), "no",
		  "!unknown element <foo>, expected a key of [guest NAME] other than metadata" NOT_USED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *got = NULL;

		test_case("'%s' %s", cases[i].xml, cases[i].allowed);
		got = settings_of(cases[i].xml, cases[i].allowed);
		CHECK_STR(got, cases[i].expected);
	}
}
