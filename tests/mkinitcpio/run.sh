#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh: our glue for mkinitcpio, by what it says and how builds end. mkinitcpio is the stand-in beside this file; for the
# real one, see tests/images/mkinitcpio.sh. What such images do is seen by tests/vm/cases/mkinitcpio.sh. Needs root.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kernel=$("$here/../vm/kernel.sh" bookworm)
KERNELDIR=$kernel PREPARE="cp $kernel/../busybox/bin/busybox usr/bin/" \
	exec "$here/../images/sandbox.sh" / "$here/glue.sh" "$here/mkinitcpio" "$(<"$kernel/release")"
