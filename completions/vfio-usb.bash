# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bash completion of vfio-usb(8)

# What the daemon says: names of devices, of sections of hooks.conf, or of guests.
_vfio_usb_words()
{
	vfio-usb --json list 2>/dev/null | grep -oE "\"$1\":\"[^\"]*\"" | cut -d '"' -f 4 | grep -v '^usb[0-9]' | sort -u
}

# Rules also without the daemon.
_vfio_usb_rules()
{
	sed -n 's/^\[usb  *\([^]]*[^] ]\) *\].*/\1/p' /etc/vfiokit/hooks.conf 2>/dev/null
	_vfio_usb_words rule
}

# What standard input has, a match in a line; names may have blanks.
_vfio_usb_offer()
{
	local line

	while read -r line; do
		[[ $line != "$1"* ]] || COMPREPLY+=("$(printf %q "$line")")
	done < <(sort -u)
}

_vfio_usb()
{
	local current=$2 word command='' words=0 i

	COMPREPLY=()
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "--json --help --version -h" -- "$current")
		return
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		[[ $word != -* ]] || continue
		[[ -n $command ]] && words=$((words + 1)) || command=$word
	done
	if [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W "list attach detach toggle watch" -- "$current")
	elif [[ $command == attach || $command == toggle ]] && ((words == 0)); then
		mapfile -t COMPREPLY < <(compgen -W "$(_vfio_usb_words name)" -- "$current")
	elif [[ $command == attach || $command == toggle || $command == detach ]]; then
		_vfio_usb_offer "$current" < <(_vfio_usb_words device && _vfio_usb_rules)
	fi
}

complete -F _vfio_usb vfio-usb
