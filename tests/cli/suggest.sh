# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2154
# vfiokit suggest: a policy that can be saved as it is. What it gives away on real machines: tests/machines.

# saved ADDRESS...: what a plan of the suggested policy takes.
saved()
{
	cp "$work/out" "$policy"
	run plan --json
	is "what is taken" "$(query '[.devices[] | select(.verdict == "bind" or .verdict == "bound").address] | join(" ")')" "$*"
	is "errors of the policy" "$(query '.errors | length')" 0
}

# answers TEXT: suggest --ask on a terminal, with these answers. Standard output is apart.
answers()
{
	printf '#!/bin/sh\nexec "%s" --root "%s" suggest --ask >"%s"\n' "$build/vfiokit" "$root" "$work/answer" >"$work/ask"
	chmod 755 "$work/ask"
	printf "$1" | timeout 20 script -qec "$work/ask" /dev/null >"$work/err" 2>&1
	code=$?
	cp "$work/answer" "$work/out"
}

t "the card without the console, with its audio"
rm "$policy"
unchanged "$root" kit suggest
exits 0
says "# Stays with the host: 0000:01:00.0"
says "[device gpu]"
says "IOMMU group 4, with nothing else in it"
saved 0000:02:00.0 0000:02:00.1

t "there is a policy already"
kit suggest
says "There is a policy in /etc/vfiokit/bind.conf or its drop-ins already"
cp "$cli/../../conf/bind.conf" "$policy"
kit suggest
says_not "There is a policy"
good_policy >"$dropins/10-guest.conf"
kit suggest
says "There is a policy"
rm "$dropins/10-guest.conf"
echo "colour = red" >"$policy"
kit suggest
says "There is a policy"

t "JSON holds the same policy"
kit suggest
cp "$work/out" "$work/text"
kit suggest --json
exits 0
is command "$(query .command)" suggest
is policy "$(query .policy)" "$(cat "$work/text")"
is rules "$(query '[.rules[] | "\(.name) \(.active) \(.devices | join(" "))"] | join(",")')" "gpu true 0000:02:00.0 0000:02:00.1"

t "a device by its address, with or without domain"
kit suggest 00:03.0 0000:00:04.0
exits 0
says "[device nvme]"
says "allow = storage"
says "[device network]"
says "allow = network"
saved 0000:00:03.0 0000:00:04.0

t "two functions of one card are one rule"
kit suggest 02:00.0 02:00.1
exits 0
is rules "$(grep -c '^\[device' "$work/out")" 1

t "the console stays, unless a person removes the comment signs and says so"
kit suggest 01:00.0
exits 1
says "; Switched off:"
says "; [device gpu]"
saved

t "a group with other devices in it is left to a person"
printf 'PCI: 00:02.0/02:00.2 078000 8086:10d3 - serial 4\n' >"$work/more"
"$mktree" "$work/more" "$root"
kit suggest
exits 1
says "0000:02:00.2  8086:10d3"
says "its group holds devices that are not part of the card"
saved
kit suggest 02:00.0
exits 0
saved 0000:02:00.0 0000:02:00.1 0000:02:00.2

t "a group with a network card: the planner's reason is given, not that of its victims"
printf 'PCI: 00:02.0/02:00.2 020000 8086:10d3 - e1000e 4\n' >"$work/more"
"$mktree" "$work/more" "$root"
kit suggest
exits 1
says "; Switched off: 0000:02:00.2: it is a network controller"
saved
kit suggest 02:00.0
exits 0
says "allow = network"
saved 0000:02:00.0 0000:02:00.1 0000:02:00.2

t "no sign of a console: nobody knows which one it is"
for f in "$devices"/0000:0[12]:00.0/boot_vga; do echo 0 >"$f"; done
kit suggest
exits 1
says "nothing says which GPU carries the console"
saved
kit suggest 02:00.0
exits 0
saved 0000:02:00.0 0000:02:00.1

t "the audio of an Intel card is behind a port of its own"
cat >"$work/more" <<-'EOT'
	PCI: 00:05.0 060400 8086:1901 - pcieport 20 secondary_bus_number=5
	PCI: 00:05.0/05:00.0 060400 8086:4fa0 - pcieport 21 secondary_bus_number=6
	PCI: 00:05.0/05:00.0/06:01.0 060400 8086:4fa4 - pcieport 22 secondary_bus_number=7
	PCI: 00:05.0/05:00.0/06:04.0 060400 8086:4fa4 - pcieport 23 secondary_bus_number=8
	PCI: 00:05.0/05:00.0/06:01.0/07:00.0 030000 8086:56a0 - i915 24 boot_vga=0
	PCI: 00:05.0/05:00.0/06:04.0/08:00.0 040300 8086:4f90 - snd_hda_intel 25
	PCI: 00:0b.0 040300 8086:a170 - snd_hda_intel 26
EOT
"$mktree" "$work/more" "$root"
kit suggest 07:00.0
exits 0
says "IOMMU group 24 25, with nothing else in it"
saved 0000:07:00.0 0000:08:00.0

t "a disk that the host uses is not for a guest, whoever names it"
cat >"$work/more" <<-'EOT'
	P: /devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1
	E: SUBSYSTEM=block
	A: dev=259:0
	F: proc/self/mountinfo=22 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\n
	F: proc/swaps=Filename Type Size Used Priority\n
EOT
"$mktree" "$work/more" "$root"
kit suggest 00:03.0
exits 1
says "; Switched off: 0000:00:03.0:"
says "mount / on nvme0n1"
saved

# two_keyboards: a controller each, 00:05.0 and 00:06.0.
two_keyboards()
{
	cat >"$work/more" <<-'EOT'
		PCI: 00:05.0 0c0330 8086:1e31 8086:0000 - 20
		PCI: 00:06.0 0c0330 8086:1e31 8086:0000 - 21
		P: /devices/pci0000:00/0000:00:05.0/usb1/1-1/input/input3
		E: SUBSYSTEM=input
		A: name=One
		A: capabilities/key=1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe
		P: /devices/pci0000:00/0000:00:06.0/usb2/2-1/input/input4
		E: SUBSYSTEM=input
		A: name=Two
		A: capabilities/key=1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe
	EOT
	"$mktree" "$work/more" "$root"
}

t "controllers of the last keyboards: each may go, but not both"
two_keyboards
kit suggest 00:06.0
exits 0
saved 0000:00:06.0
kit suggest 00:05.0 00:06.0 02:00.0
exits 0
says "; Switched off: together with the rules above: 0000:00:06.0: the host's last keyboard hangs on it: "
saved 0000:00:05.0 0000:02:00.0 0000:02:00.1
kit suggest 00:06.0 00:05.0 --json
is rules "$(query '[.rules[] | "\(.name) \(.active) \(.devices | join(" "))"] | join(",")')" \
	"usb true 0000:00:06.0,usb-2 false 0000:00:05.0"

t "--ask: the controller of the last keyboard left is not offered"
rm "$policy"
two_keyboards
answers 'n\ny\nn\nn\ny\n'
exits 0
says "  It cannot be given now: together with the rules above: 0000:00:06.0: the host's last keyboard"
saved 0000:00:05.0

t "a virtual function is not for a suggestion"
ln -s ../../0000:00:01.0/0000:01:00.0 "$devices/0000:02:00.0/physfn"
kit suggest
exits 1
says "There is no GPU that a guest could have"

t "no IOMMU"
rm -rf "$root"/sys/kernel/iommu_groups "$devices"/*/iommu_group
kit suggest
exits 1
says "there is no IOMMU"
saved

t "no sysfs"
rm -rf "$root/sys"
kit suggest
exits 1
says "cannot list the PCI devices in /sys/bus/pci/devices: No such file or directory (is /sys mounted?)"

t "words that are no address, no device, or a bridge"
kit suggest card
exits 2
says "this is no PCI address such as 0000:03:00.0: 'card'"
kit suggest 07:00.0
exits 1
says "no device is at '07:00.0'; nothing was suggested"
kit suggest 00:01.0
exits 1
says "a bridge cannot be given to a guest: '00:01.0'"

t "--ask without a terminal"
kit suggest --ask
exits 2
says "--ask needs a terminal"
kit list --ask
exits 2

t "--ask: yes to the card, no more"
rm "$policy"
answers 'y\nn\n'
exits 0
says "Shall a guest have it? [y/N/q]"
says "with 0000:02:00.1"
saved 0000:02:00.0 0000:02:00.1

t "--ask: no card, but the disk; an odd answer is asked again"
answers 'what\n\ny\ny\nn\n'
exits 0
says "Answer y, n, or q to stop without a policy."
saved 0000:00:03.0

t "--ask: q stops without a policy"
answers 'q\n'
exits 1
says "Stopped; nothing was suggested."
is output "$(cat "$work/out")" ""

t "--ask: no sign of a console, what shares a group, and what cannot be given"
rm "$policy"
for f in "$devices"/0000:0[12]:00.0/boot_vga; do echo 0 >"$f"; done
printf 'PCI: 00:02.0/02:00.2 078000 8086:10d3 - serial 4\nPCI: 00:05.0 0c0330 8086:1e31 8086:0000 xhci_hcd -\n' >"$work/more"
"$mktree" "$work/more" "$root"
answers 'n\nn\ny\nn\nn\nn\n'
exits 1
says "Nothing says which GPU carries the console: make sure that you keep that one."
says "  with 0000:02:00.2  "
says " (it is in the same IOMMU group)"
says "  It cannot be given now: "
