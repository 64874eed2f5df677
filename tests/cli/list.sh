# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2154
# vfiokit list: every function by group, with or without the names of pci.ids.

t "text"
kit list
exits 0
for word in "Group 3" 0000:01:00.0 10de:13c2 030000 e1000e pcieport; do
	says "$word"
done
grep -q '0000:01:00.0.*\[console\]' "$work/out" || fail "the console is not marked"
grep -q '0000:02:00.0.*\[console\]' "$work/out" && fail "the other card is marked as console"
is functions "$(grep -c '^  0000:' "$work/out")" 10

t "JSON"
kit list --json
exits 0
json list
is functions "$(query '.devices | length')" 10
is console "$(query '[.devices[] | select(.console).address] | join(" ")')" 0000:01:00.0
is bridges "$(query '[.devices[] | select(.bridge).address] | join(" ")')" "0000:00:01.0 0000:00:02.0"
is drivers "$(query '[.devices[].driver_before | select(.)] | unique | join(" ")')" "e1000e pcieport"

t "groups stand in order, and each once"
kit list
grep '^Group' "$work/out" | sort -cuk2n || fail "they do not"

t "names come from pci.ids"
kit list
ls /usr/share/misc/pci.ids* >/dev/null 2>&1 && says NVIDIA

t "without pci.ids: the addresses alone"
bounded unshare -m sh -c 'for d in /usr/share/misc /usr/share/hwdata; do [ ! -d "$d" ] || mount -t tmpfs none "$d"; done; "$2" --root "$1" list' sh "$root" "$build/vfiokit"
exits 0
says 0000:02:00.0
says 10de:13c2
says_not NVIDIA
is functions "$(grep -c '^  0000:' "$work/out")" 10
bounded unshare -m sh -c 'for d in /usr/share/misc /usr/share/hwdata; do [ ! -d "$d" ] || mount -t tmpfs none "$d"; done; "$2" --root "$1" list --json' sh "$root" "$build/vfiokit"
exits 0
json list
is "names" "$(query '[.devices[].name | select(.)] | length')" 0

t "pci.ids of junk"
head -c 100000 /dev/urandom >"$work/pci.ids"
bounded unshare -m sh -c 'f=$(ls /usr/share/misc/pci.ids* | head -n 1); mount --bind "$3" "$f"; "$2" --root "$1" list' sh "$root" "$build/vfiokit" "$work/pci.ids"
exits 0
says 0000:02:00.0

t "no IOMMU"
rm -rf "$root"/sys/kernel/iommu_groups "$devices"/*/iommu_group
kit list
exits 0
says "No IOMMU group"
says "There is no IOMMU"
kit list --json
json list

t "an empty machine"
rm -rf "${devices:?}"/*
kit list
exits 0
kit list --json
json list

t "a policy of junk does not matter"
head -c 1000 /dev/urandom >"$policy"
kit list
exits 0

t "20 functions of one slot and a long domain"
printf 'PCI: 10000:e0:00.0 030000 10de:13c2 - - 9\n' >"$work/vmd"
"$mktree" "$work/vmd" "$root"
kit list --json
exits 0
json list
query '.devices[].address' | grep -qx 10000:e0:00.0 || fail "10000:e0:00.0 is not listed"

t "what hangs behind a controller, and what the host uses"
cat >"$work/more" <<-'EOT'
	PCI: 00:14.0 0c0330 8086:a12f - xhci_hcd 12 reset_method=flr\x20bus
	P: /devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1
	E: SUBSYSTEM=block
	A: dev=259:0
	A: size=1953525168
	P: /devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1/nvme0n1p1
	E: SUBSYSTEM=block
	A: dev=259:1
	A: partition=1
	P: /devices/pci0000:00/0000:00:04.0/net/eth0
	E: SUBSYSTEM=net
	A: operstate=up
	P: /devices/pci0000:00/0000:00:14.0/usb3
	E: SUBSYSTEM=usb
	A: product=xHCI Host Controller
	P: /devices/pci0000:00/0000:00:14.0/usb3/3-2
	E: SUBSYSTEM=usb
	A: idVendor=04d9
	A: idProduct=0169
	A: manufacturer=Holtek
	A: product=USB Keyboard
	P: /devices/pci0000:00/0000:00:14.0/usb3/3-2/3-2:1.0
	E: SUBSYSTEM=usb
	F: proc/self/mountinfo=22 1 259:1 / /home rw - ext4 /dev/nvme0n1p1 rw\n
	F: proc/swaps=Filename Type Size Used Priority\n
EOT
"$mktree" "$work/more" "$root"
mkdir -p "$root/sys/class/block" "$root/sys/bus/usb/devices"
kit list
exits 0
says "disk nvme0n1 (1000 GB)"
says_not "disk nvme0n1p1"
says "in use: mount /home on nvme0n1p1"
says "interface eth0 (up)"
says "usb 3-2 (04d9:0169 Holtek USB Keyboard)"
says_not "usb usb3"
says_not 3-2:1.0
says "reset: flr bus"
kit list --json
json list
is behind "$(query '[.devices[] | .behind[] | "\(.kind) \(.name)"] | join(",")')" "disk nvme0n1,interface eth0,usb 3-2"
is reset "$(query '[.devices[].reset[]] | join(" ")')" "flr bus"
kit list --graph=svg
says ": nvme0n1"

t "verdicts, and isolation"
kit list
grep -q '0000:02:00.0.*\[bind\]' "$work/out" || fail "no verdict"
grep -q '0000:01:00.0.*\[skip boot-vga\]' "$work/out" || fail "no reason"
says "Group 4  one card"
printf 'PCI: 00:02.0/02:01.0 078000 8086:0001 - serial 4\n' >"$work/more"
"$mktree" "$work/more" "$root"
kit list
says "Group 4  2 cards, which go to one guest together"
sed -i 's/$/ pcie_acs_override=downstream/' "$root/proc/cmdline"
kit list
says "Group 3  one card, if pcie_acs_override= did not split it off"
kit list --json
is override "$(query .acs_override)" true
is isolation "$(query '.groups[] | select(.number == 4) | "\(.isolation) \(.cards)"')" "shared 2"

t "a slot of the chipset is no card, a device alone on the root bus is one"
printf 'PCI: 00:1f.3 040300 8086:a170 - snd_hda_intel 7\nPCI: 00:1f.4 0c0500 8086:a123 - - 7\n' >"$work/more"
"$mktree" "$work/more" "$root"
kit list
says "Group 7  a slot of the chipset, no card"
says "Group 5  one card"
kit list --json
json list
is isolation "$(query '[.groups[] | select(.number == 7 or .number == 5).isolation] | join(" ")')" "card chipset"

t "--hostdev: the card, for libvirt"
kit list --hostdev 02:00.0
exits 0
(echo "<devices>"; cat "$work/out"; echo "</devices>") >"$work/xml"
xmllint --noout "$work/xml" 2>"$work/err" || fail "not well-formed: $(told)"
is functions "$(xmllint --xpath 'count(//hostdev[@managed="yes"]/source/address[@bus="0x02"])' "$work/xml")" 2
kit list --hostdev 00:03.0
is functions "$(grep -c '<hostdev' "$work/out")" 1

t "--hostdev warns of what the host would miss, and prints the XML all the same"
# warned TEXT: on standard error, with exit status 1 and XML.
warned()
{
	exits 1
	grep -qF -e "vfiokit: list: warning: $1" "$work/err" || fail "does not warn: '$1' ($(told))"
	(echo "<devices>"; cat "$work/out"; echo "</devices>") | xmllint --noout - 2>/dev/null || fail "no XML"
	grep -q '<hostdev' "$work/out" || fail "no <hostdev>"
}
needy_machine
kit list --hostdev 00:03.0
warned "0000:00:03.0 is in use by the host: mount /data on sda"
kit list --hostdev 00:08.0
warned "0000:00:08.0 is in use by the host: Board"
kit list --hostdev 00:09.0
warned "0000:00:09.0 is in use by the host: eth7 is up"
t "--hostdev of the console's GPU"
kit list --hostdev 01:00.0
warned "0000:01:00.0 is the GPU of the console: "
is functions "$(grep -c '<hostdev' "$work/out")" 2
t "--hostdev of a part of a group: names the rest, and what the host does with it"
cat >"$work/more" <<-'EOT'
	PCI: 00:05.0 0c0330 8086:1e31 8086:0000 - 5
	P: /devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1
	E: SUBSYSTEM=block
	A: dev=259:0
	F: proc/self/mountinfo=22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n
	F: proc/swaps=Filename Type Size Used Priority\n
EOT
"$mktree" "$work/more" "$root"
kit list --hostdev 00:05.0
warned "0000:00:03.0 is in the same IOMMU group"
warned "0000:00:03.0 is in use by the host: mount / on nvme0n1"
is functions "$(grep -c '<hostdev' "$work/out")" 1
t "--hostdev without an IOMMU"
rm -rf "$root"/sys/kernel/iommu_groups "$devices"/*/iommu_group
kit list --hostdev 02:00.0
warned "0000:02:00.1 has no IOMMU group"

t "--hostdev of what cannot be given"
kit list --hostdev 00:01.0
exits 1
says "0000:00:01.0 is a bridge, which cannot be given to a guest"
kit list --hostdev 0a:00.0
exits 1
says "0000:0a:00.0 is not the address of a device here"
kit list --hostdev card
exits 2
says "--hostdev takes an address such as 0000:03:00.0, not 'card'"

t "--graph: svg or dot, and one form at a time"
kit list --graph=svg
exits 0
xmllint --noout "$work/out" || fail "not well-formed"
for word in 0000:02:00.0 "Group 4" bind "skip boot-vga" e1000e; do says "$word"; done
kit list --graph=dot
exits 0
says 'subgraph cluster_4'
says '"0000:00:02.0" -> "0000:02:00.0"'
kit list --graph=png
exits 2
says "--graph takes svg or dot, not 'png'"
kit list --graph=svg --json
exits 2
says "only one of --graph, --hostdev and --json"
kit check --graph=svg
exits 2

t "names that XML and dot would trip over"
mkdir -p "$root/sys/class/net" "$root/sys/bus/pci/drivers/a&b<c\"d"
ln -sfn '../../../bus/pci/drivers/a&b<c"d' "$devices/0000:00:04.0/driver"
ln -s "../../devices/pci0000:00/0000:00:04.0/net/<&>\"" "$root/sys/class/net/<&>\""
kit list --graph=svg
exits 0
xmllint --noout "$work/out" || fail "not well-formed"
kit list --graph=dot
says '\"'

t "no line is longer than 80 columns, and no colour without a terminal"
kit list
awk 'length($0) > 80 { exit 1 }' "$work/out" || fail "a line is longer"
! grep -q "$(printf '\033')" "$work/out" || fail "colour"

t "colour on a terminal, and NO_COLOR"
printf '#!/bin/sh\nexec "%s" --root "%s" list\n' "$build/vfiokit" "$root" >"$work/colour"
chmod 755 "$work/colour"
TERM=xterm timeout 20 script -qec "$work/colour" /dev/null >"$work/out" 2>&1 </dev/null
says "Group 4$(printf '\033')[0m  $(printf '\033')[32mone card"
NO_COLOR=1 TERM=xterm timeout 20 script -qec "$work/colour" /dev/null >"$work/out" 2>&1 </dev/null
says "Group 4  one card"
! grep -q "$(printf '\033')" "$work/out" || fail "colour with NO_COLOR"
TERM=dumb timeout 20 script -qec "$work/colour" /dev/null >"$work/out" 2>&1 </dev/null
! grep -q "$(printf '\033')" "$work/out" || fail "colour on a dumb terminal"
