/* SPDX-License-Identifier: GPL-2.0-or-later */
/* [usb NAME] and [usb] of hooks.conf. */
#include "hooks/conf.h"
#include "tests/unit/test.h"

#define PORT "port=pci-0000:00:14.0-usb-0:4\n"
#define UNUSED "; this section is not used"

/* Each rule in words, the group, then " |" and what was complained of. Owned by the caller. */
static char *rules_of(const char *text)
{
	struct hooks_conf conf = { 0 };
	struct problems problems = { 0 };
	char *words = util_copy("");

	conf_parse(&conf, text, strlen(text), "f", &problems);
	for (size_t i = 0; i < conf.n_usb; i++) {
		const struct usb_rule *rule = &conf.usb[i];

		if (rule->is_broken)
			continue;
		test_append(&words, "%s %s %04x:%04x %s %d %s %s %x %u %s;", rule->name, rule->port ? rule->port : "-",
			    rule->vendor, rule->product, rule->serial ? rule->serial : "-", rule->class_code,
			    rule->guest ? rule->guest : "-", rule->is_manual ? "manual" : "auto", rule->allow,
			    rule->return_in, rule->return_plug ? rule->return_plug : "-");
	}
	if (conf.usb_group != NULL)
		test_append(&words, " group %s", conf.usb_group);
	for (size_t i = 0; i < problems.count; i++)
		test_append(&words, " |%s: %s", problems.items[i].where, problems.items[i].message);
	conf_free(&conf);
	problems_free(&problems);
	return words;
}

static const struct {
	const char *text, *expected;
} rules[] = {
	{ "[usb a]\n" PORT "guest=win\n", "a pci-0000:00:14.0-usb-0:4 0000:0000 - -1 win auto 0 0 -;" },
	{ "[usb a]\nid=046D:c52b\nserial=x y\nclass=hid\nguest=win\nattach=manual\n",
	  "a - 046d:c52b x y 3 win manual 0 0 -;" },
	{ "[usb a]\nclass=0b\n", "a - 0000:0000 - 11 - auto 0 0 -;" },
	{ "[usb a]\nid=0000:0000\nallow=storage, network\n", "a - 0000:0000 - -1 - auto 9 0 -;" },
	{ "[usb a]\nclass=hid\nallow=keyboard pointer\nway-back=15m\n", "a - 0000:0000 - 3 - auto 6 900 -;" },
	{ "[usb a]\nclass=hid\nallow=keyboard\nway-back=plug b c\n[usb b c]\nid=0001:0001\n",
	  "a - 0000:0000 - 3 - auto 2 0 b c;b c - 0001:0001 - -1 - auto 0 0 -;" },
	/* A broken section is no way back, nor one that has a broken one. */
	{ "[usb a]\nclass=hid\nway-back=plug b\n[usb b]\nclass=hid\nway-back=plug c\n[usb c]\nid=1:1\n",
	  " |f:8: bad value for 'id': '1:1', expected VENDOR:PRODUCT, four hex digits each" UNUSED
	  " |f:4: 'way-back' names no other [usb NAME] that is used" UNUSED
	  " |f:1: 'way-back' names no other [usb NAME] that is used" UNUSED },
	{ "[usb a]\nserial=1\n[usb a]\nserial=2\n", " |f:3: this section stands in the file twice" UNUSED },
	{ "[usb a]\nclass=hid\nway-back=plug b\n[usb b]\nid=0001:0001\n",
	  "a - 0000:0000 - 3 - auto 0 0 b;b - 0001:0001 - -1 - auto 0 0 -;" },
	{ "[usb]\ngroup=kvm\n[usb a]\nclass=hid\n", "a - 0000:0000 - 3 - auto 0 0 -; group kvm" },
	/* What is wrong. */
	{ "[usb a]\nguest=win\n", " |f:1: it says nothing of the device, expected port, id, serial or class" UNUSED },
	{ "[usb a]\nclass=hid\nallow=keyboard\n",
	  " |f:1: 'allow' of the last keyboard or pointer needs 'way-back'" UNUSED },
	{ "[usb a]\nclass=hid\nway-back=plug a\n", " |f:1: 'way-back' names no other [usb NAME] that is used" UNUSED },
	{ "[usb a]\nclass=hid\nway-back=0s\n", " |f:3: bad value for 'way-back': '0s', expected a time like 90s, 15m "
					       "or 2h, or: plug NAME (of a [usb NAME])" UNUSED },
	{ "[usb a]\nclass=hid\nway-back=10\n", " |f:3: bad value for 'way-back': '10', expected a time like 90s, 15m "
					       "or 2h, or: plug NAME (of a [usb NAME])" UNUSED },
	{ "[usb a]\nclass=hid\nallow=keyboard hub\n",
	  " |f:3: bad value for 'allow': 'keyboard hub', expected any of: storage keyboard pointer "
	  "network" UNUSED },
	{ "[usb a]\nport=1-4\n", " |f:2: bad value for 'port': '1-4', expected a port as 'vfio-usb list' shows it, "
				 "like pci-0000:00:14.0-usb-0:4 (names like 1-4 change)" UNUSED },
	{ "[usb a]\nclass=hid\nguest=\n",
	  " |f:3: bad value for 'guest': '', expected the name or the UUID of a guest" UNUSED },
	{ "[usb a]\nclass=hid\nattach=yes\n", " |f:3: bad value for 'attach': 'yes', expected auto or manual" UNUSED },
	{ "[usb a]\nvendor=1\n", " |f:2: unknown key 'vendor', expected port, id, serial, class, guest, attach, allow "
				 "or way-back" UNUSED },
	{ "[usb]\nport=1\n", " |f:2: unknown key 'port', expected group; ignored" },
	{ "[usb]\n[usb]\ngroup=a\n", " |f:2: this section stands in the file twice; ignored" },
	{ "[usb ]\nclass=hid\n", " |f:1: [usb ] without a name, expected [usb NAME] or [usb]; ignored" },
};

TEST(conf_usb)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		cleanup_free char *got = NULL;

		test_case("'%s'", rules[i].text);
		got = rules_of(rules[i].text);
		CHECK_STR(got, rules[i].expected);
	}
}

TEST(conf_usb_ports)
{
	static const struct {
		const char *text;
		bool is_port;
	} cases[] = {
		{ "pci-0000:00:14.0-usb-0:4", true },
		{ "pci-0000:00:14.0-usb-0:4.2.11", true },
		{ "platform-vhci_hcd.0-usb-0:1", true },
		{ "pci-0000:00:14.0-usbv3-0:2", true },
		{ "pci-0000:00:14.0-usbv2-0:2", true },
		{ "pci-0000:00:14.0-usb-0:", false },
		{ "pci-0000:00:14.0-usb-0:4.", false },
		{ "pci-0000:00:14.0-usb-0:0", false },
		{ "pci-0000:00:14.0-usb-0:4:1.0", false },
		{ "pci-0000:00:14.0-usb-0:a", false },
		{ "pci-0000:00:14.0-usb-1:4", false },
		{ "pci-0000:00:14.0", false },
		{ "usb-0:4", false },
		{ "-usb-0:4", true },
		{ "1-4", false },
		{ "", false },
		{ "pci-0000:00:14.0 -usb-0:4", false },
		{ ":", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("'%s'", cases[i].text);
		CHECK_INT(usb_rule_is_port(cases[i].text), cases[i].is_port);
	}
}
