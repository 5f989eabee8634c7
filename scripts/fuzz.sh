#!/usr/bin/env bash
# Runs every fuzz target of the tree for the given time (60s) or number of inputs
# (2000x) each, as many at once as there are processors; shows the output of the
# one that fails. What it found stays under testdata/fuzz.
set -euo pipefail
export FUZZ_TIME=${1:-60s}
one() {
	local dir=./${1%/*} target=$2 out
	if ! out=$(go test -tags ci "$dir" -run '^$' -fuzz "^$target\$" -parallel 1 -fuzzminimizetime 10x -fuzztime "$FUZZ_TIME" 2>&1); then
		# Go's engine can take the end of the time for a failure; then it has no
		# input to show.
		if grep -q '^ *context deadline exceeded$' <<<"$out" && ! grep -qE 'Failing input written|panic:|fuzzing process' <<<"$out"; then
			return 0
		fi
		echo "$out"
		echo "FAILED: $target in $dir"
		return 255 # ends xargs
	fi
}
export -f one
targets=$(git ls-files '*_test.go' | xargs grep -oE '^func Fuzz[A-Za-z0-9_]+' | sed 's/:func / /')
[ -n "$targets" ] || { echo "no fuzz target found"; exit 1; }
xargs -L 1 -P "$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)" bash -c 'one "$@"' fuzz <<<"$targets"
echo "fuzz: $(wc -l <<<"$targets") targets, $FUZZ_TIME each, nothing found"
