# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# dracut with systemd: the unit

# Not in the virtual machine, which only wants guest().
# shellcheck source-path=SCRIPTDIR source=slot.sh
[ -z "${top:-}" ] || . "$top/bench/slots/slot.sh"

prepare()
{
	bench_program
	bench_unit
}
generate()
{
	dracut_image "$@" --no-hostonly --include /bench /bench --install "rmmod mv readlink sh" --include \
		/usr/lib/systemd/system/vfiokit-initrd.service.d /usr/lib/systemd/system/vfiokit-initrd.service.d
}

guest() { driver 02:00.0 vfio-pci; }
