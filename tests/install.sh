#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# install.sh: what `make install` puts below DESTDIR works there, and `make uninstall` takes all of it away again.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

passed=0 failed=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

check() { # NAME COMMAND...
	if "${@:2}" >"$dir.log" 2>&1; then
		echo "ok install/$1"
		passed=$((passed + 1))
	else
		echo "not ok install/$1"
		sed 's/^/    /' "$dir.log"
		failed=$((failed + 1))
	fi
	rm -f "$dir.log"
}

# Folders that every system has may stay.
is_empty() {
	local left
	left=$(find "$dir" -mindepth 1 \( ! -type d -o -name 'vfiokit*' \))
	[ -z "$left" ] || { echo "$left"; return 1; }
}
has_not() { for file; do [ ! -e "$dir/$file" ] || { echo "$file is there"; return 1; }; done; }
# glue GENERATOR FILE...: what is installed for it, and that nothing of it stays.
glue() {
	local generator=$1
	shift
	check "$generator" make --no-print-directory DESTDIR="$dir" INITRAMFS="$generator" install
	check "$generator-files" has "$@"
	check "$generator-uninstall" make --no-print-directory DESTDIR="$dir" uninstall
	check "$generator-nothing-left" is_empty
}
# finds_generators NAME...: of those that this machine does not have itself, make install finds these, whose commands are there.
finds_generators() {
	local commands name installed
	commands=$(mktemp -d)
	for name; do
		install -m 755 /bin/true "$commands/$name"
	done
	installed=$(PATH=$commands:$PATH make --no-print-directory DESTDIR="$dir" install | sed -n 's/^Installed for: //p')
	rm -r "$commands"
	for name in mkinitcpio booster; do
		case " $* :$installed" in
		*" $name "*:*"$name"*) ;;
		*" $name "* | *:*"$name"*) echo "$name: installed for: $installed"; return 1 ;;
		esac
	done
}
is_refused() { ! make --no-print-directory DESTDIR="$dir" INITRAMFS=dracut,bogus install && [ -z "$(ls -A "$dir")" ]; }
has() { for file; do [ -e "$dir/$file" ] || [ -L "$dir/$file" ] || { echo "$file is missing"; return 1; }; done; }
says_how() {
	make --no-print-directory DESTDIR="$dir" INITRAMFS=none SELINUX=1 install |
		grep '^Now load the module: semodule -i /usr/share/selinux/packages/vfiokit.pp && restorecon'
}
keeps_policy() {
	echo "# mine" >"$dir/etc/vfiokit/bind.conf"
	make --no-print-directory DESTDIR="$dir" install && grep -q mine "$dir/etc/vfiokit/bind.conf" &&
		make --no-print-directory DESTDIR="$dir" uninstall && grep -q mine "$dir/etc/vfiokit/bind.conf"
}

# on_system_itself MAKE-WORD...: uninstall on a system started by EFI, in which systemctl and vfiokit only say that they run.
on_system_itself() {
	local program

	for program in sbin/systemctl bin/vfiokit; do
		install -D -m 755 /dev/stdin "$dir/usr/$program" <<<"#!/bin/sh
echo ${program##*/} \"\$@\" >>$dir/calls"
	done
	# shellcheck disable=SC2016
	PATH=$dir/usr/sbin:$PATH unshare -m sh -c 'mount -t tmpfs none /sys/firmware && mkdir /sys/firmware/efi &&
		mount -t tmpfs none /run && mkdir -p /run/systemd/system && exec "$@"' sh \
		make --no-print-directory PREFIX="$dir/usr" SYSCONFDIR="$dir/etc" "$@" uninstall || return
	rm -f "$dir/usr/sbin/systemctl"
}
forgets_probation() {
	on_system_itself && cat "$dir/calls" && [ "$(tr '\n' , <"$dir/calls")" = \
		"systemctl stop vfiokit-boot-ok.service,vfiokit arm," ] && rm "$dir/calls"
}
# What is below DESTDIR has not booted.
leaves_own_probation() { on_system_itself DESTDIR="$dir/other" && rm "$dir/usr/bin/vfiokit" && [ ! -e "$dir/calls" ]; }

# needs_nothing PROGRAM...: no library and no loader; what is bound at start is read-only, nothing is writable and executable.
needs_nothing() {
	local file headers

	for file; do
		headers=$(readelf -lW "$dir/$file") || return
		! grep -E 'NEEDED|INTERP' <(readelf -d "$dir/$file") <(echo "$headers") || return
		! grep -E ' RWE ' <<<"$headers" || return
		grep -q GNU_RELRO <<<"$headers" || { echo "$file has no read-only relocations"; return 1; }
	done
}

is_position_independent() { readelf -h "$dir/$1" | grep ' DYN '; }

check install make --no-print-directory DESTDIR="$dir" INITRAMFS=none install
check files has usr/sbin/vfio-bind usr/bin/vfiokit usr/share/man/man8/vfio-bind.8 usr/share/man/man8/vfiokit.8 \
	usr/share/man/man5/vfiokit-bind.conf.5 usr/share/bash-completion/completions/vfiokit \
	usr/share/bash-completion/completions/vfio-bind usr/share/zsh/vendor-completions/_vfiokit etc/vfiokit/bind.conf etc/vfiokit/bind.conf.d \
	etc/vfiokit/udev.conf etc/vfiokit/hooks.conf usr/sbin/vfio-hook usr/sbin/vfio-guard \
	usr/sbin/vfio-hookd usr/lib/systemd/system/vfio-hookd.service usr/share/man/man8/vfio-hookd.8 \
	usr/sbin/vfio-usbd usr/bin/vfio-usb usr/lib/systemd/system/vfio-usbd.service usr/share/man/man8/vfio-usb.8 \
	usr/lib/systemd/system/vfio-guard@.service etc/libvirt/hooks/qemu.d/50-vfiokit usr/lib/systemd/system/vfiokit-bind.service \
	usr/lib/systemd/system/vfiokit-boot-ok.service \
	usr/lib/systemd/system/multi-user.target.wants/vfiokit-boot-ok.service usr/lib/udev/rules.d/70-vfiokit-late.rules
check example-binds-nothing "$dir/usr/sbin/vfio-bind" plan --policy "$dir/etc/vfiokit/bind.conf"
check manual man -l --warnings "$dir/usr/share/man/man8/vfio-bind.8"
check no-glue-unasked has_not usr/lib/dracut usr/lib/initcpio usr/share/initramfs-tools etc/mkinitcpio.conf.d
check static needs_nothing usr/sbin/vfio-bind usr/sbin/vfio-hook usr/sbin/vfio-guard
check static-pie is_position_independent usr/sbin/vfio-bind
check uninstall make --no-print-directory DESTDIR="$dir" uninstall
check nothing-left is_empty
rm -rf "${dir:?}"/*
check in-use make --no-print-directory DESTDIR="$dir" INITRAMFS=none install
echo "version = 1" >"$dir/etc/vfiokit/bind.record"
mkdir -p "$dir/etc/systemd/system/sysinit.target.wants"
ln -s /usr/lib/systemd/system/vfiokit-bind.service "$dir/etc/systemd/system/sysinit.target.wants/"
check in-use-uninstall make --no-print-directory DESTDIR="$dir" uninstall
check in-use-nothing-left is_empty
rm -rf "${dir:?}"/*
check probation-forgotten forgets_probation
check probation-nothing-left is_empty
check probation-of-another-system leaves_own_probation
rm -rf "${dir:?}"/*
check unknown-generator is_refused
glue initramfs-tools usr/share/initramfs-tools/hooks/vfiokit usr/share/initramfs-tools/scripts/init-top/00-vfiokit \
	etc/initramfs/post-update.d/vfiokit
glue dracut usr/lib/dracut/modules.d/55vfiokit/module-setup.sh usr/lib/dracut/dracut.conf.d/55-vfiokit.conf
glue mkinitcpio usr/lib/initcpio/install/vfiokit usr/lib/initcpio/hooks/vfiokit etc/mkinitcpio.conf.d/vfiokit.conf
glue dracut,mkinitcpio usr/lib/dracut/modules.d/55vfiokit/module-setup.sh usr/lib/initcpio/install/vfiokit
check found-generators finds_generators mkinitcpio booster
check found-files has usr/lib/initcpio/install/vfiokit usr/share/doc/vfiokit/examples/booster.yaml
check found-uninstall make --no-print-directory DESTDIR="$dir" uninstall
check found-none finds_generators
check found-none-files has_not usr/lib/initcpio/install/vfiokit usr/share/doc/vfiokit/examples/booster.yaml
check install-again make --no-print-directory DESTDIR="$dir" install
check policy-of-the-user-stays keeps_policy
rm -rf "${dir:?}"/*
check selinux make --no-print-directory DESTDIR="$dir" INITRAMFS=none SELINUX=1 install
check selinux-files has usr/share/selinux/packages/vfiokit.pp
check selinux-says-how says_how
check selinux-uninstall make --no-print-directory DESTDIR="$dir" uninstall
check selinux-nothing-left is_empty
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
