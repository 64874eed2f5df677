/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between main.c and test.c. */
#ifndef TESTS_UNIT_TEST_INTERNAL_H
#define TESTS_UNIT_TEST_INTERNAL_H

#include <stddef.h>

/* Checks of this process that failed. */
size_t test_failures(void);

#endif
