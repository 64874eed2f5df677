# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# dracut, and the kernel has no vfio module at all: the card goes to its own driver, and the report says why
suites() { echo bookworm trixie; }
checked() { echo trixie; }
prepare()
{
	rm -r "$root/usr/lib/modules/$release/kernel/drivers/vfio"
	depmod -b "$root" "$release"
}
generate() { dracut_image "$@" --no-hostonly; }
finished() { expect "the module names what is missing" grep -q 'has no module vfio_pci' "$image.log"; }
cmdline() { echo rd.driver.pre=bochs; }
guest() {
	result nothing
	verdict 02:00.0 "refuse no-driver"
	driver 01:00.0 bochs-drm
	driver 02:00.0 bochs-drm
	override 02:00.0 "(null)"
}
