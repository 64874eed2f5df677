#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# image.sh: by how much the images of real generators grow: each is made twice, with our glue and without.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=table.sh
. "$(dirname "${BASH_SOURCE[0]}")/table.sh"

# image_size GLUE SUITE CASE: of the case's image, in bytes.
image_size()
{
	local image

	image=$out/image-$2-$3
	if GLUE=$1 "$top/tests/images/make.sh" "$2" "$3" "$image"; then
		stat -c %s "$image"
	else
		echo "image.sh: no image of $2/$3; see $image.log" >&2
	fi
	rm -f "$image" "$image.checks"
}

for cell in bookworm/{initramfs-tools,dracut,dracut-shell} trixie/{initramfs-tools,dracut,dracut-shell}; do
	with=$(image_size dracut,initramfs-tools "${cell%/*}" "${cell#*/}")
	without=$(image_size none "${cell%/*}" "${cell#*/}")
	row "an image of $cell grows, zstd -1, by" "${with:+${without:+$(((with - without) / 1024))}}" KiB 700
done
