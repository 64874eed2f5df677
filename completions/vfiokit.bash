# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bash completion of vfiokit(8)

# An address has colons, which readline takes for the ends of words: only what is behind the last one is replaced.
_vfiokit_addresses()
{
	local word devices=$2/sys/bus/pci/devices driver list='' line=${COMP_LINE:0:COMP_POINT} device

	word=${line##*[[:blank:]]}
	for device in "$devices"/*; do
		[[ -e $device ]] || continue
		driver=$(readlink "$device/driver")
		[[ $1 != release || $driver == *vfio* ]] && list+="${device##*/} "
	done
	mapfile -t COMPREPLY < <(compgen -W "$list" -- "$word")
	[[ $word != *:* || $COMP_WORDBREAKS != *:* ]] || COMPREPLY=("${COMPREPLY[@]#"${word%:*}:"}")
}

_vfiokit()
{
	local current=$2 previous=$3 word seen='' skip='' booster='' rom='' root='' i
	local commands="list check record suggest import bind release status image arm boot-ok"
	local options="--root --policy --json --kernel --list --explain --output --booster --ask --rom --graph --hostdev --needs --even-if-open --allow --all --deadline --verbose --help --version -v -h"

	COMPREPLY=()
	# --root=DIR comes as three words.
	[[ $previous != = ]] || previous=${COMP_WORDS[COMP_CWORD - 2]}
	case $previous in
	--root)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		return
		;;
	--kernel)
		mapfile -t COMPREPLY < <(cd /lib/modules 2>/dev/null && compgen -f -- "$current")
		return
		;;
	--allow)
		mapfile -t COMPREPLY < <(compgen -W "storage network last-input" -- "$current")
		return
		;;
	--deadline) return ;;
	--policy | --output)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	esac
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
		return
	fi
	# One command is enough: is there one already? The word behind an option with a value is none.
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		[[ $word != = ]] || continue
		if [[ -n $skip ]]; then
			[[ $skip != --root ]] || root=$word
			skip=
			continue
		fi
		case $word in
		--root | --policy | --kernel | --output | --allow | --deadline) skip=$word ;;
		--booster) booster=yes ;;
		--rom) rom=yes ;;
		-*) ;;
		*) seen=${seen:-$word} ;;
		esac
	done
	if [[ $seen == bind || $seen == release || $seen == suggest || $seen$rom == checkyes ]]; then
		_vfiokit_addresses "$seen" "$root"
		return
	fi
	if [[ $seen == image && -n $booster ]]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
	fi
	[[ -n $seen ]] || mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
}

complete -F _vfiokit vfiokit
