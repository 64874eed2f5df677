#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# strict.sh KERNEL: api.bash finds what a hook does wrong: 3 for a misuse, 1 for what mkinitcpio itself would end with. Runs in
# tests/images/sandbox.sh.
# shellcheck disable=SC2016 # bodies of functions
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kernel=$1
hooks=/usr/lib/initcpio
passed=0 failed=0

# build_ends CODE BODY [RUNSCRIPT]
build_ends() {
	local tree code

	tree=$(mktemp -d)/root
	mkdir "$tree"
	printf 'build() {\n%s\n}\nhelp() { echo help; }\n' "$2" >"$hooks/install/hook"
	rm -f "$hooks/hooks/hook"
	[ $# = 2 ] || echo "$3" >"$hooks/hooks/hook"
	chmod 755 "$hooks"/*/hook 2>/dev/null
	"$here/api.bash" "$tree" "$kernel" hook >"$tree.out" 2>&1 </dev/null
	code=$?
	if [ $code = "$1" ]; then
		echo "ok api/ends with $1: $2"
		passed=$((passed + 1))
	else
		echo "not ok api/ends with $code, not $1: $2"
		sed 's/^/    /' "$tree.out"
		failed=$((failed + 1))
	fi
	rm -rf "${tree%/root}"
}

build_ends 0 'add_file /etc/passwd; add_symlink /a b; map add_module vfio_pci "nothing?"; local -a words=(1)'
build_ends 0 add_runscript 'run_earlyhook() { true; }'
build_ends 1 'add_file /nothing; true'
build_ends 1 'add_binary nothing; true'
build_ends 1 'add_module nothing; true'
build_ends 1 'add_runscript; true'
build_ends 3 'add_everything; true'
build_ends 3 'add_systemd_unit a.service; true'
build_ends 3 'map add_everything a; true'
build_ends 3 'echo text | add_file - /etc/text; true'
build_ends 3 'add_file /etc/passwd passwd; true'
build_ends 3 'add_symlink a b; true'
build_ends 3 'add_module "vfio pci"; true'
build_ends 3 'add_runscript' 'run_hook() { exit 0; }'
build_ends 3 'add_runscript' 'run_hook() { if; }'
build_ends 3 'MODULES+=(vfio_pci)'
build_ends 3 'new_variable=1'
build_ends 3 'echo "$no_such_variable"'
build_ends 3 'cd /etc'
build_ends 3 'shopt -s nullglob'
build_ends 3 'umask 077'
build_ends 3 'exit 0'
build_ends 3 'return 1'
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed != 0 ]
