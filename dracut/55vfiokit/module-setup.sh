#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dracut module: vfio-bind, its policy and the vfio modules, and the one moment of the boot at which it may run. What
# belongs in an image is known to `vfiokit image` only.

# Where it is asked for, as the drop-in vfiokit.conf does. Never 1: dracut makes no image at all without a module that
# was asked for.
check() {
	return 255
}

depends() {
	return 0
}

# Prints the names of one kind of items.
vfiokit_items() { # KIND
	vfiokit image --list --kernel "${kernel:?}" | sed -n "s/^$1 //p"
}

install() {
	local unit=vfiokit-initrd.service item

	# What this host uses now, for the next boot. Identities are not accepted here: what has changed is printed.
	[[ -n ${dracutsysrootdir-} ]] || vfiokit record --needs >&2 || derror "vfiokit: what this host needs could not be recorded"
	while read -r item; do
		inst "$item" || derror "vfiokit: cannot put $item into the image"
	done < <(vfiokit_items file 2>/dev/null)

	if dracut_module_included systemd; then
		inst_simple "${systemdsystemunitdir:?}/$unit"
		${SYSTEMCTL:-systemctl} -q --root "${initdir:?}" add-wants sysinit.target "$unit"
	else
		# Before cmdline 01, where dracut loads the modules of rd.driver.pre=. pre-udev is too late.
		inst_hook cmdline 00 "${moddir:?}/vfio-bind.sh"
	fi
}

# Last, and in the one function whose failure dracut heeds: the screen that says what the next boot does. No policy
# error may leave a kernel without an image, unless VFIOKIT_STRICT=1 wants that.
installkernel() {
	local item status=0

	while read -r item; do
		# In an image for this machine, too, where these modules need not be loaded.
		hostonly='' instmods "$item"
	done < <(vfiokit_items module)

	vfiokit image --explain --kernel "${kernel:?}" >&2 || status=$?
	case $status in
	0) return 0 ;;
	2) ;; # it has just said what is wrong with the policy
	*) derror "vfiokit: 'vfiokit image' failed ($status): this image does not bind devices as the policy says" ;;
	esac
	[[ ${VFIOKIT_STRICT-} != 1 ]]
}
