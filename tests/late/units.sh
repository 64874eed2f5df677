#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# units.sh: the services as systemd's own checks see them, in a root with a real systemd. At the end "N passed, N failed".
set -uo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
root=$top/build/cache/late/root
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
# systemd-analyze security counts in tenths: 30 is 3.0.
limit=30
passed=0 failed=0

check() { # NAME COMMAND...
	local name=$1 output

	shift
	if output=$("$@" 2>&1); then
		echo "ok units/$name"
		passed=$((passed + 1))
	else
		echo "not ok units/$name: $output"
		failed=$((failed + 1))
	fi
}

# Units and the programs they name, beside the real systemd's.
install_units() {
	mkdir -p "$copy"/usr/{sbin,bin,lib/systemd/system} "$copy/etc"
	ln -s usr/lib usr/sbin usr/bin "$copy"
	cp -r "$root"/usr/lib/systemd/system/. "$copy/usr/lib/systemd/system/" 2>/dev/null ||
		cp -r "$root"/lib/systemd/system/. "$copy/usr/lib/systemd/system/"
	cp -r "$top"/systemd/*.service "$top"/systemd/*.d "$copy/usr/lib/systemd/system/"
	install -m 755 "$top/build/vfio-bind" "$copy/usr/sbin/vfio-bind"
	install -m 755 "$top/build/vfio-usbd" "$copy/usr/sbin/vfio-usbd"
	install -m 755 "$top"/build/vfio-{hook,hookd,guard} "$copy/usr/sbin/"
	install -m 755 /bin/kill "$copy/usr/bin/kill"
	install -m 755 "$top/build/vfiokit" "$copy/usr/bin/vfiokit"
}

# Whatever it says about our files is an error.
verifies() {
	local said

	said=$(systemd-analyze verify --man=no --root="$copy" "$1" 2>&1 | grep -iE "vfiokit|vfio-")
	[ -z "$said" ] || { echo "$said"; return 1; }
}

# UNIT [LIMIT]
exposure_is_low() {
	local said tenths

	said=$(systemd-analyze security --offline=yes --root="$copy" --no-pager "$1" 2>&1 | tail -n 1)
	tenths=$(sed -n 's/.* \([0-9]*\)\.\([0-9]\) [A-Z].*/\1\2/p' <<<"$said")
	if [ -z "$tenths" ] || [ "$tenths" -gt "${2:-$limit}" ]; then
		echo "${said:-no figure}"
		return 1
	fi
	grep -q "[^0-9]${tenths%?}[.]${tenths: -1}[^0-9]" "$top/systemd/README.md" ||
		{ echo "systemd/README.md has another figure: $said"; return 1; }
}

# 80-drivers.rules loads the native driver.
comes_before_drivers() {
	local rule

	for rule in "$top"/udev-rules/*.rules; do
		[[ $(basename "$rule") < 80-drivers.rules ]] || { echo "$rule"; return 1; }
	done
}

"$top/tests/late/root.sh" bookworm >/dev/null || exit 1
install_units
for unit in vfiokit-bind.service vfiokit-late@0000:03:00.0.service vfiokit-boot-ok.service vfio-usbd.service \
	vfio-hookd.service vfio-reconcile.service vfiokit-initrd.service; do
	check "verify $unit" verifies "$unit"
	check "security $unit" exposure_is_low "$unit"
done
check "verify vfio-guard@.service" verifies vfio-guard@00000000-0000-0000-0000-000000000000.service
check "security vfio-guard@.service" exposure_is_low vfio-guard@00000000-0000-0000-0000-000000000000.service 94
check "the rules come before 80-drivers.rules" comes_before_drivers
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
