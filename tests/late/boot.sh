# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2154
#
# Functions: one case on one kernel, with a real root: an image of busybox that is no business of vfiokit mounts the disk of
# root.sh, copies /cell onto it and starts systemd. /cell has what `make install` would install, and the case.
# The guest asks for devices to be plugged by lines "MON COMMAND" on its second serial port: they go to QEMU's monitor.

# shellcheck source=../vm/cell.sh
. "$(dirname "${BASH_SOURCE[0]}")/../vm/cell.sh"

late=$top/tests/late
build=$top/build/late
logs=$top/build/late-logs
kernels() { echo 6.1; }
seconds() { echo 180; }

# late_install ROOT: vfiokit, as it is installed.
late_install()
{
	install -D -m 755 "$binder" "$1/usr/sbin/vfio-bind"
	mkdir -p "$1/usr/lib/systemd/system/sysinit.target.wants" "$1/usr/lib/udev/rules.d" "$1/etc/vfiokit"
	cp -r "$top"/systemd/vfiokit-{.service.d,bind.service,late@.service} "$1/usr/lib/systemd/system/"
	ln -s ../vfiokit-bind.service "$1/usr/lib/systemd/system/sysinit.target.wants/"
	cp "$top"/udev-rules/*.rules "$1/usr/lib/udev/rules.d/"
}

# late_base KERNELDIR: the image without a case. The disk has the modules, but the disk needs some.
late_base()
{
	local dir=$1 root=$1/late-base applet

	[ "$root/made" -nt "${BASH_SOURCE[0]}" ] && return
	rm -rf "$root"
	mkdir -p "$root"/{dev,proc,sys,run,root,cell,usr/bin,usr/sbin,usr/lib/modules}
	ln -s usr/bin usr/sbin usr/lib "$root"
	image_copy_modules "$dir" "$root" virtio-pci virtio-blk ext4 crc32c-generic
	find "$root/usr/lib/modules" -name '*.ko.xz' -exec xz -d {} +
	image_copy_modules "$dir" "$root" "${vfio_modules[@]}"
	image_depmod "$dir" "$root"
	cp "$dir/../busybox/bin/busybox" "$root/usr/bin/"
	for applet in $("$root/usr/bin/busybox" --list); do
		[ "$applet" = busybox ] || ln -s busybox "$root/usr/bin/$applet"
	done
	install -m 755 "$late/guest/init" "$root/init"
	touch "$root/made"
}

# late_image KERNELDIR CASEFILE IMAGE: changed by image() of the case, which runs in the root directory of the image.
late_image()
{
	local dir=$1 casefile=$2 out=$3 root=$3.root

	late_base "$dir"
	rm -rf "$root"
	cp -a "$dir/late-base" "$root"
	late_install "$root/cell"
	mkdir -p "$root/cell/guest" "$root/cell/etc/systemd/system"
	cp "$vm"/guest/{lib.sh,json.awk} "$late"/guest/{main,late.sh} "$root/cell/guest/"
	cp "$casefile" "$root/cell/guest/case.sh"
	cp "$late"/guest/cell.{service,target} "$root/cell/etc/systemd/system/"
	if is_function policy; then
		policy >"$root/cell/etc/vfiokit/bind.conf"
	fi
	if is_function image; then
		(cd "$root" && image)
	fi
	(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$out"
	rm -rf "$root"
}

# What the guest asks for, one line each, as long as QEMU runs.
feed_monitor()
{
	local line

	tail -n +1 --pid="$1" -s 0.2 -f "$log.checks" 2>/dev/null | while read -r line; do
		case $line in
		'MON '*) line=${line%$'\r'}; echo "${line#MON }" ;;
		esac
	done
}

# late_run SECONDS KERNELDIR DISK IMAGE WORDS. no_timer_check: on a busy host an emulated timer may look dead for a moment
# ("timer doesn't work through Interrupt-remapped IO-APIC").
late_run()
{
	local seconds=$1 dir=$2 disk=$3 image=$4 words=$5 qemu pid code

	qemu=(-machine q35,kernel-irqchip=split -accel tcg,thread=multi -cpu max -smp 1 -m 768
		-nodefaults -display none -no-reboot -serial "file:$log" -serial "file:$log.checks" -monitor stdio
		-device intel-iommu,intremap=on,caching-mode=on
		-drive "file=$disk,format=raw,if=none,id=disk,snapshot=on" -device virtio-blk-pci,drive=disk,addr=1f.7
		-kernel "$dir/vmlinuz" -initrd "$image"
		-append "console=ttyS0 no_timer_check panic=-1 oops=panic intel_iommu=on systemd.unit=cell.target $words")
	machine
	: >"$log.checks"
	rm -f "$log.fifo"
	mkfifo "$log.fifo"
	timeout -k 5 "$seconds" qemu-system-x86_64 "${qemu[@]}" <"$log.fifo" >"$log.monitor" 2>"$log.qemu" &
	pid=$!
	feed_monitor "$pid" >"$log.fifo"
	wait "$pid"
	code=$?
	rm -f "$log.fifo"
	# What the monitor said no to is a mistake of the case.
	grep -a '^Error' "$log.monitor" >>"$log.qemu"
	return $code
}

# late_boot KERNEL CASEFILE: leaves its log as $log and its checks as $log.checks.
late_boot()
{
	local dir disk image suite

	suite=$(suite_of "$1") || return
	dir=$("$vm/kernel.sh" "$suite") && disk=$("$late/root.sh" "$suite") || return
	mkdir -p "$build" "$logs"
	log=$logs/$1-$(basename "$2" .sh).log
	image=$build/$1-$(basename "$2" .sh).cpio
	rm -f "$log"*
	# shellcheck source=/dev/null
	. "$2"
	late_image "$dir" "$2" "$image" || return
	late_run "$(seconds)" "$dir" "$disk" "$image" "$(cmdline)" || echo "QEMU: exit $?" >>"$log.qemu"
	sed -i 's/\r$//' "$log" "$log.checks"
	rm -f "$image" "$image.vars"
}
