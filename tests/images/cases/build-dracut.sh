# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# dracut: the same image twice, without policy, with a broken one, without vfiokit
suites() { echo bookworm trixie sid; }
checked() { echo trixie; }
update() { in_root "$@" dracut --force --no-hostonly -m "base kernel-modules" --compress "zstd -1" --kver "$release" /image; }

ours()
{
	rm -rf "$root/unpacked"
	mkdir "$root/unpacked"
	in_root sh -c 'cd /unpacked && lsinitrd --unpack /image'
	our_files "$root/unpacked"
}

builds() { builds_checks; }
