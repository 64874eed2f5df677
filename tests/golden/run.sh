#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [--update] [MACHINE]...: what vfiokit prints on every captured machine (tests/machines), with the policy that it
# suggests there. The text of list, suggest and check is compared with MACHINE.txt; JSON is held against a schema; pictures
# must be well-formed and show every function. --update writes the .txt files anew: read the difference before you commit
# it. BUILD=DIR: where the programs are. Needs root: names come from pci.ids beside this file, mounted over the system's.
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

text() { # everything that a person sees, in one file
	for command in suggest list check; do
		echo "\$ vfiokit $command"
		kit "$command" 2>&1
		echo "exit $?"
		[ "$command" != suggest ] || { mkdir -p "$work/root/etc/vfiokit"; kit suggest >"$work/root/etc/vfiokit/bind.conf"; }
	done
}

machine() { # NAME
	rm -rf "$work/root"
	"$mktree" "$here/../machines/$1.dump" "$work/root" || return
	# suggest goes by what modules there are; without an index nobody knows, which is the same for every machine.
	rm -rf "$work/root/lib"
	{ text; [ "$1" != msi-b550m-mortar ] || stale; } >"$work/text"
	[ -z "$update" ] || cp "$work/text" "$here/$1.txt"
	diff -u --label "$1.txt" --label now "$here/$1.txt" "$work/text" >"$work/why"
	sed '/^\$ vfiokit list/,/^exit/!d' "$work/text" | awk 'length($0) > 80 { print "longer than 80 columns: " $0 }' >>"$work/why"
	grep -n "$(printf '\033')" "$work/text" >>"$work/why"
	report "$1/text"

	kit list --json >"$work/json" 2>>"$work/why"
	python3 - "$work/json" "$here/list.schema.json" >>"$work/why" 2>&1 <<-'EOT' || echo "python3: exit $?" >>"$work/why"
		import json, jsonschema, sys
		document, schema = (json.load(open(name, encoding="utf-8")) for name in sys.argv[1:])
		for error in jsonschema.Draft7Validator(schema).iter_errors(document):
		    print("/".join(map(str, error.path)), error.message)
	EOT
	report "$1/json"

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
