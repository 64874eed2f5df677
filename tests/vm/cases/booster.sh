# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# as PID 1 in front of an init like booster's, which loads bochs at once, and into the real root
seconds() { echo 120; }

cmdline() {
	echo rdinit=/usr/sbin/vfio-bind
}

policy() {
	printf '[device guest-gpu]\nid = 1234:1111\n'
}

disk() { :; }

# In the image are the files that vfiokit image --booster asks for, where booster puts them, and it says so.
image() {
	local machine=$PWD.machine kit=${VFIOKIT:-$top/build/vfiokit}

	rm -rf "$machine"
	cp -a . "$machine"
	image_like_booster "$1" "$2"
	find . | cpio --quiet -o -H newc | zstd -q >"$machine.img"
	"$kit" --root "$machine" image --booster --kernel "$2" "$machine.img" >"$log.booster" || { cat "$log.booster"; return 1; }
	grep -q 'rdinit=/usr/sbin/vfio-bind' "$log.booster" || return
	mv "$machine.img" "$3.whole"
	rm -rf "$machine"
}

guest() {
	check_not "the report is not in /run yet" [ -e "$report" ]
	check "status finds it" vfio-bind status
	is "image" "$(value .image)" booster
	adopt 0
	in_real_root 02:00.0 01:00.0
}
