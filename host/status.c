/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfiokit status: what the binder's says, in lines that fit the screen. */
#include "binder/commands.h"
#include "host/commands.h"
#include "host/paint.h"

int command_status_wrapped(const struct options *options, int root)
{
	struct options wrapped = *options;

	wrapped.show_line = paint_hanging;
	return command_status(&wrapped, root);
}
