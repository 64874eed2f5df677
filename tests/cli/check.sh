# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2016,SC2154
# vfiokit check: each finding once, where it is and where it is not.

record=$root/etc/vfiokit/bind.record

# file PATH TEXT: below the root, with printf's escapes.
file()
{
	mkdir -p "$root/$(dirname "$1")"
	printf '%b' "$2" >"$root/$1"
}

# attribute ADDRESS NAME TEXT
attribute()
{
	printf '%b' "$3" >"$devices/0000:$1/$2"
}

words()
{
	echo "root=/dev/vda1 $*" >"$root/proc/cmdline"
}

# check-ed: runs it both ways; leaves the JSON in $work/out, and the text in $work/text.
checked()
{
	bounded "$build/vfiokit" --root "$root" check "$@"
	cp "$work/out" "$work/text"
	text_code=$code
	kit check --json "$@"
	is "exit without --json" "$text_code" "$code"
	[ "$(awk '{ if (length($0) > n) n = length($0) } END { print n + 0 }' "$work/text")" -le 80 ] || fail "lines are longer than 80"
	! grep -q "$(printf '\033')" "$work/text" || fail "colour without a terminal"
}

# found [SEVERITY NAME]...: exactly these findings, in any order; the text has each.
found()
{
	is findings "$(query '[.findings[] | "\(.severity) \(.name)"] | sort | join(",")')" "$(printf '%s\n' "$@" | sort | paste -sd,)"
	is "findings without what, why or todo" "$(query '[.findings[] | select((.what | length) < 10 or (.why | length) < 10 or (.todo | length) < 10)] | length')" 0
	[ $# != 0 ] || grep -q "Nothing to complain about" "$work/text" || fail "the text does not say that all is well"
}

# at NAME: where it is
at()
{
	query "[.findings[] | select(.name == \"$1\").where] | join(\" \")"
}

# A machine where all is well: recorded, booted, bound, image and modules in order.
well()
{
	local release=6.1.0-test
	install -D -m 755 /bin/true "$root/usr/sbin/vfio-bind"
	mkdir -p "$root/lib/modules/$release/kernel" "$root/boot" "$work/image/lib/modules"
	printf 'kernel/vfio-pci.ko:\nkernel/vfio_iommu_type1.ko:\n' >"$root/lib/modules/$release/modules.dep"
	: >"$root/lib/modules/$release/kernel/vfio-pci.ko"
	: >"$root/lib/modules/$release/kernel/vfio_iommu_type1.ko"
	/sbin/depmod -b "$root" "$release" 2>/dev/null
	config "$release"
	kit record
	image "$release"
	run boot
	for function in 02:00.0 02:00.1; do
		ln -sfn ../../../../bus/pci/drivers/vfio-pci "$devices/0000:$function/driver"
	done
}

# config RELEASE: that kernel has all that guests need.
config()
{
	file "boot/config-$1" 'CONFIG_FOO=y\nCONFIG_X86=y\nCONFIG_VFIO_PCI=m\nCONFIG_VFIO_IOMMU_TYPE1=m\nCONFIG_AMD_IOMMU=y\n'
}

# image RELEASE: made of what is on disk now.
image()
{
	rm -rf "$work/image"
	mkdir -p "$work/image/usr/sbin" "$work/image/etc/vfiokit" "$work/image/usr/lib/modules/$1"
	cp "$root/usr/sbin/vfio-bind" "$work/image/usr/sbin/"
	[ ! -e "$policy" ] || cp -r "$policy" "$work/image/etc/vfiokit/"
	[ ! -e "$dropins" ] || cp -r "$dropins" "$work/image/etc/vfiokit/"
	[ ! -e "$record" ] || cp "$record" "$work/image/etc/vfiokit/"
	: >"$work/image/usr/lib/modules/$1/vfio-pci.ko.xz"
	: >"$work/image/usr/lib/modules/$1/vfio_iommu_type1.ko.xz"
	(cd "$work/image" && find . | cpio -o -H newc --quiet) | gzip >"$root/boot/initrd.img-$1"
}

# todo NAME: what to type
todo()
{
	query "[.findings[] | select(.name == \"$1\").todo] | unique | join(\" \")"
}

# packed FILE [ENTRY]...: an image of these alone, which is not ours.
packed()
{
	local file=$1

	shift
	rm -rf "$work/image"
	mkdir -p "$work/image/bin"
	for entry; do
		mkdir -p "$(dirname "$work/image/$entry")"
		: >"$work/image/$entry"
	done
	(cd "$work/image" && find . | cpio -o -H newc --quiet) >"$root/boot/$file"
}

t "all is well"
well
unchanged "$root" checked
exits 0
found

t "no policy"
rm "$policy"
checked
exits 0
found "hint no-policy"

t "a policy, but nothing applied it at this boot, and nothing is installed"
checked
exits 2
found "error not-applied" "error not-installed" "hint no-record" "hint kernel-unread"

t "lines of the policy"
well
printf '[device a]\nid = 1\n[device guest]\nid = 10de:13c2 10de:0fbb\ngroup = whole\ncolour = red\n' >"$policy"
image 6.1.0-test
checked
exits 2
is where "$(at policy-error)" "etc/vfiokit/bind.conf:2 etc/vfiokit/bind.conf:6"

t "the policy was changed since the boot, and the image was not made again"
well
printf '; more\n' >>"$policy"
checked
exits 2
found "warning policy-changed" "error image-old"
is where "$(at image-old)" boot/initrd.img-6.1.0-test

t "what was removed from disk, and the image still has"
printf '[device nic]\naddress = 00:04.0\nallow = network\n' >"$dropins/nic.conf"
echo junk >"$dropins/README"
well
ln -sfn ../../../../bus/pci/drivers/vfio-pci "$devices/0000:00:04.0/driver"
echo '# guests' >"$root/etc/vfiokit/hooks.conf"
checked
found
rm -r "$dropins"
checked
exits 2
found "error image-extra" "warning policy-changed"
is where "$(at image-extra)" boot/initrd.img-6.1.0-test
says "It holds /etc/vfiokit/bind.conf.d/nic.conf, which is not on disk."
says "update-initramfs -u -k all"
rm "$policy" "$record"
checked
exits 2
found "hint no-policy" "error image-extra" "error image-extra" "error image-extra" "warning policy-changed"
says "It holds /etc/vfiokit/bind.record, which is not on disk."
says "The policy on disk has no rule"

t "a policy without a rule, and an image with another one; without a policy in it, nothing is said of an image"
well
echo '# nothing' >"$policy"
checked
exits 2
found "hint no-policy" "error image-old" "warning policy-changed"
image 6.1.0-test
echo old >"$root/usr/sbin/vfio-bind"
echo old >"$record"
rm -r "$root/lib/modules/6.1.0-test" "$root/run"
checked
is "said of the image" "$(query '[.findings[] | select(.name | startswith("image"))] | length')" 0

t "a record that only root may read is not taken for another one"
well
chmod 600 "$record"
chmod 755 "$root" "$root/etc" "$root/etc/vfiokit"
bounded setpriv --reuid=65534 --regid=65534 --clear-groups "$build/vfiokit" --root "$root" check --json
found "hint record-unread"
says "cannot read the record: Permission denied; this is the plan without identities and needs recorded"

t "what the image lacks"
well
rm -rf "$work/image"/*
mkdir "$work/image/bin"
(cd "$work/image" && find . | cpio -o -H newc --quiet) >"$root/boot/initrd.img-6.1.0-test"
checked
exits 2
found "error image-lacks" "error image-lacks" "error image-lacks" "error image-lacks" "error image-lacks"
says "The module vfio_pci is not in this image"
says "The module vfio_iommu_type1 is not in this image"

t "what the image lacks of the drivers of the rules, where they are modules of its kernel"
printf '\n[device nic]\naddress = 00:04.0\nallow = network\ndriver = mlx5_vfio_pci\noptional = yes\n' >>"$policy"
well
ln -sfn ../../../../bus/pci/drivers/mlx5_vfio_pci "$devices/0000:00:04.0/driver"
for release in 6.1.0-test 6.12.3-next; do
	mkdir -p "$root/lib/modules/$release/kernel"
	cp "$root/lib/modules/6.1.0-test/kernel/vfio"* "$root/lib/modules/$release/kernel" 2>/dev/null
	printf 'kernel/vfio-pci.ko:\nkernel/vfio_iommu_type1.ko:\nkernel/mlx5-vfio-pci.ko:\n' >"$root/lib/modules/$release/modules.dep"
	: >"$root/lib/modules/$release/kernel/mlx5-vfio-pci.ko"
	config "$release"
	image "$release"
done
rm "$root/lib/modules/6.1.0-test/kernel/mlx5-vfio-pci.ko"
sed -i '/mlx5/d' "$root/lib/modules/6.1.0-test/modules.dep"
echo kernel/mlx5-vfio-pci.ko >"$root/lib/modules/6.1.0-test/modules.builtin"
/sbin/depmod -b "$root" 6.1.0-test 2>/dev/null
/sbin/depmod -b "$root" 6.12.3-next 2>/dev/null
checked
exits 2
found "error image-lacks"
says "The module mlx5_vfio_pci is not in this image"
is where "$(at image-lacks)" boot/initrd.img-6.12.3-next
: >"$work/image/usr/lib/modules/6.12.3-next/mlx5-vfio-pci.ko.zst"
(cd "$work/image" && find . | cpio -o -H newc --quiet) >"$root/boot/initrd.img-6.12.3-next"
checked
found

t "an image of junk"
well
head -c 3000 /dev/urandom >"$root/boot/initrd.img-6.1.0-test"
checked
exits 0
found "hint image-unreadable"

t "the next kernel has no modules and an old image"
well
mkdir -p "$root/lib/modules/6.12.3-next/kernel" "$root/lib/modules/6.9.0-older"
: >"$root/lib/modules/6.12.3-next/kernel/other.ko"
echo kernel/other.ko: >"$root/lib/modules/6.12.3-next/modules.dep"
/sbin/depmod -b "$root" 6.12.3-next 2>/dev/null
config 6.12.3-next
image 6.12.3-next
echo old >"$root/usr/sbin/vfio-bind"
image 6.1.0-test
checked
exits 2
found "error image-old" "error module-missing" "error module-missing"
is where "$(at module-missing)" "lib/modules/6.12.3-next lib/modules/6.12.3-next"
is where "$(at image-old)" boot/initrd.img-6.12.3-next
is kernels "$(query '.kernels | join(" ")')" "6.1.0-test 6.12.3-next"

t "in mkinitcpio's images usr/sbin is a link to usr/bin"
well
mkdir "$work/image/usr/bin"
mv "$work/image/usr/sbin/vfio-bind" "$work/image/usr/bin/"
rmdir "$work/image/usr/sbin"
ln -s bin "$work/image/usr/sbin"
: >"$work/image/buildconfig"
(cd "$work/image" && find . | cpio -o -H newc --quiet) | gzip >"$root/boot/initrd.img-6.1.0-test"
checked
exits 0
found
echo new >"$root/usr/sbin/vfio-bind"
checked
found "error image-old"
rm "$work/image/usr/bin/vfio-bind"
(cd "$work/image" && find . | cpio -o -H newc --quiet) | gzip >"$root/boot/initrd.img-6.1.0-test"
checked
found "error image-lacks"

t "no image"
well
rm "$root/boot/initrd.img-6.1.0-test"
checked
exits 1
found "warning no-image"
says "There is no image (initramfs) for kernel 6.1.0-test"
says "update-initramfs -c -k 6.1.0-test"
mkdir -p "$root/efi/EFI/Linux"
: >"$root/efi/EFI/Linux/linux.efi"
checked
exits 0
found "hint image-unchecked"
says "it may be in a unified kernel image"
rm -r "$root/efi"
mkdir "$root/boot/ostree"
checked
found "hint image-unchecked"
says ostree
rmdir "$root/boot/ostree"
mkdir "$root/boot/efi"
chmod 700 "$root/boot/efi"
chmod 755 "$root" "$root/etc" "$root/etc/vfiokit" "$root/boot"
bounded setpriv --reuid=65534 --regid=65534 --clear-groups "$build/vfiokit" --root "$root" check --json
found "hint image-unchecked" "hint record-unread"
says "sudo vfiokit check"
: >"$policy"
checked
found "hint no-policy" "warning policy-changed"

t "images where kernel-install and sdbootutil put them"
for place in boot/0123456789abcdef0123456789abcdef/6.1.0-test/initrd efi/fedora/6.1.0-test/initrd.img \
	boot/efi/opensuse-tumbleweed/6.1.0-test/initrd-0a1b2c efi/initramfs-6.1.0-test.img; do
	well
	mkdir -p "$root/${place%/*}"
	mv "$root/boot/initrd.img-6.1.0-test" "$root/$place"
	checked
	found
	packed initrd.img-6.1.0-test bin/init
	mv "$root/boot/initrd.img-6.1.0-test" "$root/$place"
	checked
	is "where, in $place" "$(at image-lacks | tr ' ' '\n' | sort -u)" "$place"
	rm -r "${root:?}/$place" "$root/run"
done

t "the image is not the only file of a kernel's directory"
well
mkdir -p "$root/boot/machine/6.1.0-test"
mv "$root/boot/initrd.img-6.1.0-test" "$root/boot/machine/6.1.0-test/initrd"
packed machine/6.1.0-test/initrd-microcode kernel/x86/microcode/x.bin
checked
found

t "the kernel was upgraded, and its modules are gone"
well
mv "$root/lib/modules/6.1.0-test" "$root/lib/modules/6.2.0-new"
/sbin/depmod -b "$root" 6.2.0-new 2>/dev/null
mv "$root/boot/config-6.1.0-test" "$root/boot/config-6.2.0-new"
mv "$root/boot/initrd.img-6.1.0-test" "$root/boot/initrd.img-6.2.0-new"
gzip <"$root/boot/config-6.2.0-new" >"$root/proc/config.gz"
checked
exits 1
found "warning modules-gone"
is where "$(at modules-gone)" lib/modules/6.1.0-test
says "it was upgraded to 6.2.0-new"
mkdir -p "$root/sys/bus/pci/drivers/vfio-pci" "$root/sys/module/vfio_iommu_type1"
checked
exits 0
found

t "a program that the generator has stripped is the same build"
well
cp "$build/vfiokit" "$root/usr/sbin/vfio-bind"
image 6.1.0-test
strip --strip-all -R .comment "$work/image/usr/sbin/vfio-bind"
! cmp -s "$work/image/usr/sbin/vfio-bind" "$root/usr/sbin/vfio-bind" || fail "strip has changed nothing"
(cd "$work/image" && find . | cpio -o -H newc --quiet) >"$root/boot/initrd.img-6.1.0-test"
checked
exits 0
found
for other in "$build/vfio-bind" /bin/true; do
	cp "$other" "$root/usr/sbin/vfio-bind"
	checked
	found "error image-old"
done
head -c 700 "$build/vfiokit" >"$root/usr/sbin/vfio-bind"
checked
found "error image-old"

t "mkinitcpio's names of images"
well
mv "$root/boot/initrd.img-6.1.0-test" "$root/boot/initramfs-linux-lts.img"
echo linux-lts >"$root/lib/modules/6.1.0-test/pkgbase"
echo old >"$root/usr/sbin/vfio-bind"
checked
found "error image-old"

t "who made the image is told how to make it again"
well
for made in 'conf/initramfs.conf|update-initramfs -u -k all' 'usr/lib/dracut/hooks/x|dracut --force --regenerate-all' \
	'lib/dracut/x|dracut --force --regenerate-all' 'buildconfig|mkinitcpio -P' \
	'etc/booster.init.yaml|booster build --force, with the arguments of your distribution' \
	'conf/initramfs.confused|update-initramfs -u -k all (Debian), dracut --force --regenerate-all, mkinitcpio -P'; do
	packed initrd.img-6.1.0-test "${made%|*}"
	checked
	is "todo of ${made%|*}" "$(todo image-lacks)" "Make it again: ${made#*|}."
done
mv "$root/boot/initrd.img-6.1.0-test" "$root/boot/booster-6.1.0-test.img"
checked
is "todo by name" "$(todo image-lacks)" "Make it again: booster build --force, with the arguments of your distribution."
rm -r "$root/run"
: >"$root/etc/booster.yaml"
checked
says "vfiokit image --booster"

t "booster's image: modules have the names that the kernel gives them"
well
packed booster-linux.img etc/booster.init.yaml usr/lib/modules/vfio_pci.ko usr/lib/modules/vfio_iommu_type1.ko usr/sbin/vfio-bind \
	etc/vfiokit/bind.conf
cp "$root/usr/sbin/vfio-bind" "$work/image/usr/sbin"
cp "$policy" "$record" "$work/image/etc/vfiokit"
(cd "$work/image" && find . | cpio -o -H newc --quiet) >"$root/boot/booster-linux.img"
rm "$root/boot/initrd.img-6.1.0-test"
echo linux >"$root/lib/modules/6.1.0-test/pkgbase"
checked
found

# addon_boot: all is well, by an add-on beside an image that knows nothing of us.
addon_boot()
{
	well
	echo program >"$root/usr/sbin/vfio-bind"
	jq '.image = "add-on"' "$report" >"$work/report" && cp "$work/report" "$report"
	packed initrd.img-6.1.0-test bin/init
}

t "an add-on that nobody can find: the image beside it lacks nothing"
addon_boot
kit image --output "$work/addon" --kernel 6.1.0-test
checked
exits 0
found "hint image-unchecked"
says "This boot used an add-on, and none for kernel 6.1.0-test is here"
says "vfiokit image --kernel 6.1.0-test --output FILE, in place of the add-on that the boot loader names"
rm "$report"
words "rdinit=/root/.vfiokit-addon/vfio-bind"
checked
found "error not-applied" "hint image-unchecked"
words quiet
checked
found "error not-applied" "error image-lacks" "error image-lacks" "error image-lacks" "error image-lacks" "error image-lacks"

t "an add-on in /boot is compared with the disk"
printf '[device nic]\naddress = 09:00.0\noptional = yes\n' >"$dropins/nic.conf"
addon_boot
kit image --output "$root/boot/mine" --kernel 6.1.0-test
mkfifo "$root/boot/pipe"
checked
exits 0
found
rm "$dropins/nic.conf"
echo '; more' >>"$policy"
checked
exits 2
found "error image-old" "error image-extra" "warning policy-changed"
is where "$(at image-old) $(at image-extra)" "boot/mine boot/mine"
is todo "$(todo image-old)" "Make it again: vfiokit image --output FILE, in place of the add-on that the boot loader names."

t "an add-on for another kernel, and one behind the image itself"
addon_boot
mkdir -p "$root/lib/modules/6.12.3-next"
cp -r "$root/lib/modules/6.1.0-test/." "$root/lib/modules/6.12.3-next"
/sbin/depmod -b "$root" 6.12.3-next 2>/dev/null
config 6.12.3-next
kit image --output "$root/boot/mine" --kernel 6.1.0-test
checked
exits 0
found "hint image-unchecked"
says "none for kernel 6.12.3-next is here"
kit image --output "$work/next" --kernel 6.12.3-next
packed initrd.img-6.12.3-next bin/init etc/vfiokit/bind.conf.d/not-read.conf
cat "$root/boot/initrd.img-6.12.3-next" "$work/next" >"$work/both"
mv "$work/both" "$root/boot/initrd.img-6.12.3-next"
checked
found
echo another >"$root/usr/sbin/vfio-bind"
checked
found "error image-old" "error image-old"
is where "$(at image-old)" "boot/mine boot/initrd.img-6.12.3-next"

t "a device that vfio-bind gave away has another driver now"
well
mkdir -p "$root/sys/bus/pci/drivers/nouveau"
ln -sfn ../../../../bus/pci/drivers/nouveau "$devices/0000:02:00.0/driver"
checked
exits 1
found "warning not-bound"
is where "$(at not-bound)" 0000:02:00.0

t "a manual bind does not hide that the image did not start vfio-bind"
well
rm -r "$root/run"
kit bind 00:04.0 --allow network
checked
exits 2
found "error not-applied"
says "nothing applied it at this boot"

t "nor does the safety net in the running system"
well
rm -r "$root/run"
run apply --quiet
checked
exits 1
found "warning not-applied"
says "The image of this boot did not apply the policy"
says "If no image is to start vfio-bind here"
run boot
checked
exits 0
found
jq '.command = "apply" | .image = "dracut"' "$report" >"$work/report" && cp "$work/report" "$report"
checked
found

t "devices that come late need no image"
well
rm -r "$root/run"
run apply --quiet
mkdir -p "$root/run/udev/tags/vfiokit-late"
: >"$root/run/udev/tags/vfiokit-late/+pci:0000:02:00.0"
checked
found "warning not-applied"
: >"$root/run/udev/tags/vfiokit-late/+pci:0000:02:00.1"
checked
found

t "a boot that only reports has no more to report"
well
rm -r "$root/run"
words vfiokit=plan
run boot
checked
found "warning off"

t "switched off"
well
words vfiokit=off
checked
exits 1
found "warning off"

t "stood down by itself, which no word of the command line undoes"
well
rm "$devices"/0000:02:00.?/driver
mkdir -p "$root/sys/firmware/efi/efivars" "$root/proc/sys/kernel/random"
for boot in 1 2 3; do
	echo "boot-$boot" >"$root/proc/sys/kernel/random/boot_id"
	rm -r "$root/run/vfiokit"
	run boot
done
unchanged "$root" checked
exits 1
found "warning disarmed"
says "vfiokit arm"
words vfiokit=off
checked
found "warning off"
says "Take vfiokit= off"

t "refused and absent"
well
printf '[device guest]\nid = 10de:13c2 10de:0fbb\ngroup = whole\n[device disk]\nclass = nvme\n[device gone]\naddress = 09:00.0\n' >"$policy"
image 6.1.0-test
checked
exits 1
found "warning refused" "warning absent" "warning policy-changed"

t "two rules for one device, and an optional one that is absent"
well
printf '[device guest]\nid = 10de:13c2 10de:0fbb\ngroup = whole\n[device two]\naddress = 02:00.1\n[device three]\naddress = 09:00.0\noptional = yes\n' >"$policy"
image 6.1.0-test
checked
exits 1
found "warning clash" "warning policy-changed"

t "the host keeps half a group"
well
printf '[device guest]\naddress = 02:00.0\n' >"$policy"
image 6.1.0-test
ln -sfn ../../../../bus/pci/drivers/snd_hda_intel "$devices/0000:02:00.1/driver"
checked
exits 2
found "error group-shared" "warning policy-changed"
is where "$(at group-shared)" 0000:02:00.0
says "which snd_hda_intel keeps for the host"
for driver in pci-stub vfio-pci; do
	ln -sfn "../../../../bus/pci/drivers/$driver" "$devices/0000:02:00.1/driver"
	checked
	found "warning policy-changed"
done
rm "$devices/0000:02:00.1/driver"
checked
found "warning policy-changed"

t "a group with an ISA bridge, which does harm while a driver holds it"
printf '[device guest]\naddress = 02:00.0 02:00.1\n' >"$policy"
well
printf 'PCI: 00:1e.0 060100 8086:2918 1af4:1100 - 4\n' >"$work/more"
"$mktree" "$work/more" "$root"
checked
exits 0
found
mkdir -p "$root/sys/bus/pci/drivers/lpc_ich"
ln -s ../../../../bus/pci/drivers/lpc_ich "$devices/0000:00:1e.0/driver"
checked
exits 2
found "error group-shared" "error group-shared"
says "echo 0000:00:1e.0 > /sys/bus/pci/drivers/lpc_ich/unbind"
run plan
says "group 4 also holds 0000:00:1e.0, and no guest can use the group while a host driver holds one of its devices (lpc_ich must let go of 0000:00:1e.0)"

t "functions of a card in another group"
well
printf 'PCI: 00:02.0/02:00.2 0c0330 10de:1ad6 1043:8508 xhci_hcd 11\n' >"$work/more"
"$mktree" "$work/more" "$root"
checked
exits 1
found "warning card-split"
is where "$(at card-split)" 0000:02:00.2

# follow NAME: does what the finding says, as a person would.
follow()
{
	query "[.findings[] | select(.name == \"$1\").todo] | first" |
		sed -n 's/^Give it a rule of its own: \(\[device .*\]\) and, in the next line, \(.*\)$/\n\1\n\2/p' >"$work/rule"
	[ -s "$work/rule" ] || fail "$1 does not say what to type"
	cat "$work/rule" >>"$policy"
}

t "the rule that is advised gives the rest of the card, too, whatever selects the first part"
for rule in 'id = 10de:13c2 10de:0fbb\ngroup = whole' 'address = 02:00.0 02:00.1' 'class = display\ngroup = whole' \
	'path = 0000:00:02.0/00.0 0000:00:02.0/00.1\nid = 10de:13c2 10de:0fbb'; do
	printf "[device guest]\n$rule\n" >"$policy"
	well
	printf 'PCI: 00:02.0/02:00.2 0c0330 10de:1ad6 1043:8508 vfio-pci 11\nPCI: 00:02.0/02:00.3 0c8000 10de:1ad7 1043:8508 nvidia-gpu 12\n' >"$work/more"
	"$mktree" "$work/more" "$root"
	checked
	follow card-split
	checked
	follow type-c
	run plan --json
	is "given, with $rule" "$(query '[.devices[] | select(.verdict == "bind" or .verdict == "bound").address] | join(" ")')" \
		"0000:02:00.0 0000:02:00.1 0000:02:00.2 0000:02:00.3"
	checked
	is "still said, with $rule" "$(at card-split)$(at type-c)" ""
done

t "NVIDIA's Type-C controller stays with i2c_nvidia_gpu"
well
printf 'PCI: 00:02.0/02:00.2 0c0330 10de:1ad6 1043:8508 vfio-pci 11\nPCI: 00:02.0/02:00.3 0c8000 10de:1ad7 1043:8508 nvidia-gpu 12\n' >"$work/more"
"$mktree" "$work/more" "$root"
printf '[device guest]\nid = 10de:13c2 10de:0fbb 10de:1ad6\ngroup = whole\n' >"$policy"
kit record
image 6.1.0-test
checked
found "warning card-split" "warning type-c" "warning policy-changed"

t "no record, and one that an older policy had"
well
rm "$record"
image 6.1.0-test
checked
exits 0
found "hint no-record"
says "vfiokit record, then make the boot images again"
kit record
printf '\n[device nic]\naddress = 00:04.0\nallow = network\n' >>"$policy"
image 6.1.0-test
checked
found "hint record-old" "warning policy-changed" "warning not-bound"
says "rule 'nic'"

t "a device is not as it was recorded"
well
sed -i 's/^id = 10de:13c2:.*/id = 10de:2204:1043:8508/' "$record"
image 6.1.0-test
checked
exits 1
found "warning record-identity"
is where "$(at record-identity)" 0000:02:00.0
says "If that is the device you mean: vfiokit record"

t "a record that is broken, or cannot be read"
well
echo junk >>"$record"
image 6.1.0-test
checked
exits 1
found "warning record-broken"
rm "$record"
image 6.1.0-test
mkdir "$record"
checked
found "warning record-unread" "warning refused" "warning refused" "error image-lacks"

t "the host needs other devices than were recorded"
well
printf 'P: /devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1\nF: proc/self/mountinfo=26 1 259:0 / / rw - ext4 /dev/nvme0n1 rw\\n\n' >"$work/more"
"$mktree" "$work/more" "$root"
mkdir -p "$root/sys/class/block"
ln -s ../../devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1 "$root/sys/class/block/nvme0n1"
kit record --needs
image 6.1.0-test
checked
exits 0
found
echo "26 1 259:0 / / rw - ext4 /dev/nvme0n1 rw" >"$root/proc/self/mountinfo"
sed -i '/^\[need/,$d' "$record"
image 6.1.0-test
checked
exits 0
found "hint record-needs"
says "new is 0000:00:03.0 (storage: mount / on nvme0n1)"
kit record --needs
image 6.1.0-test
echo "26 1 0:26 / / rw - tmpfs none rw" >"$root/proc/self/mountinfo"
checked
found "hint record-needs"
says "no more needed is 0000:00:03.0 (storage: mount / on nvme0n1)"
kit record --needs
sed -i '/^\[need/,$d' "$record"
printf '[need 0000:09:00.0]\npath = 0000:00:09.0\nid = 1111:0001:0000:0000\nstorage = mount / on sda\n' >>"$record"
image 6.1.0-test
echo "26 1 259:0 / / rw - ext4 /dev/nvme0n1 rw" >"$root/proc/self/mountinfo"
checked
found "hint record-needs"
says "new is 0000:00:03.0 (storage: mount / on nvme0n1)"

t "no IOMMU: what to do depends on the machine"
well
rm -rf "$root"/sys/kernel/iommu_groups "$devices"/*/iommu_group
checked
exits 2
found "error iommu"
says "AMD-Vi"
file proc/cpuinfo 'vendor_id\t: GenuineIntel\n'
checked
says "add intel_iommu=on"
words quiet intel_iommu=off
checked
says "Take intel_iommu=off off"

t "groups that are not real"
well
words pcie_acs_override=downstream
checked
exits 1
found "warning acs-override"

t "interrupt remapping"
well
file proc/interrupts '  1:  5  IR-IO-APIC   1-edge  i8042\n'
checked
found
file proc/interrupts '  1:  5  IO-APIC   1-edge  i8042\n'
checked
exits 2
found "error interrupt-remapping"
file sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts 'Y\n'
checked
exits 1
found "warning unsafe-interrupts"
rm -r "$root/sys/module/vfio_iommu_type1" "$root/proc/interrupts"
words intremap=off
checked
found "error interrupt-remapping"

t "the kernel's configuration"
well
checked
found
file boot/config-6.1.0-test 'CONFIG_FOO=y\nCONFIG_X86=y\n# CONFIG_VFIO_PCI is not set\n'
checked
exits 2
found "error kernel-config" "error kernel-config" "error kernel-config"
mv "$root/boot/config-6.1.0-test" "$root/lib/modules/6.1.0-test/config"
checked
is where "$(at kernel-config)" "lib/modules/6.1.0-test/config lib/modules/6.1.0-test/config lib/modules/6.1.0-test/config"

t "the kernel's configuration, where only the running kernel itself has it"
well
gzip <"$root/boot/config-6.1.0-test" >"$root/proc/config.gz"
rm "$root/boot/config-6.1.0-test"
checked
exits 0
found
printf 'CONFIG_FOO=y\nCONFIG_X86=y\nCONFIG_VFIO_PCI=m\nCONFIG_AMD_IOMMU=y\n' | gzip >"$root/proc/config.gz"
checked
exits 2
found "error kernel-config"
is where "$(at kernel-config)" proc/config.gz
says "was made without CONFIG_VFIO_IOMMU_TYPE1"

t "the kernel's configuration: where it is nowhere, or cannot be read, it is not checked"
well
mkdir -p "$root/lib/modules/6.12.3-next"
cp -r "$root/lib/modules/6.1.0-test/." "$root/lib/modules/6.12.3-next"
/sbin/depmod -b "$root" 6.12.3-next 2>/dev/null
image 6.12.3-next
gzip <"$root/boot/config-6.1.0-test" >"$root/proc/config.gz"
checked
exits 0
found "hint kernel-unread"
is where "$(at kernel-unread)" lib/modules/6.12.3-next
config 6.12.3-next
rm "$root/boot/config-6.1.0-test"
checked
found
for junk in plain huge cut none; do
	case $junk in
	plain) echo CONFIG_VFIO_PCI=m >"$root/proc/config.gz" ;;
	huge) head -c 3000000 /dev/zero | gzip >"$root/proc/config.gz" ;;
	cut) gzip <"$policy" | head -c 30 >"$root/proc/config.gz" ;;
	none) rm "$root/proc/config.gz" ;;
	esac
	checked
	found "hint kernel-unread"
	is "where, with $junk" "$(at kernel-unread)" lib/modules/6.1.0-test
done
rm "$policy"
image 6.1.0-test
checked
is "said without a policy" "$(at kernel-unread)" ""

t "memory that the firmware reserved"
well
file sys/kernel/iommu_groups/4/reserved_regions '0x00000000fee00000 0x00000000feefffff msi\n0x0000000000000000 0x0000000000ffffff direct-relaxable\n'
checked
found
file sys/kernel/iommu_groups/4/reserved_regions '0x000000007b000000 0x000000007cffffff direct\n0x00000000fee00000 0x00000000feefffff msi\n'
checked
exits 2
found "error reserved-region" "error reserved-region"

t "ways to reset"
well
attribute 00:03.0 reset_method 'flr\n'
attribute 02:00.0 reset_method 'bus\n'
checked
exits 1
found "warning reset"
is where "$(at reset)" 0000:02:00.1
attribute 02:00.1 reset_method 'bus\n'
checked
found
printf 'PCI: 00:02.0/02:00.2 078000 8086:0001 - serial 11\n' >"$work/more"
"$mktree" "$work/more" "$root"
checked
found "warning reset" "warning reset"
says "on which 0000:02:00.2 stays with the host"

t "asleep without power"
well
attribute 02:00.0 power_state 'D3cold\n'
checked
exits 0
found "hint d3cold"

# prepared LINE...: the machine where all is well, where the second GPU's rule has these lines and nothing is bound yet.
prepared()
{
	well
	printf '[device guest]\naddress = 02:00.0\n' >"$policy"
	printf '%s\n' "$@" '[device sound]' 'address = 02:00.1' >>"$policy"
	kit record
	image 6.1.0-test
	rm "$report"
	rm "$devices/0000:02:00.0/driver"
}

# about NAME TEXT: the finding, in its words or in what to type.
about()
{
	case $(query "[.findings[] | select(.name == \"$1\") | .what + \" \" + .todo] | join(\" \")") in
	*"$2"*) ;;
	*) fail "of $1 it says '$(query ".findings[] | select(.name == \"$1\") | .what")', not '$2'" ;;
	esac
}

t "what a rule sets before a bind, where it can"
prepared 'reset-method = flr, bus' 'd3cold = no' 'resize-bar = 0:256M'
attribute 02:00.0 reset_method 'flr bus pm\n'
attribute 02:00.1 reset_method 'flr\n'
attribute 02:00.0 d3cold_allowed '1\n'
attribute 02:00.0 resource0_resize '0000000000003f00\n'
attribute 02:00.0 resource '0x0000000000000000 0x000000000fffffff 0x000000000014220c\n'
unchanged "$root" checked
exits 2
found "error not-applied"

t "what a rule sets before a bind, and the device lacks"
prepared 'reset-method = flr, bus' 'd3cold = no' 'resize-bar = 0:256M'
checked
exits 2
found "error not-applied" "warning prepare-missing" "warning prepare-missing" "warning prepare-missing"
is where "$(at prepare-missing)" "0000:02:00.0 0000:02:00.0 0000:02:00.0"
about prepare-missing "This kernel cannot keep it out of D3cold. Take a kernel with CONFIG_PM and CONFIG_ACPI"
about prepare-missing "Its BAR 0 is not resizable. See which are: ls /sys/bus/pci/devices/0000:02:00.0/resource*_resize"
about prepare-missing "It has no reset_method: the kernel knows no way to reset it. Take reset-method out of rule 'guest' (etc/vfiokit/bind.conf:1)"

t "values that the device does not offer"
prepared 'reset-method = flr, bus' 'resize-bar = 0:8G 2:1M'
attribute 02:00.0 reset_method 'bus pm\n'
attribute 02:00.1 reset_method 'flr\n'
attribute 02:00.0 resource0_resize '0000000000000700\n'
attribute 02:00.0 resource2_resize 'junk\n'
attribute 02:00.0 resource '0x0000000000000000 0x000000000fffffff 0x000000000014220c\n0x0 0x0 0x0\n0x10000000 0x100fffff 0x14220c\n'
checked
exits 2
found "error not-applied" "warning prepare-value" "warning prepare-value" "warning prepare-value"
about prepare-value "Its BAR 0 cannot have 8G, as rule 'guest' wants; it can have: 256M 512M 1G. Say one of these in resize-bar of rule 'guest' (etc/vfiokit/bind.conf:1)"
about prepare-value "Its BAR 2 cannot have 1M, as rule 'guest' wants; it can have: nothing that is known."
about prepare-value "It cannot be reset by 'flr', as rule 'guest' wants; it has: bus pm. Say one of these in reset-method"

t "device_specific comes with vendor-reset"
prepared 'reset-method = device_specific'
attribute 02:00.0 reset_method 'bus\n'
attribute 02:00.1 reset_method 'bus\n'
checked
found "error not-applied" "warning prepare-value"
about prepare-value "the module vendor-reset has it"
mkdir -p "$root/sys/module/vendor_reset"
checked
found "error not-applied"

t "bound, and not as the rule wants"
prepared 'reset-method = bus' 'd3cold = no' 'resize-bar = 0:512M'
ln -s ../../../../bus/pci/drivers/vfio-pci "$devices/0000:02:00.0/driver"
attribute 02:00.0 reset_method 'flr bus\n'
attribute 02:00.1 reset_method 'flr\n'
attribute 02:00.0 d3cold_allowed '1\n'
attribute 02:00.0 resource0_resize '0000000000000700\n'
attribute 02:00.0 resource '0x0000000000000000 0x000000000fffffff 0x000000000014220c\n'
checked
found "error not-applied" "warning prepare-unset" "warning prepare-unset" "warning prepare-unset"
about prepare-unset "Its d3cold_allowed is '1', and not '0', as rule 'guest' wants."
about prepare-unset "Its BAR 0 is '256M', and not '512M'"
about prepare-unset "Its reset_method is 'flr bus', and not 'bus'"
about prepare-unset "vfiokit release 0000:02:00.0, then vfiokit bind 0000:02:00.0"
attribute 02:00.0 reset_method 'bus\n'
attribute 02:00.0 d3cold_allowed '0\n'
attribute 02:00.0 resource '0x0000000000000000 0x000000001fffffff 0x000000000014220c\n'
checked
found "error not-applied"

t "kernels that are too old for a rule"
prepared 'reset-method = bus' 'resize-bar = 0:512M' '[device nic]' 'address = 00:04.0' 'vfs = 2'
echo 5.10.0-9-amd64 >"$root/proc/sys/kernel/osrelease"
config 5.10.0-9-amd64
attribute 00:04.0 sriov_totalvfs '7\n'
checked
found "error not-applied" "warning modules-gone" "warning prepare-kernel" "warning prepare-kernel"
is where "$(at prepare-kernel)" "etc/vfiokit/bind.conf:1 etc/vfiokit/bind.conf:1"
about prepare-kernel "Rule 'guest' has reset-method, and Linux 5.10.0-9-amd64, which runs, does not know it. Take a kernel that has reset_method: Linux 5.15 or later."
about prepare-kernel "has resize-bar"
echo 4.9.0 >"$root/proc/sys/kernel/osrelease"
checked
about prepare-kernel "Rule 'nic' has vfs, and Linux 4.9.0"
echo 5.15.0-test >"$root/proc/sys/kernel/osrelease"
mv "$root/lib/modules/6.1.0-test" "$root/lib/modules/5.15.0-test"
mkdir -p "$root/lib/modules/6.0.9-next"
: >"$root/lib/modules/6.0.9-next/modules.dep"
checked
is kernels "$(query '.kernels | join(" ")')" "5.15.0-test 6.0.9-next"
is "too old" "$(query '[.findings[] | select(.name == "prepare-kernel").what] | length')" 2
about prepare-kernel "Linux 6.0.9-next, the newest that is installed, does not know it"

t "virtual functions: none, too many, no driver of its own, not made"
well
printf '\n[device nic]\naddress = 00:04.0\nvfs = 4\n' >>"$policy"
kit record
image 6.1.0-test
checked
found "warning policy-changed" "warning vfs-none"
is where "$(at vfs-none)" 0000:00:04.0
attribute 00:04.0 sriov_totalvfs '0\n'
checked
found "warning policy-changed" "warning vfs-none"
attribute 00:04.0 sriov_totalvfs '2\n'
attribute 00:04.0 sriov_numvfs '0\n'
checked
exits 1
found "warning policy-changed" "warning vfs-count"
about vfs-count "It can have 2 virtual functions, and not 4, as rule 'nic' wants. Say vfs = 2 or less in rule 'nic' (etc/vfiokit/bind.conf:5)."
attribute 00:04.0 sriov_totalvfs '4\n'
checked
found "warning policy-changed" "warning vfs-count"
about vfs-count "It has 0 virtual functions, and not 4, as rule 'nic' wants. vfio-bind apply tries again"
about vfs-count "If e1000e can make none"
attribute 00:04.0 sriov_numvfs '4\n'
checked
found "warning policy-changed"
mv "$report" "$work/report"
attribute 00:04.0 sriov_numvfs '0\n'
checked
found "error not-applied"
mv "$work/report" "$report"
rm "$devices/0000:00:04.0/driver"
sed -i '/^DRIVER=/d' "$devices/0000:00:04.0/uevent"
checked
found "warning policy-changed" "warning vfs-driver"
about vfs-driver "No driver holds it, and only its own driver can make virtual functions."
ln -s ../../../../bus/pci/drivers/vfio-pci "$devices/0000:00:04.0/driver"
checked
about vfs-driver "vfio-pci holds it"

t "clock, registers, SELinux"
well
file sys/devices/system/clocksource/clocksource0/current_clocksource 'tsc\n'
file sys/module/kvm/parameters/ignore_msrs 'Y\n'
file sys/fs/selinux/enforce 1
file sys/fs/selinux/booleans/virt_use_sysfs '1 1'
checked
found
file sys/devices/system/clocksource/clocksource0/current_clocksource 'hpet\n'
file sys/module/kvm/parameters/ignore_msrs 'N\n'
file sys/fs/selinux/booleans/virt_use_sysfs '0 0'
checked
exits 1
found "hint clocksource" "hint ignore-msrs" "warning selinux"
file sys/fs/selinux/enforce 0
checked
found "hint clocksource" "hint ignore-msrs"

t "competing mechanisms, by file and line"
well
file etc/default/grub '\nGRUB_CMDLINE_LINUX="vfio-pci.ids=10de:13c2 module_blacklist=vfio_pci"\n'
file etc/modprobe.d/a.conf 'softdep nouveau pre: vfio-pci\ninstall vfio-pci /usr/local/bin/x\nblacklist nouveau\ninstall vfio_pci /bin/false\n'
file etc/driverctl.d/pci-0000:00:03.0 'vfio-pci\n'
file boot/config/vfio-pci.cfg 'BIND=02:00.0\n'
checked
exits 1
found "warning rival-ids" "warning vfio-blacklisted" "hint rival-softdep" "warning rival-install" "hint rival-blacklist" \
	"warning vfio-blacklisted" "warning rival-driverctl" "warning rival-unraid"
is where "$(at rival-ids)" etc/default/grub:2
is where "$(at vfio-blacklisted)" "etc/default/grub:2 etc/modprobe.d/a.conf:4"
is where "$(at rival-driverctl)" etc/driverctl.d/pci-0000:00:03.0

t "the same without a policy: hints that lead to import"
file etc/driverctl.d/pci-0000:00:03.0 'vfio-pci\n'
rm "$policy"
checked
exits 0
found "hint no-policy" "hint rival-driverctl"
says "vfiokit import"

t "--policy: of another file"
well
printf '[device guest]\nid = 10de:13c2 10de:0fbb\ngroup = whole\ncolour = red\n' >"$work/other.conf"
checked --policy "$work/other.conf"
exits 2
[[ $(at policy-error) = */other.conf:4 ]] || fail "it names $(at policy-error)"

t "colour on a terminal, and NO_COLOR"
printf '#!/bin/sh\nexec "%s" --root "%s" check\n' "$build/vfiokit" "$root" >"$work/colour"
chmod 755 "$work/colour"
TERM=xterm timeout 20 script -qec "$work/colour" /dev/null >"$work/out" 2>&1 </dev/null
grep -q "$(printf '\033')\[" "$work/out" || fail "no colour"
NO_COLOR=1 TERM=xterm timeout 20 script -qec "$work/colour" /dev/null >"$work/out" 2>&1 </dev/null
! grep -q "$(printf '\033')\[" "$work/out" || fail "colour with NO_COLOR"
TERM=dumb timeout 20 script -qec "$work/colour" /dev/null >"$work/out" 2>&1 </dev/null
! grep -q "$(printf '\033')\[" "$work/out" || fail "colour on a dumb terminal"
