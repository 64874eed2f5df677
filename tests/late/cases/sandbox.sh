# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# what the services do not forbid themselves is needed: the table of systemd/README.md
machine() {
	port rp1 2
	port rp2 3
	device VGA,bus=pcie.0,addr=0x10
	device pci-testdev,bus=rp1
	nic rp2
}

# service NAME DIRECTIVE COMMAND: with the same bounds as all (vfiokit-.service.d), and this one behind them.
service() {
	mkdir -p "$1.service.d"
	printf '[Service]\nType=oneshot\nExecStart=%s\n' "$3" >"$1.service"
	printf '[Service]\n%s\n' "$2" >"$1.service.d/20-try.conf"
}

image() {
	local directive n=0

	cd cell/etc/systemd/system || return
	while read -r directive; do
		service vfiokit-try$n "$directive" "/usr/sbin/vfio-bind apply --device 01:00.0"
		n=$((n + 1))
	done <<-EOT

		ProtectKernelModules=yes
		CapabilityBoundingSet=~CAP_SYS_MODULE
		SystemCallFilter=~@module
		PrivateUsers=yes
		ProtectKernelTunables=yes
		ProcSubset=pid
		User=nobody
		UMask=0077
		PrivateDevices=yes
	EOT
	service vfiokit-held "CapabilityBoundingSet=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH" "/usr/sbin/vfio-bind apply --device 02:00.0"
	for directive in SYS_PTRACE DAC_READ_SEARCH; do
		service vfiokit-held-$directive "CapabilityBoundingSet=CAP_$directive" "/usr/sbin/vfio-bind apply --device 02:00.0"
	done
	service vfiokit-iomem "" "/bin/sh -c 'cat /proc/iomem >/run/vfiokit/iomem'"
	service vfiokit-iomem-less CapabilityBoundingSet=~CAP_SYS_ADMIN "/bin/sh -c 'cat /proc/iomem >/run/vfiokit/iomem'"
}

# try DIRECTIVE: the service with that, on a device that nothing holds, no module of vfio loaded, without an old report.
try() {
	local unit

	if has_driver 01:00.0 vfio-pci; then
		echo 0000:01:00.0 >/sys/bus/pci/drivers/vfio-pci/unbind
	fi
	printf '\n' >"$(dev 01:00.0)/driver_override"
	modprobe -r vfio_pci vfio_iommu_type1
	rm -rf /run/vfiokit
	for unit in /etc/systemd/system/vfiokit-try?.service; do
		[ "$(sed -n 2p "$unit.d/20-try.conf")" != "$1" ] || systemctl start "${unit##*/}" 2>/dev/null
	done
}

# breaks VERDICT DIRECTIVE: with that it does not bind.
breaks() {
	try "$2"
	is "driver with $2" "$(link 01:00.0 driver)" none
	said 01:00.0 "$1"
}

guest() {
	policy_is '[device test]\naddress = 01:00.0\n'
	try ''
	driver 01:00.0 vfio-pci
	breaks "fail module" ProtectKernelModules=yes
	breaks "fail module" CapabilityBoundingSet=~CAP_SYS_MODULE
	breaks "fail module" SystemCallFilter=~@module
	breaks "fail module" PrivateUsers=yes
	breaks "fail probe" ProtectKernelTunables=yes
	breaks "skip cmdline" ProcSubset=pid
	try User=nobody
	driver 01:00.0 none

	try UMask=0077
	driver 01:00.0 vfio-pci
	check_not "nobody else may read the report" setpriv --reuid 1234 --clear-groups cat "$report"

	mkdir /dev/.vfiokit
	cp "$report" /dev/.vfiokit/
	try PrivateDevices=yes
	driver 01:00.0 vfio-pci
	check "the report of PID 1 is not found" [ -e /dev/.vfiokit/bind.json ]
	try ''
	check_not "it is found without" [ -e /dev/.vfiokit/bind.json ]

	# What systemd does for PrivateNetwork=yes since version 254; 252 leaves /sys as it is.
	is "interfaces in a /sys of another network" "$(unshare -n -m sh -c 'mount -t sysfs sysfs /sys; ls /sys/class/net')" lo
	check "others can be seen outside" sh -c 'ls /sys/class/net | grep -qv lo'
	systemctl start vfiokit-iomem-less
	check_not "/proc/iomem shows no place without CAP_SYS_ADMIN" grep -q '[1-9a-f].* : ' /run/vfiokit/iomem
	systemctl start vfiokit-iomem
	check "/proc/iomem shows them with it" grep -q '[1-9a-f].* : ' /run/vfiokit/iomem

	# A card that its driver has: is it open? A process of another user is asked, too.
	policy_is '[device nic]\naddress = 02:00.0\nallow = network\n'
	modprobe e1000e
	driver 02:00.0 e1000e
	setpriv --reuid 1234 --clear-groups sleep 1000 &
	for directive in SYS_PTRACE DAC_READ_SEARCH; do
		systemctl start vfiokit-held-$directive
		said 02:00.0 "refuse open"
		driver 02:00.0 e1000e
	done
	systemctl start vfiokit-held
	driver 02:00.0 vfio-pci
	kill $!
}
