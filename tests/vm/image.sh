# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# Functions: the initramfs of a case. A root directory is copied from a base that is made once per
# kernel, the case changes it, and cpio packs it: plain, because QEMU loads it faster than the
# guest would unpack it.
#
# In the image: busybox as a merged /usr, the modules below with indexes of their own, vfio-bind,
# vfio-open, strict-init as /init, the guest's scripts in /guest, the policy.

# The native drivers of everything a case may plug in. They are stored decompressed, because
# busybox cannot load a compressed one; vfio's stay as Debian ships them.
native_modules=(bochs e1000e xhci-pci usbhid hid-generic snd-hda-intel snd-hda-codec-generic
	nvme ahci virtio-pci virtio-net pci-stub lpc_ich i2c-i801)
vfio_modules=(vfio-pci vfio_iommu_type1)

# image_copy_modules KERNELDIR ROOT MODULE...: with all that they depend on.
image_copy_modules()
{
	local dir=$1 root=$2 release file

	release=$(<"$dir/release")
	shift 2
	modprobe -C /dev/null -d "$dir/tree" -S "$release" -a --show-depends "$@" |
		sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u |
		while read -r file; do
			install -D -m 644 "$file" "$root/usr${file#"$dir/tree"}"
		done
}

# image_depmod KERNELDIR ROOT: the indexes of the modules that are below ROOT now.
image_depmod()
{
	local release

	release=$(<"$1/release")
	cp "$1/tree/lib/modules/$release"/modules.{builtin,builtin.modinfo,order} \
		"$2/usr/lib/modules/$release/"
	depmod -b "$2" "$release" 2>/dev/null
}

# image_base KERNELDIR: makes KERNELDIR/base unless this version of the file has made it already.
image_base()
{
	local dir=$1 root=$1/base applet

	[ "$root/made" -nt "${BASH_SOURCE[0]}" ] && return
	rm -rf "$root"
	mkdir -p "$root"/{dev,proc,sys,run,tmp,etc,guest,usr/bin,usr/sbin,usr/lib/modules}
	ln -s usr/bin usr/sbin usr/lib "$root"
	image_copy_modules "$dir" "$root" "${native_modules[@]}"
	find "$root/usr/lib/modules" -name '*.ko.xz' -exec xz -d {} +
	image_copy_modules "$dir" "$root" "${vfio_modules[@]}"
	image_depmod "$dir" "$root"
	cp "$dir/../busybox/bin/busybox" "$root/usr/bin/"
	for applet in $("$root/usr/bin/busybox" --list); do
		[ "$applet" = busybox ] || ln -s busybox "$root/usr/bin/$applet"
	done
	ln -s ../bin/modprobe "$root/usr/sbin/modprobe" # the kernel's own requests
	touch "$root/made"
}

# image_flatten RELEASE: makes the current directory what booster makes: all modules in one directory,
# decompressed, underscores in their names, no index.
image_flatten()
{
	local file

	find "usr/lib/modules/$1" -name '*.ko.xz' -exec xz -d {} +
	find "usr/lib/modules/$1" -name '*.ko' | while read -r file; do
		mv "$file" "usr/lib/modules/$(basename "$file" | tr - _)"
	done
	rm -r "usr/lib/modules/$1"
	: >usr/lib/modules/booster.alias
	echo "kernel: $1" >etc/booster.init.yaml
	: >etc/initrd-release
}

# image_tool NAME: the static helper tests/vm/NAME.c; prints the name of the program.
image_tool()
{
	local program=$build/$1

	mkdir -p "$build"
	[ "$program" -nt "$vm/$1.c" ] ||
		${CC:-cc} -static -O2 -Wall -Wextra -o "$program" "$vm/$1.c" >&2
	echo "$program"
}

# image_headers KERNELDIR: what modules are built with, unpacked beside the kernel once; prints the directory. Debian's
# Makefile names a place where nothing is installed here.
image_headers()
{
	local release suite headers=$1/headers packages

	release=$(<"$1/release")
	suite=$(basename "$1")
	(
		exec 9>"$1/headers.lock"
		flock 9
		[ ! -e "$headers/made" ] || exit 0
		rm -rf "$headers"
		packages=$("$top/deps/apt.sh" "$suite" depends "linux-headers-$release" | grep -v '^linux-compiler')
		# shellcheck disable=SC2086 # a list
		"$top/deps/apt.sh" "$suite" unpack "$headers" "linux-headers-$release" $packages >&2 && touch "$headers/made"
	) || return
	sed -i "s|^include .*/usr/src/|include $headers/usr/src/|" "$headers/usr/src/linux-headers-$release/Makefile"
	echo "$headers/usr/src/linux-headers-$release"
}

# image_module KERNELDIR NAME: the module tests/vm/NAME/NAME.c for that kernel; prints the name of the file.
image_module()
{
	local headers directory=$build/$2-module

	headers=$(image_headers "$1") || return
	rm -rf "$directory"
	mkdir -p "$directory"
	cp "$vm/$2/$2.c" "$directory/"
	echo "obj-m := $2.o" >"$directory/Kbuild"
	make -s -C "$headers" "M=$directory" modules >"$directory/log" 2>&1 || { cat "$directory/log" >&2; return 1; }
	echo "$directory/$2.ko"
}

# image_copy_program PROGRAM: a dynamic one, with all its libraries, into the current directory.
image_copy_program()
{
	local library

	install -D -m 755 "$1" "usr/bin/$(basename "$1")"
	ldd "$1" | sed -n 's/.*[[:space:]]\(\/[^ ]*\) (.*/\1/p' | while read -r library; do
		mkdir -p ".$(dirname "$library")"
		cp -L "$library" ".$library"
	done
}

# image_like_booster KERNELDIR RELEASE: makes the current directory an image that booster-init.c boots
# into the real root, and that loads the GPU's driver before all others.
image_like_booster()
{
	image_copy_modules "$1" "$PWD" virtio-blk ext4
	image_depmod "$1" "$PWD"
	sed -n 's/^alias \([^ ]*\) /\1 /p' "usr/lib/modules/$2/modules.alias" >guest/aliases
	awk -F: '{
		n = split($2 " " $1, words, " ")
		for (i = n - 1; i > 0; i--)
			printf "%s ", name(words[i])
		print name(words[n])
	}
	function name(path) {
		gsub(".*/|[.]ko.*", "", path)
		gsub("-", "_", path)
		return path
	}' "usr/lib/modules/$2/modules.dep" >etc/booster.needs
	image_flatten "$2"
	mv guest/aliases usr/lib/modules/booster.alias
	echo bochs >etc/booster.forced
	install -m 755 "$(image_tool booster-init)" init
}

# image_dynamic PROGRAM: puts it with its libraries into the current directory.
image_dynamic()
{
	local file

	install -D -m 755 "$1" "usr/bin/$(basename "$1")"
	mkdir -p lib64
	ldd "$1" | grep -o '/[^ ]*' | while read -r file; do
		case $file in
		/lib64/*) cp -L "$file" lib64/ ;;
		*) install -D -m 644 "$(readlink -f "$file")" "usr/lib/x86_64-linux-gnu/$(basename "$file")" ;;
		esac
	done
}

# image_disk KERNELDIR ROOT DISK: an ext4 file system of what is in ROOT, as changed by disk() of the
# case, to be the real root. Its init runs the guest.
image_disk()
{
	local dir=$1 root=$2.real disk=$3

	rm -rf "$root" "$disk"
	cp -a "$2" "$root"
	install -m 755 "$vm/guest/main" "$root/usr/sbin/init"
	echo ID=vfiokit-test >"$root/etc/os-release" # systemd becomes nobody's init without
	(cd "$root" && disk "$dir" "$(<"$dir/release")")
	truncate -s 256M "$disk"
	mkfs.ext4 -q -F -L vfiokit-root -O ^has_journal -E root_owner=0:0 -d "$root" "$disk"
	rm -rf "$root"
}

# image_addon SIDE KERNELDIR RELEASE IMAGE: for image() of a case. An add-on of ours goes in front of the image or behind
# it; the image itself loses the program, the policy and the modules of vfio.
image_addon()
{
	"${VFIOKIT:-$top/build/vfiokit}" --root "$PWD" image --kernel "$3" --output "$4.$1" >/dev/null || return
	mkdir -p kept
	mv usr/sbin/vfio-bind kept/later
	rm -r etc/vfiokit
	find usr/lib/modules -name 'vfio*.ko*' -exec rm {} +
	image_depmod "$2" "$PWD"
	[ -L lib ] && [ -L bin ]
}

# image_build KERNELDIR CASEFILE IMAGE: with what policy() of the case prints as policy, and
# changed by its image(), which runs in the root directory; what that leaves as IMAGE.front or
# IMAGE.behind is put in front of the archive or behind it, as a boot loader does, and IMAGE.whole
# takes its place. With disk(), there is a disk IMAGE.disk.
image_build()
{
	local dir=$1 casefile=$2 out=$3 root=$3.root

	image_base "$dir"
	rm -rf "$root"
	cp -a "$dir/base" "$root"
	rm "$root/made"
	install -m 755 "$binder" "$root/usr/sbin/vfio-bind"
	install -m 755 "$(image_tool vfio-open)" "$root/usr/bin/vfio-open"
	install -m 755 "$(image_tool strict-init)" "$root/init"
	cp "$vm"/guest/* "$root/guest/"
	cp "$casefile" "$root/guest/case.sh"
	mkdir -p "$root/etc/vfiokit"
	if is_function policy; then
		policy >"$root/etc/vfiokit/bind.conf"
	fi
	if is_function disk; then
		image_disk "$dir" "$root" "$out.disk"
	fi
	if is_function image; then
		(cd "$root" && image "$dir" "$(<"$dir/release")" "$out") || return
	fi
	[ -e "$out.whole" ] || (cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$out.whole"
	cat "$out.front" "$out.whole" "$out.behind" >"$out" 2>/dev/null
	rm -rf "$root" "$out.front" "$out.whole" "$out.behind"
}
