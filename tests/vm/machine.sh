# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2054
#
# Functions: the virtual machine of a case. machine() of a case calls port, device and option;
# without one of its own, a case gets twin_gpus.

# device ARGUMENTS: one -device.
device()
{
	qemu+=(-device "$1")
}

# option ARGUMENT...: anything else for QEMU's command line.
option()
{
	qemu+=("$@")
}

# port NAME SLOT: a root port at 00:SLOT.0. The bus behind the first port is 01, and so on.
port()
{
	device "pcie-root-port,id=$1,bus=pcie.0,addr=$2,chassis=$2"
}

# Two identical cards: 01:00.0, which the firmware uses, and 02:00.0.
twin_gpus()
{
	port rp1 2
	port rp2 3
	device VGA,bus=rp1
	device VGA,bus=rp2
}

# gpu_with_audio PORT SLOT: a card with two functions, which share an IOMMU group.
gpu_with_audio()
{
	port "$1" "$2"
	device "VGA,bus=$1,addr=0.0,multifunction=on"
	device "intel-hda,id=hda-$1,bus=$1,addr=0.1"
	device "hda-duplex,bus=hda-$1.0,audiodev=$1"
	option -audiodev "none,id=$1"
}

# nic PORT [ADDR]: an e1000e, with some network to be on.
nic()
{
	device "e1000e,bus=$1,addr=${2:-0},netdev=$1"
	option -netdev "user,id=$1,restrict=on"
}

no_iommu()
{
	iommu=no
}

# The firmware is UEFI instead of a BIOS.
uefi()
{
	option -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE.fd
	option -drive if=pflash,format=raw,snapshot=on,file=/usr/share/OVMF/OVMF_VARS.fd
}

# The same, and what the firmware keeps lasts from one boot of the cell to the next.
uefi_that_lasts()
{
	[ -e "$image.vars" ] || cp /usr/share/OVMF/OVMF_VARS.fd "$image.vars"
	option -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE.fd
	option -drive "if=pflash,format=raw,file=$image.vars"
}

# What every kernel is told.
# no_timer_check: on a busy host the kernel otherwise now and then takes the emulated timer for a broken one, and panics.
machine_words="console=ttyS0 panic=-1 oops=panic intel_iommu=on no_timer_check"

# machine_run SECONDS KERNELDIR IMAGE WORDS LOG: boots it. The guest's checks come out of the second
# serial port, so that no kernel message can cut one in two; they go to LOG.checks. One processor,
# because two now and then see a breakpoint that the kernel has removed ("Oops: int3" at start; a
# fault of QEMU's emulation, 1 in 90 boots). IMAGE.efi, if there is one, has kernel, image and words in it.
machine_run()
{
	local seconds=$1 dir=$2 image=$3 words=$4 log=$5 iommu=yes qemu

	qemu=(-machine q35,kernel-irqchip=split -accel tcg -cpu max -smp 1 -m 512
		-nodefaults -display none -no-reboot -serial "file:$log" -serial "file:$log.checks")
	if [ -e "$image.efi" ]; then
		option -kernel "$image.efi"
	else
		option -kernel "$dir/vmlinuz" -initrd "$image" -append "$machine_words $words"
	fi
	if is_function machine; then
		machine
	else
		twin_gpus
	fi
	[ ! -e "$image.disk" ] || option -drive "file=$image.disk,if=virtio,format=raw,snapshot=on"
	[ "$iommu" = no ] || qemu=(-device intel-iommu,intremap=on,caching-mode=on "${qemu[@]}")
	timeout -k 5 "$seconds" qemu-system-x86_64 "${qemu[@]}" </dev/null >"$log.qemu" 2>&1
}
