# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# Functions: what a case is, unless it says otherwise. A case is a file in cases/, its first comment the title.

# Where it runs, and whether `make check` runs it there. The others run with --full.
suites() { echo bookworm trixie; }
checked() { echo; }

# Which case's image it boots. That is made once per run.
image_of() { echo "$1"; }

policy()
{
	cat <<-EOT
		[device guest-gpu]
		id       = 1234:1111
		boot-vga = exclude
	EOT
}

# For which generators vfiokit is installed, as INITRAMFS= of `make install`.
glue() { echo dracut,initramfs-tools; }
# Changes the root ($root) before the image is made.
prepare() { :; }
# Makes the image: FILE RELEASE, in the root.
generate() { echo "the case does not say how" >&2; return 1; }
# Looks at it: FILE.
finished() { :; }

# Words for the kernel, and how many seconds the virtual machine may run.
cmdline() { :; }
seconds() { echo 240; }

# dracut_image FILE RELEASE OPTION...: with all that the disk and the cards need; the generator runs on another machine.
dracut_image()
{
	local file=$1 release=$2

	shift 2
	in_root dracut --force --compress "zstd -1" --kver "$release" --filesystems ext4 --no-hostonly-cmdline \
		--add-drivers "virtio_pci virtio_blk ext4 bochs" "$@" "$file"
}

# The leanest image without systemd has no modules that need it.
dracut_shell_image()
{
	dracut_image "$@" --omit "systemd systemd-initrd dracut-systemd dbus dbus-daemon dbus-broker"
}

# The host wants its GPU's driver as early as systemd can load it.
early_modules_load()
{
	mkdir -p "$root/usr/lib/modules-load.d"
	echo bochs >"$root/usr/lib/modules-load.d/host-gpu.conf"
}

# The host wants its GPU's driver as early as initramfs-tools can load it, and coldplug finds it in the image.
early_conf_modules()
{
	echo bochs >>"$root/etc/initramfs-tools/modules"
}

initramfs_tools_image()
{
	in_root mkinitramfs -c zstd -l 1 -o "$1" "$2"
}

# More devices: as in tests/vm/machine.sh. The disk of a suite. What runs beside the virtual machine: LOG.
extra_machine() { :; }
root_disk() { echo "$top/build/cache/debian/$1/disk"; }
beside() { :; }

# expect TEXT COMMAND...: a check while the image is made; expect_not: the command fails.
expect()
{
	local text=$1

	shift
	if "$@"; then echo "VM-OK $text"; else echo "VM-FAIL $text"; fi >>"$image.checks"
}

expect_not()
{
	local text=$1

	shift
	if "$@" >/dev/null; then echo "VM-FAIL $text"; else echo "VM-OK $text"; fi >>"$image.checks"
}

# says TEXT REGEX COMMAND...: the command succeeds, and what it says has that.
says()
{
	local text=$1 regex=$2 log=$image.said

	shift 2
	"$@" >"$log" 2>&1 || echo "VM-FAIL $text: $* failed" >>"$image.checks"
	cat "$log"
	expect "$text" grep -qE "$regex" "$log"
}

# our_files DIR: name, mode and sum of each of our files in an unpacked image.
our_files()
{
	(cd "$1" && find . -path '*vfio*' \( -type f -o -type l \) -exec stat -c '%n %A' {} + -exec sha256sum {} +) | sort
}

# builds_checks: what holds for every generator. The case has update [VARIABLE=VALUE...], which makes the image, and ours,
# which prints what our_files says about it.
builds_checks()
{
	local policy=$root/etc/vfiokit/bind.conf good first

	good=$(<"$policy")
	mkdir -p "$policy.d"
	printf '[device extra]\nid = 1234:5678\n' >"$policy.d/50-extra.conf"
	printf '[record]\nversion = 1\n' >"$root/etc/vfiokit/bind.record"
	says "the hook says what the next boot will do" "the next boot \(kernel ${release//+/.}\) will" update
	expect_not "no complaint" grep -E '^[EW]: vfiokit|derror|vfiokit: .*(cannot|failed)' "$image.said"
	first=$(ours)
	expect "vfio-bind is in the image" grep -q 'usr/sbin/vfio-bind -rwxr-xr-x' <<<"$first"
	expect "so is the policy" grep -q 'etc/vfiokit/bind.conf ' <<<"$first"
	expect "so is its drop-in" grep -q 'etc/vfiokit/bind.conf.d/50-extra.conf ' <<<"$first"
	expect "so is the record" grep -q 'etc/vfiokit/bind.record ' <<<"$first"
	expect "so is vfio_iommu_type1" grep -q 'vfio_iommu_type1.ko' <<<"$first"
	touch "$root/usr/sbin/vfio-bind" # an update that changes nothing
	update
	expect "our part of a second image is the same" [ "$(ours)" = "$first" ]

	printf '[device x]\nnonsense = 1\n' >"$policy"
	says "a broken policy has its line named" 'etc/vfiokit/bind.conf:2: ' update
	expect "and is in the image" grep -q 'etc/vfiokit/bind.conf ' <<<"$(ours)"
	expect_not "VFIOKIT_STRICT=1 makes no image of it" update VFIOKIT_STRICT=1

	rm -r "$policy" "$policy.d"
	says "without a policy there is an image" "the next boot" update
	expect "with vfio-bind" grep -q 'usr/sbin/vfio-bind' <<<"$(ours)"
	echo "$good" >"$policy"

	mv "$root/usr/bin/vfiokit" "$root/vfiokit.away"
	says "without vfiokit there is an image and a complaint" "vfiokit: 'vfiokit image' failed" update
	mv "$root/vfiokit.away" "$root/usr/bin/vfiokit"
}
