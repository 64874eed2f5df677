# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# four runs at the same time do not disturb each other
policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

guest() {
	for n in 1 2 3 4; do
		(vfio-bind boot >/dev/null 2>&1; echo $? >/tmp/status.$n) &
	done
	wait
	is "exit codes" "$(cat /tmp/status.* | tr '\n' ' ')" "0 0 0 0 "
	driver 01:00.0 none
	driver 02:00.0 vfio-pci
	override 02:00.0 vfio-pci
	check "the report is whole" reported '^\.devices\.'
	is "runs in it" "$(($(flatten /run/vfiokit/bind.json | grep -c '\.result	') ))" 4
	is "of them, runs that failed" \
		"$(flatten /run/vfiokit/bind.json | grep -c '\.result	\(error\|partial\|nothing\)')" 0
	opens 02:00.0
}
