# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# storage is bound only if the rule names its slot and allows it
machine() {
	local n

	twin_gpus
	for n in 3 4 5; do
		port rp$n $((n + 1))
		device nvme,serial=$n,bus=rp$n
	done
}

policy() {
	cat <<-EOT
		[device by-address]
		address = 03:00.0
		allow   = storage

		[device not-allowed]
		address = 04:00.0

		[device by-id]
		id    = 1b36:0010
		allow = storage
	EOT
}

guest() {
	boot
	result partial
	verdict 03:00.0 bind
	verdict 04:00.0 "refuse storage"
	verdict 05:00.0 "refuse storage"
	coldplug
	driver 03:00.0 vfio-pci
	driver 04:00.0 nvme
	driver 05:00.0 nvme
}
