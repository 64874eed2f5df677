#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh [-b BUILD_DIR] [NAME...]: runs the built programs on folders that stand for machines.
#
# NAME is a topic (a file beside this one, without .sh); all of them without. One line per test,
# "ok NAME" or "not ok NAME: what is wrong", at the end "N passed, N failed", and exit code 1 if any
# failed. To add a test: a line `t NAME` in a topic, and calls of lib.sh below it.
set -uo pipefail

cli=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$cli/../../build
while getopts b: option; do
	case $option in
	b) build=$OPTARG ;;
	*) echo "usage: run.sh [-b BUILD_DIR] [NAME...]" >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
build=$(cd "$build" && pwd) || exit 2
mktree=$build/tests/mktree
[ -x "$mktree" ] || mktree=$cli/../../build/tests/mktree
for program in "$build/vfio-bind" "$build/vfiokit" "$mktree"; do
	[ -x "$program" ] || { echo "run.sh: $program is missing: run make all tests" >&2; exit 2; }
done

# One topic in a shell of its own, so that it cannot change the next one.
run_topic()
(
	topic=$1
	# shellcheck source-path=SCRIPTDIR source=lib.sh
	. "$cli/lib.sh"
	# shellcheck source=/dev/null
	. "$cli/$topic.sh"
	t_end
)

if [ $# = 0 ]; then
	for file in "$cli"/*.sh; do
		case ${file##*/} in
		lib.sh | run.sh) ;;
		*) set -- "$@" "$(basename "$file" .sh)" ;;
		esac
	done
fi
results=$(mktemp)
trap 'rm -f "$results"' EXIT
for topic; do
	[ -f "$cli/$topic.sh" ] || { echo "run.sh: no such topic: $topic" >&2; exit 2; }
	run_topic "$topic" || echo "not ok $topic: the topic did not reach its end"
done | tee "$results"
failed=$(grep -c '^not ok ' "$results")
passed=$(grep -c '^ok ' "$results")
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
