# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# an add-on of vfiokit image in front of an image that knows nothing of vfiokit, with rdinit=
cmdline() {
	echo rdinit=/root/.vfiokit-addon/vfio-bind
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id = 1234:1111
	EOT
}

# The image itself loses the program, the policy and the modules of vfio.
image() {
	"${VFIOKIT:-$top/build/vfiokit}" --root "$PWD" image --kernel "$2" --output "$3.front" >/dev/null || return
	mkdir -p kept
	mv usr/sbin/vfio-bind kept/later
	rm -r etc/vfiokit
	find usr/lib/modules -name 'vfio*.ko*' -exec rm {} +
	image_depmod "$1" "$PWD"
	[ -L lib ] && [ -L bin ]
}

guest() {
	started_like_an_init
	check "lib is still a link" [ -L /lib ]
	driver 01:00.0 none
	driver 02:00.0 vfio-pci
	coldplug
	driver 01:00.0 bochs-drm
	driver 02:00.0 vfio-pci
	/kept/later status >/tmp/status
	is "exit code of status" "$?" 0
	verdict 01:00.0 "skip boot-vga"
	verdict 02:00.0 bind
	is "image" "$(value .image)" add-on
	opens 02:00.0
}
