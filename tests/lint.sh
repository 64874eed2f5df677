#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# lint.sh [CHECK...]: the project's own rules and the static analysers. A line for each check, at the end
# "N passed, N failed". What a check prints is what is wrong.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

checks="format spdx shell sizes includes paths calls manual messages table analyzer cppcheck tidy"
passed=0 failed=0
jobs=$(nproc)
include_flags="-std=gnu17 -D_GNU_SOURCE -I. -Itests -D_FORTIFY_SOURCE=2 -O2 $(pkg-config --cflags expat)"

files() { # PATTERN...: tracked files and new ones
	git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
		[ ! -f "$file" ] || echo "$file"
	done
}

sources() { files '*.c' | grep -v '^lib/fortify.c$'; }

check_format() { files '*.c' '*.h' | grep -v '^lib/fortify' | xargs clang-format --dry-run -Werror 2>&1; }

check_spdx() {
	local missing
	missing=$(files '*.c' '*.h' '*.sh' '*.bash' '*.zsh' 'completions/*' '*.scd' Makefile '.ci/run' 'conf/*' 'mkinitcpio/*' 'packaging/*/p*' 'packaging/debian/rules' 'packaging/arch/*' 'packaging/rpm/*' | xargs grep -L 'SPDX-License-Identifier: GPL-2.0-or-later')
	[ -z "$missing" ] || { echo "no SPDX line: $missing"; return 1; }
}

scripts() { files | xargs -d '\n' awk 'FNR == 1 && /^#!.*(bash|sh)$/ { print FILENAME } { nextfile }'; files '*.bash' 'mkinitcpio/*.conf' 'mkinitcpio/hooks/*'; }

check_shell() { scripts | xargs shellcheck -x -s bash -S style && zsh -n completions/_vfiokit && zsh -n tests/cli/complete.zsh; }

# Functions of at most 60 lines, files of at most 500 (what is printed in the manual is the limit, not the aim).
check_sizes() {
	local bad
	bad=$(sources | xargs ctags --fields=+ne --kinds-C=f -o - 2>/dev/null |
		awk -F'\t' '{ for (i = 4; i <= NF; i++) { if ($i ~ /^line:/) s = substr($i, 6); if ($i ~ /^end:/) e = substr($i, 5) }
			if (e - s + 1 > 60) print $2 ": " $1 " has " e - s + 1 " lines" }')
	bad+=$(files '*.c' | xargs wc -l | awk '$2 != "total" && $1 > 500 { print $2 ": " $1 " lines" }')
	[ -z "$bad" ] || { echo "$bad"; return 1; }
}

only_in() { # FILE HEADER: nobody else includes it
	files 'lib/*' 'binder/*' 'host/*' 'hooks/*' | grep -vx "$1" | xargs grep -n "#include $2" /dev/null
}

# Who may include whom: lib/ nobody, binder/ lib/, host/ both, hooks/ lib/ only. One file each for a foreign library.
check_includes() {
	local bad
	bad=$(files 'lib/*.[ch]' | xargs grep -nE '#include "(binder|host|hooks|tests)/' /dev/null
		files 'binder/*.[ch]' | xargs grep -nE '#include "(host|hooks|tests)/' /dev/null
		files 'hooks/*.[ch]' | xargs grep -nE '#include "(binder|host|tests)/' /dev/null
		files 'lib/*' 'binder/*' 'host/*' 'hooks/*' | grep -v '^binder/modules.c$' | xargs grep -n '#include <libkmod.h>' /dev/null
		files 'lib/*' 'binder/*' 'host/*' 'hooks/*' | grep -v '^lib/ini.c$' | xargs grep -n '#include <ini.h>' /dev/null
		only_in host/names.c '<pci/'
		only_in hooks/xml.c '<expat'
		only_in hooks/bus_private.h '<systemd/sd-bus.h>'
		only_in '\(hooks\|host\)/content.c' '<blkid'
		only_in hooks/virt.c '<libvirt/'
		only_in hooks/usb/udev.c '<libudev.h>'
		files 'hooks/*.[ch]' | grep -v '^hooks/usb/' | xargs grep -n '#include "hooks/usb/' /dev/null)
	[ -z "$bad" ] || { echo "$bad"; return 1; }
}

# Everything goes relative to the root's descriptor; only lib/paths.h knows paths. PID 1 mounts are absolute by nature.
check_paths() {
	local bad
	bad=$(files 'lib/*.[ch]' 'binder/*.[ch]' 'host/*.[ch]' 'hooks/*.[ch]' | grep -vE '^(lib/paths.h|lib/fortify..|binder/init.c)$' |
		xargs grep -nE '"/(sys|proc|run|dev|etc|lib)(/|")' | grep -vE '/proc/self/fd/|printf|log_|util_format')
	[ -z "$bad" ] || { echo "$bad"; return 1; }
}

check_calls() {
	local bad
	bad=$(files 'lib/*.c' 'binder/*.c' 'host/*.c' 'hooks/*.c' | grep -v '^lib/fortify.c$' |
		xargs grep -nE '\b(atoi|atol|strtol|strtoul|sscanf|strcat|strcpy|sprintf|strtok|system|popen|dup|gets)\(')
	[ -z "$bad" ] || { echo "$bad"; return 1; }
}

# Options, commands, policy keys and reasons must stand in help and manual alike.
check_manual() {
	local word page bad=
	for page in vfio-bind.8 vfiokit.8 vfio-hook.8 vfio-hookd.8 vfio-usb.8 vfio-usbd.8; do
		for word in $(build/"${page%.8}" --help | grep -oE '(^|[ ,])--?[a-z]+' | tr -d ', ' | sort -u); do
			grep -qF -- "${word//-/\\-}" "man/$page.scd" || grep -qF -- "$word" "man/$page.scd" ||
				bad+="man/$page.scd: $word is not explained"$'\n'
		done
		for word in $(build/"${page%.8}" --help | sed -n '/^Options:/,/^$/p' | grep -oE '^ +(-[a-z], )?--[a-z-]+' | grep -oE -- '--.*'); do
			grep -qE -- "[,']${word}[=}[]" completions/_vfiokit || bad+="completions/_vfiokit: no option $word"$'\n'
		done
		for word in $(build/"${page%.8}" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
			grep -qE "^\*?$word|\*$word\*" "man/$page.scd" || bad+="man/$page.scd: command $word is not explained"$'\n'
			grep -q "'$word:\|\"$word:" completions/_vfiokit || bad+="completions/_vfiokit: no command $word"$'\n'
			grep -q "$word" "completions/${page%.8}.bash" || bad+="completions/${page%.8}.bash: no $word"$'\n'
		done
	done
	while read -r word; do
		grep -q "\*$word\*" man/vfiokit-bind.conf.5.scd || bad+="vfiokit-bind.conf.5: key $word is not explained"$'\n'
		grep -qE "^[;# ]*$word *=" conf/bind.conf || bad+="conf/bind.conf: key $word is missing"$'\n'
	done < <(sed -nE 's/^\t\{ (\.name = )?"([a-z0-9-]+)", (\.set = )?(add|set)_.*/\2/p' binder/policy.c)
	while read -r word; do
		grep -q "^\*$word\*" man/vfiokit-hooks.conf.5.scd || bad+="vfiokit-hooks.conf.5: key $word is not explained"$'\n'
		grep -qE "^[;# ]*$word *=" conf/hooks.conf || bad+="conf/hooks.conf: key $word is missing"$'\n'
	done < <(sed 's/{ "/\n&/g' hooks/conf.c hooks/conf_usb.c | sed -n 's/^{ "\([a-z-]*\)", set_.*/\1/p')
	for word in $(sed -n '/^const char \*plan_reason_name/,/^}/p' binder/plan_text.c | grep -oE '"[a-z-]+"' | tr -d '"') boot-vga; do
		grep -qE "\*[a-z ]*$word\*" man/vfio-bind.8.scd || bad+="vfio-bind.8: reason $word is not explained"$'\n'
	done
	while read -r word; do
		grep -qE "^(\*[a-z0-9-]+\*, )*\*$word\*(,|$)" man/vfiokit.8.scd || bad+="vfiokit.8: finding $word is not explained"$'\n'
	done < <(grep -ohE '\.name = [^,;]*"[a-z0-9-]+"|SEVERITY_[A-Z]+, "[a-z0-9-]+"|add[a-z_]*\(check, [a-z>-]+, "[a-z-]+"|add_image\(check, SEVERITY_[A-Z]+, "[a-z-]+"' host/check_*.c |
		grep -oE '"[a-z0-9-]+"' | tr -d '"' | sort -u)
	[ -z "$bad" ] || { printf '%s' "$bad"; return 1; }
}

check_messages() { python3 tests/messages.py; }

# What tests/system/README.md says is proven by which check: each check that it names is there. "..." stands for anything.
check_table() {
	local line places place text piece files bad=0
	while read -r line; do
		places=${line%%:*} files=()
		for place in ${places//,/ }; do
			case $place in
			cli) files+=(tests/cli/hook.sh tests/cli/guard.sh) ;;
			unit) files+=(tests/unit/*.c) ;;
			fuzz) files+=(tests/fuzz/*.c) ;;
			*) files+=("tests/system/cases/$place.sh") ;;
			esac
		done
		while read -r text; do
			for piece in "${text%%...*}" "${text##*...}"; do
				{ printf '%s\n' "${files[@]}"; cat "${files[@]}"; } | grep -F -- "$piece" >/dev/null || { echo "$places: there is no '$piece'"; bad=1; }
			done
		done < <(grep -oE "[*\`][^*\`]+[*\`]" <<<"$line" | tr -d '*`')
	done < <(sed -n '/^## What is proven/,$p' tests/system/README.md |
		awk -F'|' '/^\| / && $2 !~ /^ (failure|---) $/ { gsub(/ \([^)]*\)/, "", $3); gsub(/; */, "\n", $3); print $3 }')
	return $bad
}

each_source() { # COMMAND: for every source file, in parallel; fails if one does
	sources | grep -vE '^(tests/fuzz|tests/vm/rebar|bench)/' | xargs -P "$jobs" -I FILE sh -c "$1" - FILE
}

check_analyzer() {
	each_source "gcc $include_flags -fanalyzer -Werror -c -o /dev/null \"\$1\" || { echo \"\$1\"; exit 1; }" 2>&1
}

check_cppcheck() {
	sources | grep -vE '^tests/(fuzz|vm/rebar)/' | xargs cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
		--suppress=missingIncludeSystem --error-exitcode=1 -I. -D_GNU_SOURCE --include=tests/cppcheck.h \
		-j "$jobs" 2>&1
}

# The switched-off ones do not know the cleanup attribute, or object to arrays of pointers.
check_tidy() {
	each_source "clang-tidy --quiet --warnings-as-errors='*' \
		--checks='-*,bugprone-*,clang-analyzer-*,-bugprone-easily-swappable-parameters,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,-bugprone-reserved-identifier,-bugprone-narrowing-conversions,-bugprone-implicit-widening-of-multiplication-result,-bugprone-sizeof-expression,-clang-analyzer-unix.Malloc,-clang-analyzer-deadcode.DeadStores,-bugprone-assignment-in-if-condition' \
		\"\$1\" -- $include_flags 2>/dev/null || { echo \"\$1\"; exit 1; }"
}

[ $# -gt 0 ] || read -ra checks <<<"$checks"
for check in "${@:-${checks[@]}}"; do
	if output=$("check_$check" 2>&1); then
		echo "ok lint/$check"
		passed=$((passed + 1))
	else
		echo "not ok lint/$check"
		head -n 60 <<<"$output" | sed 's/^/    /'
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
