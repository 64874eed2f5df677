# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bash completion of vfio-bind(8)

_vfio_bind()
{
	local current=$2 previous=$3 word seen='' skip='' i
	local commands="boot plan apply status"
	local options="--root --policy --json --deadline --device --udev --quiet --even-if-open --verbose --help --version -v -h"

	COMPREPLY=()
	# --root=DIR comes as three words.
	[[ $previous != = ]] || previous=${COMP_WORDS[COMP_CWORD - 2]}
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
		mapfile -t COMPREPLY < <(cd /sys/bus/pci/devices 2>/dev/null && compgen -W "$(echo *)" -- "$current")
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
			skip=
			continue
		fi
		case $word in
		--root | --policy | --deadline | --device) skip=yes ;;
		-*) ;;
		*) seen=yes ;;
		esac
	done
	[[ -n $seen ]] || mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
}

complete -F _vfio_bind vfio-bind
