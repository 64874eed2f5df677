#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# demo.sh: what `make demo` shows. Boots Debian's 6.1 kernel in a VM with two identical GPUs, and
# prints the PCI devices before and after, with the boot report. Exit code 1 if the wrong thing is
# bound.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=cell.sh
. "$(dirname "${BASH_SOURCE[0]}")/cell.sh"

[ -x "$binder" ] || { echo "demo.sh: $binder is missing: run make" >&2; exit 2; }

echo "Booting a VM with two identical GPUs (under emulation, about ten seconds) ..."
cell_boot 6.1 "$vm/demo-case.sh" || exit 1
problems=$(cell_problems)
sed -e '/^VM-DONE$/d; s/^VM-OK /ok      /; s/^VM-FAIL /WRONG   /' "$log.checks"
echo
if [ -n "$problems" ]; then
	echo "The wrong thing is bound, or something else went wrong:"
	echo "$problems"
	echo "The serial log is $log"
	exit 1
fi
echo "Right: GPU 2 and its audio belong to vfio-pci, GPU 1 and the console to the host."
