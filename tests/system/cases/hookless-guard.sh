# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Without the hook, the checks of guard: it outlives its own death, ends with its guest even without libvirtd

# shellcheck source-path=SCRIPTDIR source=guard.sh
. "${cases:-/guest}/guard.sh"

suites() { :; }
files() { cp "$cases/guard.sh" "$1"; }
before() { . /guest/hookless.sh; }
