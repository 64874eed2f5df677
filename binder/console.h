/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which display device carries the console: by every sign that exists before a GPU driver is loaded. */
#ifndef VFIOKIT_CONSOLE_H
#define VFIOKIT_CONSOLE_H

#include "binder/inventory.h"

/*
 * Sets boot_vga, console and console_sign of the display devices. boot_vga exists on VGA-class devices only; sysfb
 * devices are children of the PCI device from some 6.x on (seen on 6.12, not on 6.1); the firmware's framebuffer is
 * in screen_info (x86: first bytes of boot_params) or, for root, in /proc/iomem.
 */
void console_find(struct inventory *inventory, int root);

#endif
