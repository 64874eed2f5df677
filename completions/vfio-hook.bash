# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bash completion of vfio-hook(8)

_vfio_hook()
{
	local current=$2 previous=$3 word seen='' i

	COMPREPLY=()
	if [[ $previous == --root ]]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		return
	fi
	# Behind "run GUEST --" stands a command of its own.
	for ((i = 1; i + 3 <= COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == run && ${COMP_WORDS[i + 2]} == -- ]]; then
			if ((COMP_CWORD == i + 3)); then
				mapfile -t COMPREPLY < <(compgen -c -- "$current")
			else
				compopt -o default 2>/dev/null
			fi
			return
		fi
	done
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "--root --json --verbose --help --version -v -h" -- "$current")
		return
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		[[ $word == -* || ${COMP_WORDS[i - 1]} == --root ]] || seen=yes
	done
	[[ -n $seen ]] || mapfile -t COMPREPLY < <(compgen -W "status check reconcile run call" -- "$current")
}

complete -F _vfio_hook vfio-hook
