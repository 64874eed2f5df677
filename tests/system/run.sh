#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2054,SC2154
#
# run.sh [--full] [-v] [[SUITE/]CASE...]: boots a Debian system with libvirt, in which real guests start and end, one VM for each case.
#
# A line "ok SUITE/CASE (SECONDS s): TITLE" or "not ok ..." for each, after the latter what was wrong and the end of the
# serial log. At the end "N passed, N failed"; exit code 1 if any failed. CELL=SUITE/CASE selects one. Cases run on Debian 12;
# --full: on Debian 13 too. -v: print all checks.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=../vm/cell.sh
. "$(dirname "${BASH_SOURCE[0]}")/../vm/cell.sh"

system=$top/tests/system
cases=${SYSTEM_CASES:-$system/cases} # bench/ has cases of its own
build=$top/build/system
logs=$top/build/system-logs
verbose='' passed=0 failed=0

indent() { sed 's/^/    /'; }

# What a case may say otherwise: how long it may take, more devices, and words for the kernel. Without AppArmor libvirt starts
# guests in a fraction of the time. On which suites it runs, and with --full; more files for it (DIR); whether the system is to
# be without vfiokit.
seconds() { echo 900; }
machine() { :; }
cmdline() { echo apparmor=0; }
suites() { echo bookworm; }
full_suites() { echo bookworm trixie; }
files() { :; }
is_bare() { false; }

# The case and what it may call, as a small file system.
make_checks()
{
	rm -rf "$build/checks.dir"
	mkdir -p "$build/checks.dir"
	cp "$system"/guest/* "$build/checks.dir"
	${CC:-cc} -static -O2 -Wall -Wextra -Werror -o "$build/checks.dir/usb-device" "$system/usb-device.c"
	{ cat "$1"; echo "before"; echo "guest"; } >"$build/checks.dir/case.sh"
	files "$build/checks.dir" || return
	truncate -s 8M "$build/checks"
	mkfs.ext4 -q -F -L vfiokit-test -O ^has_journal -d "$build/checks.dir" "$build/checks"
}

# usb [DISK...]: a USB controller at 00:10.0 with 15 ports of USB 2 and 3, and what may be plugged into it: 32 MB for each of
# these usb-storage, and two ends for usb-serial. The system tells this QEMU itself what to plug, over its QMP at /dev/virtio-ports/qmp (guest/usb.sh): QEMU is
# a client of its own socket.
usb()
{
	local disk

	qemu+=(-device qemu-xhci,id=usb,addr=0x10,p2=15,p3=15 -device virtio-serial-pci
		-chardev "socket,id=monitor,path=$build/qmp,server=on,wait=off" -mon chardev=monitor,mode=control
		-chardev "socket,id=qmp,path=$build/qmp" -device virtserialport,chardev=qmp,name=qmp
		-chardev null,id=line1 -chardev null,id=line2)
	for disk; do
		rm -f "$build/$disk"
		truncate -s 32M "$build/$disk"
		qemu+=(-blockdev "file,node-name=$disk,filename=$build/$disk")
	done
}

# boot SUITE CASE: four processors, for something must be left to the host; in one thread (see tests/vm/machine.sh). Under load
# an emulated timer may be so late that the kernel gives up on it at start: no_timer_check. And a processor may stand still for so
# long that the kernel takes that for a bug of its own, which would fail the case: nosoftlockup.
boot()
{
	local dir=$top/build/cache/system/$1 qemu

	qemu=(-machine q35,kernel-irqchip=split -accel tcg,thread=single -cpu max -smp 4 -m 1536
		-device intel-iommu,intremap=on,caching-mode=on
		-nodefaults -display none -no-reboot -serial "file:$log" -serial "file:$log.checks"
		-drive "file=$disk,if=none,id=root,format=raw,snapshot=on" -device virtio-blk-pci,drive=root
		-drive "file=$build/checks,if=none,id=checks,format=raw,snapshot=on" -device virtio-blk-pci,drive=checks
		-kernel "$dir/vmlinuz" -initrd "$disk.initrd"
		-append "console=ttyS0 panic=-1 oops=panic no_timer_check nosoftlockup intel_iommu=on systemd.show_status=0 $(cmdline)")
	machine
	timeout -k 5 "$(seconds)" qemu-system-x86_64 "${qemu[@]}" </dev/null >"$log.qemu" 2>&1 ||
		echo "QEMU: exit $?" >>"$log.qemu"
	sed -i 's/\r$//' "$log" "$log.checks"
}

run_cell()
(
	suite=$1 casefile=$cases/$2.sh start=$SECONDS
	log=$logs/$1-$2.log
	! passed_before "$1/$2" || exit 0
	rm -f "$log"*
	# shellcheck source=/dev/null
	. "$casefile"
	disk=$build/$1.disk bare=
	! is_bare || disk=$build/$1-bare.disk bare=yes
	[ -e "$disk" ] || BARE=$bare "$system/disk.sh" "$1" "$disk" "$disk.initrd" >"$disk.log" 2>&1 ||
		{ echo "not ok $1/$2: no system"; indent <"$disk.log"; exit 1; }
	make_checks "$casefile" >"$log.files" 2>&1 || { echo "not ok $1/$2: no checks"; indent <"$log.files"; exit 1; }
	boot "$1" "$2"
	problems=$(cell_problems)
	what="$1/$2 ($((SECONDS - start)) s): $(title_of "$casefile"), $(grep -c '^VM-OK\|^VM-FAIL' "$log.checks") checks"
	if [ -z "$problems" ]; then
		echo "ok $what"
		[ -z "$verbose" ] || indent <"$log.checks"
		exit 0
	fi
	echo "not ok $what"
	indent <<<"$problems"
	[ -z "$verbose" ] || indent <"$log.checks"
	echo "    the end of $log:"
	tail -n 60 "$log" | indent
	exit 1
)

# Where a case runs, unless its name says so.
suites_of()
(
	# shellcheck source=/dev/null
	. "$cases/$1.sh"
	if [ -n "$full" ] || { [ -n "$named" ] && [ -z "$(suites)" ]; }; then full_suites; else suites; fi
)

names=() full='' named=''
for argument; do
	case $argument in
	--full) full=yes ;;
	-v) verbose=yes ;;
	-*) sed -n 's/^# \(run.sh\)/usage: \1/p' "$0" >&2; exit 2 ;;
	*) names+=("$argument") ;;
	esac
done
[ -z "${CELL:-}" ] || names=("$CELL")
[ ${#names[@]} = 0 ] || named=yes
if [ -z "$named" ]; then
	for casefile in "$cases"/*.sh; do
		names+=("$(basename "$casefile" .sh)")
	done
fi
[ -x "$top/build/vfio-hook" ] || { echo "run.sh: build/vfio-hook is missing: run make" >&2; exit 2; }
rm -rf "$build"
mkdir -p "$build" "$logs"
for cell in "${names[@]}"; do
	name=${cell##*/}
	[ -f "$cases/$name.sh" ] || { echo "run.sh: no such case: $name" >&2; exit 2; }
	wanted=$(suites_of "$name")
	[ "$name" = "$cell" ] || wanted=${cell%/*}
	for suite in $wanted; do
		if run_cell "$suite" "$name"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
	done
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
