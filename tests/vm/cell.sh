# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034
#
# Functions: one case on one kernel, from its file to its verdict. Used by run.sh and demo.sh.

vm=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$vm/../.." && pwd)
build=$top/build/vm
logs=$top/build/vm-logs
binder=${VFIO_BIND:-$top/build/vfio-bind}

# shellcheck source=image.sh
. "$vm/image.sh"
# shellcheck source=machine.sh
. "$vm/machine.sh"
# shellcheck source=hold.sh
. "$vm/hold.sh"

is_function()
{
	declare -F "$1" >/dev/null
}

# What a case may leave out, except policy, image and machine, whose absence means something.
cmdline() { :; }
kernels() { echo 6.1 6.12; }
seconds() { echo 60; }
steps() { echo 1; }

# suite_of KERNEL
suite_of()
{
	case $1 in
	6.1) echo bookworm ;;
	6.12) echo trixie ;;
	*) echo "no such kernel: $1 (6.1 or 6.12)" >&2; return 2 ;;
	esac
}

# title_of CASEFILE: its first comment after the licence.
title_of()
{
	sed -n '/^# SPDX\|^# shellcheck\|^#!/d; s/^# //p' "$1" | head -n 1
}

# passed_before CELL: prints its line from DONE, the output of an interrupted run on the same commit (tests/check.sh).
passed_before()
{
	[ -n "${DONE:-}" ] && grep -m 1 "^ok ${1//./\\.} (" "$DONE"
}

# cell_run KERNELDIR IMAGE: as often as steps() says; the guest finds vm.step=N, from 1, on its command line. What the
# firmware keeps (uefi_that_lasts) goes from one boot to the next.
cell_run()
{
	local step all=$log

	for step in $(seq "$(steps)"); do
		log=$all.part
		machine_run "$(seconds)" "$1" "$2" "vm.step=$step $(cmdline)" "$log" || echo "QEMU: exit $?" >>"$log.qemu"
		for part in '' .checks .qemu; do
			cat "$log$part" >>"$all$part"
			rm -f "$log$part"
		done
	done
	log=$all
}

# cell_boot KERNEL CASEFILE: leaves its log as $log and its checks as $log.checks.
cell_boot()
{
	local dir image

	dir=$("$vm/kernel.sh" "$(suite_of "$1")") || return
	mkdir -p "$build" "$logs"
	log=$logs/$1-$(basename "$2" .sh).log
	image=$build/$1-$(basename "$2" .sh).cpio
	rm -f "$log"*
	# shellcheck source=/dev/null
	. "$2"
	image_build "$dir" "$2" "$image" || return
	cell_run "$dir" "$image"
	sed -i 's/\r$//' "$log" "$log.checks"
	rm -f "$image" "$image.disk" "$image.efi" "$image.vars"
}

# cell_problems: what is wrong with the boot that cell_boot has made, one a line.
cell_problems()
{
	sed -n 's/^VM-FAIL /failed: /p' "$log.checks"
	grep -q '^VM-OK' "$log.checks" || echo "no check at all has passed"
	[ "$(grep -cx 'VM-DONE' "$log.checks")" = "$(steps)" ] || echo "the guest did not reach its end"
	grep -hE 'Kernel panic|BUG: |Oops: |general protection|WARNING: CPU' "$log" || true
	sed 's/^/QEMU said: /' "$log.qemu"
}
