# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=dash
# boot-vga = allow under UEFI, class 0380: the framebuffer is released, and a user can map the card's memory
seconds() { echo 120; }

machine() {
	uefi
	port rp1 2
	device bochs-display,bus=rp1
}

policy() {
	cat <<-EOT
		[device guest-gpu]
		id       = 1234:1111
		boot-vga = allow
	EOT
}

guest() {
	check "efifb drives the console" grep -q EFI /proc/fb
	check "it is in the card's memory" grep -q efifb /proc/iomem
	is "class" "$(cat "$(dev 01:00.0)/class")" 0x038000
	boot
	result ok
	verdict 01:00.0 bind
	driver 01:00.0 vfio-pci
	check_not "no framebuffer is said to stay" reported 'framebuffer keeps its memory'
	is "framebuffers left" "$(cat /proc/fb)" ""
	opens 01:00.0
	vfio-open -m "$(group 01:00.0)" 0000:01:00.0 >/tmp/open
	check "its memory can be mapped" grep -q 'first word' /tmp/open
}
