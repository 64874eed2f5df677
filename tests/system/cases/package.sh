# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# The Debian package is installed, upgraded, removed and purged while a guest runs: images, units, hook, nothing bound, nothing left

# Images are made five times, under emulation: only with --full (tests/package does the like, without systemd, in seconds).
suites() { :; }
full_suites() { echo bookworm; }
seconds() { echo 2400; }
is_bare() { true; }

# A device that no driver wants, but the policy of lifecycle.sh does.
machine() { qemu+=(-device edu,addr=0x8); }

files()
{
	OUT=$build/package DEB_BUILD_OPTIONS=nocheck "$top/packaging/build.sh" &&
		cp "$build"/package/vfiokit_*.deb "$1/first.deb" && "$top/tests/package/second.sh" "$1/first.deb" "$1/second.deb" &&
		cp "$top/tests/package/lifecycle.sh" "$1"
}

# nothing_is_bound WHEN
nothing_is_bound()
{
	is "what vfio-pci has, $1" "$(find /sys/bus/pci/drivers/vfio-pci/ -name '0*:*' 2>/dev/null)" ""
	is "overrides, $1" "$(cat /sys/bus/pci/devices/*/driver_override | grep -v null)" ""
	is "the safety net, $1" "$(systemctl is-active vfiokit-bind.service)" inactive
}
cpus_are() { [ "$(kernel_effective system.slice)" = "$1" ]; }
guard_has_ended() { [ "$(guard_state 1)" != active ]; }
units() { systemctl list-units --no-legend "$@" 'vfio*'; }

guest()
{
	local guard
	# shellcheck source=/dev/null
	. /guest/lifecycle.sh
	define 1 one
	define 2 two
	# Each takes its time under emulation, and none matters here.
	chmod -x /usr/share/initramfs-tools/hooks/{btrfs,dmsetup,fsck,keymap,lvm2,mdadm,resume,thermal}
	life_begins

	# libvirtd ends by itself when it has no guest, and would see the hook when it is back.
	check "a guest starts before" start 2
	life_install
	is "the timer" "$(systemctl is-active vfio-reconcile.timer)" active
	nothing_is_bound "installed"
	printf '[guests]\nisolate-cpus = 3\n' >$conf
	check "a guest starts" start 1
	check "libvirt knows the hook: the guest has its CPU" wait_for 60 cpus_are 0-2
	destroy 2

	guard=$(guard_of 1)
	life_upgrade
	nothing_is_bound "upgraded, with a policy that wants a device"
	is "the guest's guard" "$(guard_state 1)" active
	check_not "it is a new one" test "$(guard_of 1)" = "$guard"
	is "restarts of it that nobody asked for" "$(systemctl show -P NRestarts "vfio-guard@$(uuid_of 1)")" 0
	check "the guest has its CPU still" cpus_are 0-2
	is "the timer" "$(systemctl is-active vfio-reconcile.timer)" active

	life_remove
	check "the host has its CPUs again" cpus_are 0-3
	check "the guest's guard ends" wait_for 60 guard_has_ended
	check "the guest runs on" qemu_of 1
	is "our units that work" "$(units --state=active,activating,failed)" ""
	check "libvirt does not miss the hook" destroy 1
	check "another start needs none" start 1
	check_not "nobody claims anything" cpus_are 0-2
	destroy 1

	life_again
	nothing_is_bound "installed again"
	check "a guest starts with the hook" start 1
	check "and has its CPU" wait_for 60 cpus_are 0-2
	destroy 1

	life_purge
	is "units that systemd knows of, purged" "$(units --all)" ""
}
