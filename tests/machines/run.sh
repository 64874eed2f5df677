#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs every case of tests/machines (see README.md) through the built vfio-bind, and what vfiokit suggests for each.
# usage: run.sh [MACHINE[/CASE]]...      BUILD=DIR: where the programs are (default: build)
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${BUILD:-$here/../../build}" && pwd) || exit 1
mktree=$build/tests/mktree
[ -x "$mktree" ] || mktree=$here/../../build/tests/mktree
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 todo=0

report() { # ok|not-ok NAME [TODO]: counts, and shows $work/why below a failure
	case $1$3 in
	ok) passed=$((passed + 1)); echo "ok $2" ;;
	ok*) failed=$((failed + 1)); echo "not ok $2: passes, but is marked todo: $3" ;;
	not-ok) failed=$((failed + 1)); echo "not ok $2"; sed 's/^/    /' "$work/why" ;;
	not-ok*) todo=$((todo + 1)); echo "todo $2: $3" ;;
	esac
}

# The report reduced to what a person derives by hand: one line per device, by address.
reduce() { # JSON EXIT
	jq -r --arg code "$2" '
		def key: if .address then [(.address | split(":")[0] | length), .address] else [99] end;
		"result \(.result) exit \($code)",
		(.devices | sort_by(key, .rule) | .[] |
			"\(.address // "-") \(.verdict) \(.reason // "-") \(.rule // "-")"),
		(.errors | map("error " + .where) | sort | .[])' "$1"
}

listing() { # everything about the folder that a plan could have changed; a write shows in ctime
	find "$1" -printf '%P %y %m %s %T@ %C@ %l\n' | sort
}

directive() { # CONF WORD: what stands behind "; test: WORD"
	sed -n "s/^; test: $2 *//p" "$1"
}

# A dump has the text files; libkmod reads the binary indexes that depmod makes of the modules.
index_modules() { # ROOT
	for d in "$1"/lib/modules/*/; do
		[ -e "$d/modules.dep" ] || [ -e "$d/modules.builtin" ] || continue
		sed 's/:.*//' "$d/modules.dep" 2>/dev/null | while read -r module; do
			mkdir -p "$d/$(dirname "$module")" && : >"$d/$module"
		done
		/sbin/depmod -b "$1" "$(basename "$d")" 2>/dev/null
	done
}

prepare() { # CONF: sets $root to the machine with this policy; a copy only if the case alters it
	root=$work/machine
	if grep -qE '^; test: (remove|mktree) ' "$1"; then
		root=$work/root
		rm -rf "$root"
		cp -a "$work/machine" "$root"
	fi
	rm -rf "$root/etc/vfiokit"
	mkdir -p "$root/etc/vfiokit"
	cp "$work/cmdline" "$root/proc/cmdline"
	for gone in $(directive "$1" remove); do rm -rf "${root:?}/$gone"; done
	directive "$1" mktree >"$work/more"
	if [ -s "$work/more" ]; then
		"$mktree" "$work/more" "$root" || return 1
		index_modules "$root"
	fi
	words=$(directive "$1" cmdline)
	[ -z "$words" ] || sed -i "1s|\$| $words|" "$root/proc/cmdline"
	case $(directive "$1" policy) in
	none) return 0 ;;
	option) policy=$work/option.conf ;;
	*) policy=$root/etc/vfiokit/bind.conf ;;
	esac
	# The directives can be longer than a policy's lines may be; the line numbers stay.
	sed 's/^; test: .*/;/' "$1" >"$policy"
}

run_case() { # CONF -> 0 if all is as expected; $work/why says what is not
	plan=${1%.conf}.plan
	prepare "$1" 2>"$work/why" || return 1
	set -- --root "$root"
	[ ! -e "$work/option.conf" ] || set -- "$@" --policy "$work/option.conf"
	listing "$root" >"$work/before"
	timeout 20 "$build/vfio-bind" plan "$@" --json >"$work/json" 2>"$work/stderr"
	code=$?
	timeout 20 "$build/vfio-bind" plan "$@" >"$work/text" 2>>"$work/stderr"
	text_code=$?
	rm -f "$work/option.conf"
	listing "$root" >"$work/after"
	grep -Ev '^(#|$)' "$plan" >"$work/expected"
	reduce "$work/json" "$code" >"$work/actual" 2>>"$work/stderr"
	{
		diff -u --label expected --label actual "$work/expected" "$work/actual" ||
			sed 's/^/stderr: /' "$work/stderr"
		diff -u --label before --label after "$work/before" "$work/after"
		[ "$text_code" = "$code" ] || echo "exit $code with --json, but $text_code without"
		# The text report must have a line for the same devices.
		sed -n 's/^\([0-9a-f]*:[^ ]*\) .*/\1/p' "$work/actual" >"$work/addresses"
		grep -oFf "$work/addresses" "$work/text" | sort -u >"$work/reported"
		sort -u "$work/addresses" | diff -u --label json --label text - "$work/reported"
	} >"$work/why"
	[ ! -s "$work/why" ]
}

# What capture.sh finds on the expanded machine must be the devices of its dump.
run_capture() {
	sh "$here/capture.sh" "$work/machine" >"$work/again" 2>"$work/why"
	"$mktree" "$work/again" "$work/root2" 2>>"$work/why" || return 1
	for d in "$work/machine" "$work/root2"; do
		(cd "$d/sys/bus/pci/devices" && for f in *; do echo "$f $(readlink "$f")"; cat "$f/uevent"
			readlink "$f/driver" "$f/iommu_group"; done)
	done >"$work/both"
	rm -rf "$work/root2"
	half=$(($(wc -l <"$work/both") / 2))
	head -n "$half" "$work/both" >"$work/one"
	tail -n "+$((half + 1))" "$work/both" | diff -u "$work/one" - >>"$work/why"
	[ ! -s "$work/why" ]
}

# The policy that vfiokit suggests, saved as it is, must give away what suggest.expected lists: these devices and no other.
run_suggest() { # MACHINE
	rm -rf "$work/machine/etc/vfiokit"
	cp "$work/cmdline" "$work/machine/proc/cmdline"
	listing "$work/machine" >"$work/before"
	timeout 20 "$build/vfiokit" suggest --root "$work/machine" >"$work/suggested" 2>"$work/why"
	code=$?
	listing "$work/machine" >"$work/after"
	mkdir -p "$work/machine/etc/vfiokit"
	cp "$work/suggested" "$work/machine/etc/vfiokit/bind.conf"
	timeout 20 "$build/vfio-bind" plan --root "$work/machine" --json >"$work/json" 2>>"$work/why"
	rm -rf "$work/machine/etc/vfiokit"
	grep -v '^#' "$here/$1/suggest.expected" >"$work/expected"
	{
		jq -r '.devices[] | select(.verdict == "bind" or .verdict == "bound").address' "$work/json" |
			diff -u --label expected --label given "$work/expected" -
		jq -r '.errors[] | "error \(.where): \(.message)"' "$work/json"
		jq -r '.devices[] | select(.verdict == "refuse" or .reason == "absent") | "\(.address): \(.message)"' "$work/json"
		diff -u --label before --label after "$work/before" "$work/after"
		if [ -s "$work/expected" ]; then want=0; else want=1; fi
		[ "$code" = "$want" ] || echo "exit $code, expected $want"
	} >>"$work/why"
	[ ! -s "$work/why" ]
}

# The same devices, named to driverctl or to Unraid, come out of vfiokit import as a policy that takes them.
run_import() { # MACHINE
	local mechanism config=$work/machine/boot/config
	: >"$work/why"
	for mechanism in driverctl unraid; do
		rm -rf "$work/machine/etc/vfiokit" "$work/machine/etc/driverctl.d" "$config"
		mkdir -p "$work/machine/etc/driverctl.d" "$work/machine/etc/vfiokit" "$config"
		while read -r address; do
			case $mechanism in
			driverctl) echo vfio-pci >"$work/machine/etc/driverctl.d/pci-$address" ;;
			unraid) printf '%s ' "${address#0000:}" ;;
			esac
		done <"$work/expected" | sed 's/^/BIND=/' >"$config/vfio-pci.cfg"
		timeout 20 "$build/vfiokit" import --root "$work/machine" >"$work/imported" 2>>"$work/why" || echo "$mechanism: exit $?" >>"$work/why"
		cp "$work/imported" "$work/machine/etc/vfiokit/bind.conf"
		timeout 20 "$build/vfio-bind" plan --root "$work/machine" --json >"$work/json" 2>>"$work/why"
		jq -r '(.devices[] | select(.verdict == "bind" or .verdict == "bound").address), (.errors[] | .where + .message)' "$work/json" |
			diff -u --label expected --label "$mechanism" "$work/expected" - >>"$work/why"
	done
	rm -rf "$work/machine/etc/vfiokit" "$work/machine/etc/driverctl.d" "$config"
	[ ! -s "$work/why" ]
}

wanted() { # MACHINE CASE
	[ -n "$filter" ] || return 0
	for f in $filter; do case $f in "$1" | "$1/$2") return 0 ;; esac; done
	return 1
}

filter=$*
for dump in "$here"/*.dump; do
	machine=$(basename "$dump" .dump)
	rm -rf "$work/machine"
	"$mktree" "$dump" "$work/machine" || exit 1
	index_modules "$work/machine"
	cp "$work/machine/proc/cmdline" "$work/cmdline"
	if wanted "$machine" capture; then
		if run_capture; then result=ok; else result=not-ok; fi
		report $result "$machine/capture" ''
	fi
	if wanted "$machine" suggest; then
		if run_suggest "$machine"; then result=ok; else result=not-ok; fi
		report $result "$machine/suggest" ''
	fi
	grep -v '^#' "$here/$machine/suggest.expected" >"$work/expected"
	if [ -s "$work/expected" ] && wanted "$machine" import; then
		if run_import "$machine"; then result=ok; else result=not-ok; fi
		report $result "$machine/import" ''
	fi
	for conf in "$here/$machine"/*.conf; do
		name=$(basename "$conf" .conf)
		wanted "$machine" "$name" || continue
		if run_case "$conf"; then result=ok; else result=not-ok; fi
		report $result "$machine/$name" "$(sed -n 's/^# todo //p' "${conf%.conf}.plan")"
	done
done
[ "$todo" = 0 ] || echo "$todo marked todo"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
