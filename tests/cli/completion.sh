# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# What zsh offers, in a shell on a terminal. Bash's is in request.sh.

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
zsh_offers "vfio-bind plan s"

t "zsh: addresses, no bridges, and to release only what can be given back"
ln -sfn ../../../bus/pci/drivers/vfio-pci "$devices/0000:02:00.0/driver"
zsh_offers "vfiokit --root $root bind 0000:0" 0000:00:03.0 0000:00:04.0 0000:01:00.0 0000:01:00.1 0000:02:00.0 0000:02:00.1
zsh_offers "vfiokit --root=$root bind 0000:01:00.0 0000:01" 0000:01:00.1
zsh_offers "vfiokit --root $root suggest 02:" 02:00.0 02:00.1
zsh_offers "vfiokit --root $root release " 0000:02:00.0
zsh_offers "vfiokit --root $root list --hostdev 0000:02:00.1" 0000:02:00.1
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
