# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# vfiokit image --booster: the lines for its configuration, and what images of every kind hold.

kernel=6.1.0-image
yaml=$root/etc/booster.yaml
image=$work/image

# A machine with booster: modules of vfio under that release, and the program. Made once.
with_booster()
{
	local modules=$work/booster/lib/modules/$kernel source

	if [ ! -d "$work/booster" ]; then
		source=$("$cli/../vm/kernel.sh" bookworm) || { fail "no kernel"; return; }
		mkdir -p "$modules" "$work/booster/boot"
		(cd "$source/tree/lib/modules/$(<"$source/release")" && cp --parents kernel/virt/lib/irqbypass.ko \
			kernel/drivers/vfio/{vfio,vfio_virqfd,vfio_iommu_type1}.ko kernel/drivers/vfio/pci/*.ko \
			modules.builtin modules.builtin.modinfo modules.order "$modules") || fail "cannot copy modules"
		depmod -b "$work/booster" "$kernel"
		install -D "$build/vfio-bind" "$work/booster/usr/sbin/vfio-bind"
	fi
	cp -a "$work/booster/." "$root/"
}

# parts: the archives that images are made of: "full" is what booster makes, "early" has microcode, "bare" lacks the policy.
with_parts()
{
	local tree=$work/tree

	with_booster
	[ ! -d "$tree" ] || return 0
	mkdir -p "$tree"/{usr/sbin,usr/lib/modules,etc/vfiokit,early/kernel/x86/microcode}
	cp "$root/usr/sbin/vfio-bind" "$tree/usr/sbin/"
	cp "$root/lib/modules/$kernel"/kernel/drivers/vfio/vfio_iommu_type1.ko "$tree/usr/lib/modules/vfio_iommu_type1.ko"
	cp "$root/lib/modules/$kernel"/kernel/drivers/vfio/pci/vfio-pci.ko "$tree/usr/lib/modules/vfio_pci.ko"
	head -c 5001 "$build/vfio-bind" >"$tree/early/kernel/x86/microcode/AuthenticAMD.bin"
	pack "$tree" usr etc >"$work/bare"
	cp "$policy" "$tree/etc/vfiokit/"
	pack "$tree" usr etc >"$work/full"
	pack "$tree/early" kernel >"$work/early"
}

pack() # DIR NAME...
{
	(cd "$1" && shift && find "$@" | cpio --quiet -o -H newc)
}

booster()
{
	kit image --booster --kernel "$kernel" "$@"
}

complete()
{
	exits 0
	says "rdinit=/usr/sbin/vfio-bind"
}

# not_yet [TEXT]: and never the argument that would make the kernel panic.
not_yet()
{
	exits 1
	says_not "rdinit="
	says "Not yet"
	[ $# = 0 ] || says "$1"
}

t "no configuration, no image"
with_booster
unchanged "$root" booster
not_yet "There is no image"
says "modules: vfio_pci,vfio_iommu_type1"
says "extra_files: /usr/sbin/vfio-bind,/etc/vfiokit"

# merged TEXT WANTED...: what becomes of a configuration.
merged()
{
	local text=$1

	printf '%s\n' "$text" >"$yaml"
	booster
	not_yet
	for text in "${@:2}"; do
		says "$text"
	done
}

t "configurations that are understood"
with_booster
merged 'modules: kernel/fs/,-*' 'in place of line 1:' 'modules: kernel/fs/,-*,vfio_pci,vfio_iommu_type1'
merged $'compression: zstd\nmodules: nvme # fast' 'in place of line 2:' 'modules: nvme,vfio_pci,vfio_iommu_type1'
merged $'modules: "-*,nvme"\r' 'modules: "-*,nvme,vfio_pci,vfio_iommu_type1"'
merged "modules: '*'" "modules: '*,vfio_pci,vfio_iommu_type1'"
merged 'modules: vfio_pci, vfio_iommu_type1' 'line 1 has all that is needed of "modules"'
merged $'modules:\nextra_files: vim, /etc/vfiokit' 'modules: vfio_pci,vfio_iommu_type1' \
	'extra_files: vim, /etc/vfiokit,/usr/sbin/vfio-bind'
merged $'---\nnetwork:\n  modules: no\n# modules: x\nmodules_force_load: y\nmodules: z' 'in place of line 6:' 'modules: z,vfio_pci'
t "configurations that are not"
with_booster
for text in $'modules:\n  - a' $'modules:\n- a' 'modules: [a, b]' 'modules: |' 'modules: a: b' 'modules: &x a' 'modules: *x' \
	$'modules: a,\n  b' $'modules: a\nmodules: b' '"modules": a' '{modules: a}' $'a: b\n---\nmodules: c' 'modules:a' \
	'modules: "a' 'modules: a#b' 'modules: !!str a' $'modules: "a\\x2cb"' $'<<: *x\nmodules: a'; do
	merged "$text" 'Add to "modules" by hand: vfio_pci,vfio_iommu_type1'
done

t "a configuration with a NUL, too large, a directory"
with_booster
printf 'modules: a\0b\n' >"$yaml"
booster
not_yet "cannot be read"
head -c 2000000 /dev/zero | tr '\0' '#' >"$yaml"
booster
not_yet "cannot be read"
rm "$yaml"
mkdir "$yaml"
booster
not_yet "cannot be read"

t "an image is complete"
with_parts
cp "$work/full" "$image"
unchanged "$root" booster "$image"
complete

t "an image lacks something"
with_parts
cp "$work/bare" "$image"
booster "$image"
not_yet "lacks /etc/vfiokit/bind.conf"

t "JSON: the lines, what the images hold, and the argument only when they hold all"
with_parts
cp "$work/bare" "$image"
printf '# x\nmodules: nvme\n' >"$yaml"
unchanged "$root" booster "$image" --json
exits 1
fits booster
is config "$(query '[.config[] | "\(.edit) \(.line) \(.text)"] | join("; ")')" \
	"replace 2 modules: nvme,vfio_pci,vfio_iommu_type1; add null extra_files: /usr/sbin/vfio-bind,/etc/vfiokit"
is images "$(query '.images[] | "\(.image) \(.complete) \(.lacks | join(" ")) \(.error)"')" \
	"$image false /etc/vfiokit/bind.conf null"
is argument "$(query '"\(.complete) \(.argument)"')" "false null"
cp "$work/full" "$image"
printf 'modules: [a]\nextra_files: /etc/vfiokit,/usr/sbin/vfio-bind\n' >"$yaml"
booster "$image" --json
exits 0
fits booster
is config "$(query '[.config[] | "\(.edit) \(.line) \(.text) \(.words | join(" "))"] | join("; ")')" \
	"by-hand 1 null vfio_pci vfio_iommu_type1; complete 2 null /usr/sbin/vfio-bind /etc/vfiokit"
is argument "$(query '"\(.complete) \(.argument)"')" "true rdinit=/usr/sbin/vfio-bind"
echo "no image" >"$image"
printf 'modules: a\0b\n' >"$yaml"
booster "$image" --json
exits 1
fits booster
is errors "$(query '"\(.config_error), \(.images[0].error)"')" "it has a NUL in it, it is no image, or a damaged one"

t "the program is not installed"
with_parts
cp "$work/full" "$image"
rm "$root/usr/sbin/vfio-bind"
booster "$image"
not_yet "/usr/sbin/vfio-bind is not installed"

# Compressed as booster can, alone and with other archives around it; lz4 can only be the last.
for compress in 'gzip -n' xz zstd 'lz4 -l' lz4 lzma bzip2; do
	t "images with $compress"
	with_parts
	for order in full 'early full' 'full early' 'early full early' 'bare full'; do
		[[ $compress != lz4* || $order != *'full early' ]] || continue
		: >"$image"
		for part in $order; do
			if [ "$part" = early ]; then
				cat "$work/early" >>"$image"
			else
				$compress -c "$work/$part" 2>/dev/null >>"$image"
			fi
		done
		booster "$image"
		complete
	done
done

t "images in /boot, all of them count"
with_parts
zstd -q "$work/full" -o "$root/boot/booster-linux.img"
cp "$work/bare" "$root/boot/initramfs-linux.img"
booster
complete
says "/boot/booster-linux.img holds all"
cp "$work/bare" "$root/boot/booster-linux-lts.img"
booster
not_yet "/boot/booster-linux-lts.img lacks /etc/vfiokit/bind.conf"
says "/boot/booster-linux.img holds all"

# damaged NAME COMMAND...: an image that the command prints.
damaged()
{
	local before=$why

	"${@:2}" >"$image" 2>/dev/null
	booster "$image"
	not_yet "cannot be read"
	[ "$why" = "$before" ] || fail "that was $1"
}

shortened() { head -c "$2" "$work/$1"; }
squeezed() { "$1" -c "$work/full" | head -c "$2"; }
behind() { cat "$work/full" && "$@"; }
noise() { awk 'BEGIN { srand(1); for (i = 0; i < 99999; i++) printf "%c", int(rand() * 255) + 1 }'; }
tampered() { sed "s/070701/$1/2" "$work/full"; }
t "damaged images"
with_parts
damaged "empty" true
damaged "zeros" head -c 100000 /dev/zero
damaged "noise" noise
damaged "noise behind it" behind noise
damaged "a text" echo "no image"
for size in 1 5 6 109 110 111 1000 300000; do
	damaged "the first $size bytes" shortened full "$size"
	damaged "an archive and $size bytes of another" behind shortened full "$size"
done
for compress in gzip xz zstd lz4 lzma bzip2; do
	for size in 3 12 100 50000; do
		damaged "the first $size bytes of $compress" squeezed $compress $size
	done
done
damaged "another magic" tampered 070703
damaged "a number that is none" sed 's/070701......../070701zzzzzzzz/; s/070701\(.\{88\}\)......../070701\1zzzzzzzz/' "$work/full"
damaged "a long name" sed 's/\(070701.\{88\}\)......../\1ffffffff/' "$work/full"
damaged "a name without an end" sed 's/\(070701.\{88\}\)......../\100000001/' "$work/full"
damaged "a bomb" sh -c 'head -c 200000000 /dev/zero | zstd -q'

t "no image: a directory, a pipe, a device, nothing, one of a terabyte"
with_parts
mkdir "$work/dir"
mkfifo "$work/fifo"
truncate -s 1T "$work/huge"
for path in "$work/dir" "$work/fifo" /dev/zero "$work/nothing" "$work/huge"; do
	booster "$path"
	not_yet "cannot be read"
done
rm -r "$work/dir" "$work/fifo" "$work/huge"
