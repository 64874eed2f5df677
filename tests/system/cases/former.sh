# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Units get back what they had before, of each kind, and what others changed is left alone

guest()
{
	printf '[guests]\nisolate-cpus = 2\n' >"$conf"
	define 1 one
	systemctl set-property system.slice AllowedCPUs=0-2
	systemctl set-property --runtime user.slice AllowedCPUs=0-1
	mkdir -p /etc/systemd/system/init.scope.d
	printf '[Scope]\nAllowedCPUs=1-3\n' >/etc/systemd/system/init.scope.d/90-cpus.conf
	systemctl daemon-reload
	is "system.slice before" "$(allowed system.slice)" "0-2"
	is "user.slice before" "$(allowed user.slice)" "0-1"
	is "init.scope before" "$(allowed init.scope)" "1-3"

	check "the guest starts" start 1
	is "system.slice with a guest" "$(allowed system.slice)" "0-1"
	is "the kernel's word" "$(kernel_effective system.slice)" "0-1"
	is "user.slice with a guest" "$(allowed user.slice)" "0-1"
	is "init.scope with a guest" "$(allowed init.scope)" "1 3"
	check "the guest ends" destroy 1
	is "system.slice behind it" "$(allowed system.slice)" "0-2"
	is "the kernel's word behind it" "$(kernel_effective system.slice)" "0-2"
	is "user.slice behind it" "$(allowed user.slice)" "0-1"
	is "init.scope behind it" "$(allowed init.scope)" "1-3"

	# The settings in files come into force again with a reload in the middle: that is said, and nothing is broken by it.
	check "the guest starts again" start 1
	systemctl daemon-reload
	vfio-hook status >/tmp/status
	say "VM-INFO with a reload in the middle: $(tr '\n' ';' </tmp/status)"
	check "the guest ends again" destroy 1
	is "system.slice behind a reload" "$(allowed system.slice)" "0-2"
	is "user.slice behind a reload" "$(allowed user.slice)" "0-1"
	is "init.scope behind a reload" "$(allowed init.scope)" "1-3"

	check "the guest starts once more" start 1
	systemctl set-property --runtime user.slice AllowedCPUs=3
	systemctl set-property --runtime system.slice AllowedCPUs=
	check_not "status complains" vfio-hook status
	has "status says of what" "$(vfio-hook status)" "system.slice: CPUs 0-1, foreign"
	vfio-hook reconcile
	is "reconcile leaves it alone" "$(allowed user.slice)" "3"
	is "reconcile leaves what was emptied alone" "$(allowed system.slice)" ""
	check "the guest ends once more" destroy 1
	is "user.slice as others left it" "$(allowed user.slice)" "3"
	is "system.slice as others left it" "$(allowed system.slice)" ""
	check "no record is left" test ! -e /run/vfiokit/cpus
}
