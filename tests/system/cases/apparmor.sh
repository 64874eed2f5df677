# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# With AppArmor enforcing its profile of libvirtd, the hook works all the same

cmdline() { :; }
seconds() { echo 1500; }

guest()
{
	is "AppArmor" "$(cat /sys/module/apparmor/parameters/enabled)" Y
	is "libvirtd's profile" "$(tr -d '\0' <"/proc/$(pidof libvirtd)/attr/current")" "libvirtd (enforce)"
	printf '[guests]\nisolate-cpus = 3\ninhibit = sleep\n' >"$conf"
	define 1 one
	check "a guest starts" start 1
	has "it is confined" "$(tr -d '\0' <"/proc/$(qemu_of 1)/attr/current")" "libvirt-$(uuid_of 1) (enforce)"
	is "the kernel's word" "$(kernel_effective system.slice)" "0-2"
	is "its inhibitor" "$(inhibitors)" "sleep,vfiokit,guest one runs,block"
	is "its guard" "$(guard_state 1)" active
	has "status knows it" "$(vfio-hook status)" "libvirtd: confined as 'libvirtd (enforce)'"
	has "and that it lets the hook run" "$(vfio-hook status --json)" '"may_run_hook":	"yes"'
	has "and that the daemon sees it" "$(vfio-hook status --json)" '"sees_hook":	"yes"'
	check "its claim knows its QEMU" grep -q "^running $(qemu_of 1) " "/run/vfiokit/claims/$(uuid_of 1)"
	check "it ends" destroy 1
	check "no claim is left" is_gone 1
	is "the kernel's word behind it" "$(kernel_effective system.slice)" "0-3"
	is "what AppArmor denied our programs" "$(journalctl -k --no-pager | grep -c 'DENIED.*vfio-')" 0
}
