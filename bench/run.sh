#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [boot|hooks|image|record|scale|size|slot|tuning|usb]...: measures, prints one table, and exits 1 if a bound is broken.
#
# What `make bench` runs. Only ratios and sizes have bounds, both halves of a ratio come from the same
# run. The head of each script says what its rows mean; the bounds stand in the rows.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
table=$here/../build/bench/table
mkdir -p "${table%/*}"
[ -x "$here/../build/vfio-bind" ] || { echo "run.sh: build/vfio-bind is missing: run make" >&2; exit 2; }

[ $# != 0 ] || set -- size image scale record tuning boot slot hooks usb
for part; do
	"$here/$part.sh" || echo "$part.sh: did not reach its end  BROKEN"
done | tee "$table"
! grep -q 'BROKEN$' "$table"
