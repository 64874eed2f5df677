# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# Functions: one case on one suite, from its file to what is wrong. Machine and checks are those of tests/vm.

images=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cases=${IMAGE_CASES:-$images/cases}

# shellcheck source=../vm/cell.sh
. "$images/../vm/cell.sh"
build=$top/build/images
logs=$top/build/images-logs

# cell_load CASE
cell_load()
{
	# shellcheck source=defaults.sh
	. "$images/defaults.sh"
	# shellcheck source=/dev/null
	. "$cases/$1.sh"
}

# cell_log SUITE CASE
cell_log()
{
	echo "$logs/$1-$2.log"
}

# cell_image SUITE CASE: prints the name of the image, made once per run for all cases that boot it.
cell_image()
{
	local of image

	of=$(image_of "$2")
	image=$build/$1-$of.img
	[ -e "$image" ] || "$images/make.sh" "$1" "$of" "$image" >&2 || return
	echo "$image"
}

# cell_checks CASE FILE: what runs in the root, as a small file system.
cell_checks()
{
	local dir=$2.dir

	rm -rf "$dir"
	mkdir -p "$dir"
	cp "$images"/guest/{main,lib.sh} "$dir"
	cp "$vm/guest/json.awk" "$dir"
	cp "$vm/guest/lib.sh" "$dir/vm-lib.sh"
	cp "$cases/$1.sh" "$dir/case.sh"
	cp "$binder" "$(vm_tool vfio-open)" "$dir"
	truncate -s 8M "$2"
	mkfs.ext4 -q -F -L vfiokit-test -O ^has_journal -d "$dir" "$2"
	rm -rf "$dir"
}

# vm_tool NAME: a static helper of tests/vm.
vm_tool()
(
	build=$top/build/vm
	image_tool "$1"
)

# The virtual machine of every case: twin cards, the suite's root, the checks.
machine()
{
	twin_gpus
	option -m 1024
	option -drive "file=$(root_disk "$suite"),if=none,id=root,format=raw,snapshot=on"
	device virtio-blk-pci,drive=root
	option -drive "file=$checks,if=none,id=checks,format=raw,snapshot=on"
	device virtio-blk-pci,drive=checks
	extra_machine
}

# cell_boot SUITE CASE IMAGE
cell_boot()
{
	local suite=$1 checks=$build/checks log words helper

	log=$(cell_log "$1" "$2")
	words="root=LABEL=vfiokit-root rw init=/vfiokit-test rd.shell=0 rd.emergency=reboot $(cmdline)"
	rm -f "$log"*
	cell_checks "$2" "$checks" || return
	beside "$log" &
	helper=$!
	machine_run "$(seconds)" "$top/build/cache/debian/$1" "$3" "$words" "$log" || echo "QEMU: exit $?" >>"$log.qemu"
	{ kill $helper; wait; } 2>/dev/null # it may still wait for what never came
	rm -f "$log".tty.*
	sed -i 's/\r$//' "$log" "$log.checks"
}

# cell_run SUITE CASE: prints what is wrong.
cell_run()
{
	local log image

	log=$(cell_log "$1" "$2")
	rm -f "$log"*
	: >"$log"
	: >"$log.checks"
	image=$(cell_image "$1" "$2") 2>"$log" || { echo "there is no image"; return; }
	if is_function builds; then
		cp "$image.log" "$log"
		: >"$log.qemu"
		echo VM-DONE >"$log.checks"
	else
		cell_boot "$1" "$2" "$image" 2>&1
	fi
	cp "$image.log" "$log.image"
	[ ! -e "$image.checks" ] || cat "$image.checks" >>"$log.checks"
	cell_problems
}
