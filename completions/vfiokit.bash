# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bash completion of vfiokit(8)

# COMMAND ROOT WORD: addresses of functions that are no bridges, and that the line does not have yet; to release, those of
# which a VFIO driver is the driver. Without the domain, if that is how the word begins. An address has colons, which readline
# takes for the ends of words: only what is behind the last one is replaced.
_vfiokit_addresses()
{
	local word=$3 device driver address list='' line=" ${COMP_LINE:0:COMP_POINT}"

	line="${line%[[:blank:]]*} "
	for device in "$2"/sys/bus/pci/devices/*; do
		[[ -e $device ]] || continue
		driver=$(readlink "$device/driver")
		[[ $1 != release || $driver == *vfio* ]] || continue
		# MODALIAS=pci:v00008086d...bc06sc04i00
		[[ $(<"$device/uevent") != *MODALIAS=*bc06sc* ]] || continue
		address=${device##*/}
		[[ $line != *" $address "* && $line != *" ${address#0000:} "* ]] || continue
		[[ ! $word =~ ^[0-9a-fA-F]{2}: ]] || address=${address#0000:}
		list+="$address "
	done
	mapfile -t COMPREPLY < <(compgen -W "$list" -- "$word")
	[[ $word != *:* || $COMP_WORDBREAKS != *:* ]] || COMPREPLY=("${COMPREPLY[@]#"${word%:*}:"}")
}

# WORD: a list with commas, which do not end a word; each guard once.
_vfiokit_guards()
{
	local guard list='' before=

	[[ $1 != *,* ]] || before=${1%,*},
	for guard in storage network last-input; do
		[[ ,$before == *,$guard,* ]] || list+="$before$guard "
	done
	mapfile -t COMPREPLY < <(compgen -W "$list" -- "$1")
}

_vfiokit()
{
	local current=$2 previous='' word seen='' skip='' booster='' rom='' root='' value words i
	local commands="list check record suggest import bind release status image arm boot-ok"
	local options="--root --policy --json --kernel --list --explain --output --booster --ask --rom --graph --hostdev --needs --even-if-open --allow --all --deadline --verbose --help --version -v -h"

	COMPREPLY=()
	# Bash's own words end at each = and :, these at blanks.
	read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
	[[ ${COMP_LINE:0:COMP_POINT} != *[[:blank:]] ]] || words+=('')
	# One command is enough: is there one already? The word behind an option with a value is none.
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		word=${words[i]}
		if [[ -n $skip ]]; then
			[[ $skip != --root ]] || root=$word
			skip=
			continue
		fi
		case $word in
		--root | --policy | --kernel | --output | --allow | --deadline | --graph | --hostdev) skip=$word ;;
		--root=*) root=${word#*=} ;;
		--booster) booster=yes ;;
		--rom) rom=yes ;;
		-*) ;;
		*) seen=${seen:-$word} ;;
		esac
	done
	previous=$skip
	value=${words[-1]}
	if [[ $value == --*=* ]]; then
		previous=${value%%=*}
		value=${value#*=}
	fi
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
		_vfiokit_guards "$value"
		return
		;;
	--graph)
		mapfile -t COMPREPLY < <(compgen -W "svg dot" -- "$value")
		return
		;;
	--hostdev)
		_vfiokit_addresses list "$root" "$value"
		return
		;;
	--deadline) return ;;
	--policy | --output)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	esac
	if [[ $value == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$value")
		return
	fi
	if [[ $seen == bind || $seen == release || $seen == suggest || $seen$rom == checkyes ]]; then
		_vfiokit_addresses "$seen" "$root" "$value"
		return
	fi
	if [[ $seen == image && -n $booster ]]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
	fi
	[[ -n $seen ]] || mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$value")
}

complete -F _vfiokit vfiokit
