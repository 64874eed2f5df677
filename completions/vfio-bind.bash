# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bash completion of vfio-bind(8)

# ROOT: functions that are no bridges. An address has colons, which readline takes for the ends of words: only what is behind
# the last one is replaced.
_vfio_bind_devices()
{
	local word=${COMP_LINE:0:COMP_POINT} device address list=''

	word=${word##*[[:blank:]=]}
	for device in "$1"/sys/bus/pci/devices/*; do
		# MODALIAS=pci:v00008086d...bc06sc04i00
		[[ -e $device && $(<"$device/uevent") != *MODALIAS=*bc06sc* ]] || continue
		address=${device##*/}
		[[ ! $word =~ ^[0-9a-fA-F]{2}: ]] || address=${address#0000:}
		list+="$address "
	done
	mapfile -t COMPREPLY < <(compgen -W "$list" -- "$word")
	[[ $word != *:* || $COMP_WORDBREAKS != *:* ]] || COMPREPLY=("${COMPREPLY[@]#"${word%:*}:"}")
}

_vfio_bind()
{
	local current=$2 previous='' word seen='' skip='' root='' words i
	local commands="boot plan apply status"
	local options="--root --policy --json --deadline --device --udev --quiet --even-if-open --verbose --help --version -v -h"

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
		--root | --policy | --deadline | --device) skip=$word ;;
		--root=*) root=${word#*=} ;;
		-*) ;;
		*) seen=yes ;;
		esac
	done
	previous=$skip
	[[ ${words[-1]} != --*=* ]] || previous=${words[-1]%%=*}
	case $previous in
	--root)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		return
		;;
	--policy)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	--deadline)
		return
		;;
	--device)
		_vfio_bind_devices "$root"
		return
		;;
	esac
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
		return
	fi
	[[ -n $seen ]] || mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
}

complete -F _vfio_bind vfio-bind
