#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usb.sh: how long vfio-usbd takes from udev's event to the call of libvirt that attaches the device, against the usual script,
# which a rule of udev starts and which calls virsh (from the kernel's event on, without what udev takes for such a device when
# it starts no script); in one VM, medians of 10, alternating. And what the daemon does while nothing happens: how often it wakes in half a minute, its own memory.
#
# Waits until no other QEMU runs, because two of them would measure each other.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname "${BASH_SOURCE[0]}")/table.sh"
# shellcheck source-path=SCRIPTDIR source=clock.sh
. "$(dirname "${BASH_SOURCE[0]}")/clock.sh"

alone
SYSTEM_CASES=$top/bench/hooks "$top/tests/system/run.sh" attach >"$out/usb.log" 2>&1 ||
	{ cat "$out/usb.log"; echo "usb.sh: the VM did not measure  BROKEN"; exit 1; }
numbers=$top/build/system-logs/bookworm-attach.log.checks

# of NAME
of() { awk -v n="$1" '$1 == "BENCH" && $2 == n { print $3 }' "$numbers" | median; }

row "a USB device for a guest: vfio-usbd, from event to call" "$(ratio "$(of ours)" 1000 1)" ms
script=$(($(of script) - $(of udev)))
row "a USB device for a guest: the usual script" "$(ratio "$script" 1000 1)" ms
row "  vfio-usbd against it" "$(ratio "$(of ours)" "$script")" x 0.10
row "vfio-usbd wakes in half a minute without events" "$(of wake-ups)" times 0
row "memory of vfio-usbd's own" "$(of memory)" KiB 6144
