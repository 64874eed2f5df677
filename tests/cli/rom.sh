# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2154
# vfiokit check --rom: has the option ROM an EFI image? Real ROMs, in folders.

ipxe=/usr/lib/ipxe/qemu

# rom ADDRESS FILE
rom()
{
	cp "$2" "$devices/0000:$1/rom"
}

# roms ADDRESS...: asked both ways; nothing is written, the JSON stays in $work/out, the text in $work/text.
roms()
{
	unchanged "$root" kit check --rom "$@"
	cp "$work/out" "$work/text"
	text_code=$code
	kit check --rom --json "$@"
	is "exit without --json" "$text_code" "$code"
	fits check
	[ "$(awk '{ if (length($0) > n) n = length($0) } END { print n + 0 }' "$work/text")" -le 80 ] || fail "lines are longer than 80"
}

# state ADDRESS WANT [SEVERITY NAME]
state()
{
	is "state of $1" "$(query ".roms[] | select(.address == \"0000:$1\").state")" "$2"
	is "finding of $1" "$(query ".findings[] | select(.where == \"0000:$1\") | \"\(.severity) \(.name)\"")" "${3:-}"
	is "findings without what, why or todo" "$(query '[.findings[] | select((.what | length) < 10 or (.why | length) < 10 or (.todo | length) < 10)] | length')" 0
}

# explains TEXT: to people, however its lines are broken
explains()
{
	tr -s ' \n' ' ' <"$work/text" | grep -qF -e "$1" || fail "the text does not say '$1'"
}

t "real ROMs: of iPXE with and without EFI, and of a graphics card"
rom 00:04.0 $ipxe/efi-e1000e.rom
rom 02:00.0 /usr/share/seabios/vgabios-stdvga.bin
rom 00:03.0 $ipxe/pxe-virtio.rom
roms 00:04.0
exits 0
state 00:04.0 efi
is images "$(query '[.roms[].images[] | "\(.type) \(.code) \(.id)"] | join(",")')" "BIOS 0 8086:10d3,EFI for x86-64 3 8086:10d3"
is "bytes in all" "$(query '[.roms[].images[].bytes] | add')" "$(stat -c %s $ipxe/efi-e1000e.rom)"
explains "ok 0000:00:04.0: The option ROM has an EFI image (it holds: BIOS, EFI for x86-64)."
roms 02:00.0 00:04.0
exits 1
state 02:00.0 no-efi "warning rom-no-efi"
state 00:04.0 efi
explains "0000:02:00.0: The option ROM has no EFI image for this kind of processor. It holds: BIOS."
explains "shows no picture"
explains "<rom file='...'/>"
roms 00:03.0
exits 0
state 00:03.0 no-efi "hint rom-no-efi"
explains "cannot boot from"

t "the graphics card with an EFI image"
rom 02:00.0 $ipxe/efi-virtio.rom
roms 02:00.0
exits 0
state 02:00.0 efi

t "no ROM, a broken one, one for another processor, an empty one"
roms 02:00.0 02:00.1
exits 1
state 02:00.0 none "warning rom-none"
state 02:00.1 none "hint rom-none"
head -c 60000 $ipxe/efi-virtio.rom >"$work/rom"
rom 02:00.0 "$work/rom"
roms 02:00.0
exits 1
state 02:00.0 broken "warning rom-broken"
explains "an image is longer than what is left of the ROM"
cp $ipxe/efi-virtio.rom "$work/rom"
printf '\x4c\x01' | dd of="$work/rom" bs=1 seek=$((75776 + 10)) conv=notrunc status=none
rom 02:00.0 "$work/rom"
roms 02:00.0
exits 1
state 02:00.0 no-efi "warning rom-no-efi"
explains "It holds: BIOS, EFI for ia32."
: >"$devices/0000:02:00.0/rom"
roms 02:00.0
state 02:00.0 broken "warning rom-broken"
explains "it is empty. It holds: nothing that is whole."

t "one that cannot be read, one that is too large"
mkdir "$devices/0000:02:00.0/rom"
roms 02:00.0
exits 1
state 02:00.0 unreadable "warning rom-unreadable"
explains "echo 1 > /sys/bus/pci/devices/0000:02:00.0/enable"
rmdir "$devices/0000:02:00.0/rom"
truncate -s 17M "$devices/0000:02:00.0/rom"
roms 02:00.0
state 02:00.0 unreadable "warning rom-unreadable"
explains "File too large"
rm "$devices/0000:02:00.0/rom"
rom 02:00.0 $ipxe/efi-virtio.rom
chmod 0 "$devices/0000:02:00.0/rom"
bounded setpriv --reuid=65534 --regid=65534 --clear-groups "$build/vfiokit" --root "$root" check --rom 02:00.0
exits 1
says "sudo vfiokit check --rom 0000:02:00.0"
ln -sfn ../../../../bus/pci/drivers/vfio-pci "$devices/0000:02:00.0/driver"
mkdir -p "$root/proc/1/fd"
: >"$root/proc/1/maps"
rm "$devices/0000:02:00.0/rom"
mkdir "$devices/0000:02:00.0/rom"
roms 02:00.0
state 02:00.0 unreadable "warning rom-unreadable"
explains "cat /sys/bus/pci/devices/0000:02:00.0/power_state"

t "never a card in use: the console's, what the host uses, what somebody has open"
for address in 01:00.0 00:03.0 02:00.0; do
	rom $address $ipxe/efi-virtio.rom
done
roms 01:00.0
exits 1
state 01:00.0 in-use "warning rom-in-use"
is images "$(query '[.roms[].images[]] | length')" 0
explains "it is the GPU of the console"
printf 'P: /devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1\nF: proc/self/mountinfo=26 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\\n\n' >"$work/more"
"$mktree" "$work/more" "$root"
mkdir -p "$root/sys/class/block"
ln -s ../../devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1 "$root/sys/class/block/nvme0n1"
roms 00:03.0
state 00:03.0 in-use "warning rom-in-use"
explains "the host uses it: mount / on nvme0n1"
ln -sfn ../../../../bus/pci/drivers/vfio-pci "$devices/0000:02:00.0/driver"
mkdir -p "$root/proc/812/fd"
: >"$root/proc/812/maps"
echo qemu-system-x86 >"$root/proc/812/comm"
roms 02:00.0
state 02:00.0 efi
ln -s /dev/vfio/4 "$root/proc/812/fd/17"
roms 02:00.0 02:00.1
state 02:00.0 in-use "warning rom-in-use"
explains "qemu-system-x86 (pid 812) has /dev/vfio/4 open"
rm -r "$root/proc/812"
roms 02:00.0
state 02:00.0 in-use "warning rom-in-use"
explains "nobody knows who has it open"

t "an address that is none, or has no device"
roms 09:00.0
exits 1
state 09:00.0 absent "warning rom-absent"
for words in "check 02:00.0" "check --rom" "check --rom 02:00" "list --rom" "--rom"; do
	# shellcheck disable=SC2086 # words
	kit $words
	exits 2
done
rm -r "$root/sys"
kit check --rom 02:00.0
exits 2
says "vfiokit: check: cannot list the PCI devices in /sys/bus/pci/devices: No such file or directory (is /sys mounted?); no option ROM was read"
