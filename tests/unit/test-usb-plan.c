/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Present devices x policy x running guests x choices. A world is a few words per line:
 *   D NAME NUMBER ID         a device at the port of that name, plugged at second NUMBER; "new" behind it: not ready,
 * "hub" G NAME [SOURCE:NAME...]  a guest and what it has: "ours", "old" (an earlier one of that number), "theirs" C
 * NAME GUEST to|from     a choice; "last" behind it: of an earlier run of the guest
 */
#include <stdio.h>

#include "hooks/conf.h"
#include "hooks/usb/plan.h"
#include "lib/parse.h"
#include "tests/unit/test.h"

#define MOST 8

struct scene {
	struct usb_inventory inventory;
	struct usb_guest guests[MOST];
	size_t n_guests;
	struct usb_choice choices[MOST];
	size_t n_choices;
};

static void add_device(struct scene *scene, char *words)
{
	struct usb_device *device = util_append(&scene->inventory.devices, &scene->inventory.count, sizeof(*device));
	const char *word = parse_next_word(&words), *id;
	uint64_t number = 0;

	(void)util_copy_fixed(device->name, sizeof(device->name), word);
	(void)parse_number(parse_next_word(&words), 10, 999, &number);
	id = parse_next_word(&words);
	(void)usb_rule_parse_id(id, &device->vendor, &device->product);
	device->bus = (unsigned int)(word[0] - '0');
	device->number = (unsigned int)number;
	device->plugged = number * 1000000;
	device->vendor_name = util_copy("");
	device->product_name = util_copy("");
	device->serial = util_copy("");
	device->serial_short = util_copy("");
	device->port = util_format("pci-0000:00:14.0-usb-0:%s", word + 2);
	device->port_own = util_copy("");
	device->port_peer = util_copy("");
	id = parse_next_word(&words);
	device->is_ready = id == NULL || !streq(id, "new");
	device->is_hub = id != NULL && streq(id, "hub");
}

static void add_hostdev(struct scene *scene, struct usb_guest *guest, char *word)
{
	const char *source = strsep(&word, ":");
	const struct usb_device *device = usb_inventory_find(&scene->inventory, word);
	struct usb_hostdev *hostdev = util_append(&guest->hostdevs, &guest->n_hostdevs, sizeof(*hostdev));

	/* Of one that is not there any more. */
	if (device == NULL) {
		*hostdev = (struct usb_hostdev){ 1, 99, util_copy("ua-vfiokit-001-099-1") };
		return;
	}
	hostdev->bus = device->bus;
	hostdev->number = device->number;
	hostdev->alias = streq(source, "ours")  ? usb_alias_format(device)
			 : streq(source, "old") ? util_format("ua-vfiokit-%03u-%03u-1", device->bus, device->number)
						: util_copy("hostdev0");
}

static void add_guest(struct scene *scene, char *words)
{
	struct usb_guest *guest = &scene->guests[scene->n_guests];
	char *word;

	*guest = (struct usb_guest){ .name = util_copy(parse_next_word(&words)), .is_known = true };
	guest->id = (int)++scene->n_guests;
	snprintf(guest->uuid, sizeof(guest->uuid), "00000000-0000-0000-0000-00000000000%zu", scene->n_guests);
	while ((word = parse_next_word(&words)) != NULL) {
		if (streq(word, "unknown"))
			guest->is_known = false;
		else
			add_hostdev(scene, guest, word);
	}
}

static void add_choice(struct scene *scene, char *words)
{
	const struct usb_device *device = usb_inventory_find(&scene->inventory, parse_next_word(&words));
	const struct usb_guest *guest = usb_guest_find(scene->guests, scene->n_guests, parse_next_word(&words));
	struct usb_choice *choice = &scene->choices[scene->n_choices++];

	*choice = (struct usb_choice){ .port = util_copy(device->port), .serial = util_copy("") };
	choice->vendor = device->vendor;
	choice->product = device->product;
	memcpy(choice->uuid, guest->uuid, sizeof(choice->uuid));
	choice->is_to_guest = streq(parse_next_word(&words), "to");
	choice->guest_id = parse_next_word(&words) != NULL ? guest->id + 100 : guest->id;
}

static void read_scene(struct scene *scene, const char *text)
{
	cleanup_free char *copy = util_copy(text);
	char *rest = copy, *line;

	*scene = (struct scene){ 0 };
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (line[0] == 'D')
			add_device(scene, line + 1);
		else if (line[0] == 'G')
			add_guest(scene, line + 1);
		else if (line[0] == 'C')
			add_choice(scene, line + 1);
	}
}

static void free_scene(struct scene *scene)
{
	usb_inventory_free(&scene->inventory);
	for (size_t i = 0; i < scene->n_guests; i++)
		usb_guest_free(&scene->guests[i]);
	for (size_t i = 0; i < scene->n_choices; i++)
		usb_choice_free(&scene->choices[i]);
}

/* "detach GUEST DEVICE;attach GUEST DEVICE;" in the order of the plan. Owned by the caller. */
static char *plan_of(const char *text, const char *policy)
{
	static const char *const kinds[] = { "detach", "attach", "held" };
	struct hooks_conf conf = { 0 };
	struct problems problems = { 0 };
	struct usb_actions actions;
	struct usb_world world;
	struct scene scene;
	char *words = util_copy("");

	read_scene(&scene, text);
	conf_parse(&conf, policy, strlen(policy), "f", &problems);
	CHECK_INT(problems.count, 0);
	world = (struct usb_world){ &scene.inventory, conf.usb,      conf.n_usb,     scene.guests,
				    scene.n_guests,   scene.choices, scene.n_choices };
	usb_plan(&world, &actions);
	for (size_t i = 0; i < actions.count; i++)
		test_append(&words, "%s %s %s;", kinds[actions.items[i].kind], actions.items[i].guest->name,
			    actions.items[i].device != NULL ? actions.items[i].device->name : "gone");
	free(actions.items);
	free_scene(&scene);
	conf_free(&conf);
	problems_free(&problems);
	return words;
}

#define PORT4 "[usb a]\nport=pci-0000:00:14.0-usb-0:4\nguest=one\n"
#define MANUAL PORT4 "attach=manual\n"

static const struct {
	const char *name, *scene, *policy, *expected;
} worlds[] = {
	{ "nothing", "", "", "" },
	{ "no rule", "D 1-4 5 1111:0001\nG one\n", "", "" },
	{ "plugged", "D 1-4 5 1111:0001\nG one\n", PORT4, "attach one 1-4;" },
	{ "its guest does not run", "D 1-4 5 1111:0001\nG two\n", PORT4, "" },
	{ "the guest is not known yet", "D 1-4 5 1111:0001\nG one unknown\n", PORT4, "" },
	{ "drivers have not looked at it yet", "D 1-4 5 1111:0001 new\nG one\n", PORT4, "" },
	{ "all is well", "D 1-4 5 1111:0001\nG one ours:1-4\n", PORT4, "" },
	{ "a device that has it is not taken away while it settles", "D 1-4 5 1111:0001 new\nG one ours:1-4\n", PORT4,
	  "" },
	{ "unplugged", "G one ours:1-9\n", PORT4, "detach one gone;" },
	{ "unplugged, also without a rule", "G one ours:1-9\n", "", "detach one gone;" },
	{ "unplugged, of an unknown guest", "G one unknown ours:1-9\n", "", "" },
	{ "plugged again under the same number: first the old one goes", "D 1-4 5 1111:0001\nG one old:1-4\n", PORT4,
	  "detach one gone;" },
	{ "unplugged and another plugged", "D 1-4 5 1111:0001\nG one ours:1-9\n", PORT4,
	  "detach one gone;attach one 1-4;" },
	{ "what others attached is left alone", "D 1-4 5 1111:0001\nG one theirs:1-4\n", "", "" },
	{ "what another guest has by its definition", "D 1-4 5 1111:0001\nG one\nG two theirs:1-4\n", PORT4,
	  "held one 1-4;" },
	{ "what its own guest has by its definition", "D 1-4 5 1111:0001\nG one theirs:1-4\nG two\n", PORT4, "" },
	{ "an old entry of that number in another guest", "D 1-4 5 1111:0001\nG one\nG two old:1-4\n", PORT4,
	  "detach two gone;" },
	{ "the rule is gone", "D 1-4 5 1111:0001\nG one ours:1-4\n", "", "detach one 1-4;" },
	{ "the rule names another guest now", "D 1-4 5 1111:0001\nG one\nG two ours:1-4\n", PORT4, "detach two 1-4;" },
	{ "other ids at the port", "D 1-4 6 2222:0002\nG one\n", PORT4, "attach one 1-4;" },
	{ "two equal ones, by port", "D 1-3 5 1111:0001\nD 1-4 6 1111:0001\nG one\n", PORT4, "attach one 1-4;" },
	{ "two equal ones, by id", "D 1-3 5 1111:0001\nD 1-4 6 1111:0001\nG one\n",
	  "[usb a]\nid=1111:0001\nguest=one\n", "attach one 1-3;attach one 1-4;" },
	{ "two guests, by port and by id", "D 1-3 5 1111:0001\nD 1-4 6 1111:0001\nG one\nG two\n",
	  "[usb b]\nid=1111:0001\nguest=two\n" PORT4, "attach two 1-3;attach one 1-4;" },
	{ "a hub at the port: what is behind it", "D 1-4 5 1111:0001 hub\nD 1-4.2 6 1111:0001\nG one\n", PORT4,
	  "attach one 1-4.2;" },
	{ "behind a hub, one has a rule of its own", "D 1-4.1 6 1111:0001\nD 1-4.2 7 1111:0001\nG one\nG two\n",
	  PORT4 "[usb b]\nport=pci-0000:00:14.0-usb-0:4.2\nguest=two\n", "attach one 1-4.1;attach two 1-4.2;" },
	{ "the nearer hub counts", "D 1-4.1.1 6 1111:0001\nG one\nG two\n",
	  PORT4 "[usb b]\nport=pci-0000:00:14.0-usb-0:4.1\nguest=two\n", "attach two 1-4.1.1;" },
	{ "port 4 is not port 41", "D 1-41 6 1111:0001\nG one\n", PORT4, "" },
	{ "by UUID in capitals", "D 1-4 5 1111:0001\nG one\n",
	  "[usb a]\nid=1111:0001\nguest=00000000-0000-0000-0000-000000000001\n", "attach one 1-4;" },
	{ "a name without a guest", "D 1-4 5 1111:0001\nG one\n", "[usb a]\nid=1111:0001\n", "" },
	/* Choices. */
	{ "manual: not by itself", "D 1-4 5 1111:0001\nG one\n", MANUAL, "" },
	{ "manual: asked for", "D 1-4 5 1111:0001\nG one\nC 1-4 one to\n", MANUAL, "attach one 1-4;" },
	{ "asked for without a rule", "D 1-4 5 1111:0001\nG one\nC 1-4 one to\n", "", "attach one 1-4;" },
	{ "asked for, and there", "D 1-4 5 1111:0001\nG one ours:1-4\nC 1-4 one to\n", "", "" },
	{ "asked for another guest", "D 1-4 5 1111:0001\nG one ours:1-4\nG two\nC 1-4 two to\n", PORT4,
	  "detach one 1-4;" },
	{ "taken back", "D 1-4 5 1111:0001\nG one ours:1-4\nC 1-4 one from\n", PORT4, "detach one 1-4;" },
	{ "taken back from another guest", "D 1-4 5 1111:0001\nG one\nG two\nC 1-4 two from\n", PORT4,
	  "attach one 1-4;" },
	{ "asked for in an earlier run", "D 1-4 5 1111:0001\nG one\nC 1-4 one to last\n", MANUAL, "" },
	{ "taken back in an earlier run", "D 1-4 5 1111:0001\nG one\nC 1-4 one from last\n", PORT4, "attach one 1-4;" },
	{ "a hub that was asked for", "D 1-4 5 1111:0001 hub\nG one\nC 1-4 one to\n", "", "" },
};

TEST(usb_plan)
{
	for (size_t i = 0; i < ARRAY_SIZE(worlds); i++) {
		cleanup_free char *got = NULL;

		test_case("%s", worlds[i].name);
		got = plan_of(worlds[i].scene, worlds[i].policy);
		CHECK_STR(got, worlds[i].expected);
	}
}
