# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Functions: what the steps of `make check-full` have said, one file each in build/results: its first line is "COMMIT SECONDS
# DATE", then come the lines "ok ..." and "not ok ..." of its tests, and "COUNT passed failed". A cell that ran alone, later,
# has its own " [COMMIT, DATE]" at the end of its line.

results=build/results
unfinished=build/results.unfinished

# The state that is tested: the last commit that changes more than the page itself. A changed tree is never the same as before.
results_commit() {
	local commit

	commit=$(git log -1 --format=%h -- . ':!tests/RESULTS.md')
	[ -z "$(git status --porcelain -- . ':!tests/RESULTS.md')" ] || commit+=-changed
	echo "$commit"
}

# results_same FILE: its first line has this very commit.
results_same() {
	local commit

	[ -f "$1" ] || return 1
	read -r commit _ <"$1"
	[ "$commit" = "$(results_commit)" ] && [ "${commit%-changed}" = "$commit" ]
}

# results_passed SLUG: on this very commit, all of it.
results_passed() {
	results_same "$results/$1" && grep -q '^COUNT [1-9][0-9]* 0$' "$results/$1"
}

# results_begin SLUG: the step begins: its output is to go to $log, and what it said on this commit, when it was interrupted, is
# $DONE (tests/vm/cell.sh).
results_begin() {
	mkdir -p "$unfinished"
	log=$unfinished/$1
	unset DONE
	if results_same "$log"; then
		export DONE=$PWD/$log.before
		mv "$log" "$DONE"
	fi
	results_commit >"$log"
}

# results_keep SLUG CELL PASSED FAILED SECONDS LOG. With a CELL: its line replaces the one that is there.
results_keep() {
	local only=$2 file=$results/$1

	mkdir -p "$results"
	if [ -n "$only" ] && [ -f "$file" ]; then
		{
			sed 1q "$file"
			grep -vF -e "ok $only (" "$file" | sed '1d; /^COUNT /d'
			grep -E '^(not )?ok ' "$6" | sed "s/\$/ [$(results_commit), $(date -u +%F)]/"
		} >"$file.new"
		echo "COUNT $(grep -c '^ok ' "$file.new") $(grep -c '^not ok ' "$file.new")" >>"$file.new"
	else
		{
			echo "$(results_commit) $5 $(date -u +%F)"
			grep -E '^(not )?ok ' "$6"
			echo "COUNT $3 $4"
		} >"$file.new"
	fi
	mv "$file.new" "$file"
	rm -f "$unfinished/$1" "$unfinished/$1.before"
}

# results_count SLUG: how many passed and failed.
results_count() {
	[ ! -f "$results/$1" ] || sed -n 's/^COUNT //p' "$results/$1"
}

# The page tests/RESULTS.md. Cells are the tests that say how long they took.
results_table() {
	local file commit seconds date p f

	echo "# Results of \`make check-full\`"
	printf '\n%s, commit %s. Virtual machines run under emulation on %s processors.\n\n' "$(date -u +%F)" "$(results_commit)" "$(nproc)"
	echo "| step | passed | failed | seconds | commit, date |"
	echo "| --- | --- | --- | --- | --- |"
	for file in "$results"/*; do
		read -r commit seconds date <"$file"
		read -r p f < <(results_count "${file##*/}")
		echo "| ${file##*/} | $p | $f | $seconds | $commit, $date |"
	done
	printf '\n## Cells\n\n| cell | verdict | seconds | what it shows | commit, date, where it ran alone |\n| --- | --- | --- | --- | --- |\n'
	for file in "$results"/*; do
		sed -nE -e 's/$/ []/; s/( \[[^]]+\]) \[\]$/\1/' \
			-e "s,^(ok|not ok) ([^ ]+) \(([0-9]+) s\): (.*) \[(.*)\]$,| ${file##*/}/\2 | \1 | \3 | \4 | \5 |,p" "$file"
	done
}
