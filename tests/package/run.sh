#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [CHECK...]: packages are built as users build them, looked at, and the Debian one is installed, upgraded, removed and
# purged in a Debian root directory (tests/system/cases/package.sh does that in a virtual machine, with systemd). A line for each
# check, at the end "N passed, N failed". What they say is in build/package-logs.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
logs=$top/build/package-logs
out=$top/build/package
passed=0 failed=0

result() { # NAME CODE LOG
	if [ "$2" = 0 ]; then
		echo "ok package/$1"
		passed=$((passed + 1))
	else
		echo "not ok package/$1"
		tail -n 40 "$3" | sed 's/^/    /'
		failed=$((failed + 1))
	fi
}

check() { # NAME COMMAND...
	local log=$logs/$1
	"${@:2}" >"$log" 2>&1
	result "$1" $? "$log"
}

# --- Debian -----------------------------------------------------------------------------------------

# Without a network, and with libkmod of a source tree that is not where deps/static.sh would look. The unit tests are run by
# others.
debian_builds() {
	local kmod
	kmod=$(mktemp -d) || return
	deps/static.sh fetch && cp -a build/cache/src/kmod "$kmod/kmod-tree" &&
		unshare -n env DEB_BUILD_OPTIONS=nocheck KMOD_SRC="$kmod/kmod-tree" packaging/build.sh && ls "$out"/vfiokit_*.deb &&
		dpkg-deb --fsys-tarfile "$(deb)" | tar -xO ./usr/share/doc/vfiokit/static-libraries | grep -x 'kmod 3[0-9].* (KMOD_SRC)'
	local code=$?
	rm -rf "$kmod"
	return $code
}

deb() { echo "$out"/vfiokit_*_amd64.deb; }

debian_lintian() { lintian --fail-on error,warning --allow-root --tag-display-limit 0 "$out"/*.changes; }

# Type, mode, path and, of links, target of all below a directory, as debhelper would have compressed and placed it.
contents() {
	(cd "$1" && find . -mindepth 1 -printf '%y %m %P %l\n') | sed 's| lib/systemd| usr/lib/systemd|; s/\.gz / /' |
		grep -vE '^d [0-9]+ (usr/)?lib ' | sort
}

# What the package has besides what `make install` installs, and what its preinst makes. The content of what is not compiled.
debian_contents() {
	local dir=$logs/contents file other
	rm -rf "$dir"
	make --no-print-directory DESTDIR="$dir/make" INITRAMFS=initramfs-tools,dracut install >/dev/null || return
	dpkg-deb -x "$(deb)" "$dir/deb"
	diff - <(diff <(contents "$dir/make") <(contents "$dir/deb") | grep '^[<>]') <<-'EOT' || return
		> d 755 usr/share/lintian 
		> d 755 usr/share/lintian/overrides 
		> f 644 usr/share/doc/vfiokit/README.md 
		> f 644 usr/share/doc/vfiokit/changelog 
		> f 644 usr/share/doc/vfiokit/copyright 
		> f 644 usr/share/doc/vfiokit/static-libraries 
		> f 644 usr/share/lintian/overrides/vfiokit 
		< l 777 etc/libvirt/hooks/qemu.d/50-vfiokit /usr/sbin/vfio-hook
	EOT
	for file in $(cd "$dir/make" && find . -type f); do
		other=${file/.\/usr\/lib\/systemd/.\/lib\/systemd}
		[ -e "$dir/deb/$other" ] || other+=.gz
		case $file in
		*/man/*) diff <(grep -v '^\.TH' "$dir/make/$file") <(zcat "$dir/deb/$other" | grep -v '^\.TH') || return ;; # its date
		*) grep -qa '^.ELF' "$dir/make/$file" || zcat -f "$dir/deb/$other" | cmp - "$dir/make/$file" || return ;;
		esac
	done
}

# What has to be there to build is what deps/packages says, but for what Debian takes for granted.
debian_depends() {
	diff <(sed -n '/^\[build\]/,/^\[package\]/p' deps/packages | sed -n 's/^\([a-z][^ ]*\) .*/\1/p' |
		grep -vxE 'gcc|libc6-dev|linux-libc-dev|make|patch|xz-utils' | sort) \
		<(sed -n '/^Build-Depends:/,/^[A-Z].*:/p' packaging/debian/control | sed -n 's/^ \([^,]*\),$/\1/p' | grep -vx systemd | sort)
}

# --- Arch and rpm -----------------------------------------------------------------------------------

# What a user would pack: the tree, as vfiokit-VERSION. With what is compiled already, for these builds are about the rest;
# the flags are not looked at by make.
version=$(sed -n 's/^VERSION *:= *//p' Makefile)
source_tree() { # DIRECTORY
	mkdir -p "$1/build"
	git ls-files --cached --others --exclude-standard | while read -r file; do [ ! -f "$file" ] || echo "$file"; done |
		tar -cf - -T - | tar -xf - -C "$1"
	cp -a build/obj build/man "$1/build/"
}

# Listed and installed are the same.
arch_package() (
	set -e
	work=$logs/arch
	rm -rf "$work"
	mkdir -p "$work/src"
	source_tree "$work/src/vfiokit-$version"
	bash -n packaging/arch/vfiokit.install
	# As makepkg does.
	srcdir=$work/src pkgdir=$work/pkg
	. packaging/arch/PKGBUILD
	[ "$pkgver" = "$version" ]
	for step in build package; do
		(cd "$srcdir" && $step)
	done
	diff <(printf '%s\n' "${backup[@]}" | sort) <(cd "$pkgdir" && find etc -type f | sort)
	# Names that the package "filesystem" has as links.
	[ ! -e "$pkgdir/usr/sbin" ] && [ ! -e "$pkgdir/lib" ] && [ ! -e "$pkgdir/etc/libvirt/hooks/qemu.d/50-vfiokit" ]
	make --no-print-directory DESTDIR="$work/make" INITRAMFS=mkinitcpio,dracut,booster install >/dev/null
	diff <(cd "$work/make" && find . ! -type d ! -name 50-vfiokit | sed 's|usr/sbin/|usr/bin/|' | sort) <(cd "$pkgdir" && find . ! -type d | sort)
	ldd "$pkgdir/usr/bin/vfio-bind" | grep libkmod
	[ -f "packaging/arch/$install" ]
)

# rpmbuild takes it from the tarball to the package; what is in that is what make install has installed.
rpm_package() (
	set -e
	work=$logs/rpm spec=packaging/rpm/vfiokit.spec
	rm -rf "$work"
	mkdir -p "$work/SOURCES"
	source_tree "$work/vfiokit-$version"
	tar -C "$work" -czf "$work/SOURCES/vfiokit-$version.tar.gz" "vfiokit-$version"
	rpmspec -P $spec >/dev/null
	[ "$(rpmspec -q --qf '%{VERSION}' $spec)" = "$version" ]
	rpmbuild --define "_topdir $work" --define 'debug_package %{nil}' --define '_build_id_links none' -bb --nodeps $spec
	package=$(echo "$work"/RPMS/x86_64/vfiokit-*.rpm)
	rpm -qp --nodigest --qf '[%{FILENAMES}\n]' "$package" | sed 's/\.gz$//' | sort >"$work/files"
	make --no-print-directory DESTDIR="$work/make" SELINUX=1 INITRAMFS=dracut install >/dev/null
	# Licence and README are the spec's own, and so is the list of folders.
	diff <(cd "$work/make" && find . ! -type d ! -name 50-vfiokit -printf '/%P\n' | sort) \
		<(while read -r file; do [ -d "$work/make$file" ] || echo "$file"; done <"$work/files" |
			grep -vxE '/usr/share/(licenses|doc)/vfiokit[-.0-9]*(/LICENSE|/README.md)?')
	rpm -qp --nodigest -c "$package" | sort | diff - <(cd "$work/make" && find etc -type f -printf '/etc/%P\n' | sort)
	rpm -qp --nodigest --scripts "$package" | sed -n '/scriptlet/d; p' | bash -n
)

# --- what they do at an upgrade ---------------------------------------------------------------------

# asked FILE SCRIPT WORD...: what a package's script asks of others, a line each, where systemd runs and all of them agree. None
# of them is there: tests/system/cases/package.sh has the real ones.
asked() {
	rm -f "$1"
	# shellcheck disable=SC2016
	unshare -m "$bash" -c 'mount -t tmpfs none /run && mkdir -p /run/systemd/system && export PATH=$1 ASKED=$2 && shift 2 && exec "$BASH" "$@"' \
		- "$stubs" "$@"
}

# Guards are restarted by the new package at an upgrade, when systemd knows the new units, and never at an installation.
restarts_guards() (
	set -e
	work=$logs/guards restart="systemctl try-restart vfio-guard@*.service" reload='systemctl .*daemon-reload'
	stubs=$work/stubs bash=$(command -v bash)
	mkdir -p "$stubs"
	# shellcheck disable=SC2016
	printf '#!%s\necho "${0##*/} $*" >>"$ASKED"\n' "$bash" >"$stubs/systemctl"
	chmod +x "$stubs/systemctl"
	for name in deb-systemd-helper deb-systemd-invoke invoke-rc.d ln mkdir restorecon selinuxenabled semodule update-initramfs dpkg-trigger; do
		ln "$stubs/systemctl" "$stubs/$name"
	done
	[ -d "$logs/rpm/RPMS" ] || rpm_package >"$work/rpm-built"
	dpkg-deb --ctrl-tarfile "$(deb)" | tar -xO ./postinst >"$work/deb"
	rpm -qp --nodigest --qf '%{POSTIN}\n' "$logs"/rpm/RPMS/x86_64/vfiokit-*.rpm >"$work/rpm"
	{ cat packaging/arch/vfiokit.install; echo '"$@"'; } >"$work/arch"
	asked "$work/deb-new" "$work/deb" configure ''
	asked "$work/deb-upgrade" "$work/deb" configure 0.1-1
	asked "$work/rpm-new" "$work/rpm" 1
	asked "$work/rpm-upgrade" "$work/rpm" 2
	asked "$work/arch-new" "$work/arch" post_install
	asked "$work/arch-upgrade" "$work/arch" post_upgrade
	for name in deb rpm arch; do
		if grep -F "$restart" "$work/$name-new"; then false; fi
		grep -xF "$restart" "$work/$name-upgrade"
		sed '/ try-restart /q' "$work/$name-upgrade" | grep "^$reload"
	done
)

# --- the life of the Debian package -----------------------------------------------------------------

# The Debian system of tests/system with a file system in memory above it, in name spaces of its own: nothing of it is left.
in_root() (
	root=$(tests/system/root.sh bookworm)/root || exit
	mount -t tmpfs -o size=1g life /mnt && mkdir /mnt/{upper,work,root} || exit
	mount -t overlay -o "lowerdir=$root,upperdir=/mnt/upper,workdir=/mnt/work" root /mnt/root || exit
	mount -t proc -o ro proc /mnt/root/proc
	mount -t sysfs -o ro sys /mnt/root/sys # may be looked at, not touched
	mount --bind /dev /mnt/root/dev
	mount -t tmpfs run /mnt/root/run
	mount -t tmpfs tmp /mnt/root/tmp
	mkdir -p /mnt/root/guest
	mount -t tmpfs guest /mnt/root/guest
	cp "$(deb)" /mnt/root/guest/first.deb
	tests/package/second.sh "$(deb)" /mnt/root/guest/second.deb
	cp tests/system/guest/lib.sh tests/package/lifecycle.sh /mnt/root/guest
	# shellcheck disable=SC2016 # expanded in there
	chroot /mnt/root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C TMPDIR=/var/tmp bash -c '
		cd /guest && . ./lib.sh && . ./lifecycle.sh
		say() { echo "$*"; }
		for stage in life_begins life_install life_upgrade life_remove life_again life_purge; do $stage; done
		say VM-DONE'
)
export -f in_root deb

# A check for each of its lines.
life() {
	local log=$logs/life line
	out=$out unshare -m bash -c in_root >"$log" 2>&1
	while read -r line; do
		case $line in
		'VM-OK '*) result "life: ${line#VM-OK }" 0 ;;
		'VM-FAIL '*) result "life: ${line#VM-FAIL }" 1 /dev/null ;;
		esac
	done <"$log"
	grep -qx VM-DONE "$log"
	result "life: it came to its end" $? "$log"
}

rm -rf "$logs"
mkdir -p "$logs"
[ $# -gt 0 ] || set -- debian_builds debian_lintian debian_contents debian_depends arch_package rpm_package restarts_guards life
for name; do
	if [ "$name" = life ]; then life; else check "$name" "$name"; fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
