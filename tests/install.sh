#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# install.sh: what `make install` puts below DESTDIR works there, and `make uninstall` takes all of it away again.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

passed=0 failed=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

check() { # NAME COMMAND...
	if "${@:2}" >"$dir.log" 2>&1; then
		echo "ok install/$1"
		passed=$((passed + 1))
	else
		echo "not ok install/$1"
		sed 's/^/    /' "$dir.log"
		failed=$((failed + 1))
	fi
	rm -f "$dir.log"
}

# Folders that every system has may stay.
is_empty() {
	local left
	left=$(find "$dir" -mindepth 1 \( ! -type d -o -name 'vfiokit*' \))
	[ -z "$left" ] || { echo "$left"; return 1; }
}
has() { for file; do [ -e "$dir/$file" ] || { echo "$file is missing"; return 1; }; done; }
keeps_policy() {
	echo "# mine" >"$dir/etc/vfiokit/bind.conf"
	make --no-print-directory DESTDIR="$dir" install && grep -q mine "$dir/etc/vfiokit/bind.conf" &&
		make --no-print-directory DESTDIR="$dir" uninstall && grep -q mine "$dir/etc/vfiokit/bind.conf"
}

check install make --no-print-directory DESTDIR="$dir" install
check files has usr/sbin/vfio-bind usr/bin/vfiokit usr/share/man/man8/vfio-bind.8 usr/share/man/man8/vfiokit.8 \
	usr/share/man/man5/vfiokit-bind.conf.5 usr/share/bash-completion/completions/vfiokit \
	usr/share/bash-completion/completions/vfio-bind etc/vfiokit/bind.conf etc/vfiokit/bind.conf.d
check example-binds-nothing "$dir/usr/sbin/vfio-bind" plan --policy "$dir/etc/vfiokit/bind.conf"
check manual man -l --warnings "$dir/usr/share/man/man8/vfio-bind.8"
check uninstall make --no-print-directory DESTDIR="$dir" uninstall
check nothing-left is_empty
check install-again make --no-print-directory DESTDIR="$dir" install
check policy-of-the-user-stays keeps_policy
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
