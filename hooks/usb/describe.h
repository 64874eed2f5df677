/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is there, who has it and why: the document that the daemon sends and that --json prints. */
#ifndef VFIOKIT_HOOKS_USB_DESCRIBE_H
#define VFIOKIT_HOOKS_USB_DESCRIBE_H

#include <cjson/cJSON.h>

#include "hooks/usb/core.h"

/* Owned by the caller. A daemon that is none (only root, conf and inventory are set) is described as absent. */
cJSON *usb_describe(const struct usbd *daemon, bool is_running);

#endif
