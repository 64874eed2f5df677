#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [--update] [MACHINE]...: what vfiokit prints on every captured machine (tests/machines), with the policy that it
# suggests there. The text of list, suggest and check (on one machine also of import and status) is compared with
# MACHINE.txt; the JSON of every command is held against a schema (schema.py); pictures must be well-formed and show every
# function. --update writes the .txt files anew: read the difference before you commit it. BUILD=DIR: where the programs
# are. Needs root: names come from pci.ids beside this file, mounted over the system's.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${BUILD:-$here/../../build}" && pwd) || exit 1
mktree=$build/tests/mktree
[ -x "$mktree" ] || mktree=$here/../../build/tests/mktree
update=
[ "${1:-}" != --update ] || { update=yes; shift; }

if [ -z "${GOLDEN_INSIDE:-}" ]; then
	ids=$(find /usr/share/misc /usr/share/hwdata -name 'pci.ids*' 2>/dev/null | head -n 1)
	[ -n "$ids" ] || { echo "run.sh: there is no pci.ids to mount over"; exit 1; }
	# shellcheck disable=SC2016
	GOLDEN_INSIDE=yes exec unshare -m bash -c 'mount --bind "$1" "$2" && shift 2 && exec "$0" "$@"' \
		"$0" "$here/pci.ids" "$ids" ${update:+--update} "$@"
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export LC_ALL=C
echo leak:udev_new >"$work/lsan"
export LSAN_OPTIONS=print_suppressions=0:suppressions=$work/lsan
passed=0 failed=0

report() { # NAME: $work/why is empty, or says what is wrong
	if [ -s "$work/why" ]; then
		failed=$((failed + 1))
		echo "not ok $1"
		head -n 40 "$work/why" | sed 's/^/    /'
	else
		passed=$((passed + 1))
		echo "ok $1"
	fi
	: >"$work/why"
}

kit() { timeout 30 "$build/vfiokit" --root "$work/root" "$@"; }

# Since all was recorded, a card was changed, a rule was added, and the host uses something else.
stale() {
	kit record >/dev/null || echo "record: exit $?"
	sed -i '0,/^id = .*/s//id = 10de:2204:1043:8508/; /^\[need/,$d' "$work/root/etc/vfiokit/bind.record"
	printf '\n[device sound]\naddress = 2d:00.4\n' >>"$work/root/etc/vfiokit/bind.conf"
	echo "\$ vfiokit check, with a stale record"
	kit check 2>&1
	echo "exit $?"
}

# What other mechanisms were told, and what a boot with the suggested policy came to.
others() {
	mkdir -p "$work/root/etc/modprobe.d" "$work/root/etc/driverctl.d" "$work/root/etc/default"
	echo 'GRUB_CMDLINE_LINUX="quiet vfio-pci.ids=1234:1111,ffff:ffff modprobe.blacklist=nouveau"' >"$work/root/etc/default/grub"
	echo 'softdep nouveau pre: vfio-pci' >"$work/root/etc/modprobe.d/vfio.conf"
	echo vfio-pci >"$work/root/etc/driverctl.d/pci-0000:00:07.0"
	echo "\$ vfiokit import"
	kit import 2>&1
	echo "exit $?"
	rm -r "$work/root/etc/modprobe.d" "$work/root/etc/driverctl.d" "$work/root/etc/default"
	mkdir -p "$work/root/sys/bus/pci/drivers/vfio-pci"
	timeout 30 "$build/vfio-bind" --root "$work/root" boot >/dev/null 2>&1
	echo "\$ vfiokit status"
	kit status 2>&1
	echo "exit $?"
}

text() { # everything that a person sees, in one file
	for command in suggest list check; do
		echo "\$ vfiokit $command"
		kit "$command" 2>&1
		echo "exit $?"
		[ "$command" != suggest ] || { mkdir -p "$work/root/etc/vfiokit"; kit suggest >"$work/root/etc/vfiokit/bind.conf"; }
	done
}

document() { # SCHEMA PROGRAM WORD...: runs it with --json
	local file=$work/json/${#documents[@]}

	documents+=("$1" "$file")
	timeout 30 "$build/$2" --root "$work/root" --json "${@:3}" >"$file" 2>"$work/err"
	[ $? -le 3 ] && [ -s "$file" ] || echo "${*:2}: $(head -n 5 "$work/err")"
}

# What every command says with --json. In this order: some write what others read, and at the end there are rivals to import.
json() { # MACHINE
	local documents=() first

	rm -rf "$work/json"
	mkdir "$work/json"
	first=$(jq -r '[.devices[] | select(.class | startswith("03"))][0].address' <(kit list --json))
	{
		document list vfiokit list
		document suggest vfiokit suggest
		document suggest vfiokit suggest "$first"
		document check vfiokit check
		document check vfiokit check --rom "$first"
		document record vfiokit record
		document record vfiokit record --needs
		document image vfiokit image --list
		document plan vfiokit image --explain
		document addon vfiokit image --output "$work/addon"
		document booster vfiokit image --booster
		document status vfiokit status
		document plan vfio-bind plan
		document plan vfio-bind apply
		document status vfiokit status
		document plan vfiokit bind "$first"
		document plan vfiokit release --all
		document arm vfiokit arm
		document arm vfiokit boot-ok 0
		document import vfiokit import
		mkdir -p "$work/root/etc/modprobe.d" "$work/root/etc/driverctl.d"
		echo 'options vfio-pci ids=10de:1b80,ffff:ffff' >"$work/root/etc/modprobe.d/vfio.conf"
		echo 'softdep nouveau pre: vfio-pci' >>"$work/root/etc/modprobe.d/vfio.conf"
		echo vfio-pci >"$work/root/etc/driverctl.d/pci-$first"
		document import vfiokit import
		document check vfiokit check
		python3 "$here/schema.py" "${documents[@]}"
	} >>"$work/why" 2>&1
	report "$1/json"
}

machine() { # NAME
	rm -rf "$work/root"
	"$mktree" "$here/../machines/$1.dump" "$work/root" || return
	# suggest goes by what modules there are; without an index nobody knows, which is the same for every machine.
	rm -rf "$work/root/lib"
	mkdir -p "$work/root/boot"
	# Nor does one of these machines show how its kernel was configured.
	printf '\nCONFIG_VFIO_PCI=m\nCONFIG_VFIO_IOMMU_TYPE1=m\n' >"$work/root/boot/config-$(<"$work/root/proc/sys/kernel/osrelease")"
	{
		text
		[ "$1" != msi-b550m-mortar ] || stale
		[ "$1" != qemu-q35-twin-vga ] || others
	} >"$work/text"
	[ -z "$update" ] || cp "$work/text" "$here/$1.txt"
	diff -u --label "$1.txt" --label now "$here/$1.txt" "$work/text" >"$work/why"
	sed '/^\$ vfiokit list/,/^exit/!d' "$work/text" | awk 'length($0) > 80 { print "longer than 80 columns: " $0 }' >>"$work/why"
	grep -n "$(printf '\033')" "$work/text" >>"$work/why"
	report "$1/text"

	json "$1"

	kit list --graph=svg >"$work/svg" 2>>"$work/why"
	xmllint --noout "$work/svg" 2>>"$work/why" || echo "xmllint: exit $?" >>"$work/why"
	kit list --graph=dot >"$work/dot" 2>>"$work/why"
	for address in "$work/root"/sys/bus/pci/devices/*; do
		grep -qF ">${address##*/}<" "$work/svg" || echo "the SVG lacks ${address##*/}" >>"$work/why"
		grep -qF "\"${address##*/}\" [" "$work/dot" || echo "the graph lacks ${address##*/}" >>"$work/why"
	done
	report "$1/pictures"
}

if [ $# = 0 ]; then
	for dump in "$here"/../machines/*.dump; do set -- "$@" "$(basename "$dump" .dump)"; done
fi
: >"$work/why"
for name; do machine "$name"; done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
