#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# second.sh FIRST SECOND: makes another version of a Debian package, with other examples.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
dpkg-deb -R "$1" "$dir/files"
sed -i 's/^Version: .*/Version: 9.9/' "$dir/files/DEBIAN/control"
sed -i '$a # of the second version' "$dir"/files/etc/vfiokit/{bind,udev}.conf
dpkg-deb --root-owner-group -b "$dir/files" "$2"
