# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# dracut with systemd, and a program that never ends instead of vfio-bind: the unit's deadline lets the boot go on
checked() { echo bookworm; }
prepare() { printf '#!/bin/sh\nexec sleep 1000\n' >"$root/usr/sbin/vfio-bind"; }
generate() { dracut_image "$@" --no-hostonly; }
cmdline() { echo rd.driver.pre=bochs; }
guest() {
	check "the root is Debian's" [ -e /etc/debian_version ]
	check "the unit's deadline was needed" [ "$(ms)" -gt 20000 ]
	check_not "there is no report" [ -e "$report" ]
	driver 01:00.0 bochs-drm
	driver 02:00.0 bochs-drm
}
