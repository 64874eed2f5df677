/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of `vfio-hook status` about what is tuned for guests (tuning.h). */
#ifndef VFIOKIT_HOOKS_STATUS_TUNING_H
#define VFIOKIT_HOOKS_STATUS_TUNING_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* Adds "interrupts" (null if none is moved for anybody) and "settings" to the document. */
void status_tuning_add(cJSON *document, int root);

/* Prints a line for each thing. */
void status_tuning_print(const cJSON *document);

/* Somebody else has changed a setting, or irqbalance does not know which CPUs to keep away from. */
bool status_tuning_is_wrong(const cJSON *document);

#endif
