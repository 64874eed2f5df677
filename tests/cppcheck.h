/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cppcheck is to know of foreign headers. Not -D: a macro with arguments there makes it misread macros of ours. */
#define cJSON_ArrayForEach(element, array) for (element = (array); element;)
