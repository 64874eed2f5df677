/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What speaks against giving a device away. Each guard only adds reasons; plan.c weighs them. */
#ifndef VFIOKIT_PLAN_GUARDS_H
#define VFIOKIT_PLAN_GUARDS_H

#include "binder/plan.h"

/* All that can be said of a device by itself. Safe to call again after entries were added. */
void plan_guard_each(struct plan *plan, const struct plan_input *input);

/* Functions in the slot of a skipped console card, matched by id or class only, stay with it. */
void plan_guard_companions(struct plan *plan);

/* No sign names the console, and the policy would take every screen. */
void plan_guard_unknown_console(struct plan *plan, const struct plan_input *input);

/* The policy would take the USB host behind the last keyboard, or every USB host there is. */
void plan_guard_last_input(struct plan *plan, const struct plan_input *input);

/* The verdict that entry->reason means for this entry. */
enum verdict plan_verdict_of(const struct plan_entry *entry);

#endif
