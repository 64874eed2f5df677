#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: deps/static-hooks.sh
#
# Builds what Debian's static libraries lack for vfio-hook and vfio-guard into build/deps-hooks: libsystemd and cJSON, from
# Debian's source packages, with the C library of this system (libsystemd 257 knows no musl). And of libblkid a copy without
# its inner names, which would clash with ours, as would libsystemd's. build/deps-hooks/versions says what was used.
# Does nothing, and needs no network, when nothing has changed.
set -eu

suite=trixie # of one age with the libraries of the static vfio-bind (static.sh)
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
src=$top/build/cache/src
out=$top/build/deps-hooks
PATH=/usr/bin:/bin:$PATH # the python3 with the modules of deps/packages, not one that somebody has put in front of it
cflags="-O2 -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections"

# shellcheck source-path=SCRIPTDIR source=sources.sh
. deps/sources.sh

# The functions whose names start so and that the hooks call.
called() {
	grep -ohE "\b$1[a-z_]+\(" hooks/*.c | tr -d '(' | sort -u
}

# Everything that the result depends on.
key() {
	sha256sum deps/static-hooks.sh deps/sources.sh deps/no-names.c
	gcc --version | head -n 1
	dpkg-query -W libc6-dev libcap-dev libblkid-dev libexpat1-dev libinih-dev meson 2>/dev/null || :
	called sd_
	called blkid_
}

# As one object what the hooks call of a static library, and no other name of it to be seen: PREFIX ALSO OUTPUT INPUT...
# ALSO: a name that nothing refers to.
object() {
	prefix=$1 also=$2 output=$3
	shift 3
	# shellcheck disable=SC2046 # one word per function
	ld -r $(called "$prefix" | sed 's/^/-u /') ${also:+-u "$also"} -o "$output" "$@"
	objcopy --strip-debug --wildcard --keep-global-symbol="$prefix*" "$output"
}

# Fails with the end of the log.
logged() {
	"$@" >>"$out/systemd.log" 2>&1 && return
	tail -n 20 "$out/systemd.log" >&2
	die "$1 failed, see $out/systemd.log; deps/install.sh build static-hooks installs what it needs, make STATIC_HOOKS=0 does without"
}

systemd() {
	get systemd
	: >"$out/systemd.log"
	CC=gcc CFLAGS=$cflags CPPFLAGS='' LDFLAGS='' logged meson setup -Dbuildtype=plain -Db_ndebug=true -Dmode=release \
		--auto-features=disabled -Dstatic-libsystemd=pic "$out/obj/systemd" "$src/systemd"
	logged ninja -C "$out/obj/systemd" libsystemd.a
	# shellcheck disable=SC2086 # words of a command
	gcc $cflags -c -o "$out/obj/no-names.o" deps/no-names.c
	object sd_ bus_common_errors "$out/libsystemd.o" "$out/obj/no-names.o" "$out/obj/systemd/libsystemd.a"
}

blkid() {
	object blkid_ '' "$out/libblkid.o" "$(gcc -print-file-name=libblkid.a)"
}

cjson() {
	get cjson
	# shellcheck disable=SC2086 # words of a command
	gcc $cflags -c -o "$out/cjson.o" "$src/cjson/cJSON.c"
}

mkdir -p "$out"
exec 8>"$out/lock"
flock 8
wanted=$(key)
[ "$wanted" != "$(cat "$out/stamp" 2>/dev/null)" ] || exit 0
for tool in meson gperf; do
	command -v "$tool" >/dev/null ||
		die "$tool is missing: run deps/install.sh build static-hooks, or say STATIC_HOOKS=0 for shared libraries"
done
echo "static-hooks.sh: building libsystemd into build/deps-hooks"
rm -rf "$out/stamp" "$out/versions" "$out/obj"
mkdir "$out/obj"
systemd
blkid
cjson
rm -rf "$out/obj"
printf '%s\n' "$wanted" >"$out/stamp"
