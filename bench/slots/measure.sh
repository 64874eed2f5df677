#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Stands where the glue of a generator starts vfio-bind, in an image of slot.sh: measures vfio-bind and floor in turn, each
# from the same state, tells the second serial line, and leaves the card to vfio-bind. The shell is what the image has.
card=0000:02:00.0
pci=/sys/bus/pci/devices
read -r modules </bench/modules

undo() {
	[ ! -e $pci/$card/driver ] || echo $card >$pci/$card/driver/unbind
	echo >$pci/$card/driver_override
	for module in vfio_pci vfio_pci_core vfio_iommu_type1 vfio_virqfd vfio irqbypass; do
		[ ! -e /sys/module/$module ] || rmmod $module
	done
	[ ! -e /run/vfiokit ] || mv /run/vfiokit /run/vfiokit-"$1"
}

once() { # NUMBER NAME COMMAND...
	undo "$1"
	shift
	name=$1
	shift
	echo "BENCH $name $(/bench/ns "$@")" >/dev/ttyS1
	case $(readlink $pci/$card/driver) in
	*/vfio-pci) ;;
	*) echo "VM-FAIL $name did not bind $card" >/dev/ttyS1 ;;
	esac
}

for i in 1 2 3 4 5 6 7 8 9; do
	once $i-a binder /bench/vfio-bind boot
	# shellcheck disable=SC2086 # words
	once $i-b floor /bench/floor $card $modules
done
undo end
exec /bench/vfio-bind boot
