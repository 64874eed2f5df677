# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Without the hook, the checks of isolation: CPUs are isolated for one guest and for two, and given back in both orders

# shellcheck source-path=SCRIPTDIR source=isolation.sh
. "${cases:-/guest}/isolation.sh"

suites() { :; }
files() { cp "$cases/isolation.sh" "$1"; }
before() { . /guest/hookless.sh; }
