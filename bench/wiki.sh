#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The shell loop that everyone copies: every GPU that is not the boot VGA, and the function behind it,
# get an override, then modprobe. Checks nothing. Runs in the VM of boot.sh, where the shell and its tools
# are busybox. MODPROBE: the last line; without it that of the wiki with kmod's modprobe, as in an image of
# mkinitcpio (by its path: Debian's busybox would run its own).
# shellcheck disable=SC2001,SC2046,SC2086
for i in /sys/bus/pci/devices/*/boot_vga; do
	if [ $(cat "$i") -eq 0 ]; then
		GPU="${i%/boot_vga}"
		AUDIO="$(echo "$GPU" | sed -e "s/0$/1/")"
		echo "vfio-pci" >"$GPU/driver_override"
		if [ -d "$AUDIO" ]; then
			echo "vfio-pci" >"$AUDIO/driver_override"
		fi
	fi
done
${MODPROBE:-/sbin/modprobe -i vfio-pci}
