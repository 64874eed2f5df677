#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: deps/static.sh [fetch]       (KMOD_SRC=DIR takes libkmod from there instead of Debian)
#
# Builds the libraries of the static vfio-bind into build/deps/{include,lib}, from Debian's source
# packages: Debian has no static libkmod, none of the others for musl, and of the compression
# libraries we only want what decompresses. build/deps/versions says what was used.
# Does nothing, and needs no network, when nothing has changed. fetch: only has the sources in build/cache/src, with
# which everything can be built without a network.
set -eu

suite=trixie # the first one with kmod 34, before which meson.build cannot do it
top=$(cd "$(dirname "$0")/.." && pwd)
[ -z "${KMOD_SRC:-}" ] || KMOD_SRC=$(cd "$KMOD_SRC" && pwd)
cd "$top"
src=$top/build/cache/src
out=$top/build/deps
export MUSL_CC_BACKEND=gcc # clang's objects link with these just as well

# Small. Sections let the linker drop what is not called, and nobody unwinds this program.
cflags="-Os -ffunction-sections -fdata-sections -fno-unwind-tables -fno-asynchronous-unwind-tables"

# shellcheck source-path=SCRIPTDIR source=sources.sh
. deps/sources.sh

# Everything that the result depends on.
key() {
	sha256sum deps/static.sh deps/sources.sh deps/musl-cc deps/cjson.h lib/fortify.h lib/fortify.c
	gcc --version | head -n 1
	dpkg-query -W musl-dev meson 2>/dev/null || :
	[ -z "${KMOD_SRC:-}" ] || find "$KMOD_SRC" -name .git -prune -o -type f -printf '%p %s %T@\n'
}

# Compiles files of a source package into a library: PACKAGE LIBRARY "FLAG..." FILE...
library() {
		mkdir -p "$out/obj/$2"
	(
		cd "$src/$1"
		export CC="$top/deps/musl-cc $cflags $3" OBJ="$out/obj/$2"
		lib=$out/lib/$2
		shift 3
		# shellcheck disable=SC2016 # expanded by the inner shell
		printf '%s\n' "$@" | xargs -P "$(nproc)" -I FILE \
			sh -c '$CC -c "$1" -o "$OBJ/$(echo "$1" | tr / _).o"' - FILE
		ar crsD "$lib" "$OBJ"/*.o
	)
}

# Describes a library to meson: NAME VERSION LIBRARY.
pc() {
	printf 'Name: %s\nDescription: static\nVersion: %s\nCflags: -I%s\nLibs: -L%s -l%s\n' \
		"$1" "$2" "$out/include" "$out/lib" "$3" >"$out/lib/pkgconfig/$1.pc"
}

fortify() {
	mkdir -p "$out/obj"
	# shellcheck disable=SC2086 # words of a command
	deps/musl-cc $cflags -DFORTIFY_OFF -c lib/fortify.c -o "$out/obj/fortify.o"
	ar crsD "$out/lib/libfortify.a" "$out/obj/fortify.o"
}

inih() {
	get libinih
	# As in Debian's shared library: the handler is told the number of the line.
	library libinih libinih.a -DINI_HANDLER_LINENO=1 ini.c
	cp "$src/libinih/ini.h" "$out/include"
}

cjson() {
	get cjson
	library cjson libcjson.a "-include $top/deps/cjson.h" cJSON.c
	mkdir -p "$out/include/cjson" # <cjson/cJSON.h>, as Debian has it
	cp "$src/cjson/cJSON.h" "$out/include/cjson"
}

# gzread and what it calls. Z_TESTW=0: CRC-32 from a table of 1 KiB instead of 25.
zlib() {
	get zlib
	library zlib libz.a "-DHAVE_UNISTD_H -DHAVE_HIDDEN -DNO_GZCOMPRESS -DZ_TESTW=0" \
		adler32.c crc32.c gzclose.c gzlib.c gzread.c inffast.c inflate.c inftrees.c zutil.c
	cp "$src/zlib/zlib.h" "$src/zlib/zconf.h" "$out/include"
	pc zlib 1.3 z
}

# What its own ZSTD_LIB_MINIFY does, without the compressor.
zstd() {
	get libzstd
	(
		cd "$src/libzstd/lib"
		ls common/entropy_common.c common/error_private.c common/fse_decompress.c \
			common/xxhash.c common/zstd_common.c decompress/*.c
	) >"$out/obj/zstd"
	# shellcheck disable=SC2046 # one word per file
	library libzstd/lib libzstd.a "-DZSTD_DISABLE_ASM -DDYNAMIC_BMI2=0 -DZSTD_LEGACY_SUPPORT=0
		-DHUF_FORCE_DECOMPRESS_X1 -DZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT -DZSTD_NO_INLINE
		-DZSTD_STRIP_ERROR_STRINGS -DXXH_NAMESPACE=ZSTD_ -DZSTD_TRACE=0" $(cat "$out/obj/zstd")
	cp "$src/libzstd/lib/zstd.h" "$src/libzstd/lib/zstd_errors.h" "$out/include"
	pc libzstd 1.5 zstd
}

# The .xz container with LZMA2, as "xz" and the kernel's build make it; without filters for code.
# Its configure would take longer than everything else here together.
xz() {
	get xz-utils
	l=src/liblzma
	inc=
	for dir in api common check lz rangecoder lzma delta simple ../common; do
		inc="$inc -I$l/$dir"
	done
	library xz-utils liblzma.a "$inc -DTUKLIB_SYMBOL_PREFIX=lzma_ -DHAVE_SMALL -DNDEBUG
		-DHAVE_DECODERS -DHAVE_DECODER_LZMA2 -DHAVE_CHECK_CRC32 -DHAVE_CHECK_CRC64
		-DHAVE_STDBOOL_H -DHAVE_STDINT_H -DHAVE_INTTYPES_H -DHAVE__BOOL -DHAVE_VISIBILITY=1
		-DHAVE___BUILTIN_BSWAPXX -DSIZEOF_SIZE_T=__SIZEOF_SIZE_T__" \
		$l/common/common.c $l/common/filter_common.c $l/common/stream_flags_common.c \
		$l/common/vli_size.c $l/common/vli_decoder.c $l/common/index_hash.c \
		$l/common/block_decoder.c $l/common/block_header_decoder.c $l/common/block_util.c \
		$l/common/filter_decoder.c $l/common/filter_flags_decoder.c \
		$l/common/stream_decoder.c $l/common/stream_flags_decoder.c \
		$l/check/check.c $l/check/crc32_small.c $l/check/crc64_small.c \
		$l/lz/lz_decoder.c $l/lzma/lzma_decoder.c $l/lzma/lzma2_decoder.c
	cp -r "$src/xz-utils/$l/api/lzma" "$src/xz-utils/$l/api/lzma.h" "$out/include"
	pc liblzma 5.8 lzma
}

# meson.build installs only a shared library; the static one is made of the same objects.
kmod() {
	dir=${KMOD_SRC:-$src/kmod}
	[ -n "${KMOD_SRC:-}" ] || get kmod
	version=$(sed -n "s/^ *version *: *'\([^']*\)'.*/\1/p" "$dir/meson.build" | head -n 1)
	[ "${version%%.*}" -ge 34 ] || die "$dir is kmod $version, and 34 is the oldest that will do"
	[ -z "${KMOD_SRC:-}" ] || echo "kmod $version $KMOD_SRC" >>"$out/versions"

	CC=$top/deps/musl-cc CFLAGS=$cflags CPPFLAGS='' LDFLAGS='' PKG_CONFIG_LIBDIR=$out/lib/pkgconfig \
		meson setup -Dbuildtype=plain -Db_ndebug=true -Db_pie=false \
		-Dzstd=enabled -Dxz=enabled -Dzlib=enabled -Dopenssl=disabled \
		-Dmanpages=false -Dbashcompletiondir=no -Dfishcompletiondir=no -Dzshcompletiondir=no \
		"$out/obj/kmod" "$dir" >"$out/kmod.log" || { cat "$out/kmod.log" >&2; exit 1; }
	ninja -C "$out/obj/kmod" kmod >>"$out/kmod.log" ||
		{ cat "$out/kmod.log" >&2; exit 1; }
	ar crsD "$out/lib/libkmod.a" "$out/obj/kmod"/lib*.p/*.o
	cp "$dir/libkmod/libkmod.h" "$out/include"
	# For tests: Debian's depmod cannot read .ko.gz.
	strip -o "$out/depmod" "$out/obj/kmod/kmod"
}

mkdir -p "$out"
exec 8>"$out/lock"
flock 8
if [ "${1:-}" = fetch ]; then
	for package in libinih cjson zlib libzstd xz-utils; do
		fetch $package
	done
	[ -n "${KMOD_SRC:-}" ] || fetch kmod
	exit 0
fi
wanted=$(key)
[ "$wanted" != "$(cat "$out/stamp" 2>/dev/null)" ] || exit 0
command -v meson >/dev/null || die "meson is missing: run deps/install.sh build"
echo "static.sh: building libkmod and what it needs into build/deps"
(cd "$out" && rm -rf stamp versions obj lib include && mkdir -p obj include lib/pkgconfig)
fortify
inih
cjson
zlib
zstd
xz
kmod
dpkg-query -W -f 'musl ${Version} musl-dev\n' musl-dev >>"$out/versions" 2>/dev/null || :
rm -rf "$out/obj"
printf '%s\n' "$wanted" >"$out/stamp"
