#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034
#
# make.sh SUITE CASE IMAGE: an image made by the case's generator, in a Debian root of that suite in which vfiokit is
# installed. What the generator says goes to IMAGE.log, what was checked to IMAGE.checks. A case with builds() makes
# images to look at instead. GLUE=none: without ours.
#
# The root is the suite's, with a file system in memory above it, in a mount namespace of its own: nothing of it is left.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
suite=$1 image=$3

if [ -z "${IN_NAMESPACE:-}" ]; then
	IN_NAMESPACE=1 exec unshare -m "$0" "$@"
fi

# shellcheck source-path=SCRIPTDIR source=cell.sh
. "$here/cell.sh"
cell_load "$2"

dir=$("$here/root.sh" "$suite")
release=$(<"$dir/release")
mount -t tmpfs -o size=2g images /mnt
mkdir /mnt/{upper,work,root}
root=/mnt/root
mount -t overlay -o "lowerdir=$dir/root,upperdir=/mnt/upper,workdir=/mnt/work" root "$root"
# The hardware may be looked at, not touched.
mount -t proc -o ro proc "$root/proc"
mount -t sysfs -o ro sys "$root/sys"
mount --bind /dev "$root/dev"
mount -t tmpfs run "$root/run"

in_root()
{
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C TMPDIR=/var/tmp "$@"
}

# vfiokit is built for this machine's libraries; another suite's may lack a symbol version.
bring_libraries()
{
	local real=/usr/lib/vfiokit-test library

	mkdir "$root$real"
	mv "$root/usr/bin/vfiokit" "$root$real/"
	ldd "$root$real/vfiokit" | sed -n 's/.* => \([^ ]*\) .*/\1/p' | while read -r library; do
		[[ $library == */lib[cm].so.* ]] || cp -L "$library" "$root$real/"
	done
	printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s/vfiokit "$@"\n' "$real" "$real" >"$root/usr/bin/vfiokit"
	chmod 755 "$root/usr/bin/vfiokit"
}

make --no-print-directory -C "$top" install INITRAMFS="${GLUE:-$(glue)}" DESTDIR="$root" >"$image.log"
bring_libraries
policy >"$root/etc/vfiokit/bind.conf"
prepare
if declare -F builds >/dev/null; then
	set +e # the checks say what failed
	builds >>"$image.log" 2>&1
	: >"$image"
	exit 0
fi
generate /image "$release" >>"$image.log" 2>&1 || { echo "make.sh: the generator failed:" >&2; tail -n 20 "$image.log" >&2; exit 1; }
cp "$root/image" "$image"
finished
