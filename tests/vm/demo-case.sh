# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# the VM of demo.sh: two identical GPUs with audio, one of them drives the console
machine() {
	gpu_with_audio rp1 2
	gpu_with_audio rp2 3
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id       = 1234:1111 8086:2668
		boot-vga = exclude
		group    = whole
	EOT
}

headline() {
	printf '\n== %s\n' "$*"
}

# The table, with a mark at the cards that this is about.
cards() {
	table | sed -e '/^0000:01:00/s/$/   <- GPU 1 (console)/' -e '/^0000:02:00/s/$/   <- GPU 2/'
}

demo() {
	headline "/etc/vfiokit/bind.conf"
	cat /etc/vfiokit/bind.conf
	headline "PCI devices before: no module is loaded, boot_vga of the GPUs is" \
		"$(cat "$(dev 01:00.0)/boot_vga") and $(cat "$(dev 02:00.0)/boot_vga")"
	cards
	vfio-bind boot
	headline "vfio-bind boot said, in the kernel log"
	log | sed 's/^\[[^]]*\] //'
	coldplug
	headline "PCI devices after, when every native driver has been loaded as udev would"
	cards
	headline "vfio-bind status"
	vfio-bind status
	headline "Opening GPU 2 the way QEMU does"
	vfio-open "$(group 02:00.0)" 0000:02:00.0
	headline "Checks"
}

guest() {
	demo >/tmp/demo 2>&1
	cat /tmp/demo >/dev/ttyS1
	driver 01:00.0 bochs-drm
	driver 01:00.1 snd_hda_intel
	driver 02:00.0 vfio-pci
	driver 02:00.1 vfio-pci
	opens 02:00.0
}
