# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Functions: the real mkinitcpio, from the checkout MKINITCPIO_SRC, as it is: nothing of it is copied or changed. Debian has
# none, so a Debian root is made to look as it expects; and as its directories come from the environment, only the
# placeholders that its installation would have filled in for programs are left. Programs have those names here.

images=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Run by sandbox.sh in the root that is being prepared.
real_prepare()
{
	"$images/../../deps/apt.sh" bookworm unpack . libarchive-tools libarchive13 libxml2 libicu72 libnettle8 \
		libinih1 libcjson1 libpci3 >&2
	mkdir -p src usr/lib/initcpio etc/udev
	mount --bind -o ro "$MKINITCPIO_SRC" src
	# The PATH of an mkinitcpio that is not installed ends with /bin, and on Arch that is /sbin, too.
	cp -a --remove-destination usr/sbin/. usr/bin/
	rm -rf usr/sbin
	ln -s bin usr/sbin
	printf '#!/usr/bin/ash\nexec /usr/lib/systemd/systemd-udevd "$@"\n' >usr/bin/@UDEVD_PATH@
	printf '#!/usr/bin/ash\nexec /usr/bin/systemd-tmpfiles "$@"\n' >usr/bin/@TMPFILES_PATH@
	chmod 755 usr/bin/@*
	# find -execdir refuses to run with a PATH that has a relative directory in it, which "@BINDIR@" is.
	mv usr/bin/find usr/bin/find.real
	printf '#!/bin/sh\nPATH=/usr/bin exec find.real "$@"\n' >usr/bin/find
	chmod 755 usr/bin/find
	printf '#!/bin/sh\nMKINITCPIO_LIBRARY=/src exec bash /src/lsinitcpio "$@"\n' >usr/bin/lsinitcpio
	cp usr/bin/busybox usr/lib/initcpio/busybox
	ln -sf x86_64-linux-gnu/libkmod.so.2 usr/lib/libkmod.so.2
	touch etc/udev/hwdb.bin
	cat >usr/bin/mkinitcpio <<-'EOT'
		#!/bin/sh
		export MKINITCPIO_LIBRARY=/src MKINITCPIO_CONF=/etc/mkinitcpio.conf MKINITCPIO_PRESETS=/etc/mkinitcpio.d
		export MKINITCPIO_HOOKS=/usr/lib/initcpio/hooks:/src/hooks MKINITCPIO_INSTALL=/usr/lib/initcpio/install:/src/install
		export MKINITCPIO_POST_HOOKS=/usr/lib/initcpio/post
		exec bash /src/mkinitcpio -n "$@"
	EOT
	chmod 755 usr/bin/mkinitcpio usr/bin/lsinitcpio
	[ -z "${CONFIG:-}" ] || echo "$CONFIG" >etc/mkinitcpio.conf
}

# real_sandbox KERNELDIR COMMAND... MORE in the environment: what else prepares the root.
real_sandbox()
{
	local debian

	debian=$("$images/root.sh" bookworm) || return
	KERNELDIR=$1 PREPARE="eval . $images/mkinitcpio-real.sh; real_prepare; ${MORE:-}" "$images/sandbox.sh" "$debian/root" "${@:2}"
}

# real_image KERNELDIR RELEASE OUT CONFIG: the image() of a case: what is booted is an image of mkinitcpio's, as it is.
real_image()
{
	local policy=$PWD.policy

	cp etc/vfiokit/bind.conf "$policy"
	POLICY=$policy CONFIG=$4 real_sandbox "$1" mkinitcpio -k "$2" -g "$3.whole" >"$log.build" 2>&1
	echo "exit code $?" >>"$log.build"
	rm "$policy"
	[ -s "$3.whole" ]
}
