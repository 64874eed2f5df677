# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# five drivers in a row that do not let go: the deadline holds all the same
machine() {
	local n

	hold_machine
	for n in 4 5 6 7; do
		port rp$n $((n + 1))
		device pci-testdev,bus=rp$n
	done
}

policy() {
	cat <<-EOT
		[device held]
		id     = 1b36:0005
		driver = pci-stub

		[device guest-gpu]
		address = 02:00.0
	EOT
}

image() {
	printf '[device held]\nid = 1b36:0005\n' >guest/hold.conf
}

guest() {
	hold 03:00.0 04:00.0 05:00.0 06:00.0 07:00.0
	boot
	check "at least the first is reported as stuck" reported 'reason	stuck'
	check "a second process gave back what the first one left" logged 'giving back what is not finished'
	is "driver before, in the report" "$(field 03:00.0 driver_before)" vfio-pci
	driver 02:00.0 vfio-pci
}
