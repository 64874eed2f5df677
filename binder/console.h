/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which display device carries the console: by every sign that exists before a GPU driver is loaded. */
#ifndef VFIOKIT_CONSOLE_H
#define VFIOKIT_CONSOLE_H

#include "binder/inventory.h"
#include "binder/kernel.h"

/*
 * Sets boot_vga, console and console_sign of the display devices. boot_vga exists on VGA-class devices only; sysfb
 * devices are children of the PCI device from some 6.x on (seen on 6.12, not on 6.1); the firmware's framebuffer is
 * in screen_info (x86: first bytes of boot_params) or, for root, in /proc/iomem.
 */
void console_find(struct inventory *inventory, int root);

/*
 * Takes the firmware's framebuffer from its driver, if it still has one, so that a VFIO user can map the card's memory.
 * vfio-pci does it itself for class 0300 only (Linux 6.0 on). There is one framebuffer at most. What it showed is gone
 * until the next boot.
 */
void console_release(const struct kernel *kernel, uint64_t deadline);

/*
 * Is a framebuffer still in the memory of this device, as /proc/iomem shows it to root? With simpledrm it belongs to
 * the platform device (BOOTFB), and stays when its driver is gone.
 */
bool console_keeps_memory(int root, const char *address);

#endif
