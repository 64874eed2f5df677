# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# the safety net: an image without vfiokit, and a service that is in time
machine() {
	twin_gpus
	device pci-serial,bus=pcie.0,addr=0x8
}

policy() {
	cat <<-EOT
		[device gpu]
		id = 1234:1111

		[device serial]
		address = 00:08.0
	EOT
}

# The native driver comes before coldplug.
image() {
	mkdir -p cell/etc/modules-load.d
	echo bochs >cell/etc/modules-load.d/gpu.conf
}

# started UNIT: when, in microseconds
started() {
	systemctl show -P ExecMainStartTimestampMonotonic "$1"
}

guest() {
	local ended unit

	check_not "udev complains about our rules" sh -c 'journalctl -b -u systemd-udevd | grep vfiokit'
	is "the service" "$(systemctl show -P Result vfiokit-bind)" success
	ended=$(systemctl show -P ExecMainExitTimestampMonotonic vfiokit-bind)
	say "it took $(((ended - $(started vfiokit-bind)) / 1000)) ms"
	for unit in systemd-modules-load systemd-udevd systemd-udev-trigger; do
		check "it ended before $unit began" [ "$ended" -lt "$(started $unit)" ]
	done
	driver 02:00.0 vfio-pci
	driver 01:00.0 bochs-drm
	driver 00:08.0 serial
	is "command" "$(value .command)" apply
	verdict 02:00.0 bind
	verdict 01:00.0 "skip boot-vga"
	verdict 00:08.0 "skip on-bound"
	override 00:08.0 "(null)"
	is "lines in the journal" "$(journalctl -b -o cat -t vfio-bind | wc -l)" 4

	# Again: nothing new, so only the summary.
	systemctl restart vfiokit-bind
	is "exit code" $? 0
	is "new lines in the journal" "$(journalctl -b -o cat -t vfio-bind | wc -l)" 5
	check "it is appended" reported '^\.runs\.0\.result'
	is "the first report is the first" "$(value .devices.0.verdict)" skip

	mount -o remount,ro /
	systemctl restart vfiokit-bind
	is "exit code on a root that cannot be written" $? 0
	check "it is appended there, too" reported '^\.runs\.1\.result'
	mount -o remount,rw /

	# What is refused is no failure of the unit; a broken policy is.
	policy_is '[device gone]\naddress = 07:00.0\n'
	systemctl restart vfiokit-bind
	is "exit code with something absent" $? 0
	policy_is '[device gone]\naddress = 7\n'
	check_not "a broken policy fails" systemctl restart vfiokit-bind
	rm /etc/vfiokit/bind.conf
	systemctl reset-failed vfiokit-bind # six starts in ten seconds are too many for systemd
	systemctl restart vfiokit-bind
	is "exit code without a policy" $? 0
	check "anybody may read the report" setpriv --reuid 1234 --clear-groups vfio-bind status
	systemctl stop vfiokit-bind
	check "the report stays" [ -e "$report" ]
}
