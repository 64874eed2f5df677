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
