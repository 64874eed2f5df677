# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# a second run writes nothing, loads nothing, and appends to the first report
policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

guest() {
	counted boot
	touched
	events=$(cat /sys/kernel/uevent_seqnum)
	counted boot
	untouched
	is "uevents since the first run" "$(cat /sys/kernel/uevent_seqnum)" "$events"
	verdict 02:00.0 bind
	check "the second run is in the report, as bound" reported '\.runs\..*	bound'
	coldplug
	counted vfio-bind apply
	untouched
	driver 02:00.0 vfio-pci
}
