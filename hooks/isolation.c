/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/isolation.h"

bool isolation_leaves_host(const struct isolation_machine *machine, const struct cpulist *taken)
{
	struct cpulist left = machine->online;

	cpulist_remove(&left, taken);
	return !cpulist_is_empty(&left);
}

/* An empty former value never by an empty write alone: systemd then drops the setting, and the kernel keeps the old
 * mask. */
static void decide_restore(const struct isolation_machine *machine, const struct unit_record *record,
			   struct unit_decision *ret)
{
	ret->step = cpulist_is_empty(&record->former) ? STEP_CLEAR : STEP_WRITE;
	ret->value = cpulist_is_empty(&record->former) ? machine->possible : record->former;
}

void isolation_decide(const struct isolation_machine *machine, const struct cpulist *taken,
		      const struct cpulist *current, const struct unit_record *record, struct unit_decision *ret)
{
	bool restores = cpulist_is_empty(taken);
	bool is_ours = record != NULL &&
		       (cpulist_equal(current, &record->written) || cpulist_equal(current, &record->next));

	*ret = (struct unit_decision){ .step = STEP_NONE, .former = record != NULL ? record->former : *current };
	if (record == NULL && restores)
		return;
	if (record != NULL && !is_ours) {
		ret->step = restores ? STEP_FORGET : STEP_FOREIGN;
		return;
	}
	if (restores) {
		decide_restore(machine, record, ret);
		return;
	}
	ret->value = cpulist_is_empty(&ret->former) ? machine->possible : ret->former;
	cpulist_remove(&ret->value, taken);
	if (cpulist_is_empty(&ret->value))
		ret->step = STEP_NO_ROOM;
	else if (!cpulist_equal(&ret->value, current))
		ret->step = STEP_WRITE;
}
