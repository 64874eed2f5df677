#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# glue.sh MKINITCPIO KERNEL: what our hooks for mkinitcpio say and how they end. Runs in tests/images/sandbox.sh. MKINITCPIO is
# the stand-in beside this file, or the real one.
set -uo pipefail

mkinitcpio=$1 kernel=$2
PATH=${mkinitcpio%/*}:$PATH
work=$(mktemp -d)
passed=0 failed=0
config=/etc/mkinitcpio.conf
policy=/etc/vfiokit/bind.conf

# t NAME WORD...: a build with these words, in a file that says what it said.
t() {
	name=$1
	shift
	rm -f "$work/image"
	"$mkinitcpio" -k "$kernel" -g "$work/image" "$@" >"$work/out" 2>&1 </dev/null
	code=$?
	why=
}

fail() { why+="${why:+; }$1"; }
exits() { [ $code = "$1" ] || fail "exit $code, not $1"; }
says() { grep -qE -- "$1" "$work/out" || fail "does not say '$1'"; }
says_not() { ! grep -qE -- "$1" "$work/out" || fail "says '$1'"; }
# What stands last, but for what mkinitcpio itself says behind its post hooks.
ends_with() { grep -v 'Post processing done' "$work/out" | tail -n 1 | grep -qE -- "$1" || fail "does not end with '$1'"; }
built() { [ -s "$work/image" ] || fail "there is no image"; }

end() {
	built
	if [ -z "$why" ]; then
		echo "ok mkinitcpio/$name"
		passed=$((passed + 1))
	else
		echo "not ok mkinitcpio/$name: $why"
		sed 's/^/    /' "$work/out"
		failed=$((failed + 1))
	fi
}

good() { printf '[device guest-gpu]\nid = 1234:1111\n' >"$policy"; }
bad() { printf '[device guest-gpu]\nid = 1234:1111\nallow = cake\n' >"$policy"; }
printf 'MODULES=()\nBINARIES=()\nFILES=()\nHOOKS=(base)\nCOMPRESSION=cat\n' >"$config"
cp "$config" "$work/own.conf"
sed 's/base/base vfiokit/' "$config" >"$work/both.conf"
good

t "the drop-in enables it, and the screen comes last"
exits 0
says 'the next boot \(kernel'
says_not 'WARNING: vfiokit'
end
cp "$work/image" "$work/first"

t "the same again is the same image"
cmp -s "$work/image" "$work/first" || fail "the images differ"
end

t "a configuration of its own hides the drop-in" -c "$work/own.conf"
exits 0
says_not 'the next boot \(kernel'
says 'lacks /usr/sbin/vfio-bind'
says "$work/own.conf was given with -c"
ends_with "add vfiokit to HOOKS=\(\) in $work/own.conf"
end

VFIOKIT_STRICT=1 t "and fails if asked to be strict" -c "$work/own.conf"
exits 1
end

t "a configuration of its own that has it" -c "$work/both.conf"
exits 0
says 'the next boot \(kernel'
says_not 'WARNING: vfiokit'
end

# holds NAME...: the image, in which /usr/sbin and /lib may be links. lacks NAME...
names() { lsinitcpio --list "$work/image" | sed 's|^\./||; s|^usr/sbin/|usr/bin/|; s|^lib/|usr/lib/|'; }
holds() {
	local name
	names >"$work/names"
	for name; do grep -qxE -- "$name" "$work/names" || fail "no $name in the image"; done
}
lacks() {
	local name
	names >"$work/names"
	for name; do ! grep -qxE -- "$name" "$work/names" || fail "$name is in the image"; done
}
modules="usr/lib/modules/$kernel"
everywhere=(usr/bin/vfio-bind etc/vfiokit/bind.conf "$modules/kernel/drivers/vfio/vfio_iommu_type1\.ko.*"
	"$modules/kernel/drivers/vfio/pci/vfio-pci\.ko.*" "$modules/kernel/drivers/vfio/vfio\.ko.*" "$modules/modules.dep.bin")
starter=usr/lib/systemd/system/sysinit.target.wants/vfiokit-initrd.service

t "the tree for the busybox init"
holds "${everywhere[@]}" hooks/vfiokit
lacks "$starter" "$modules/modules.(dep|alias|symbols)"
end

# Both orders: add_systemd_unit() is there for the second only. What mkinitcpio's hook wants of a new systemd may be missing.
for hooks in 'vfiokit systemd' 'systemd vfiokit'; do
	sed "s/base/$hooks/" "$work/own.conf" >"$work/systemd.conf"
	t "the tree for the systemd init, HOOKS=($hooks)" -c "$work/systemd.conf"
	says 'the next boot \(kernel'
	says_not 'WARNING: vfiokit|ERROR.*vfio'
	holds "${everywhere[@]}" "$starter" usr/lib/systemd/system/vfiokit-initrd.service
	lacks hooks/vfiokit "$modules/modules.(dep|alias|symbols)"
	end
done

mv /etc/mkinitcpio.conf.d/vfiokit.conf "$work/"
t "nothing enables it"
exits 0
ends_with 'put back /etc/mkinitcpio.conf.d/vfiokit.conf'
end

sed 's/(base)/"base"/' "$work/own.conf" >"$config"
cp "$work/vfiokit.conf" /etc/mkinitcpio.conf.d/
t "HOOKS as one string"
exits 0
says 'the next boot \(kernel'
says_not 'WARNING: vfiokit'
end
cp "$work/own.conf" "$config"

bad
t "errors of the policy come last, and there is an image"
exits 0
ends_with 'bind.conf:3: '
end

VFIOKIT_STRICT=1 t "and fail it if asked to be strict"
exits 1
ends_with 'bind.conf:3: |exit code'
end

good
mv /usr/lib/systemd/system/vfiokit-initrd.service "$work/"
t "systemd as init, but our unit is not installed" -c "$work/systemd.conf"
says 'vfiokit-initrd.service is missing'
says 'lacks what starts vfio-bind'
ends_with 'where the hook vfiokit ran'
end
mv "$work/vfiokit-initrd.service" /usr/lib/systemd/system/

rm -f "$policy"
t "no policy, no word"
exits 0
says_not 'the next boot \(kernel|WARNING: vfiokit'
end
good

mkdir "$work/gone"
mv /usr/bin/vfiokit "$work/gone/"
t "without vfiokit it builds, and says so"
exits 0
says 'the image is built without vfio-bind'
end
VFIOKIT_STRICT=1 t "and fails if asked to be strict, without vfiokit"
exits 1
end
mv "$work/gone/vfiokit" /usr/bin/

rm -rf "$work"
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed != 0 ]
