# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# vfiokit image: what belongs in an image, what the next boot will do, the add-on. And what status says of an image.

kernel=6.1.0-image
modules=$root/lib/modules/$kernel

# with_modules: those of vfio, of a real kernel, under another name.
with_modules()
{
	local source

	source=$("$cli/../vm/kernel.sh" bookworm) || { fail "no kernel"; return; }
	mkdir -p "$modules"
	(cd "$source/tree/lib/modules/$(<"$source/release")" && cp --parents kernel/virt/lib/irqbypass.ko \
		kernel/drivers/vfio/{vfio,vfio_virqfd,vfio_iommu_type1}.ko kernel/drivers/vfio/pci/*.ko \
		modules.builtin modules.builtin.modinfo modules.order "$modules") || fail "cannot copy modules"
	depmod -b "$root" "$kernel"
}

# The static one: no other fits into an add-on.
with_binder()
{
	install -D "$cli/../../build/vfio-bind" "$root/usr/sbin/vfio-bind"
}

# prints TEXT: exactly that, on stdout.
prints()
{
	[ "$(cat "$work/out")" = "$1" ] || fail "prints $(cat "$work/out")"
}

# query_c FILTER: on one line.
query_c()
{
	jq -c "$1" "$work/out" 2>&1 || echo "(no JSON)"
}

t "image --list"
with_modules
with_binder
touch "$root/etc/vfiokit/bind.record"
printf '[device other]\nid = ffff:*\noptional = yes\ndriver = pci-stub\n' >"$dropins/10-x.conf"
unchanged "$root" kit image --list --kernel "$kernel"
exits 0
prints "file /usr/sbin/vfio-bind
file /etc/vfiokit/bind.conf
file /etc/vfiokit/bind.conf.d/10-x.conf
file /etc/vfiokit/bind.record
module vfio_pci
module vfio_iommu_type1"

t "image --list --json and --explain --json: the same, for programs"
with_modules
touch "$root/etc/vfiokit/bind.record"
printf '[device other]\nid = ffff:*\noptional = yes\ndriver = pci-stub\n' >"$dropins/10-x.conf"
unchanged "$root" kit image --list --kernel "$kernel" --json
exits 0
fits image
is "list" "$(query_c 'del(.version)')" '{"command":"image","kernel":"6.1.0-image","files":["/etc/vfiokit/bind.conf","/etc/vfiokit/bind.conf.d/10-x.conf","/etc/vfiokit/bind.record"],"modules":["vfio_pci","vfio_iommu_type1"],"missing":["pci_stub"]}'
rm "$root/etc/vfiokit/bind.record"
unchanged "$root" kit image --explain --kernel "$kernel" --json
exits 0
fits plan
verdict 02:00.0 bind
is "explained" "$(query_c '[.kernel, .program, .missing]')" '["6.1.0-image",false,["pci_stub"]]'
run plan --json
jq -S 'del(.command)' "$work/out" >"$work/plan"
kit image --explain --json
jq -S 'del(.command, .program, .missing)' "$work/out" | diff "$work/plan" - >"$work/difference" || fail "not the plan: $(head -n 5 "$work/difference")"
echo colour = red >>"$policy"
kit image --explain --json
exits 2
is "errors" "$(query '.errors[0].where')" etc/vfiokit/bind.conf:4
rm -r "$root/lib/modules" "$root/proc/sys"
kit image --list --json
is "list" "$(query_c '[.kernel, .modules]')" '[null,[]]'

t "image --list takes the drivers that rules name"
with_modules
cp "$modules/kernel/drivers/vfio/vfio_virqfd.ko" "$modules/kernel/pci-stub.ko"
depmod -b "$root" "$kernel"
printf '[device other]\nid = ffff:*\noptional = yes\ndriver = pci-stub\n' >"$dropins/10-x.conf"
kit image --list --kernel "$kernel"
says "module pci_stub"

t "image --list for a kernel without modules, without a policy, without the program"
rm -r "$root/etc/vfiokit"
kit image --list --kernel "$kernel"
exits 0
prints ""

t "image --list leaves out what cannot be read"
rm "$policy"
ln -s nowhere "$policy"
kit image --list --kernel "$kernel"
exits 0
prints ""

t "image --explain"
with_modules
with_binder
unchanged "$root" kit image --explain --kernel "$kernel"
exits 0
prints "vfiokit: the next boot (kernel $kernel) will
  leave  0000:01:00.0   boot-vga (rule guest)
  leave  0000:01:00.1   boot-vga (rule guest)
  give   0000:02:00.0   to vfio-pci (rule guest)
  give   0000:02:00.1   to vfio-pci (rule guest)"

t "image --explain: a native driver that is a module is not there yet at the next boot"
with_modules
with_binder
printf '[device nic]\naddress = 00:04.0\nallow = network\non-bound = skip\n' >"$dropins/10-nic.conf"
run plan --json
verdict 00:04.0 "skip on-bound"
unchanged "$root" kit image --explain --kernel "$kernel"
exits 0
says "  give   0000:00:04.0   to vfio-pci, unless the image loads e1000e before (rule nic)"
kit image --explain --kernel "$kernel" --json
fits plan
verdict 00:04.0 bind
is "driver then" "$(query '.devices[] | select(.rule == "nic").driver_before')" null
echo kernel/drivers/net/ethernet/intel/e1000e/e1000e.ko >>"$modules/modules.builtin"
depmod -b "$root" "$kernel"
kit image --explain --kernel "$kernel"
says "  leave  0000:00:04.0   on-bound (rule nic)"

t "image --explain: a built-in driver whose module has another name"
with_modules
with_binder
printf 'PCI: 00:05.0 0c0330 8086:1e31 8086:0000 xhci_hcd 20\n' >"$work/more"
"$mktree" "$work/more" "$root"
printf '[device usb]\naddress = 00:05.0\nallow = last-input\non-bound = skip\n' >"$dropins/10-usb.conf"
mkdir -p "$root/sys/module/xhci_pci"
ln -s ../../../../module/xhci_pci "$root/sys/bus/pci/drivers/xhci_hcd/module"
kit image --explain --kernel "$kernel"
says "  give   0000:00:05.0   to vfio-pci, unless the image loads xhci_hcd before (rule usb)"
echo kernel/drivers/usb/host/xhci-pci.ko >>"$modules/modules.builtin"
depmod -b "$root" "$kernel"
kit image --explain --kernel "$kernel"
says "  leave  0000:00:05.0   on-bound (rule usb)"

t "image --explain names what is missing"
kit image --explain --kernel "$kernel"
exits 0
says "WARNING: kernel $kernel has no module vfio_pci"
says "WARNING: kernel $kernel has no module vfio_iommu_type1"
says "WARNING: /usr/sbin/vfio-bind is missing"

t "image --explain ends with the policy's errors"
with_modules
with_binder
echo "colour = red" >>"$policy"
kit image --explain --kernel "$kernel"
exits 2
[[ $(tail -n 1 "$work/out") == "etc/vfiokit/bind.conf:4: "*colour* ]] || fail "last line: $(tail -n 1 "$work/out")"

t "image --explain without devices"
rm -r "$root/sys"
kit image --explain
exits 0
says "none can be seen from here"

t "image --explain without a rule"
rm "$policy"
kit image --explain
says "change nothing: the policy has no rule"

t "image --explain where it is switched off"
echo "root=/dev/sda1 vfiokit=off" >"$root/proc/cmdline"
kit image --explain
says "switched off on the command line"

t "image --explain fits one screen"
for ((i = 0; i < 40; i++)); do
	printf '[device r%d]\naddress = 40:%02x.0\noptional = yes\n' $i $((i % 32)) >"$dropins/$i.conf"
done
kit image --explain
exits 0
says_at_most 24
says "more: vfio-bind plan"

t "image --output: the same bytes, and only what is needed"
with_modules
with_binder
printf '[device other]\nid = ffff:*\noptional = yes\n' >"$dropins/10-x.conf"
kit image --output "$work/a.cpio" --kernel "$kernel"
exits 0
says "rdinit=/root/.vfiokit-addon/vfio-bind"
says "give   0000:02:00.0"
touch "$policy" "$root/usr/sbin/vfio-bind"
kit image --output "$work/b.cpio" --kernel "$kernel"
cmp "$work/a.cpio" "$work/b.cpio" >/dev/null || fail "the second one differs"
[ $(($(stat -c %s "$work/a.cpio") % 512)) = 0 ] || fail "not padded"
mkdir "$work/out.d"
(cd "$work/out.d" && mkdir root && cpio --quiet -id <"$work/a.cpio") || fail "cpio cannot read it"
addon=$work/out.d/root/.vfiokit-addon
cmp "$addon/vfio-bind" "$root/usr/sbin/vfio-bind" || fail "another program"
[ -x "$addon/vfio-bind" ] || fail "cannot be run"
cmp "$addon/bind.conf" "$policy" && cmp "$addon/bind.conf.d/10-x.conf" "$dropins/10-x.conf" || fail "another policy"
for module in vfio-pci vfio-pci-core vfio vfio_iommu_type1 irqbypass; do
	[ -n "$(find "$addon/modules/$kernel" -name "$module.ko")" ] || fail "without $module"
done
[ -s "$addon/modules/$kernel/modules.dep.bin" ] || fail "without an index"
! cpio --quiet -it <"$work/a.cpio" | grep -v '^root/\.vfiokit-addon' || fail "an entry outside its folder"
rm -r "$work/out.d"

t "image --output: the lines for every boot loader, and the same as JSON"
with_modules
with_binder
kit image --output "$work/a.cpio" --kernel "$kernel"
exits 0
sed -n '/^GRUB of Debian/,/^The kernel panics/p' "$work/out" | sed '$d' >"$work/lines"
diff - "$work/lines" >"$work/difference" <<-EOT || fail "other lines: $(head -n 5 "$work/difference")"
	GRUB of Debian and its relatives, /etc/default/grub, then update-grub:
	  GRUB_EARLY_INITRD_LINUX_CUSTOM="a.cpio"
	  GRUB_CMDLINE_LINUX_DEFAULT="... rdinit=/root/.vfiokit-addon/vfio-bind"

	GRUB, an entry written by hand:
	  linux  /boot/vmlinuz-$kernel ... rdinit=/root/.vfiokit-addon/vfio-bind
	  initrd /boot/IMAGE /boot/a.cpio

	systemd-boot, the entry's file:
	  initrd  /IMAGE
	  initrd  /a.cpio
	  options ... rdinit=/root/.vfiokit-addon/vfio-bind

	Unified kernel image:
	  ukify build ... --initrd=IMAGE --initrd=a.cpio --cmdline="... rdinit=/root/.vfiokit-addon/vfio-bind"

EOT
says "$work/a.cpio: $((($(stat -c %s "$work/a.cpio") + 1023) / 1024)) KiB, for kernel $kernel only."
grep '^  .*a\.cpio\|^  .*rdinit=\|^  .*IMAGE' "$work/lines" | sed 's/^  //' >"$work/all"
kit image --output "$work/b/a.cpio" --kernel "$kernel" --json
exits 1
fits addon
says "No such file or directory; nothing was changed"
is "written" "$(query_c '[.written, .bytes]')" '[false,0]'
mkdir -p "$work/b"
kit image --output "$work/b/a.cpio" --kernel "$kernel" --json
exits 0
fits addon
cmp "$work/a.cpio" "$work/b/a.cpio" >/dev/null || fail "another add-on"
is "written" "$(query_c '[.kernel, .output, .written, .bytes, .missing, .errors]')" \
	"[\"$kernel\",\"$work/b/a.cpio\",true,$(stat -c %s "$work/a.cpio"),[],[]]"
is "lines" "$(query '.loaders[].lines[]')" "$(cat "$work/all")"
is "loaders" "$(query '[.loaders[].loader] | join(" ")')" "grub-debian grub systemd-boot ukify"
echo "colour = red" >>"$policy"
kit image --output "$work/b/a.cpio" --kernel "$kernel" --json
exits 2
is "errors" "$(query '"\(.written) \(.errors[0].where)"')" "true etc/vfiokit/bind.conf:4"
rm "$work/b/a.cpio"
VFIOKIT_STRICT=1 kit image --output "$work/b/a.cpio" --kernel "$kernel" --json
exits 2
fits addon
is "written" "$(query .written)" false
[ ! -e "$work/b/a.cpio" ] || fail "wrote it"

t "image --output: what is in it is used in an initramfs, and only there"
with_modules
with_binder
kit image --output "$work/a.cpio" --kernel "$kernel"
rm -r "$root/etc/vfiokit" "$root/lib"
(cd "$root" && mkdir root && cpio --quiet -id <"$work/a.cpio")
run plan --json
exits 0
[ "$(jq -r '.policy[0]' "$work/out")" = null ] || fail "reads an add-on outside an initramfs"
touch "$root/etc/initrd-release"
run plan --json
verdict 02:00.0 bind
[ "$(jq -r '.policy[0]' "$work/out")" = root/.vfiokit-addon/bind.conf ] || fail "does not read the add-on"

t "image --output leaves the old file when it cannot make a new one"
with_modules
echo old >"$work/a.cpio"
kit image --output "$work/a.cpio" --kernel "$kernel"
exits 1
says "cannot read /usr/sbin/vfio-bind"
says "nothing was changed"
[ "$(cat "$work/a.cpio")" = old ] || fail "it is changed"
[ "$(ls "$work"/a.cpio*)" = "$work/a.cpio" ] || fail "leaves a file"

t "image --output for a kernel without modules, to a folder that is not there, to a full device"
with_binder
kit image --output "$work/c.cpio" --kernel "$kernel"
exits 1
says "no modules of kernel $kernel"
[ ! -e "$work/c.cpio" ] || fail "wrote it"
with_modules
kit image --output "$work/nowhere/c.cpio" --kernel "$kernel"
exits 1
says "No such file or directory; nothing was changed"
TMPDIR=/nonexistent kit image --output "$work/c.cpio" --kernel "$kernel"
exits 1
says "TMPDIR"
[ ! -e "$work/c.cpio" ] || fail "wrote it"

t "image --output refuses a program that needs shared libraries"
with_modules
install -D "$build/vfiokit" "$root/usr/sbin/vfio-bind"
unchanged "$root" kit image --output "$work/d.cpio" --kernel "$kernel"
exits 1
says "/usr/sbin/vfio-bind needs shared libraries"
says "nothing was changed"
says_not "rdinit="
[ ! -e "$work/d.cpio" ] || fail "something was written"

t "image --output with a broken policy"
with_modules
with_binder
echo "colour = red" >>"$policy"
kit image --output "$work/d.cpio" --kernel "$kernel"
exits 2
says "bind.conf:4: "
[ -s "$work/d.cpio" ] || fail "did not write it"
rm "$work/d.cpio"
VFIOKIT_STRICT=1 kit image --output "$work/d.cpio" --kernel "$kernel"
exits 2
[ ! -e "$work/d.cpio" ] || fail "wrote it"

t "image --output with another policy"
with_modules
with_binder
printf '[device mine]\naddress = 00:03.0\n' >"$work/mine"
kit image --policy "$work/mine" --output "$work/e.cpio" --kernel "$kernel"
cpio --quiet -i --to-stdout root/.vfiokit-addon/bind.conf <"$work/e.cpio" | cmp - "$work/mine" || fail "not in it"

t "image: wrong usage"
for words in "" "--list --explain" "--list word" "--kernel ../x --list" "--kernel= --list" "--policy x --list"; do
	# shellcheck disable=SC2086 # words
	kit image $words
	exits 2
	says_at_most 1
done

# in_image GENERATOR-SIGN: a boot in an image with that, and then the running system.
in_image()
{
	mkdir -p "$root/${1%/*}"
	touch "$root/etc/initrd-release" "$root/$1"
	run boot
	rm -r "$root/etc/initrd-release" "${root:?}/$1"
}

t "status: an image with the same policy"
in_image conf/initramfs.conf
[ "$(jq -r .image "$report")" = initramfs-tools ] || fail "image $(jq -r .image "$report")"
kit status
says_not "update-initramfs"
kit status --json
[ "$(jq -r .rebuild "$work/out")" = null ] || fail "wants a rebuild"

t "status: a policy newer than the image"
while read -r sign command; do
	rm -rf "$root/run"
	good_policy >"$policy"
	in_image "$sign"
	echo "# changed" >>"$policy"
	run status
	says "not what the image of this boot holds. Unless it was made again since: $command"
	cp "$work/out" "$work/long"
	kit status
	awk 'length($0) > 80 { exit 1 }' "$work/out" || fail "a line is longer than 80 columns"
	sed -z 's/\n  / /g' "$work/out" | cmp - "$work/long" || fail "not the words of vfio-bind"
	kit status --json
	[[ $(jq -r .rebuild "$work/out") == "$command"* ]] || fail "rebuild: $(jq -r .rebuild "$work/out")"
done <<-'EOT'
	conf/initramfs.conf update-initramfs -u -k all
	usr/lib/dracut/x dracut --force --regenerate-all
	lib/dracut/hooks dracut --force --regenerate-all
	buildconfig mkinitcpio -P
	etc/booster.init.yaml booster build --force
EOT

t "status: a drop-in that came after the image"
in_image buildconfig
printf '[device other]\nid = ffff:*\noptional = yes\n' >"$dropins/10-x.conf"
kit status
says "mkinitcpio -P"

t "status: a run outside an image says nothing of one"
run apply
echo "# changed" >>"$policy"
kit status
says_not "image of this boot"
