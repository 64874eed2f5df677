#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: deps/install.sh [SECTION...]
#
# Installs what is missing of the given sections of deps/packages, by default of all.
# When nothing is missing it needs neither the network nor root.
set -eu
list=$(dirname "$0")/packages

# Prints the packages of one section.
section() {
	sed 's/[[:space:]]*#.*//' "$list" | awk -v want="[$1]" '
		/^\[/ { on = $0 == want; known += on; next }
		on && NF { print $1 }
		END { exit !known }' || { echo "install.sh: no section [$1] in $list" >&2; exit 2; }
}

[ $# -gt 0 ] || {
	# shellcheck disable=SC2046 # one word per section
	set -- $(sed -n 's/^\[\(.*\)\].*/\1/p' "$list")
}
wanted=$(for name; do section "$name"; done)

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	# Not an error: the tools may well be here under another distribution's names.
	printf 'install.sh: not a Debian system; needed, by their Debian names:\n%s\n' "$wanted" >&2
	exit 0
fi

# dpkg-query fails if one name is unknown, and still prints the others.
# shellcheck disable=SC2086 # one word per package
have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
	sed -n 's/^installed //p') || :
missing=$(printf '%s\n' "$wanted" | grep -vxF "$have" | tr '\n' ' ') || :
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" != 0 ]; then
	root=sudo
	command -v sudo >/dev/null || {
		echo "install.sh: neither root nor sudo here; as root: apt-get install $missing" >&2
		exit 1
	}
fi
echo "install.sh: installing $missing"
$root apt-get update -qq
# Recommended packages are left out: they would bring desktops and services to this machine.
# shellcheck disable=SC2086 # one word per package
$root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
	-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 $missing
