/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy file: the strict line check, inih, the keys. What comes out of it is planned on a small machine. */
#include "binder/plan.h"
#include "binder/policy_internal.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct device device = { .address = "0000:01:00.0", .driver = "", .path = "0000:01:00.0" };
	const struct inventory inventory = { .devices = &device, .n_devices = 1, .has_iommu = true };
	const struct switches switches = { 0 };
	struct policy policy = { 0 };
	struct problems problems = { 0 };
	struct policy_loader loader = { .policy = &policy, .problems = &problems };
	const struct record no_record = { 0 };
	const struct plan_input input = { &inventory, &policy, &switches, &needs_unknown, .record = &no_record };
	struct plan plan;

	device.bdf.bus = 1;
	policy_parse(&loader, (const char *)data, size, "fuzz");
	policy_finish(&loader, &switches);
	plan_build(&plan, &input);
	plan_explain(&plan, &input);
	plan_free(&plan);
	policy_free(&policy);
	problems_free(&problems);
	return 0;
}
