/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hooks.conf. Whatever stands in it, a guest's settings are complete, and rules of USB devices are sound. */
#include "hooks/conf.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hooks_conf conf = { 0 };
	struct problems problems = { 0 };
	struct guest_settings settings;

	conf_parse(&conf, (const char *)data, size, "fuzz", &problems);
	conf_settings(&conf, "win", "4dea22b3-1d52-d8f3-2516-782e98ab3fa0", &settings);
	if (settings.isolate == ISOLATE_UNSET || settings.siblings == SIBLINGS_UNSET ||
	    settings.inhibit == INHIBIT_UNSET || settings.claim_disks == CLAIM_UNSET ||
	    (settings.isolate == ISOLATE_LIST) == cpulist_is_empty(&settings.cpus))
		abort();
	/* A rule that counts says which device it means, and takes the last keyboard only with a way back. */
	for (size_t i = 0; i < conf.n_usb; i++) {
		const struct usb_rule *rule = &conf.usb[i];

		if (!rule->is_broken && (usb_rule_check(rule, conf.usb, conf.n_usb) != NULL ||
					 (rule->port != NULL && !usb_rule_is_port(rule->port))))
			abort();
	}
	free(conf_inhibit_words(settings.inhibit_what));
	conf_free(&conf);
	problems_free(&problems);
	return 0;
}
