# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# an add-on of vfiokit image behind an image that knows nothing of vfiokit, with rdinit=
cmdline() {
	echo rdinit=/root/.vfiokit-addon/vfio-bind
}

policy() {
	printf '[device guest-gpu]\nid = 1234:1111\n'
}

image() {
	image_addon behind "$@"
}

guest() {
	addon_did_it
}
