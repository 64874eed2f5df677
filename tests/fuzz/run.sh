#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds each fuzz target and runs it on its corpus. What crashes one is left in build/fuzz/.
# usage: run.sh [SECONDS]      seconds for each target (default: 10)
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=${1:-10}
out=build/fuzz
passed=0 failed=0
mkdir -p "$out" || exit 1

flags="-std=gnu17 -D_GNU_SOURCE -I. -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all $(pkg-config --cflags expat)"
libraries=$(pkg-config --libs libkmod inih libcjson libarchive expat libsystemd blkid libudev libvirt)

# shellcheck disable=SC2016 # expanded by the inner shell
compile() { # FILE...: everything that the targets share, once, with the hooks that count coverage
	rm -rf "$out/obj" && mkdir -p "$out/obj" &&
		printf '%s\n' "$@" | FLAGS="$flags -fsanitize=fuzzer-no-link,address,undefined" OUT="$out" \
			xargs -P "$(nproc)" -I FILE sh -c 'clang $FLAGS -c -o "$OUT/obj/$(echo "$1" | tr / _).o" "$1"' - FILE
}

# shellcheck disable=SC2086 # lists of words
build() { # TARGET
	clang $flags -fsanitize=fuzzer,address,undefined -o "$out/$1" "tests/fuzz/$1.c" "$out"/obj/*.o $libraries
}

# 5 GiB at once are no fault: the header of an lzma file may ask for 4 of a dictionary, which nobody touches.
run() { # TARGET: new inputs go to build/fuzz/TARGET.corpus, not to the tree
	mkdir -p "$out/$1.corpus" || return 1
	"$out/$1" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -malloc_limit_mb=5120 -max_len=8192 -print_final_stats=1 -close_fd_mask=1 \
		-artifact_prefix="$out/$1-" "$out/$1.corpus" "tests/fuzz/corpus/$1" >"$out/$1.log" 2>&1
}

# shellcheck disable=SC2046 # no blanks in their names
compile $(find lib binder hooks -name '*.c' ! -path lib/fortify.c ! -path binder/main.c ! -path hooks/hook.c ! -path hooks/guard.c ! -path hooks/hookd.c ! -path hooks/usb/usbd.c ! -path hooks/usb/usb.c) host/archive.c host/booster_config.c host/rom.c tests/fuzz/root.c || exit 1
for source in tests/fuzz/fuzz-*.c; do
	target=$(basename "$source" .c)
	if build "$target" && run "$target"; then
		echo "ok $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$target.log") inputs"
		passed=$((passed + 1))
	else
		echo "not ok $target: see $out/$target.log"
		grep -m 3 -E 'ERROR|SUMMARY|runtime error' "$out/$target.log" | sed 's/^/    /'
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
