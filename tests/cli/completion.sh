# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# What zsh offers, in a shell on a terminal; and what bash's functions say.

mkdir "$work/zsh"
limit=60

# zsh_offers LINE MATCH...: these, in any order. A shell that has no more to say ends.
zsh_offers()
{
	bounded zsh -f "$cli/complete.zsh" "$work/zsh" "$1"
	is "'$1'" "$(sort -u "$work/zsh/matches" | xargs)" "${*:2}"
}

t "zsh: commands and options of each program"
zsh_offers "vfiokit " arm bind boot-ok check image import list record release status suggest
zsh_offers "vfiokit --json re" record release
zsh_offers "vfio-bind " apply boot plan status
zsh_offers "vfio-hook " call check reconcile run status
zsh_offers "vfio-usb " attach detach list toggle watch
zsh_offers "vfio-hookd --" --connect --help --verbose --version
zsh_offers "vfio-usbd --" --connect --help --verbose --version
zsh_offers "vfiokit --roo" --root
zsh_offers "vfiokit --graph " dot svg
zsh_offers "vfiokit bind --allow storage,n" network
zsh_offers "vfiokit bind --allow=storage,n" network
zsh_offers "vfio-bind plan s"

t "zsh: addresses, no bridges, and to release only what can be given back"
ln -sfn ../../../bus/pci/drivers/vfio-pci "$devices/0000:02:00.0/driver"
zsh_offers "vfiokit --root $root bind 0000:0" 0000:00:03.0 0000:00:04.0 0000:01:00.0 0000:01:00.1 0000:02:00.0 0000:02:00.1
zsh_offers "vfiokit --root=$root bind 0000:01:00.0 0000:01" 0000:01:00.1
zsh_offers "vfiokit --root $root suggest 02:" 02:00.0 02:00.1
zsh_offers "vfiokit --root $root release " 0000:02:00.0
zsh_offers "vfiokit --root $root list --hostdev 0000:02:00.1" 0000:02:00.1
zsh_offers "vfiokit --root $root list --hostdev=02:" 02:00.0 02:00.1
zsh_offers "vfio-bind --root $root plan --device 0000:02" 0000:02:00.0 0000:02:00.1
zsh_offers "vfiokit --root $root check 0000:02"
zsh_offers "vfiokit --root $root check --rom 0000:02" 0000:02:00.0 0000:02:00.1

t "zsh: rules for USB devices"
mkdir -p "$work/etc/vfiokit"
printf '[usb]\ngroup = libvirt\n[usb headset]\nid = 046d:0a66\n;[usb old]\n[guest win10]\n[usb my mouse ]\nport = 1-2\n' >"$work/etc/vfiokit/hooks.conf"
# This project's own /etc/vfiokit, for this shell alone.
bounded unshare -rm sh -c 'mount -t tmpfs etc /mnt && mkdir /mnt/u /mnt/w && cp -r "$3/etc/vfiokit" /mnt/u &&
	mount -t overlay -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w etc /etc && exec zsh -f "$1" "$2" "vfio-usb detach "' - \
	"$cli/complete.zsh" "$work/zsh" "$work"
is "offer" "$(sort -u "$work/zsh/matches" | tr '\n' ' ')" 'headset my\ mouse '

# completes LINE MATCH...: what bash offers, in any order, with its words that end at each = and :.
completes()
{
	local program=${1%% *}

	bounded bash -c '. "$1"; COMP_LINE=$2 COMP_POINT=${#2} line=$2
		for mark in = :; do line=${line//$mark/ $mark }; done
		read -ra COMP_WORDS <<<"$line"; [[ $2 != *[" :="] ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		"$3" x "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"; printf "%s\n" "${COMPREPLY[@]}"' \
		- "$cli/../../completions/$program.bash" "$1" "_${program//-/_}"
	is "offer for '$1'" "$(sort "$work/out" | xargs -d '\n')" "${*:2}"
	is "said beside" "$(cat "$work/err")" ""
}

t "bash completion: addresses, no bridges, none twice, and to release only what can be given back"
ln -sfn ../../../bus/pci/drivers/vfio-pci "$devices/0000:02:00.0/driver"
completes "vfiokit --root $root release " 0000:02:00.0
completes "vfiokit --root $root check 0000:01"
completes "vfiokit --root $root check --rom 0000:01" 01:00.0 01:00.1
completes "vfiokit --root $root bind 0000:0" 00:03.0 00:04.0 01:00.0 01:00.1 02:00.0 02:00.1
completes "vfiokit --root=$root bind 0000:00:" 03.0 04.0
completes "vfiokit --root $root bind 00:" 03.0 04.0
completes "vfiokit --root $root bind 02:00." 00.0 00.1
completes "vfiokit --root $root suggest 0000:02:00.0 02:" 00.1
completes "vfiokit --root $root suggest 02:00.1 0000:02:" 00.0
completes "vfiokit --root $root bind " 0000:00:03.0 0000:00:04.0 0000:01:00.0 0000:01:00.1 0000:02:00.0 0000:02:00.1
completes "vfiokit --root $root list --hostdev 0000:02:" 00.0 00.1
completes "vfiokit --root $root list --hostdev=02:00.1" 00.1
completes "vfiokit --root $root --hostdev 02:00.0 li" list

t "bash completion: words of options and commands"
completes "vfiokit rel" release
completes "vfiokit --graph svg re" record release
completes "vfiokit list --graph " dot svg
completes "vfiokit list --graph=s" svg
completes "vfiokit list --ho" --hostdev
completes "vfiokit bind --allow n" network
completes "vfiokit bind --allow storage,n" storage,network
completes "vfiokit bind --allow=storage," storage,last-input storage,network
completes "vfiokit status "

t "bash completion: vfio-bind"
completes "vfio-bind " apply boot plan status
completes "vfio-bind --deadline 3 s" status
completes "vfio-bind plan s"
completes "vfio-bind --root $root plan --device 0000:0" 00:03.0 00:04.0 01:00.0 01:00.1 02:00.0 02:00.1
completes "vfio-bind --root=$root --device=02:" 00.0 00.1
completes "vfio-bind --device 02:00.0 pl" plan

t "bash completion: rules for USB devices, without the daemon"
mkdir -p "$work/etc/vfiokit"
printf '[usb]\ngroup = libvirt\n[usb headset]\nid = 046d:0a66\n;[usb old]\n[guest win10]\n[usb my mouse ]\nport = 1-2\n' >"$work/etc/vfiokit/hooks.conf"
bounded unshare -rm sh -c 'mount -t tmpfs etc /mnt && mkdir /mnt/u /mnt/w && cp -r "$1/etc/vfiokit" /mnt/u &&
	mount -t overlay -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w etc /etc && exec bash -c "$2"' - "$work" \
	". '$cli/../../completions/vfio-usb.bash'; COMP_WORDS=(vfio-usb detach ''); COMP_CWORD=2; _vfio_usb vfio-usb '' detach
	printf '%s\n' \"\${COMPREPLY[@]}\""
is "offer" "$(cat "$work/out")" 'headset
my\ mouse'
