#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: deps/apt.sh SUITE ACTION [ARGUMENT...]
#
# Reads packages of any Debian suite (bookworm, trixie, sid) without installing them: all of its
# state is below build/cache/apt/SUITE, and the system's apt is left as it is. Needs no root.
#
#   version PKG             its newest version
#   depends PKG             what it depends on directly, one package a line (first alternatives)
#   kernel [PKG]            the kernel package that PKG (default: linux-image-amd64) stands for
#   download DIR PKG...     their .deb files, into DIR, without dependencies
#   unpack DIR PKG...       their files, into DIR, without dependencies
#   source DIR SRCPKG       the source package, patched, as DIR; prints its name and version
#   update                  refreshes the lists now
#   sources                 prints the name of its sources file (for mmdebstrap)
#
# Lists older than a day are refreshed; if that fails, the old ones have to do. What was downloaded
# once is not downloaded again.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die() {
	echo "apt.sh: $*" >&2
	exit 1
}

usage() {
	sed -n 's/^# \{0,1\}usage: /usage: /p; /^#   /s/^# //p' "$0" >&2
	exit 2
}

# Prints "URI SUITE" of each source of this machine. Asking apt spares us the two formats of its
# files, and honours what was configured elsewhere. -o: answer even with a broken list directory.
host_sources() {
	apt-get update --print-uris -o Dir::State::lists="$cache/none" 2>/dev/null |
		sed -n "s|^'\(.*\)/dists/\([^/']*\)/InRelease'.*|\1 \2|p"
}

# Prints one stanza of sources: URI SUITE...
stanza() {
	uri=$1
	shift
	# Targets: without translations, icons and indexes of contents, which the host may ask for.
	printf 'Types: deb deb-src\nURIs: %s\nSuites: %s\nComponents: main\n' "$uri" "$*"
	printf 'Targets: Packages Sources\nSigned-By: %s\n\n' "$keyring"
}

# Prints the sources of the suite. $1: how much of them, from "all" to "main".
sources() {
	stanza "$mirror" "$suite"
	[ "$suite" != sid ] || return 0
	[ "$1" = main ] || stanza "$mirror" "$suite-updates"
	[ "$1" != all ] || [ -z "$security" ] || stanza "$security" "$suite-security"
}

# Everything that the host's configuration says about proxies, certificates and passwords stays in
# force; -c is read after it, and replaces what concerns state.
configure() {
	mkdir -p "$cache/lists/partial" "$cache/archives/partial" "$cache/src"
	: >>"$cache/status" # no package is installed
	cat >"$cache/apt.conf" <<-EOF
		#clear APT::Update;
		Dir::State "$cache";
		Dir::State::lists "$cache/lists";
		Dir::State::status "$cache/status";
		Dir::Cache "$cache";
		Dir::Cache::pkgcache "pkgcache.bin";
		Dir::Cache::srcpkgcache "srcpkgcache.bin";
		Dir::Etc::sourcelist "$cache/suite.sources";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		APT::Update::Error-Mode "any";
		Acquire::Retries "1";
		// The user _apt may be unable to enter our directory.
		APT::Sandbox::User "root";
	EOF
}

apt_() {
	tool=$1
	shift
	"apt-$tool" -c "$cache/apt.conf" -qq "$@"
}

# Security and updates may be missing from a mirror, so try with less before giving up.
refresh() {
	for much in all updates main; do
		[ ! -f "$cache/fetched" ] || cp "$cache/suite.sources" "$cache/old.sources"
		sources $much >"$cache/suite.sources"
		if apt_ get update >"$cache/log" 2>&1; then
			sources all >"$cache/fetched"
			[ $much = all ] || echo "apt.sh: $suite without security or updates" >&2
			return
		fi
		[ ! -f "$cache/fetched" ] || mv "$cache/old.sources" "$cache/suite.sources"
	done
	cat "$cache/log" >&2
	[ -f "$cache/fetched" ] || die "no package lists of $suite"
	echo "apt.sh: cannot refresh the lists of $suite; using those of an earlier day" >&2
}

# "fetched" holds the sources that were wanted at the last refresh, and its date.
refresh_if_old() {
	sources all | cmp -s - "$cache/fetched" || rm -f "$cache/fetched"
	[ -z "$(find "$cache/fetched" -mmin -1440 2>/dev/null)" ] || return 0
	refresh
}

version() {
	apt_ cache show --no-all-versions "$1" | sed -n 's/^Version: //p' | grep . ||
		die "no package $1 in $suite"
}

# Downloads into the cache and prints the names of the files. apt itself verifies what is there.
fetch() {
	cd "$cache/archives"
	apt_ get download "$@" >&2
	for package; do
		find . -name "${package}_$(version "$package" | sed 's/:/%3a/g')_*.deb"
	done
}

# Downloads the newest version of a source package that the mirror really has, into the cache, and
# sets $tar and $diff. The .dsc is not needed, as apt takes the hashes from its signed lists, and is
# the one file that some mirrors lack.
fetch_source() {
	cd "$cache/src"
	for version in $(apt_ cache showsrc --only-source "$1" | sed -n 's/^Version: //p' | sort -Vru); do
		get="get source --download-only --only-source $1=$version"
		# shellcheck disable=SC2086 # words of a command
		if apt_ $get --tar-only && apt_ $get --diff-only; then
			echo "$1 $version"
			version=${version#*:}
			tar=$(find . -name "$1_${version%-*}.orig.tar.*" ! -name '*.asc')
			diff=$(find . -name "$1_$version.debian.tar.*")
			return
		fi
		echo "apt.sh: the mirror does not have $1 $version" >&2
	done
	die "no source package $1 in $suite"
}

# What dpkg-source does for the format "3.0 (quilt)".
unpack_source() {
	tar -xf "$tar" --strip-components=1 -C "$1"
	tar -xf "$diff" -C "$1"
	[ -f "$1/debian/patches/series" ] || return 0
	sed 's/[[:space:]]*#.*//; /^$/d' "$1/debian/patches/series" | while read -r name level; do
		patch -d "$1" -s -f "${level:--p1}" -i "debian/patches/$name"
	done
}

depends() {
	apt_ cache show --no-all-versions "$1" | sed -n 's/^Depends: //p' |
		sed -e 's/ *([^)]*)//g' -e 's/ *|[^,]*//g' -e 's/:any//g' -e 's/, */\n/g'
}

[ $# -ge 2 ] || usage
suite=$1 action=$2
shift 2
case $suite in
[a-z]*) ;;
*) usage ;;
esac
[ -f "$keyring" ] || die "$keyring is missing: install debian-archive-keyring"

cache=$top/build/cache/apt/$suite
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9

host=$(host_sources)
mirror=$(echo "$host" | sed -n 's|^\([^ ]*/debian\(\.list\)\{0,1\}\) .*|\1|p' | sed -n 1p)
security=$(echo "$host" | sed -n 's|^\([^ ]*\) [^ ]*-security$|\1|p' | sed -n 1p)
[ -n "$mirror" ] || die "no Debian mirror in this machine's apt configuration"
configure
[ "$action" = update ] || refresh_if_old

case $action:$# in
update:0) refresh ;;
sources:0) echo "$cache/suite.sources" ;;
version:1) version "$1" ;;
depends:1) depends "$1" ;;
kernel:0 | kernel:1)
	depends "${1:-linux-image-amd64}" | grep '^linux-image-[0-9]' ||
		die "no kernel package in $suite for ${1:-linux-image-amd64}"
	;;
download:0 | download:1 | unpack:0 | unpack:1) usage ;;
download:*)
	mkdir -p "$1"
	dir=$(cd "$1" && pwd)
	shift
	files=$(fetch "$@")
	# shellcheck disable=SC2086 # one word per file
	(cd "$cache/archives" && cp -u $files "$dir")
	;;
unpack:*)
	dir=$1
	shift
	files=$(fetch "$@")
	mkdir -p "$dir"
	for file in $files; do
		dpkg-deb -x "$cache/archives/$file" "$dir"
	done
	;;
source:2)
	[ ! -e "$1" ] || die "$1 is in the way"
	rm -rf "$1.part"
	mkdir -p "$1.part"
	dir=$(cd "$1.part" && pwd)
	fetch_source "$2"
	unpack_source "$dir"
	mv "$dir" "${dir%.part}"
	;;
*) usage ;;
esac
