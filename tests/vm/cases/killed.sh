# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# killed at any moment, the run leaves nothing that the next one cannot put right
policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

# Back to a machine that no run has touched.
forget() {
	local module

	echo >"$(dev 02:00.0)/driver_override"
	for module in vfio_pci vfio_pci_core vfio_virqfd vfio_iommu_type1 vfio irqbypass; do
		rmmod $module 2>/dev/null
	done
	rm -rf /run/vfiokit
}

# Its process that does the work is killed, it lives on: nothing is left half done, and the report says what came of it.
kill_worker() {
	local worker= rest

	vfio-bind boot 2>/dev/null &
	usleep "${1}000"
	read -r worker rest <"/proc/$!/task/$!/children"
	kill -9 "$worker" 2>/dev/null
	wait $!
	is "boot exits, its worker killed after $1 ms" $? 0
	[ ! -e "$report" ] || truthful
	case $(link 02:00.0 driver) in
	vfio-pci) [ ! -e "$report" ] || verdict 02:00.0 bind ;;
	*) override 02:00.0 "(null)" ;;
	esac
}

guest() {
	for delay in 10 20 30 40 50 60 70 80 100 120; do
		kill_worker $delay
		rm -rf /run/vfiokit
		boot
		driver 02:00.0 vfio-pci
		forget
	done
	for delay in 10 30 50 70 90 110 130 160 200; do
		vfio-bind boot 2>/dev/null &
		usleep ${delay}000
		kill -9 $! 2>/dev/null
		say "killed after $delay ms: 02:00.0 has $(link 02:00.0 driver)," \
			"override $(cat "$(dev 02:00.0)/driver_override")"
		boot
		verdict 01:00.0 "skip boot-vga"
		driver 02:00.0 vfio-pci
		forget
		driver 02:00.0 none
	done
}
