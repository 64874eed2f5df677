#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# api.bash ROOT KERNEL HOOK...: an image's root directory, made by mkinitcpio hooks.
#
# Offers install hooks what mkinitcpio(8) documents ("ABOUT INSTALL HOOKS") and nothing more, and is stricter than
# mkinitcpio: what hooks must not do is said, and makes it end with 3. Hooks come from install/ and hooks/ beside this
# file, and from /usr/lib/initcpio. MODULES in the environment: what the configuration forces early.
# Ends with 0, with 1 if an add_ function has failed (mkinitcpio then ends with 1, too, behind a finished image).
# shellcheck disable=SC2317,SC2059 # functions are for hooks; their messages are formats, as mkinitcpio's
set -u
shopt -s extglob

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BUILDROOT=$1 KERNELVERSION=$2
shift 2
_hooks=("$@")
read -ra forced <<<"${MODULES:-}"
failed=0 finished=
declare -A early=() runs=() late=() modules=() paths=()

# misuse TEXT: the hook that is being run did what it must not do. In a file, as it may be in a pipe that it did.
misuse() {
	echo "api: ${hook:-}: $*" >&2
	echo "$*" >>"$BUILDROOT.misuse"
}

warning() { printf "WARNING: $1\n" "${@:2}" >&2; }
msg() { printf "$1\n" "${@:2}"; }
msg2() { msg "$@"; }
plain() { msg "$@"; }
quiet() { :; }
error() {
	printf "ERROR: $1\n" "${@:2}" >&2
	return 1
}

# Bash's name for what it calls when a word is no command.
command_not_found_handle() {
	misuse "there is no $1"
	return 127
}

map() {
	local word bad=0

	declare -F "$1" >/dev/null || misuse "map: there is no $1"
	for word in "${@:2}"; do
		"$1" "$word" || bad=1
	done
	return $bad
}

in_array() {
	local word

	[ $# -gt 0 ] || misuse "in_array: without arguments"
	for word in "${@:2}"; do
		[[ $word != "$1" ]] || return 0
	done
	return 1
}

# fail TEXT: an add_ function fails; mkinitcpio's exit code will be 1.
fail() {
	error '%s' "$1"
	failed=1
	return 1
}

add_dir() {
	[[ $# = [12] && $1 == /?* ]] || { misuse "add_dir $*"; return 1; }
	install -d -m "${2:-755}" "$BUILDROOT$1"
}

add_file() {
	local source=$1 target=${2:-$1} mode=${3:-}

	[[ $# = [123] ]] || misuse "add_file takes one to three arguments: $*"
	[[ $target == /* ]] || misuse "add_file: $target is no absolute path"
	if [[ $source == - || -p $source ]]; then
		[[ -n ${2:-} && -n $mode ]] || { misuse "add_file -: without target and mode"; return 1; }
		source=/dev/stdin
	elif [[ ! -f $source ]]; then
		fail "file not found: '$source'" || return
	fi
	[[ $target != */ ]] || target+=${source##*/}
	mkdir -p "$BUILDROOT${target%/*}"
	if [[ -n $mode ]]; then
		install -m "$mode" "$source" "$BUILDROOT$target"
	else
		cp --remove-destination --preserve=mode "$(realpath "$source")" "$BUILDROOT$target"
	fi
}

# With the libraries that it needs.
add_binary() {
	local program=$1 word

	[[ $program == /* ]] || program=$(type -P "$1") || fail "binary not found: '$1'" || return
	add_file "$program" "${2:-$program}" "${3:-}" || return
	for word in $(ldd "$program" 2>/dev/null); do
		[[ $word != /* || -e $BUILDROOT$word ]] || add_file "$word"
	done
}

add_symlink() {
	local target=${2:-}

	[[ $# = [12] && $1 == /?* ]] || { misuse "add_symlink $*"; return 1; }
	[[ -n $target ]] || target=$(readlink "$1") || fail "invalid symlink: '$1'" || return
	mkdir -p "$BUILDROOT${1%/*}"
	ln -sfn "$target" "$BUILDROOT$1"
}

# NAME?: no error if there is no such module. What modules need and what they name as soft dependencies comes, too. An alias
# may stand for several modules.
add_module() {
	local name=${1%\?} file files other

	[[ $# = 1 && $name == +([-a-zA-Z0-9_]) ]] || { misuse "add_module $*"; return 1; }
	name=${name//-/_}
	[[ -z ${modules[$name]:-} ]] || return 0
	mapfile -t files < <(modinfo -k "$KERNELVERSION" -F filename "$name" 2>/dev/null)
	[[ ${#files[@]} != 0 || $1 == *\? ]] || fail "module not found: '$name'" || return
	modules[$name]=${files[0]:-none}
	for file in "${files[@]}"; do
		[[ $file == /* ]] || continue # built in
		paths[$file]=$file
		for other in $(modinfo -F depends "$file" | tr , ' '); do
			add_module "$other"
		done
		for other in $(modinfo -F softdep "$file"); do
			[[ $other == *: ]] || add_module "$other?"
		done
	done
}

# A runtime script has the name of the install hook that asks for it.
add_runscript() {
	local name=${BASH_SOURCE[1]##*/} script

	[ $# = 0 ] || misuse "add_runscript takes no argument"
	script=$(PATH=$here/hooks:/usr/lib/initcpio/hooks type -P "$name") || fail "runtime script for '$name' not found" || return
	busybox ash -n "$script" || misuse "$script is nothing for ash"
	! grep -qw exit "$script" || misuse "$script has an exit: it is sourced by init, and would end it"
	add_file "$script" "/hooks/$name" 755
	! grep -q '^run_earlyhook *()' "$script" || early[$name]=$name
	! grep -q '^run_hook *()' "$script" || runs[$name]=$name
	! grep -q '^run_latehook *()' "$script" || late[$name]=$name
}

# What a build() must leave alone.
shell_state() {
	pwd
	umask
	shopt
	set +o
	trap
	compgen -v | grep -vxE '_|BASH.*|FUNCNAME|LINENO|RANDOM|SECONDS|EPOCH.*|SRANDOM|PIPESTATUS|COLUMNS|LINES'
}

# run_hook NAME: sources it and calls its build(), as functions of this shell, and looks at what it leaves behind.
run_hook() {
	local hook=$1 script before='' changed='' MODULES=() BINARIES=() FILES=()

	script=$(PATH=$here/install:/usr/lib/initcpio/install type -P "$hook") || fail "Hook '$hook' cannot be found" || return
	unset -f build help
	# shellcheck source=/dev/null
	. "$script"
	declare -F build >/dev/null || misuse "there is no build()"
	declare -F help >/dev/null || misuse "there is no help()"
	before=$(shell_state)
	build || misuse "build() returned $?"
	changed=$(diff <(echo "$before") <(shell_state) | grep '^[<>]') && misuse "build() changed the shell: $changed"
	[[ ${#MODULES[@]}${#BINARIES[@]}${#FILES[@]} = 000 ]] || misuse "MODULES, BINARIES and FILES of a hook are thrown away"
	[[ -n $(help) ]] || misuse "help() says nothing"
}

# The directories and links that each image has before the first hook.
begin() {
	mkdir -p "$BUILDROOT"/{new_root,proc,sys,dev,run,tmp,var,etc,usr/{bin,"lib/modules/$KERNELVERSION"}}
	ln -s usr/lib "$BUILDROOT/lib"
	ln -s usr/bin "$BUILDROOT/bin"
	ln -s usr/bin "$BUILDROOT/sbin"
	ln -s bin "$BUILDROOT/usr/sbin"
	ln -s lib "$BUILDROOT/usr/lib64"
	ln -s usr/lib "$BUILDROOT/lib64"
	ln -s ../run "$BUILDROOT/var/run"
	: >"$BUILDROOT/etc/initrd-release"
}

# Modules, and of their indexes the binary ones, modules.devname and modules.softdep: the others are taken away again.
end() {
	local dir=/lib/modules/$KERNELVERSION file name words=('' '' '')

	map add_module "${forced[@]}"
	for file in "${paths[@]}"; do
		add_file "$file"
	done
	cp "$dir"/modules.{builtin,builtin.modinfo,order} "$BUILDROOT$dir/"
	depmod -b "$BUILDROOT" "$KERNELVERSION"
	find "$BUILDROOT$dir/" -maxdepth 1 -name 'modules.*' ! -name '*.bin' ! -name modules.devname ! -name modules.softdep -delete
	for name in "${_hooks[@]}"; do
		words[0]+=" ${early[$name]:-}" words[1]+=" ${runs[$name]:-}" words[2]+=" ${late[$name]:-}"
	done
	printf 'MODULES="%s"\nEARLYHOOKS="%s"\nHOOKS="%s"\nLATEHOOKS="%s"\n' "${forced[*]}" "${words[@]}" >"$BUILDROOT/config"
	find "$BUILDROOT" -mindepth 1 -exec touch -hcd @0 {} +
}

# A hook that calls exit ends here, too.
on_exit() {
	[[ -n $finished ]] || misuse "exit before the end of the build"
	[[ ! -e $BUILDROOT.misuse ]] || exit 3
	exit "$failed"
}

trap on_exit EXIT
umask 022
rm -f "$BUILDROOT.misuse"
begin
for name in "${_hooks[@]}"; do
	run_hook "$name"
done
end
finished=yes
