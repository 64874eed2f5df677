#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes this computer's PCI topology, as far as vfio-bind looks at it, as a fixture to stdout.
# usage: capture.sh [ROOT] > NAME.dump     No root rights needed; nothing is changed.
# Serial numbers and MAC addresses are left out, UUIDs are cut to their first eight digits.
root=$(cd "${1:-/}" && pwd -P) || exit 1
root=${root%/}
sys=$root/sys
text() { # FILE: its content on one line, as the fixture format wants it
	awk 'NR > 1 { printf "\\n" } { gsub(/\\/, "\\\\\\\\"); printf "%s", $0 }' "$1" 2>/dev/null
}
link() { if [ -L "$1" ]; then basename "$(readlink "$1")"; else echo -; fi; }
attributes() { # DIR NAME...: A: lines for those that can be read and are not empty
	dir=$1; shift
	for name; do
		value=$(text "$dir/$name") && [ -n "$value" ] && printf "A: %s=%s\n" "$name" "$value"
	done
}
file() { # NAME below the root [PATTERN]: an F: line with its content, or with matching lines
	[ -r "$root/$1" ] && grep -aE "${2:-.}" "$root/$1" | awk -v n="$1" \
		'{ gsub(/\\/, "\\\\\\\\"); t = t $0 "\\n" } END { if (t) print "F: " n "=" t }'
}
pci() { # DIR: one function
	ids=$(awk -F= '{ v[$1] = tolower($2) } END { c = "00000" v["PCI_CLASS"]; print \
		substr(c, length(c) - 5), v["PCI_ID"], v["PCI_SUBSYS_ID"] }' "$1/uevent")
	echo "PCI: ${1#"$sys"/devices/pci*/} $ids $(link "$1/driver") $(link "$1/iommu_group")"
	attributes "$1" boot_vga secondary_bus_number subordinate_bus_number sriov_totalvfs \
		sriov_numvfs reset_method
	case $ids in 03*) attributes "$1" resource ;; esac
	[ "$(text "$1/driver_override")" = '(null)' ] || attributes "$1" driver_override
	[ -L "$1/physfn" ] && echo "L: physfn=$(readlink "$1/physfn")"
}
device() { # SUBSYSTEM DIR ATTRIBUTE...: anything that is not a PCI function
	[ -d "$2" ] || return 0
	echo "P: ${2#"$sys"}"
	echo "E: SUBSYSTEM=$1"
	for other in "$2/master" "$2"/slaves/* "$2"/holders/*; do
		[ -L "$other" ] && echo "L: ${other#"$2"/}=$(readlink "$other")"
	done
	shift
	attributes "$@"
}
class() { # SUBSYSTEM PATTERN ATTRIBUTE...
	subsystem=$1; pattern=$2; shift 2
	for d in "$sys/class/$subsystem"/$pattern; do
		device "$subsystem" "$(readlink -f "$d")" "$@"
	done
}
capture() {
	release=$(cat "$root/proc/sys/kernel/osrelease")
	echo "# Captured on Linux $release by capture.sh:" \
		"$(cat "$sys/class/dmi/id/board_vendor" "$sys/class/dmi/id/board_name" 2>/dev/null | xargs)"
	for d in "$sys"/bus/pci/devices/*; do pci "$(readlink -f "$d")"; done
	for d in "$sys"/bus/pci/drivers/vfio* "$sys"/module/vfio*; do
		[ -d "$d" ] && echo "D: ${d#"$root"/}"
	done
	for d in "$sys"/devices/platform/*-framebuffer.* "$sys"/devices/pci*/*/*-framebuffer.* \
		"$sys"/devices/pci*/*/*/*-framebuffer.*; do device platform "$d"; done
	for d in "$sys"/bus/usb/devices/usb*; do device usb "$(readlink -f "$d")"; done
	class net '*' flags type operstate
	class nvme '*'
	class block '[!lrz]*' dev size
	class sound 'card*'
	class input 'input*' name capabilities/ev capabilities/key id/bustype
	for f in cmdline sys/kernel/osrelease swaps; do file "proc/$f"; done
	file proc/mounts '^(/dev/|[^ ]+ / )'
	for f in dep builtin; do
		file "lib/modules/$release/modules.$f" '(^|/)(vfio|irqbypass)[^/ ]*[.]ko[^ ]*:?'
	done
	[ -r "$sys/kernel/boot_params/data" ] && printf 'F: sys/kernel/boot_params/data=%s\n' \
		"$(od -An -v -tx1 -N64 "$sys/kernel/boot_params/data" | tr -d '\n' | sed 's/ /\\x/g')"
}
uuid='-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}'
capture | sed -E -e 's/([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}/00:00:00:00:00:00/g' \
	-e 's/enx[0-9a-f]{12}/enx000000000000/g' \
	-e "s/([0-9a-fA-F]{8})$uuid/\\1-0000-0000-0000-000000000000/g"
