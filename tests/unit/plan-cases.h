/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tables of test-plan*.c are written in. */
#ifndef TESTS_UNIT_PLAN_CASES_H
#define TESTS_UNIT_PLAN_CASES_H

#include "tests/unit/machine.h"
#include "tests/unit/test.h"

/* Devices that nothing speaks against: an accelerator, a second one, a third in the first one's group. */
#define X "01:00.0 1200 1111:0001 1 -;"
#define Y "02:00.0 1200 1111:0002 2 -;"
#define X1 "01:00.1 1200 1111:0003 1 -;"
#define NIC "01:00.2 0200 8086:10d3 1 e1000e;"
/* Two cards with two functions each. */
#define GPU "01:00.0 0300 10de:13c2 1 -;"
#define SOUND "01:00.1 0403 10de:0fbb 1 -;"
#define CONSOLE_GPU "02:00.0 0300 10de:13c2 2 - boot_vga;"
#define CONSOLE_SOUND "02:00.1 0403 10de:0fbb 2 -;"

#define A "[device a]\n"
#define B "[device b]\n"
#define C "[device c]\n"
#define ON(on, with, ...)                                                                                              \
	{                                                                                                              \
		.devices = on, .policy = with, __VA_ARGS__                                                             \
	}
#define WHOLE "group=whole\n"

struct plan_case {
	const char *name;
	struct machine_text text;
	const char *expected;
};

static inline void check_cases(const struct plan_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct machine machine;
		cleanup_free char *got = NULL;

		test_case("%s", cases[i].name);
		machine_read(&machine, &cases[i].text);
		got = machine_verdicts(&machine);
		CHECK_STR(got, cases[i].expected);
		machine_free(&machine);
	}
}

#endif
