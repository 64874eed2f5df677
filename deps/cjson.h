/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For cJSON in the static vfio-bind. It writes a fraction and reads it back, to see whether enough digits are there;
 * with strtod(), which it calls anyway, that does not need the 5 KiB of musl's scanf().
 */
#include <stdio.h>
#include <stdlib.h>

#define sscanf(text, format, value) (*(value) = strtod(text, NULL), 1)
